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

int fold_character(uint32_t character)
{
    if (character < 0xaa || (character >= 0x3165 && character < 0xfe00)) return FOLD_NONE; /* most letters */
    for (size_t i = 0; i < COUNT_OF(fold_blocks) && fold_blocks[i].first <= character; i++) {
        size_t at = character - fold_blocks[i].first;
        if (at < fold_blocks[i].count && fold_blocks[i].read_as[at] != ' ') return fold_blocks[i].read_as[at];
    }
    for (size_t i = 0; i < COUNT_OF(unseen) && unseen[i].first <= character; i++)
        if (character <= unseen[i].last) return FOLD_DROP;
    return FOLD_NONE;
}

/* Whether what stands at at is part of a token: BESIDE characters of one follow, seen or folded, at least one of them
 * ASCII or not a letter of another script; or as many stand before. */
static bool is_in_token(struct span text, size_t at, size_t used, bool letter)
{
    size_t next = at + used, count = 0, before = 0;
    bool ascii = !letter;

    while (next < text.len && count < BESIDE) {
        uint32_t character = 0;
        size_t bytes = utf8_read(text, next, &character);
        if (bytes == 0 || !(decode_in_word(character) || (bytes > 1 && fold_character(character) != FOLD_NONE))) break;
        if (bytes == 1) ascii = true;
        next += bytes;
        count++;
    }
    if (count == BESIDE && ascii) return true;
    while (before < at && before < BESIDE && decode_in_word(text.at[at - 1 - before])) before++;
    return before == BESIDE;
}

static size_t next(struct span text, size_t from)
{
    uint64_t word;

    for (; from + sizeof word <= text.len; from += sizeof word) {
        memcpy(&word, text.at + from, sizeof word);
        if ((word & 0x8080808080808080u) != 0) break;
    }
    while (from < text.len && text.at[from] < 0x80) from++;
    return from;
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
