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

/* Whether 16 bytes at at are digits in one case. */
static bool is_row32(struct span text, size_t at)
{
    enum { LANE = 16 };
    uint8_t letters = 0; /* the case of the first; 0: there was none */

    for (size_t i = at; i < at + LANE; i++) {
        uint8_t c = text.at[i], letter = c & 0x60;
        if (digits_base32[c] == NOT_DIGIT || (c >= 'A' && letters != 0 && letter != letters)) return false;
        if (c >= 'A') letters = letter;
    }
    return true;
}

bool base32_is_text(struct span text, size_t at)
{
    bool is_row = is_row32(text, at) || (text.len - at >= 24 && is_row32(text, at + 8));

    return is_row && digits_are_text(&base32, text, at);
}

enum err base64_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    return digits_undo(self, &base64, text, room, fn, context);
}

enum err base32_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    return digits_undo(self, &base32, text, room, fn, context);
}
