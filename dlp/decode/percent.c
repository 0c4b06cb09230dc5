#include "dlp/decode/decoders.h"
#include "dlp/decode/escapes.h"

/* RFC 3986 section 2.1; "%u0067" as some servers still read it.  '+' is a blank to forms and a digit to base64: it is
 * left as it is, as no token holds a blank. */

static size_t next(struct span text, size_t from) { return span_find(text, '%', from); }

static size_t read(struct span text, size_t at, struct escape *out)
{
    bool wide = at + 1 < text.len && (text.at[at + 1] | 0x20) == 'u';
    size_t digits = wide ? 4 : 2, start = at + 1 + wide;
    uint32_t number;

    if (escape_number(text, start, 16, digits, &number) != digits) return 0;
    if (wide) return escape_character(text, at, 6, number, out);
    return escape_byte(text, at, 3, (uint8_t)number, out);
}

const struct escapes percent_escapes = {next, read};

enum err percent_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    return escapes_undo(self, &percent_escapes, text, room, fn, context);
}
