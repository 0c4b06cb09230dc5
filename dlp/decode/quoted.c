#include "dlp/decode/decoders.h"
#include "dlp/decode/escapes.h"

/* RFC 2045 section 6.7: "=67", and '=' at the end of a line that goes on. */

static size_t next(struct span text, size_t from) { return span_find(text, '=', from); }

static size_t read(struct span text, size_t at, struct escape *out)
{
    uint32_t byte;
    size_t end = at + 1;

    if (escape_number(text, end, 16, 2, &byte) == 2) return escape_byte(text, at, 3, (uint8_t)byte, out);
    while (end < text.len && (text.at[end] == ' ' || text.at[end] == '\t' || text.at[end] == '\r')) end++;
    if (end == text.len || text.at[end] != '\n' || (at > 0 && text.at[at - 1] == '=')) return 0; /* "==" pads base64 */
    out->reason = true;
    return end + 1 - at;
}

const struct escapes quoted_escapes = {next, read};

enum err quoted_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    return escapes_undo(self, &quoted_escapes, text, room, fn, context);
}
