/* blocks.h — what kinds of bytes stand where in a text, 64 bytes at a time, as bits: bit i speaks of byte i.
 *
 * Kinds are sets that two tables of 16 describe, by a byte's low and high half (as in Langdale and Lemire, "Parsing
 * gigabytes of JSON per second"), so that 32 or 64 bytes are looked up at once; on a machine without AVX2 byte by byte,
 * and far slower. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
    BLOCK_BYTES = 64,
    BLOCK_STEP = 48, /* from one block to the next, so that any row of 17 stands whole in one of them */
    BLOCK_BATCH = 16 /* blocks at once: two vectors of 64-bit words */
};

/* Of each block, the places that must be looked at closely. */
struct places {
    uint64_t text[BLOCK_BATCH];   /* 16 digits of base64 that may be text begin here */
    uint64_t base85[BLOCK_BATCH]; /* the same of base85: 20 bytes, none blank, not all digits of base64 */
    uint64_t row[BLOCK_BATCH];    /* 24 letters and figures, whatever they say */
    uint64_t start[BLOCK_BATCH];  /* 24 digits of base64, the first of a row */
    uint64_t hidden[BLOCK_BATCH]; /* behind a backslash and a letter 16 bytes that are not blank */
    uint64_t codes[BLOCK_BATCH];  /* 16 bytes without lower case beyond hex, and with figures */
    uint64_t groups[BLOCK_BATCH]; /* a blank, the first of five at even distances */
    uint64_t any[BLOCK_BATCH];
};

/* Bits of blocks->escapes(). */
enum {
    ESCAPE_PERCENT = 1 << 0 | 1 << 6,   /* '%' and two digits of hex, or 'u' */
    ESCAPE_BACKSLASH = 1 << 1 | 1 << 7, /* a backslash and 'u', 'x', a digit, or a sign that stands in tokens */
    ESCAPE_AND = 1 << 2,                /* '&' and '#', or a letter that some names begin with */
    ESCAPE_QUOTED = 1 << 3 | 1 << 5,    /* '=' and two digits of hex in capitals, or the line's end */
    ESCAPE_PLUS = 1 << 4,               /* "+A", "<~" */
    BYTE_ZERO = 1 << 8,
    BYTE_HIGH = 1 << 9 /* of 0x80 or more */
};

struct blocks {
    void (*places)(const uint8_t *at, size_t count, struct places *out); /* count blocks, BLOCK_STEP apart */
    uint32_t (*escapes)(const uint8_t *at, size_t bytes); /* which begin there; bytes: of 64; two stand behind them */
};

/* The fastest for this machine; for any. */
const struct blocks *blocks_here(void);
extern const struct blocks blocks_plain;
