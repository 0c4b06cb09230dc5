/* blocks.h — what kinds of bytes stand where in a text, 64 bytes at a time, as bits: bit i speaks of byte i.
 *
 * One table has the kinds of each byte, so that 32 or 64 bytes are looked up at once (as in Langdale and Lemire,
 * "Parsing gigabytes of JSON per second"); on a machine without AVX2 byte by byte, and far slower. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
    BLOCK_BYTES = 64,
    BLOCK_STEP = 48, /* from one block of rows to the next, so that any row of 17 stands whole in one of them */
    BLOCK_BATCH = 8, /* blocks at once: a vector of 64-bit words */
    BLOCK_BATCH_BYTES = BLOCK_BATCH * BLOCK_STEP,
    BLOCK_BEHIND = 16 /* bytes that are read behind a batch */
};

/* Of each block of rows, the places that must be looked at closely.  All but groups are told by
 * 17 bytes at most, and so found wherever they are. */
struct rows {
    uint64_t text[BLOCK_BATCH];   /* 16 digits of base64 that may be text begin here */
    uint64_t base85[BLOCK_BATCH]; /* the same of base85: none is blank, not all are digits of base64 */
    uint64_t row[BLOCK_BATCH];    /* 17 letters and figures, whatever they say */
    uint64_t start[BLOCK_BATCH];  /* 16 digits of base64, the first of a row and in A..Z or a..e */
    uint64_t hidden[BLOCK_BATCH]; /* a backslash and 16 bytes that are not blank */
    uint64_t codes[BLOCK_BATCH];  /* 16 bytes without lower case beyond hex, and with figures */
    uint64_t groups[BLOCK_BATCH]; /* a blank, the first of five at even distances: up to 37 bytes */
    uint64_t any[BLOCK_BATCH];
};

/* Of each 64 bytes, end to end. */
struct marks {
    uint64_t escape[BLOCK_BATCH]; /* an escape may begin here: two bytes or three look like it */
    uint64_t zero[BLOCK_BATCH];
    uint64_t lead[BLOCK_BATCH]; /* of two bytes of UTF-8 the first: a character of more than one may begin here */
};

/* Both read count blocks, of which BLOCK_BATCH are the most, and BLOCK_BEHIND bytes. */
struct blocks {
    void (*rows)(const uint8_t *at, size_t count, struct rows *out);
    void (*marks)(const uint8_t *at, size_t count, struct marks *out);
};

/* The ways to do it on this machine, all with the same answers: the fastest is 0; behind the last, NULL. */
const struct blocks *blocks_nth(unsigned i);
