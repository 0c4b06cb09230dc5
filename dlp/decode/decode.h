/* decode.h — the ways text is written as other text, undone: what an agent, a tool or a thief wraps a secret in.
 *
 * A text is whole in memory, DECODE_TEXT_MAX bytes at most: a window of a body, a field, what a decoder gave.  It may
 * have been cut anywhere, so every alignment of a unit is tried.
 * Pure   no Hyperscan, no clock, no state between calls.
 * Limits what is told is never longer than twice the text; a stretch is told only when it holds DECODE_TEXT_MIN
 *        printable ASCII bytes in a row, those of such a text in UTF-16, or starts as gzip, zlib or zstd does: no
 *        secret hides in less, and random bytes give nothing.  Inflating is the caller's (reactor/wire/inflate.h). */
#pragma once
#include "reactor/base/buf.h"

/* One stretch undone. */
struct decoded {
    const char *name;  /* the decoder's, for people: "base64" */
    size_t from, to;   /* the stretch of the text that it was; of escapes with what stands around them */
    struct span bytes; /* lent for the call, not empty */
};

/* Answered with an error, undoing ends and returns it. */
typedef enum err decoded_fn(void *context, const struct decoded *decoded);

struct decoder {
    const char *name;
    uint32_t signs; /* any of these in a text, and undo is worth its call */
    enum err (*undo)(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context);
};

extern const struct decoder decoders[];
extern const size_t decoder_count;

/* What the decoders look for, all of it in one pass over the text: as cheap as a few memchr(). */
uint32_t decode_signs(struct span text);

/* Calls fn for every stretch of text that self undoes.
 *   text     DECODE_TEXT_MAX bytes at most
 *   room     emptied before use; its bytes are what was decoded: the caller wipes it (one a depth)
 *   errors   ERR_NOMEM, those of fn */
static inline MUST_CHECK enum err decode_undo(const struct decoder *self, struct span text, struct buf *room,
                                              decoded_fn *fn, void *context)
{
    return self->undo(self, text, room, fn, context);
}
