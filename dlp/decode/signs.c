#include "dlp/decode/signs.h"

#include "dlp/decode/blocks.h"
#include "dlp/decode/decode.h"
#include "dlp/decode/decoders.h"
#include "dlp/decode/digits.h"
#include "dlp/decode/escapes.h"
#include "dlp/decode/fold.h"
#include "dlp/decode/worth.h"
#include "reactor/base/own.h"

/* Blocks of the text say where something may be; there it is looked at closely, as honest text is full of what may be:
 * names, paths, checksums.  Where more looks at rows lead to nothing, their decoder may look itself; a look
 * at an escape is what its decoder would do too. */

enum {
    LANE = 16,
    HEX_MIN = 5,   /* digits of hex in a lane of codes: "0x67, 0x68," has five */
    LOOK_EACH = 12 /* bytes for each look of one kind: in base64 there is one in 16 */
};

struct sweep {
    const struct blocks *blocks;
    struct span text;
    uint32_t signs;
    size_t looks_max, looks[SIGN_COUNT];
    size_t skip; /* letters of other scripts up to there were looked at */
};

/* Whether signs that were not seen yet may be seen still. */
static bool may_look(struct sweep *sweep, uint32_t signs)
{
    unsigned kind = (unsigned)__builtin_ctz(signs);

    if ((sweep->signs & signs) == signs) return false;
    if (sweep->looks[kind]++ < sweep->looks_max) return true;
    sweep->signs |= signs;
    return false;
}

/* --- rows ------------------------------------------------------------------------------------------------ */

static bool is_digit64(uint8_t c) { return digits_base64[c] != NOT_DIGIT; }

static uint32_t look_at_text(struct span text, size_t at) { return base64_is_text(text, at) ? SIGN_BASE64 : 0; }
static uint32_t look_at_row(struct span text, size_t at) { return base32_is_text(text, at) ? SIGN_BASE32 : 0; }
static uint32_t look_at_base85(struct span text, size_t at) { return base85_is_text(text, at) ? SIGN_BASE85 : 0; }
static uint32_t look_at_groups(struct span text, size_t at) { return groups_are_digits(text, at) ? SIGN_GROUPS : 0; }

/* A compressed file in base64 begins so. */
static uint32_t look_at_start(struct span text, size_t at)
{
    struct span row = span_from(text, at);

    if (at > 0 && is_digit64(text.at[at - 1])) return 0;
    if (row.at[0] == 'e') return strchr("AFJN", row.at[1]) != NULL && row.at[1] != '\0' ? SIGN_BASE64 : 0; /* zlib */
    return span_starts(row, SPAN_LIT("H4sI")) || span_starts(row, SPAN_LIT("KLUv")) ? SIGN_BASE64 : 0; /* gzip, zstd */
}

