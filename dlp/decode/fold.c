#include "dlp/decode/fold.h"

#include "dlp/decode/decoders.h"
#include "dlp/decode/escapes.h"
#include "dlp/decode/fold_table.h"
#include "dlp/decode/worth.h"
#include "reactor/base/own.h"

enum { BESIDE = 8 }; /* characters of a token on one side of what is folded: honest words are mostly shorter */

/* What is not seen: soft hyphen, joiners, marks (Unicode's Default_Ignorable_Code_Point, and combining marks). */
static const struct {
    uint32_t first, last;
} unseen[] = {
    {0x00ad, 0x00ad}, {0x0300, 0x036f}, {0x0483, 0x0489},   {0x0591, 0x05bd},   {0x061c, 0x061c}, {0x064b, 0x065f},
    {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},   {0x1ab0, 0x1aff},   {0x1dc0, 0x1dff}, {0x200b, 0x200f},
    {0x202a, 0x202e}, {0x2060, 0x206f}, {0x20d0, 0x20f0},   {0x3164, 0x3164},   {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
    {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

/* The last block that begins at or before character. */
static size_t block_of(uint32_t character)
{
    size_t from = 0, to = COUNT_OF(fold_blocks);

    while (to - from > 1) {
        size_t middle = (from + to) / 2;
        if (fold_blocks[middle].first <= character)
            from = middle;
        else
            to = middle;
    }
    return from;
}

int fold_character(uint32_t character)
{
    if (character < 0xaa || (character >= 0x3165 && character < 0xfe00)) return FOLD_NONE; /* most letters */
    size_t block = block_of(character), at = character - fold_blocks[block].first;
    if (at < fold_blocks[block].count && fold_blocks[block].read_as[at] != ' ') return fold_blocks[block].read_as[at];
    for (size_t i = 0; i < COUNT_OF(unseen) && unseen[i].first <= character; i++)
        if (character <= unseen[i].last) return FOLD_DROP;
    return FOLD_NONE;
}

size_t fold_skip(struct span text, size_t at)
{
    enum { LEAD_MIN = 0xc3, LEAD_END = 0xe0 }; /* of U+00C0 to U+07FF, which is_script() has too */
    size_t end = at;

    if (at > 0 && decode_in_word(text.at[at - 1])) return at;
    while (end + 1 < text.len && text.at[end] >= LEAD_MIN && text.at[end] < LEAD_END && utf8_begins(text.at + end))
        end += 2;
    return end < text.len && !decode_in_word(text.at[end]) && text.at[end] < 0x80 ? end : at;
}

/* Whether what stands at at is part of a token: BESIDE characters of one follow, seen or folded, at least one of them
 * ASCII or not a letter of another script; or as many stand before. */
static bool is_in_token(struct span text, size_t at, size_t used, bool letter)
{
    size_t next = at + used, count = 0, before = 0;
    bool ascii = !letter;

    while (before < at && before < BESIDE && decode_in_word(text.at[at - 1 - before])) before++;
    if (before == BESIDE) return true;
    while (next < text.len && count < BESIDE) {
        uint32_t character = 0;
        size_t bytes = utf8_read(text, next, &character);
        if (bytes == 0 || !(decode_in_word(character) || (bytes > 1 && fold_character(character) != FOLD_NONE))) break;
        if (bytes == 1) ascii = true;
        next += bytes;
        count++;
    }
    return count == BESIDE && ascii;
}

static size_t next(struct span text, size_t from)
{
    uint64_t word;

    for (; from + sizeof word < text.len; from += sizeof word) {
        memcpy(&word, text.at + from, sizeof word);
        if ((word & 0x8080808080808080u) == 0) continue;
        for (size_t i = 0; i < sizeof word; i++)
            if (utf8_begins(text.at + from + i)) return from + i;
    }
    while (from + 1 < text.len && !utf8_begins(text.at + from)) from++;
    return from + 1 < text.len ? from : text.len;
}

/* Scripts whose letters are mostly meant as such. */
static bool is_script(uint32_t character) { return character < 0x2000 && character >= 0xc0; }

static size_t read(struct span text, size_t at, struct escape *out)
{
    uint32_t character = 0;
    size_t used = utf8_read(text, at, &character);
    int as = used > 1 ? fold_character(character) : FOLD_NONE;

    if (as == FOLD_NONE) return 0;
    out->bytes[0] = (uint8_t)as;
    out->len = as != FOLD_DROP;
    out->reason = is_in_token(text, at, used, is_script(character));
    return used;
}

const struct escapes fold_escapes = {next, read};

enum err fold_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    return escapes_undo(self, &fold_escapes, text, room, fn, context);
}
