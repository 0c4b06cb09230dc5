/* blocks_kinds.h — the sets of bytes of blocks.c, as tables; and what follows from where they stand. */
#pragma once
#include "dlp/decode/blocks.h"

/* A byte's kinds are low[c & 15] & high[c >> 4]. */
struct kinds {
    uint8_t low[16], high[16];
};

/* clang-format off */
enum { DIGIT = 0x1f, ALNUM = 0x0e, FIGURE = 0x02, CODE = 0xe0 };
static const struct kinds byte_kinds = {
    {0x6a, 0x6e, 0x6e, 0x6e, 0x6e, 0x6e, 0x6e, 0x2e, 0xae, 0x2e, 0x2c, 0x25, 0x24, 0x25, 0x24, 0x35},
    {0x00, 0x00, 0x21, 0x22, 0x24, 0x38, 0x44, 0x88},
};

/* Digits of base64 that may stand first, second and third of the four that write three bytes of text or UTF-16. */
enum { FIRST = 0x07, SECOND = 0x78, THIRD = 0x0f };
static const struct kinds quad_kinds = {
    {0x42, 0x4f, 0x46, 0x4f, 0x0f, 0x0e, 0x0e, 0x3a, 0x0a, 0x33, 0x33, 0x11, 0x11, 0x11, 0x11, 0x01},
    {0x00, 0x00, 0x00, 0x40, 0x09, 0x0a, 0x14, 0x20},
};
/* ...and of base85 the one that stands first of five. */
enum { FIRST85 = 0x70 };
static const struct kinds third_kinds = {
    {0x2c, 0x79, 0x71, 0x76, 0x7e, 0x79, 0x31, 0x36, 0x3e, 0x39, 0x31, 0x12, 0x12, 0x11, 0x11, 0x12},
    {0x00, 0x00, 0x00, 0x08, 0x11, 0x21, 0x42, 0x04},
};

/* Of the bytes of an escape, one behind the other: they are one where they share a bit. */
static const struct kinds escape_first = {
    {0x00, 0x00, 0x00, 0x00, 0x00, 0x41, 0x04, 0x00, 0x00, 0x00, 0x00, 0x10, 0x92, 0x28, 0x00, 0x00},
    {0x00, 0x00, 0x55, 0x38, 0x00, 0x82, 0x00, 0x00},
};
static const struct kinds escape_second = {
    {0x89, 0x99, 0x09, 0x0d, 0x09, 0xcd, 0x09, 0x09, 0x89, 0x09, 0x22, 0x00, 0x04, 0x22, 0x12, 0x02},
    {0x22, 0x00, 0x06, 0x89, 0x19, 0x46, 0x05, 0xd0},
};
static const struct kinds escape_third = {
    {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6},
    {0xf6, 0xf6, 0xf6, 0xff, 0xff, 0xf6, 0xf7, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6},
};
/* clang-format on */

/* Bits of a batch of blocks. */
struct bits {
    uint64_t digit[BLOCK_BATCH], alnum[BLOCK_BATCH], figure[BLOCK_BATCH], code[BLOCK_BATCH];
    uint64_t blank[BLOCK_BATCH], slash[BLOCK_BATCH];
    uint64_t first[BLOCK_BATCH], second[BLOCK_BATCH], third[BLOCK_BATCH], first85[BLOCK_BATCH];
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
static inline __attribute__((always_inline)) void find_places(const struct bits *restrict bits,
                                                              struct places *restrict out)
{
    for (size_t i = 0; i < BLOCK_BATCH; i++) {
        uint64_t text = bits->first[i] & bits->second[i] >> 1 & bits->third[i] >> 2 & bits->digit[i] >> 3;
        uint64_t digits = rows_of_16(bits->digit[i]), alnum = rows_of_16(bits->alnum[i]),
                 dense = rows_of_16(~bits->blank[i]);
        uint64_t base85 = bits->first85[i] & bits->first85[i] >> 5;
        uint64_t word = bits->blank[i] & ~(bits->blank[i] >> 1), five = word & word >> 5, nine = word & word >> 9;

        text &= text >> 4;
        out->text[i] = text & text >> 8;
        out->row[i] = alnum & alnum >> 8;
        out->start[i] = digits & digits >> 8 & ~(bits->digit[i] << 1);
        out->hidden[i] = dense & bits->slash[i] << 2;
        out->base85[i] = base85 & base85 >> 10 & dense & dense >> 4 & ~digits;
        out->codes[i] = rows_of_16(bits->code[i]) & some_of_16(bits->figure[i]);
        out->groups[i] = (five & five >> 10 & word >> 20) | (nine & nine >> 18 & word >> 36);
        out->any[i] = out->text[i] | out->row[i] | out->start[i] | out->hidden[i] | out->base85[i] | out->codes[i] |
                      out->groups[i];
    }
}
