#include "dlp/decode/decoders.h"
#include "dlp/decode/worth.h"
#include "reactor/base/limits.h"

/* POSIX uuencode: a line begins with how many bytes it has, as a character; four characters are three bytes.  A blank
 * is written ' ' or '`', and where it ends a line it may have been lost. */

/* LINE_LOOK: a longer line is none, and how long does not matter. */
enum { LINE_BYTES_MAX = 45, LINE_CHARACTERS_MAX = 61, LINE_LOOK = 2 * LINE_CHARACTERS_MAX };

static bool is_digit(uint8_t c) { return c >= ' ' && c <= '`'; }

/* The characters of the line at at, without what ends it. */
static size_t line_length(struct span text, size_t at)
{
    size_t end = at;

    while (end < text.len && end - at < LINE_LOOK && is_digit(text.at[end])) end++;
    if (end > at && end < text.len && text.at[end] == 'n' && text.at[end - 1] == '\\')
        end--; /* "\n" as JSON writes it */
    return end - at;
}

/* The bytes of a line that says it has count of them, to to. */
static void write_line(struct span line, size_t count, uint8_t *to)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = i / 3 * 4 + i % 3;
        unsigned first = at < line.len ? (line.at[at] - 0x20u) & 0x3f : 0;
        unsigned second = at + 1 < line.len ? (line.at[at + 1] - 0x20u) & 0x3f : 0;
        to[i] = (uint8_t)((first << 6 | second) >> (4 - i % 3 * 2));
    }
}

/* The bytes that the line of length characters at at says it has; 0: it is none. */
static size_t line_bytes(struct span text, size_t at, size_t length)
{
    size_t count = length > 0 ? (text.at[at] - 0x20u) & 0x3f : 0, needs = (count + 2) / 3 * 4;

    if (count == 0 || count > LINE_BYTES_MAX) return 0;
    return length <= needs + 2 && length + 4 >= needs ? count : 0; /* a check character may follow, blanks be lost */
}

bool uuencode_is_text(struct span text, size_t at)
{
    uint8_t bytes[LINE_BYTES_MAX];
    struct span line = {bytes, 0};
    size_t from = at, length;

    while (from > 0 && at - from < LINE_CHARACTERS_MAX && is_digit(text.at[from - 1])) from--;
    length = line_length(text, from);
    line.len = line_bytes(text, from, length);
    if (line.len < DECODE_TEXT_MIN) return false;
    write_line(span_first(span_from(text, from + 1), length - 1), line.len, bytes);
    return decode_worth(&line);
}

static size_t line_end(struct span text, size_t at)
{
    while (at < text.len && text.at[at] != '\n' && !(text.at[at] == 'n' && at > 0 && text.at[at - 1] == '\\')) at++;
    return at < text.len ? at + 1 : at;
}

enum err uuencode_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    struct decoded decoded = {.name = self->name};
    uint8_t *to;
    size_t len = 0;

    buf_cut(room, 0);
    TRY(buf_room(room, text.len + LINE_BYTES_MAX, &to));
    buf_added(room, text.len + LINE_BYTES_MAX);
    for (size_t at = 0, next; at <= text.len; at = next) {
        size_t length = line_length(text, at), count = line_bytes(text, at, length);
        next = line_end(text, at);
        if (count > 0) {
            if (len == 0) decoded.from = at;
            decoded.to = at + length;
            write_line(span_first(span_from(text, at + 1), length - 1), count, to + len);
            len += count;
            if (next < text.len) continue;
        }
        decoded.bytes = (struct span){to, len};
        if (len >= DECODE_TEXT_MIN && decode_worth(&decoded.bytes)) TRY(fn(context, &decoded));
        len = 0;
        if (next == at) break;
    }
    return ERR_OK;
}
