/* blocks_kinds.h — the sets of bytes of blocks.c, as tables; and what follows from where they stand. */
#pragma once
#include "dlp/decode/blocks.h"

/* --- rows ------------------------------------------------------------------------------------------------ */

/* Bits of a byte's kinds; FIRST and FIRST85: of four digits of base64, or five of base85, that write text, the first.
 * In base64 that of UTF-16 too, and of a tab or a line's end. */
enum { DIGIT = 1, ALNUM = 2, FIGURE = 4, CODE = 8, BLANK = 16, SLASH = 32, FIRST = 64, FIRST85 = 128, KIND_BITS = 8 };

/* clang-format off */
#define IN(c, first, last) ((c) >= (first) && (c) <= (last))
#define KINDS(c) \
    (IN(c, '0', '9') ? DIGIT | ALNUM | FIGURE : 0) | (IN(c, 'A', 'Z') || IN(c, 'a', 'z') ? DIGIT | ALNUM : 0) | \
    ((c) == '+' || (c) == '-' || (c) == '/' || (c) == '_' ? DIGIT : 0) | \
    (IN(c, ' ', '`') || IN(c, 'a', 'f') || (c) == 'x' ? CODE : 0) | \
    ((c) == ' ' ? BLANK : 0) | ((c) == '\\' ? SLASH : 0) | \
    ((c) == 'A' || (c) == 'C' || (c) == 'D' || IN(c, 'I', 'Z') || IN(c, 'a', 'f') ? FIRST : 0) | \
    (IN(c, 'A', 'Z') || IN(c, 'a', 'e') ? FIRST85 : 0)
#define KINDS_4(c) KINDS(c), KINDS((c) + 1), KINDS((c) + 2), KINDS((c) + 3)
#define KINDS_16(c) KINDS_4(c), KINDS_4((c) + 4), KINDS_4((c) + 8), KINDS_4((c) + 12)

/* Of 0x80 and more there are none. */
static const uint8_t byte_kinds[128] = {
    KINDS_16(0x00), KINDS_16(0x10), KINDS_16(0x20), KINDS_16(0x30),
    KINDS_16(0x40), KINDS_16(0x50), KINDS_16(0x60), KINDS_16(0x70),
};

/* --- escapes --------------------------------------------------------------------------------------------- */

/* A byte's set is low[c & 15] & high[c >> 4].  Bytes one behind the other may be an escape where they share a bit. */
struct sets {
    uint8_t low[16], high[16];
};
static const struct sets escape_first = {
    {0x00, 0x00, 0x00, 0x00, 0x00, 0x41, 0x04, 0x00, 0x00, 0x00, 0x00, 0x10, 0x92, 0x28, 0x00, 0x00},
    {0x00, 0x00, 0x55, 0x38, 0x00, 0x82, 0x00, 0x00},
};
static const struct sets escape_second = {
    {0x89, 0x99, 0x09, 0x0d, 0x09, 0xcd, 0x09, 0x09, 0x89, 0x09, 0x22, 0x00, 0x04, 0x22, 0x12, 0x02},
    {0x22, 0x00, 0x06, 0x89, 0x19, 0x46, 0x05, 0xd0},
};
static const struct sets escape_third = {
    {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6},
    {0xf6, 0xf6, 0xf6, 0xff, 0xff, 0xf6, 0xf7, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6},
};
/* clang-format on */

/* --- places ---------------------------------------------------------------------------------------------- */

/* Of a batch: each kind's bits, by block. */
struct kind_bits {
    uint64_t of[KIND_BITS][BLOCK_BATCH];
};

/* Bit i: bits from i to i + 15 are set. */
static inline uint64_t rows_of_16(uint64_t bits)
{
    bits &= bits >> 1;
    bits &= bits >> 2;
    bits &= bits >> 4;
    return bits & bits >> 8;
}

/* Bit i: one of the bits from i to i + 7 is set, and one of those from i + 8 to i + 15. */
static inline uint64_t some_of_16(uint64_t bits)
{
    bits |= bits >> 1;
    bits |= bits >> 2;
    bits |= bits >> 4;
    return bits & bits >> 8;
}

/* A loop without a branch and of a known length: the compiler takes as many blocks at once as the machine can. */
static inline __attribute__((always_inline)) void find_rows(const struct kind_bits *restrict bits,
                                                            struct rows *restrict out)
{
    const uint64_t *digit = bits->of[0], *alnum = bits->of[1], *figure = bits->of[2], *code = bits->of[3],
                   *blank = bits->of[4], *slash = bits->of[5], *first = bits->of[6], *first85 = bits->of[7];

    for (size_t i = 0; i < BLOCK_BATCH; i++) {
        uint64_t digits = rows_of_16(digit[i]), letters = rows_of_16(alnum[i]), dense = rows_of_16(~blank[i]);
        uint64_t text = first[i] & first[i] >> 4, base85 = first85[i] & first85[i] >> 5;
        uint64_t word = blank[i] & ~(blank[i] >> 1), five = word & word >> 5, nine = word & word >> 9;

        out->text[i] = text & text >> 8 & digits;
        out->row[i] = letters & letters >> 1;
        out->start[i] = digits & ~(digit[i] << 1) & first85[i];
        out->hidden[i] = slash[i] & dense >> 1;
        out->base85[i] = base85 & base85 >> 10 & dense & ~digits;
        out->codes[i] = rows_of_16(code[i]) & some_of_16(figure[i]);
        out->groups[i] = (five & five >> 10 & word >> 20) | (nine & nine >> 18 & word >> 36);
        out->any[i] = out->text[i] | out->row[i] | out->start[i] | out->hidden[i] | out->base85[i] | out->codes[i] |
                      out->groups[i];
    }
}
