#include "dlp/decode/signs.h"

#include "dlp/decode/blocks.h"
#include "dlp/decode/decode.h"
#include "dlp/decode/decoders.h"
#include "dlp/decode/digits.h"
#include "dlp/decode/worth.h"
#include "reactor/base/own.h"

/* Two passes: bytes that begin an escape, and rows of bytes that may be digits.  Where such a row is, it is looked at
 * closely, as rows are in honest text too: names, paths, checksums. */

enum {
    LANE = 16,
    HEX_MIN = 5, /* digits of hex in a lane of codes: "0x67, 0x68," has five */
    TAIL = 2 * BLOCK_BYTES
};

struct sweep {
    const struct blocks *blocks;
    struct span text;
    uint32_t signs;
};

/* --- a place, closely ------------------------------------------------------------------------------------ */

static bool is_digit64(uint8_t c) { return digits_base64[c] != NOT_DIGIT; }

/* Whether all LANE bytes are of base32 in one case. */
static bool is_base32(struct span lane)
{
    uint8_t letters = 0; /* the case of the first; 0: there was none */

    for (size_t i = 0; i < LANE; i++) {
        uint8_t c = lane.at[i], letter = c & 0x60;
        if (digits_base32[c] == NOT_DIGIT || (c >= 'A' && letters != 0 && letter != letters)) return false;
        if (c >= 'A') letters = letter;
    }
    return true;
}

/* 24 letters and figures from at on. */
static uint32_t look_at_row(struct span text, size_t at)
{
    return is_base32(span_from(text, at)) || is_base32(span_from(text, at + 8)) ? SIGN_BASE32 : 0;
}

/* A compressed file in base64 begins so. */
static uint32_t look_at_start(struct span text, size_t at)
{
    struct span row = span_from(text, at);

    if (at > 0 && is_digit64(text.at[at - 1])) return 0;
    if (row.at[0] == 'e') return memchr("AFJN", row.at[1], 4) != NULL ? SIGN_BASE64 : 0;               /* zlib */
    return span_starts(row, SPAN_LIT("H4sI")) || span_starts(row, SPAN_LIT("KLUv")) ? SIGN_BASE64 : 0; /* gzip, zstd */
}

static uint32_t look_at_base85(struct span text, size_t at) { return base85_is_text(text, at) ? SIGN_BASE85 : 0; }
static uint32_t look_at_groups(struct span text, size_t at) { return groups_are_digits(text, at) ? SIGN_GROUPS : 0; }

/* Behind a backslash and the byte before at. */
static uint32_t look_at_hidden(struct span text, size_t at)
{
    return memchr("nrtbfv", text.at[at - 1], 6) != NULL && decode_token_at(text, at) ? SIGN_ESCAPE : 0;
}

static uint32_t look_at_codes(struct span text, size_t at)
{
    bool capitals = false, small = false;
    uint32_t signs = 0;
    unsigned hex = 0;

    for (size_t i = at; i < at + LANE; i++) {
        uint8_t c = text.at[i];
        small |= c > '`';
        capitals |= c >= 'A';
        hex += digits_hex[c] != NOT_DIGIT;
    }
    if (hex >= HEX_MIN && hex_is_text(text, at)) signs |= SIGN_HEX;
    if (hex >= HEX_MIN && !capitals && decimal_is_text(text, at)) signs |= SIGN_DECIMAL;
    return capitals && !small && uuencode_is_text(text, at) ? signs | SIGN_UUENCODE : signs;
}

/* --- sweep ----------------------------------------------------------------------------------------------- */

/* The places of one kind in the block at at, apart bytes from one to the next. */
static void look(struct sweep *sweep, size_t at, uint64_t places, unsigned apart, uint32_t enough,
                 uint32_t (*look_at)(struct span text, size_t at))
{
    while (places != 0 && (sweep->signs & enough) != enough) {
        unsigned place = (unsigned)__builtin_ctzll(places);
        sweep->signs |= look_at(sweep->text, at + place);
        places &= ~(((1ull << apart) - 1) << place);
    }
}

/* count blocks from the text's start on, which stand whole in it. */
static void sweep_blocks(struct sweep *sweep, size_t count)
{
    struct places places;

    for (size_t block = 0; block < count; block++) {
        size_t at = block * BLOCK_STEP, i = block % BLOCK_BATCH;
        if (i == 0)
            sweep->blocks->places(sweep->text.at + at, count - block < BLOCK_BATCH ? count - block : BLOCK_BATCH,
                                  &places);
        if (places.any[i] == 0) continue;
        if (places.text[i] != 0) sweep->signs |= SIGN_BASE64;
        look(sweep, at, places.base85[i], 1, SIGN_BASE85, look_at_base85);
        look(sweep, at, places.row[i], LANE, SIGN_BASE32, look_at_row);
        look(sweep, at, places.start[i], 1, SIGN_BASE64, look_at_start);
        look(sweep, at, places.hidden[i], 1, SIGN_ESCAPE, look_at_hidden);
        look(sweep, at, places.codes[i], LANE, SIGN_HEX | SIGN_DECIMAL | SIGN_UUENCODE, look_at_codes);
        look(sweep, at, places.groups[i], 1, SIGN_GROUPS, look_at_groups);
    }
}

static uint32_t signs_of(uint32_t escapes)
{
    static const struct {
        uint32_t escapes, signs;
    } rows[] = {
        {ESCAPE_PERCENT, SIGN_PERCENT}, {ESCAPE_BACKSLASH, SIGN_ESCAPE},         {ESCAPE_AND, SIGN_ENTITY},
        {ESCAPE_QUOTED, SIGN_QUOTED},   {ESCAPE_PLUS, SIGN_UTF7 | SIGN_ASCII85}, {BYTE_ZERO, SIGN_ZERO},
        {BYTE_HIGH, SIGN_HIGH},
    };
    uint32_t signs = 0;

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if ((escapes & rows[i].escapes) != 0) signs |= rows[i].signs;
    return signs;
}

/* The last bytes of a text, at most TAIL of them, with line ends behind. */
static void sweep_tail(struct sweep *sweep, struct span tail)
{
    uint8_t bytes[TAIL + BLOCK_BYTES];

    memset(bytes, '\n', sizeof bytes);
    memcpy(bytes, tail.at, tail.len);
    sweep->text = (struct span){bytes, sizeof bytes};
    sweep_blocks(sweep, (tail.len + BLOCK_STEP - 1) / BLOCK_STEP);
    sweep->signs |= signs_of(sweep->blocks->escapes(bytes, TAIL));
}

uint32_t decode_signs(struct span text)
{
    struct sweep sweep = {.blocks = blocks_here(), .text = text};
    size_t whole = text.len > TAIL ? (text.len - BLOCK_BYTES) / BLOCK_BYTES * BLOCK_BYTES : 0;

    if (text.len == 0) return 0;
    if (whole > 0) {
        sweep_blocks(&sweep, (text.len - BLOCK_BYTES) / BLOCK_STEP + 1);
        sweep.signs |= signs_of(sweep.blocks->escapes(text.at, whole));
    }
    sweep_tail(&sweep, whole > 0 ? span_from(text, whole) : text);
    return sweep.signs;
}
