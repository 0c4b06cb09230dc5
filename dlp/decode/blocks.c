#include "dlp/decode/blocks.h"

#include <string.h>

#include "dlp/decode/blocks_kinds.h"

/* --- byte by byte ---------------------------------------------------------------------------------------- */

static unsigned kind(const struct kinds *kinds, uint8_t c) { return kinds->low[c & 15] & kinds->high[c >> 4]; }

/* What is not read must not be found. */
static inline void clear_rest(struct bits *bits, size_t count)
{
    if (count < BLOCK_BATCH) memset(bits, 0, sizeof *bits);
}

static void read_byte(uint8_t c, unsigned i, struct bits *bits, size_t block)
{
    unsigned is = kind(&byte_kinds, c), quad = kind(&quad_kinds, c), third = kind(&third_kinds, c);

    bits->digit[block] |= (uint64_t)((is & DIGIT) != 0) << i;
    bits->alnum[block] |= (uint64_t)((is & ALNUM) != 0) << i;
    bits->figure[block] |= (uint64_t)((is & FIGURE) != 0) << i;
    bits->code[block] |= (uint64_t)((is & CODE) != 0) << i;
    bits->blank[block] |= (uint64_t)(c == ' ') << i;
    bits->slash[block] |= (uint64_t)(c == '\\') << i;
    bits->first[block] |= (uint64_t)((quad & FIRST) != 0) << i;
    bits->second[block] |= (uint64_t)((quad & SECOND) != 0) << i;
    bits->third[block] |= (uint64_t)((third & THIRD) != 0) << i;
    bits->first85[block] |= (uint64_t)((third & FIRST85) != 0) << i;
}

static void places_plain(const uint8_t *at, size_t count, struct places *out)
{
    struct bits bits = {0};

    for (size_t block = 0; block < count; block++, at += BLOCK_STEP)
        for (unsigned i = 0; i < BLOCK_BYTES; i++) read_byte(at[i], i, &bits, block);
    find_places(&bits, out);
}

static uint32_t escapes_plain(const uint8_t *at, size_t bytes)
{
    uint32_t found = 0;

    for (size_t i = 0; i < bytes; i++) {
        found |= kind(&escape_first, at[i]) & kind(&escape_second, at[i + 1]) & kind(&escape_third, at[i + 2]);
        if (at[i] == 0) found |= BYTE_ZERO;
        if (at[i] >= 0x80) found |= BYTE_HIGH;
    }
    return found;
}

const struct blocks blocks_plain = {places_plain, escapes_plain};

#ifndef __x86_64__
const struct blocks *blocks_here(void) { return &blocks_plain; }
#else

#include <immintrin.h>

/* --- 32 at once ------------------------------------------------------------------------------------------ */

#define AVX2 __attribute__((target("avx2")))

struct tables {
    __m256i low, high;
};

AVX2 static inline struct tables load_tables(const struct kinds *kinds)
{
    return (struct tables){_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)kinds->low)),
                           _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)kinds->high))};
}

AVX2 static inline __m256i load(const uint8_t *at) { return _mm256_loadu_si256((const __m256i *)at); }

AVX2 static inline __m256i kinds_of(struct tables tables, __m256i bytes)
{
    __m256i half = _mm256_set1_epi8(0x0f);
    __m256i low = _mm256_shuffle_epi8(tables.low, _mm256_and_si256(bytes, half));
    __m256i high = _mm256_shuffle_epi8(tables.high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half));

    return _mm256_and_si256(low, high);
}

/* Bit i: one of these kinds is byte i's. */
AVX2 static inline uint32_t has(__m256i kinds, int which)
{
    __m256i some = _mm256_and_si256(kinds, _mm256_set1_epi8((char)which));

    return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(some, _mm256_setzero_si256()));
}

AVX2 static inline uint32_t is(__m256i bytes, char c)
{
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(c)));
}

static inline uint64_t join(uint32_t first, uint32_t second) { return first | (uint64_t)second << 32; }

AVX2 static void places_avx2(const uint8_t *at, size_t count, struct places *out)
{
    const struct tables bytes = load_tables(&byte_kinds), quads = load_tables(&quad_kinds),
                        thirds = load_tables(&third_kinds);
    struct bits bits;

    clear_rest(&bits, count);
    for (size_t i = 0; i < count; i++, at += BLOCK_STEP) {
        __m256i a = load(at), b = load(at + 32);
        __m256i a_is = kinds_of(bytes, a), b_is = kinds_of(bytes, b);
        __m256i a_quad = kinds_of(quads, a), b_quad = kinds_of(quads, b);
        __m256i a_third = kinds_of(thirds, a), b_third = kinds_of(thirds, b);
        bits.digit[i] = join(has(a_is, DIGIT), has(b_is, DIGIT));
        bits.alnum[i] = join(has(a_is, ALNUM), has(b_is, ALNUM));
        bits.figure[i] = join(has(a_is, FIGURE), has(b_is, FIGURE));
        bits.code[i] = join(has(a_is, CODE), has(b_is, CODE));
        bits.blank[i] = join(is(a, ' '), is(b, ' '));
        bits.slash[i] = join(is(a, '\\'), is(b, '\\'));
        bits.first[i] = join(has(a_quad, FIRST), has(b_quad, FIRST));
        bits.second[i] = join(has(a_quad, SECOND), has(b_quad, SECOND));
        bits.third[i] = join(has(a_third, THIRD), has(b_third, THIRD));
        bits.first85[i] = join(has(a_third, FIRST85), has(b_third, FIRST85));
    }
    find_places(&bits, out);
}

