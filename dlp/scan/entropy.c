#include "dlp/scan/entropy.h"

/* log2(n) in ENTROPY_BIT, n > 0: each squaring of what is left in [1, 2) brings one more bit. */
static uint32_t log2_of(uint32_t n)
{
    unsigned whole = 31u - (unsigned)__builtin_clz(n);
    uint64_t rest = (uint64_t)n << (31 - whole);
    uint32_t bits = whole;

    if ((n & (n - 1)) == 0) return whole * ENTROPY_BIT;
    for (unsigned place = 0; place < 16; place++) {
        rest = rest * rest >> 31;
        bits = bits << 1 | (uint32_t)(rest >> 32);
        rest >>= rest >> 32;
    }
    return bits;
}

/* Of the small counts that tokens have, each logarithm is worked out once. */
static uint32_t log2_of_count(uint32_t count)
{
    static uint32_t known[64];

    if (count >= 64) return log2_of(count);
    if (known[count] == 0) known[count] = log2_of(count);
    return known[count];
}

/* H = log2(n) - sum(c log2(c)) / n, which is -sum(p log2(p)) with p = c / n. */
uint32_t entropy_of(struct span text)
{
    uint32_t counts[256] = {0};
    uint64_t sum = 0;

    if (text.len == 0) return 0;
    for (size_t i = 0; i < text.len; i++) counts[text.at[i]]++;
    for (size_t i = 0; i < 256; i++)
        if (counts[i] > 1) sum += (uint64_t)counts[i] * log2_of_count(counts[i]);
    return log2_of((uint32_t)text.len) - (uint32_t)(sum / text.len);
}
