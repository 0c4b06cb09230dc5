#include "dlp/decode/decoders.h"
#include "dlp/decode/digits.h"
#include "dlp/decode/escapes.h"

/* RFC 2152: '+', UTF-16 in base64 without padding, and a '-' that may lack.  "+-" is '+'.  What is longer than an
 * escape is base64 of UTF-16 like any other. */

static size_t next(struct span text, size_t from) { return span_find(text, '+', from); }

/* The characters that count digits at at hold. */
static void write_units(struct span text, size_t at, size_t count, struct escape *out)
{
    uint32_t held = 0;
    unsigned bits = 0;

    for (size_t i = at; i < at + count; i++) {
        held = (held << 6 | digits_base64[text.at[i]]) & 0xffffff;
        bits += 6;
        if (bits < 16) continue;
        bits -= 16;
        out->len += utf8_write(held >> bits & 0xffff, out->bytes + out->len);
    }
}

static size_t read(struct span text, size_t at, struct escape *out)
{
    enum { DIGITS_MAX = ESCAPE_BYTES_MAX / 3 * 16 / 6 };
    size_t count = digits_count(digits_base64, text, at + 1, DIGITS_MAX + 1), end = at + 1 + count;
    const uint8_t *hyphen = memchr(text.at + at + 1, '-', count);

    if (hyphen != NULL) { /* a digit of base64url, but not of this */
        count = (size_t)(hyphen - text.at) - at - 1;
        end = at + 2 + count;
    }
    if (count < 3 || count > DIGITS_MAX || text.at[at + 1] != 'A') return 0;
    write_units(text, at + 1, count, out);
    out->reason = true;
    return out->bytes[0] < 0x80 ? end - at : 0; /* "+Array" is none */
}

const struct escapes utf7_escapes = {next, read};

enum err utf7_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    return escapes_undo(self, &utf7_escapes, text, room, fn, context);
}