AVX2 static uint32_t escapes_avx2(const uint8_t *at, size_t bytes)
{
    const struct tables first = load_tables(&escape_first), second = load_tables(&escape_second),
                        third = load_tables(&escape_third);
    __m256i escapes = _mm256_setzero_si256(), high = escapes, zero = escapes;
    uint8_t bits[32];
    uint32_t found = 0;

    for (const uint8_t *end = at + bytes; at < end; at += sizeof bits) {
        __m256i c = load(at);
        __m256i two = _mm256_and_si256(kinds_of(first, c), kinds_of(second, load(at + 1)));
        escapes = _mm256_or_si256(escapes, _mm256_and_si256(two, kinds_of(third, load(at + 2))));
        high = _mm256_or_si256(high, c);
        zero = _mm256_or_si256(zero, _mm256_cmpeq_epi8(c, _mm256_setzero_si256()));
    }
    _mm256_storeu_si256((__m256i *)bits, escapes);
    for (unsigned i = 0; i < sizeof bits; i++) found |= bits[i];
    if (_mm256_movemask_epi8(zero) != 0) found |= BYTE_ZERO;
    if (_mm256_movemask_epi8(high) != 0) found |= BYTE_HIGH;
    return found;
}

static const struct blocks blocks_avx2 = {places_avx2, escapes_avx2};

/* --- 64 at once ------------------------------------------------------------------------------------------ */

#define AVX512 __attribute__((target("avx512f,avx512bw")))

struct wide_tables {
    __m512i low, high;
};

AVX512 static inline struct wide_tables load_wide(const struct kinds *kinds)
{
    return (struct wide_tables){_mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)kinds->low)),
                                _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)kinds->high))};
}

AVX512 static inline __m512i wide_kinds(struct wide_tables tables, __m512i bytes)
{
    __m512i half = _mm512_set1_epi8(0x0f);
    __m512i low = _mm512_shuffle_epi8(tables.low, _mm512_and_si512(bytes, half));
    __m512i high = _mm512_shuffle_epi8(tables.high, _mm512_and_si512(_mm512_srli_epi16(bytes, 4), half));

    return _mm512_and_si512(low, high);
}

AVX512 static inline uint64_t wide_has(__m512i kinds, int which)
{
    return _mm512_test_epi8_mask(kinds, _mm512_set1_epi8((char)which));
}

AVX512 static inline uint64_t wide_is(__m512i bytes, char c)
{
    return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c));
}

AVX512 static void places_avx512(const uint8_t *at, size_t count, struct places *out)
{
    const struct wide_tables bytes = load_wide(&byte_kinds), quads = load_wide(&quad_kinds),
                             thirds = load_wide(&third_kinds);
    struct bits bits;

    clear_rest(&bits, count);
    for (size_t i = 0; i < count; i++, at += BLOCK_STEP) {
        __m512i c = _mm512_loadu_si512(at);
        __m512i kinds = wide_kinds(bytes, c), quad = wide_kinds(quads, c), third = wide_kinds(thirds, c);
        bits.digit[i] = wide_has(kinds, DIGIT);
        bits.alnum[i] = wide_has(kinds, ALNUM);
        bits.figure[i] = wide_has(kinds, FIGURE);
        bits.code[i] = wide_has(kinds, CODE);
        bits.blank[i] = wide_is(c, ' ');
        bits.slash[i] = wide_is(c, '\\');
        bits.first[i] = wide_has(quad, FIRST);
        bits.second[i] = wide_has(quad, SECOND);
        bits.third[i] = wide_has(third, THIRD);
        bits.first85[i] = wide_has(third, FIRST85);
    }
    find_places(&bits, out);
}

AVX512 static uint32_t escapes_avx512(const uint8_t *at, size_t bytes)
{
    const struct wide_tables first = load_wide(&escape_first), second = load_wide(&escape_second),
                             third = load_wide(&escape_third);
    __m512i escapes = _mm512_setzero_si512(), high = escapes;
    uint8_t bits[BLOCK_BYTES];
    uint64_t zero = 0;
    uint32_t found = 0;

    for (const uint8_t *end = at + bytes; at < end; at += sizeof bits) {
        __m512i c = _mm512_loadu_si512(at);
        __m512i two = _mm512_and_si512(wide_kinds(first, c), wide_kinds(second, _mm512_loadu_si512(at + 1)));
        two = _mm512_and_si512(two, wide_kinds(third, _mm512_loadu_si512(at + 2)));
        escapes = _mm512_or_si512(escapes, two);
        high = _mm512_or_si512(high, c);
        zero |= _mm512_testn_epi8_mask(c, c);
    }
    _mm512_storeu_si512(bits, escapes);
    for (unsigned i = 0; i < sizeof bits; i++) found |= bits[i];
    if (zero != 0) found |= BYTE_ZERO;
    if (wide_has(high, 0x80) != 0) found |= BYTE_HIGH;
    return found;
}

static const struct blocks blocks_avx512 = {places_avx512, escapes_avx512};

const struct blocks *blocks_here(void)
{
    if (__builtin_cpu_supports("avx512bw")) return &blocks_avx512;
    return __builtin_cpu_supports("avx2") ? &blocks_avx2 : &blocks_plain;
}
#endif
