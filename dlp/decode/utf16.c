#include "dlp/decode/character.h"
#include "dlp/decode/decoders.h"
#include "dlp/decode/worth.h"
#include "reactor/base/limits.h"

/* UTF-16 in either order, with or without a mark, wherever it begins: it is known by characters of ASCII, whose other
 * byte is zero.  Written as UTF-8. */

enum { STRANGE_MAX = 4 }; /* characters in a row that are not ASCII: more of them, and it is not our kind of text */

static uint32_t unit_at(struct span text, size_t at, bool big)
{
    uint32_t first = text.at[at], second = text.at[at + 1];

    return big ? first << 8 | second : second << 8 | first;
}

static bool is_ascii(uint32_t unit) { return unit < 0x7f && (unit >= 0x20 || (unit >= '\t' && unit <= '\r')); }

/* The stretch that starts at at, in UTF-8 to to; how many bytes, and *end behind its last ASCII character. */
static size_t write_stretch(struct span text, size_t at, bool big, uint8_t *to, size_t *end)
{
    size_t len = 0, kept = 0;
    unsigned strange = 0;

    for (*end = at; at + 2 <= text.len && strange < STRANGE_MAX; at += 2) {
        uint32_t unit = unit_at(text, at, big);
        if (utf16_is_high(unit) && at + 4 <= text.len && utf16_is_low(unit_at(text, at + 2, big))) {
            at += 2;
            unit = utf16_join(unit, unit_at(text, at, big));
        }
        len += utf8_write(unit, to + len);
        strange = is_ascii(unit) ? 0 : strange + 1;
        if (strange > 0) continue;
        kept = len;
        *end = at + 2;
    }
    return kept;
}

static enum err undo(const struct decoder *self, struct span text, bool big, uint8_t *to, decoded_fn *fn, void *context)
{
    struct decoded decoded = {.name = self->name};

    for (size_t zero = span_find(text, 0, 0); zero < text.len; zero = span_find(text, 0, zero)) {
        decoded.from = zero - !big;
        if (zero++ == 0 && !big) continue;
        if (decoded.from + 2 > text.len || !is_ascii(unit_at(text, decoded.from, big))) continue;
        decoded.bytes.at = to;
        decoded.bytes.len = write_stretch(text, decoded.from, big, to, &decoded.to);
        if (decoded.to > zero) zero = decoded.to - 1; /* the next may begin at the other alignment */
        if (decode_worth(&decoded.bytes)) TRY(fn(context, &decoded));
    }
    return ERR_OK;
}

enum err utf16_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    uint8_t *to;

    buf_cut(room, 0);
    TRY(buf_room(room, 2 * text.len, &to)); /* two bytes are three at most */
    buf_added(room, 2 * text.len);
    TRY(undo(self, text, false, to, fn, context));
    return undo(self, text, true, to, fn, context);
}
