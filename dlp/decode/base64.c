#include "dlp/decode/decoders.h"
#include "dlp/decode/digits.h"

/* RFC 4648 sections 4 and 5; RFC 2045 section 6.8 folds it.  Padding ends a run. */

static size_t gap64(struct span text, size_t at, size_t group, size_t before)
{
    return digits_fold(digits_base64, text, at, group, before);
}

static size_t gap32(struct span text, size_t at, size_t group, size_t before)
{
    return digits_fold(digits_base32, text, at, group, before);
}

static const struct digits base64 = {6, 16, digits_base64, gap64};
static const struct digits base32 = {5, 20, digits_base32, gap32};

/* Few rows of random digits have no high bit in their first twelve bytes. */
bool base64_is_text(struct span text, size_t at)
{
    enum { QUADS = 4 };
    uint8_t high = 0;

    for (const uint8_t *quad = text.at + at; quad < text.at + at + 4 * QUADS; quad += 4)
        high |= (digits_base64[quad[0]] & 0x20) | (digits_base64[quad[1]] & 0x08) | (digits_base64[quad[2]] & 0x02);
    return high == 0 && digits_are_text(&base64, text, at > 4 ? at - 4 : 0);
}

/* Whether 16 letters and figures at at are digits in one case. */
static bool is_row32(struct span text, size_t at)
{
    enum { LANE = 16 };
    uint8_t digits = 0, capitals = 0, small = 0;

    for (size_t i = at; i < at + LANE; i++) {
        uint8_t c = text.at[i];
        digits |= digits_base32[c];
        capitals |= c >= 'A' && c <= 'Z';
        small |= c >= 'a';
    }
    return digits < 0x20 && (capitals & small) == 0;
}

/* Whether there are capitals and small letters in eight letters and figures. */
static bool is_mixed(const uint8_t *at)
{
    uint64_t word, letters;

    memcpy(&word, at, sizeof word);
    letters = word >> 1 & 0x2020202020202020u; /* of 0x40, where that of 0x20 is */
    return (letters & word) != 0 && (letters & ~word) != 0;
}

/* Digits of base64 are no such row, and most are seen to be none at once. */
bool base32_is_text(struct span text, size_t at)
{
    enum { NEXT = 8, LANE = 16 };

    if (is_mixed(text.at + at + NEXT)) return false;
    if (!is_row32(text, at) && (text.len - at < NEXT + LANE || !is_row32(text, at + NEXT))) return false;
    return digits_are_text(&base32, text, at);
}

enum err base64_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    return digits_undo(self, &base64, text, room, fn, context);
}

enum err base32_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    return digits_undo(self, &base32, text, room, fn, context);
}
