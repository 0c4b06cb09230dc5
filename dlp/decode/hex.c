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

/* Whether BYTES of printable text are written from at on. */
static bool is_text(struct span text, size_t at)
{
    enum { BYTES = 5 };

    for (unsigned i = 0; i < BYTES; i++) {
        unsigned high = digits_count(digits_hex, text, at, 2) == 2 ? digits_hex[text.at[at]] : 0;
        if (high < 2 || high > 7) return false;
        at += 2;
        if (digits_count(digits_hex, text, at, 1) == 0) at += gap(text, at, 2, 0);
    }
    return true;
}

bool hex_is_text(struct span text, size_t at)
{
    enum { UNIT = 5 }; /* at may be anywhere in "0x67," */

    for (size_t i = 0; i < UNIT; i++)
        if (is_text(text, at + i)) return true;
    return false;
}
