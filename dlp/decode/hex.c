#include "dlp/decode/decoders.h"
#include "dlp/decode/digits.h"

enum { GAP_MAX = 8 };

static bool is_between(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= ',' && c <= '.') || c == ':' || c == ';' || c == '|';
}

/* "67:68", "67 68", "6768 705f", "0x67, 0x68", "\x67\x68" and those over several lines: bytes are whole. */
static size_t gap(struct span text, size_t at, size_t group, size_t before)
{
    size_t to = at;

    (void)before;
    if (group % 2 != 0) return 0;
    while (to < text.len && to - at < GAP_MAX && is_between(text.at[to])) to++;
    to += digits_line(text, to);
    if (to + 1 < text.len && (text.at[to] == '\\' || text.at[to] == '0') && (text.at[to + 1] | 0x20) == 'x') to += 2;
    return digits_count(digits_hex, text, to, 2) == 2 ? to - at : 0;
}

static const struct digits hex = {4, 2 * 12, digits_hex, gap};

enum err hex_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    return digits_undo(self, &hex, text, room, fn, context);
}

/* The byte that two digits at at are; 0x100: there are none. */
static unsigned byte_at(struct span text, size_t at)
{
    unsigned high = at + 1 < text.len ? digits_hex[text.at[at]] : NOT_DIGIT;
    unsigned low = high != NOT_DIGIT ? digits_hex[text.at[at + 1]] : NOT_DIGIT;

    return low != NOT_DIGIT ? high << 4 | low : 0x100;
}

/* Whether BYTES from at on are printable, or every other one is, and zero those between: UTF-16. */
static bool is_text(struct span text, size_t at)
{
    enum { BYTES = 5 };
    unsigned before = 0;

    for (unsigned i = 0; i < BYTES; i++) {
        unsigned byte = byte_at(text, at);
        if ((byte < ' ' || byte > '~') && (byte != 0 || (before == 0 && i > 0))) return false;
        before = byte;
        at += 2;
        if (at < text.len && digits_hex[text.at[at]] == NOT_DIGIT) at += gap(text, at, 2, 0);
    }
    return true;
}

/* gzip and zstd begin so. */
static bool is_packed(struct span text, size_t at)
{
    unsigned second = at + 2 < text.len ? byte_at(text, at + 2) : 0x100;

    return (byte_at(text, at) == 0x1f && second == 0x8b) || (byte_at(text, at) == 0x28 && second == 0xb5);
}

bool hex_is_text(struct span text, size_t at)
{
    enum { UNIT = 5 }; /* at may be anywhere in "0x67," */

    for (size_t i = 0; i < UNIT; i++)
        if (is_text(text, at + i)) return true;
    return is_packed(text, at);
}
