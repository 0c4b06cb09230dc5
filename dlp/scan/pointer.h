/* pointer.h — which value of a JSON body a byte stands in, as a pointer (RFC 6901): "/messages/41/content".
 *
 * Fed with a body from its first byte; how it is cut changes nothing.
 * Hostile  what is no JSON (RFC 8259), so far as it was fed, has no pointer, nor has what is nested deeper than
 *          POINTER_DEPTH_MAX.  Numbers, and escapes in a text, are not looked into.
 * Secret   a key is the agent's text: it is a mark unless it is words of plain.h, and while it is being read.
 */
#pragma once
#include "reactor/base/limits.h"
#include "reactor/base/span.h"

enum pointer_want {
    POINTER_VALUE,        /* at the start, and behind a colon or the comma of an array */
    POINTER_VALUE_OR_END, /* [ */
    POINTER_KEY,          /* behind the comma of an object */
    POINTER_KEY_OR_END,   /* { */
    POINTER_COLON,
    POINTER_NEXT,    /* a comma, or the end; of the body, where nothing is open */
    POINTER_IN_KEY,  /* its closing quote */
    POINTER_IN_TEXT, /* the same of a value */
    POINTER_IN_WORD, /* of a number, true, false or null */
    POINTER_NO_JSON,
};

struct pointer {
    struct pointer_level {
        bool is_array;
        uint32_t index;
        char key[32];
        size_t key_len; /* more than fit: it is shown as a mark */
    } levels[POINTER_DEPTH_MAX];
    size_t depth;
    enum pointer_want want;
    bool escaped;
};

static inline struct pointer pointer_begin(void) { return (struct pointer){.want = POINTER_VALUE}; }

void pointer_feed(struct pointer *pointer, struct span piece);

/* Of the byte that was fed last; empty where there is none, or it is longer than fits. */
void pointer_write(const struct pointer *pointer, char text_out[POINTER_TEXT_MAX]);