static uint32_t look_at_hidden(struct span text, size_t at)
{
    return escape_matters(&backslash_escapes, text, at) ? SIGN_ESCAPE : 0;
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

/* The places of one kind in the block at at, apart bytes from one to the next. */
static void look(struct sweep *sweep, size_t at, uint64_t places, unsigned apart, uint32_t signs,
                 uint32_t (*look_at)(struct span text, size_t at))
{
    while (places != 0 && may_look(sweep, signs)) {
        unsigned place = (unsigned)__builtin_ctzll(places);
        sweep->signs |= look_at(sweep->text, at + place);
        places &= ~(((1ull << apart) - 1) << place);
    }
}

/* bytes: those at at. */
static void sweep_rows(struct sweep *sweep, size_t at, const uint8_t *bytes, size_t count)
{
    struct rows rows;

    sweep->blocks->rows(bytes, count, &rows);
    for (size_t i = 0; i < count; i++, at += BLOCK_STEP) {
        if (rows.any[i] == 0) continue;
        look(sweep, at, rows.text[i], 1, SIGN_BASE64, look_at_text);
        look(sweep, at, rows.base85[i], 1, SIGN_BASE85, look_at_base85);
        look(sweep, at, rows.row[i], LANE, SIGN_BASE32, look_at_row);
        look(sweep, at, rows.start[i], 1, SIGN_BASE64, look_at_start);
        look(sweep, at, rows.hidden[i], 1, SIGN_ESCAPE, look_at_hidden);
        look(sweep, at, rows.codes[i], LANE, SIGN_HEX | SIGN_DECIMAL | SIGN_UUENCODE, look_at_codes);
        look(sweep, at, rows.groups[i], 1, SIGN_GROUPS, look_at_groups);
    }
}

/* --- escapes --------------------------------------------------------------------------------------------- */

static void look_at_escape(struct sweep *sweep, size_t at)
{
    static const struct {
        char lead;
        uint32_t sign;
        const struct escapes *escapes; /* NULL: enough is known */
    } leads[] = {
        {'%', SIGN_PERCENT, &percent_escapes}, {'\\', SIGN_ESCAPE, &backslash_escapes},
        {'&', SIGN_ENTITY, &entity_escapes},   {'=', SIGN_QUOTED, &quoted_escapes},
        {'+', SIGN_UTF7, &utf7_escapes},       {'<', SIGN_ASCII85, NULL},
    };

    for (size_t i = 0; i < COUNT_OF(leads); i++) {
        if (sweep->text.at[at] != (uint8_t)leads[i].lead || (sweep->signs & leads[i].sign) != 0) continue;
        if (leads[i].escapes == NULL || escape_matters(leads[i].escapes, sweep->text, at))
            sweep->signs |= leads[i].sign;
    }
}

static void look_at_lead(struct sweep *sweep, size_t at)
{
    if (at >= sweep->skip) sweep->skip = fold_skip(sweep->text, at);
    if (at >= sweep->skip && escape_matters(&fold_escapes, sweep->text, at)) sweep->signs |= SIGN_HIGH;
}

/* Some characters of UTF-16 in a row that are ASCII. */
static bool is_wide(uint64_t zero)
{
    uint64_t every_other = zero & ~(zero >> 1);

    every_other &= every_other >> 2;
    return (every_other & every_other >> 4) != 0;
}

static void sweep_marks(struct sweep *sweep, size_t at, const uint8_t *bytes, size_t count)
{
    struct marks marks;

    sweep->blocks->marks(bytes, count, &marks);
    for (size_t i = 0; i < count; i++, at += BLOCK_BYTES) {
        for (uint64_t escapes = marks.escape[i]; escapes != 0; escapes &= escapes - 1)
            look_at_escape(sweep, at + (unsigned)__builtin_ctzll(escapes));
        if (is_wide(marks.zero[i])) sweep->signs |= SIGN_ZERO;
        for (uint64_t lead = marks.lead[i]; lead != 0 && (sweep->signs & SIGN_HIGH) == 0; lead &= lead - 1)
            look_at_lead(sweep, at + (unsigned)__builtin_ctzll(lead));
    }
}

/* --- batches --------------------------------------------------------------------------------------------- */

static size_t blocks_of(size_t bytes, size_t step) { return (bytes + step - 1) / step; }

static void sweep_batch(struct sweep *sweep, size_t at)
{
    uint8_t copy[BLOCK_BATCH_BYTES + BLOCK_BYTES + BLOCK_BEHIND];
    const uint8_t *bytes = sweep->text.at + at;
    size_t rest = sweep->text.len - at, len = rest < BLOCK_BATCH_BYTES ? rest : BLOCK_BATCH_BYTES;

    if (rest < BLOCK_BATCH_BYTES + BLOCK_BEHIND) { /* line ends stand behind the text */
        memset(copy, '\n', sizeof copy);
        memcpy(copy, bytes, rest);
        bytes = copy;
    }
    sweep_rows(sweep, at, bytes, blocks_of(len, BLOCK_STEP));
    sweep_marks(sweep, at, bytes, blocks_of(len, BLOCK_BYTES));
}

uint32_t decode_signs(struct span text)
{
    struct sweep sweep = {.blocks = blocks_nth(0), .text = text, .looks_max = text.len / LOOK_EACH + LANE};

    for (size_t at = 0; at < text.len; at += BLOCK_BATCH_BYTES) sweep_batch(&sweep, at);
    return sweep.signs;
}
