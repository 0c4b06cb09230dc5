/* nest.h — what is written in a text in some encoding, undone and scanned; and the same again with what comes of it.
 *
 * Undoes   what dlp/decode/ does, and gzip, zlib and zstd where a text starts as they do.
 * Bounds   DECODE_DEPTH_MAX encodings in each other; for each byte of a text DECODE_BUDGET bytes that come of it, or
 *          are looked at again for that.  Beyond it, or where a compressed text grows out of all measure, "too-deep"
 *          is told: a finding of its own.
 * Once     the same text twice is looked at once: two encodings undone in either order give the same. */
#pragma once
#include "dlp/decode/decode.h"
#include "dlp/scan/text.h"

enum { NEST_SEEN_MAX = 32, NEST_KEY_BYTES = 16 };

struct nest {
    struct scanner *scanner;
    struct sink sink;             /* its path is this nest's */
    struct path path;             /* of the text that is looked at */
    const struct decoder *joined; /* what joins its values, or NULL */
    uint32_t *texts;              /* how many have been looked at, in all of the place */
    size_t budget;                /* what is left of it */
    bool is_spent;
    uint8_t seen[NEST_SEEN_MAX][NEST_KEY_BYTES]; /* what was looked at, by its digest */
    size_t seen_count;
};

/* For text of so many bytes; nothing is joined. */
void nest_begin(struct nest *nest, struct scanner *scanner, const struct sink *sink, uint32_t *texts, size_t bytes);

/* The text itself has been scanned.  errors: ERR_NOMEM; ERR_LIMIT */
MUST_CHECK enum err nest_look(struct nest *nest, const struct text *text);

/* Tells that not all was undone. */
void nest_tell_spent(const struct sink *sink);

/* The coding of a text that starts so, a name of reactor/wire/inflate.h; empty when it is none. */
struct span nest_coding(struct span text);
