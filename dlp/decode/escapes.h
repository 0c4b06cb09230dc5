/* escapes.h — a text in which single characters are written in another way, rewritten: percent, JSON, HTML, ...
 *
 * Most escapes in honest text change nothing that matters ("\n" in JSON, "&lt;" in HTML), and to scan all of it again
 * would halve the speed.  So an escape is a reason to rewrite only if the character may stand in a token, or if a token
 * begins right behind it; told are stretches around such reasons, DECODE_BESIDE bytes on either side, or the token
 * that begins and little more. */
#pragma once
#include "dlp/decode/character.h"
#include "dlp/decode/decode.h"

enum { ESCAPE_BYTES_MAX = 48 };

/* Why an escape matters; true is REASON_WITHIN. */
enum reason {
    REASON_NONE,
    REASON_WITHIN, /* it may stand in a token */
    REASON_BEFORE  /* a token begins behind it */
};

/* What one escape says. */
struct escape {
    uint8_t bytes[ESCAPE_BYTES_MAX];
    size_t len; /* 0: nothing, it only separates what belongs together */
    enum reason reason;
};

struct escapes {
    size_t (*next)(struct span text, size_t from); /* where the next may be, at or after from; or text.len */
    size_t (*read)(struct span text, size_t at, struct escape *out); /* its bytes in the text; 0: it is none.  Not
                                                                         longer than half of them when written */
};

MUST_CHECK enum err escapes_undo(const struct decoder *self, const struct escapes *escapes, struct span text,
                                 struct buf *room, decoded_fn *fn, void *context);

/* Whether the one at at is a reason. */
bool escape_matters(const struct escapes *escapes, struct span text, size_t at);

/* One character as an escape of used bytes at at; says whether it is a reason. */
size_t escape_character(struct span text, size_t at, size_t used, uint32_t character, struct escape *out);
/* One byte, which may be part of a character. */
size_t escape_byte(struct span text, size_t at, size_t used, uint8_t byte, struct escape *out);

/* The number in digits of that base at at, at most most of them: how many there are. */
size_t escape_number(struct span text, size_t at, unsigned base, size_t most, uint32_t *number);
