#include "dlp/decode/blocks.h"

#include <string.h>

#include "dlp/decode/blocks_kinds.h"
#include "dlp/decode/character.h"
#include "reactor/base/own.h"

/* --- byte by byte ---------------------------------------------------------------------------------------- */

static void rows_plain(const uint8_t *at, size_t count, struct rows *out)
{
    struct kind_bits bits = {0};

    for (size_t block = 0; block < count; block++, at += BLOCK_STEP)
        for (unsigned i = 0; i < BLOCK_BYTES; i++)
            for (unsigned kind = 0; kind < KIND_BITS && at[i] < sizeof byte_kinds; kind++)
                bits.of[kind][block] |= (uint64_t)(byte_kinds[at[i]] >> kind & 1) << i;
    find_rows(&bits, out);
}

static unsigned set_of(const struct sets *sets, uint8_t c) { return sets->low[c & 15] & sets->high[c >> 4]; }

static void marks_plain(const uint8_t *at, size_t count, struct marks *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < count * BLOCK_BYTES; i++) {
        uint64_t bit = 1ull << i % BLOCK_BYTES;
        unsigned two = set_of(&escape_first, at[i]) & set_of(&escape_second, at[i + 1]);
        if ((two & set_of(&escape_third, at[i + 2])) != 0) out->escape[i / BLOCK_BYTES] |= bit;
        if (at[i] == 0) out->zero[i / BLOCK_BYTES] |= bit;
        if (utf8_begins(at + i)) out->lead[i / BLOCK_BYTES] |= bit;
    }
}

static const struct blocks blocks_plain = {rows_plain, marks_plain};

#ifndef __x86_64__
const struct blocks *blocks_nth(unsigned i) { return i == 0 ? &blocks_plain : NULL; }
#else

#include <immintrin.h>

/* --- 32 at once ------------------------------------------------------------------------------------------ */

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i load(const uint8_t *at) { return _mm256_loadu_si256((const __m256i *)at); }
AVX2 static inline __m256i load_twice(const uint8_t *at)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)at));
}
static inline uint64_t join(int first, int second) { return (uint32_t)first | (uint64_t)(uint32_t)second << 32; }

/* One table for each high half of a byte: of the others, the index has its high bit set, which gives zero.  Control
 * characters have no kinds. */
AVX2 static inline __m256i kinds_of(const __m256i tables[8], __m256i bytes)
{
    __m256i kinds = _mm256_setzero_si256();

    for (int half = 2; half < 8; half++) {
        __m256i index = _mm256_xor_si256(bytes, _mm256_set1_epi8((char)(half << 4)));
        index = _mm256_adds_epu8(index, _mm256_set1_epi8(0x70));
        kinds = _mm256_or_si256(kinds, _mm256_shuffle_epi8(tables[half], index));
    }
    return kinds;
}

AVX2 static void rows_avx2(const uint8_t *at, size_t count, struct rows *out)
{
    __m256i tables[8];
    struct kind_bits bits;

    for (size_t half = 0; half < 8; half++) tables[half] = load_twice(byte_kinds + 16 * half);
    if (count < BLOCK_BATCH) memset(&bits, 0, sizeof bits);
    for (size_t i = 0; i < count; i++, at += BLOCK_STEP) {
        __m256i first = kinds_of(tables, load(at)), second = kinds_of(tables, load(at + 32));
        for (unsigned kind = KIND_BITS; kind-- > 0;) {
            bits.of[kind][i] = join(_mm256_movemask_epi8(first), _mm256_movemask_epi8(second));
            first = _mm256_add_epi8(first, first);
            second = _mm256_add_epi8(second, second);
        }
    }
    find_rows(&bits, out);
}

AVX2 static inline __m256i sets_of(const struct sets *sets, __m256i bytes)
{
    __m256i half = _mm256_set1_epi8(0x0f);
    __m256i low = _mm256_shuffle_epi8(load_twice(sets->low), _mm256_and_si256(bytes, half));
    __m256i high = _mm256_shuffle_epi8(load_twice(sets->high), _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half));

    return _mm256_and_si256(low, high);
}

/* Bit i: the bytes from at + i on may be an escape. */
AVX2 static inline int escapes_of(const uint8_t *at)
{
    __m256i two = _mm256_and_si256(sets_of(&escape_first, load(at)), sets_of(&escape_second, load(at + 1)));
    __m256i three = _mm256_and_si256(two, sets_of(&escape_third, load(at + 2)));

    return ~_mm256_movemask_epi8(_mm256_cmpeq_epi8(three, _mm256_setzero_si256()));
}

/* Bit i: the bytes from at + i on may be a character. */
AVX2 static inline int leads_of(const uint8_t *at)
{
    const __m256i lead = _mm256_set1_epi8((char)UTF8_LEAD_MIN), end = _mm256_set1_epi8((char)UTF8_REST_END);
    __m256i leads = _mm256_cmpeq_epi8(_mm256_max_epu8(load(at), lead), load(at));

    return _mm256_movemask_epi8(_mm256_and_si256(leads, _mm256_cmpgt_epi8(end, load(at + 1))));
}

AVX2 static void marks_avx2(const uint8_t *at, size_t count, struct marks *out)
{
    const __m256i zero = _mm256_setzero_si256();

    for (size_t i = 0; i < count; i++, at += BLOCK_BYTES) {
        __m256i first = load(at), second = load(at + 32);
        out->escape[i] = join(escapes_of(at), escapes_of(at + 32));
        out->zero[i] = join(_mm256_movemask_epi8(_mm256_cmpeq_epi8(first, zero)),
                            _mm256_movemask_epi8(_mm256_cmpeq_epi8(second, zero)));
        out->lead[i] = join(leads_of(at), leads_of(at + 32));
    }
    for (size_t i = count; i < BLOCK_BATCH; i++) out->escape[i] = out->zero[i] = out->lead[i] = 0;
}

static const struct blocks blocks_avx2 = {rows_avx2, marks_avx2};

/* --- 64 at once ------------------------------------------------------------------------------------------ */

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi,gfni")))

/* A table of 128 bytes. */
struct table {
    __m512i low, high;
};

AVX512 static inline __m512i look_up(struct table table, __m512i bytes)
{
    return _mm512_permutex2var_epi8(table.low, bytes, table.high);
}

/* Byte i of the words as word i: the eight words are a square of bytes. */
AVX512 static inline __m512i turn_words(__m512i words)
{
    const __m512i order =
        _mm512_set_epi8(63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 60,
                        52, 44, 36, 28, 20, 12, 4, 59, 51, 43, 35, 27, 19, 11, 3, 58, 50, 42, 34, 26, 18, 10, 2, 57, 49,
                        41, 33, 25, 17, 9, 1, 56, 48, 40, 32, 24, 16, 8, 0);

    return _mm512_permutexvar_epi8(order, words);
}

/* Word k: the bits of kind k of 64 bytes.  In each word of eight bytes, a square of bits, the affine transformation of
 * 1, 2, 4, ... by the bytes in reverse order is the square with rows for columns. */
AVX512 static inline __m512i bits_of(__m512i kinds)
{
    const __m512i units = _mm512_set1_epi64((long long)0x8040201008040201u);
    const __m512i reverse = _mm512_broadcast_i32x4(_mm_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));

    kinds = _mm512_shuffle_epi8(kinds, reverse);
    return turn_words(_mm512_gf2p8affine_epi64_epi8(units, kinds, 0));
}

/* Eight rows of eight words: columns for rows. */
AVX512 static inline void turn_square(const __m512i rows[8], struct kind_bits *out)
{
    for (size_t odd = 0; odd < 2; odd++) {
        __m512i pairs[4], low[2], high[2]; /* of column k, k + 2, ...: rows two by two; k and k + 2 are low */
        for (size_t i = 0; i < 4; i++)
            pairs[i] = odd != 0 ? _mm512_unpackhi_epi64(rows[2 * i], rows[2 * i + 1])
                                : _mm512_unpacklo_epi64(rows[2 * i], rows[2 * i + 1]);
        for (size_t i = 0; i < 2; i++) {
            low[i] = _mm512_shuffle_i64x2(pairs[2 * i], pairs[2 * i + 1], 0x44);
            high[i] = _mm512_shuffle_i64x2(pairs[2 * i], pairs[2 * i + 1], 0xee);
        }
        _mm512_storeu_si512(out->of[odd], _mm512_shuffle_i64x2(low[0], low[1], 0x88));
        _mm512_storeu_si512(out->of[odd + 2], _mm512_shuffle_i64x2(low[0], low[1], 0xdd));
        _mm512_storeu_si512(out->of[odd + 4], _mm512_shuffle_i64x2(high[0], high[1], 0x88));
        _mm512_storeu_si512(out->of[odd + 6], _mm512_shuffle_i64x2(high[0], high[1], 0xdd));
    }
}

AVX512 static inline __m512i kind_words(struct table table, const uint8_t *at)
{
    __m512i bytes = _mm512_loadu_si512(at);
    __mmask64 ascii = ~_mm512_movepi8_mask(bytes);

    return bits_of(_mm512_maskz_permutex2var_epi8(ascii, table.low, bytes, table.high));
}

AVX512 static void rows_avx512(const uint8_t *at, size_t count, struct rows *out)
{
    const struct table table = {_mm512_loadu_si512(byte_kinds), _mm512_loadu_si512(byte_kinds + 64)};
    __m512i words[BLOCK_BATCH];
    struct kind_bits bits;

#pragma GCC unroll 8
    for (size_t i = 0; i < BLOCK_BATCH; i++)
        words[i] = i < count ? kind_words(table, at + i * BLOCK_STEP) : _mm512_setzero_si512();
    turn_square(words, &bits);
    find_rows(&bits, out);
}

/* The sets of the bytes below 0x80. */
AVX512 static inline struct table table_of(const struct sets *sets)
{
    const __m512i quarters =
        _mm512_set_epi32(0x03030303, 0x03030303, 0x03030303, 0x03030303, 0x02020202, 0x02020202, 0x02020202, 0x02020202,
                         0x01010101, 0x01010101, 0x01010101, 0x01010101, 0, 0, 0, 0);
    __m512i low = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)sets->low));
    __m512i high = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)sets->high));
    __m512i upper = _mm512_add_epi8(quarters, _mm512_set1_epi8(4));

    return (struct table){_mm512_and_si512(low, _mm512_shuffle_epi8(high, quarters)),
                          _mm512_and_si512(low, _mm512_shuffle_epi8(high, upper))};
}

/* An escape begins with two bytes of ASCII; the third may be any. */
AVX512 static void marks_avx512(const uint8_t *at, size_t count, struct marks *out)
{
    const struct table first = table_of(&escape_first), second = table_of(&escape_second),
                       third = table_of(&escape_third);
    const __m512i any = _mm512_set1_epi8((char)escape_third.high[8]);

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < count; i++, at += BLOCK_BYTES) {
        __m512i c = _mm512_loadu_si512(at), next = _mm512_loadu_si512(at + 1), last = _mm512_loadu_si512(at + 2);
        __mmask64 high = _mm512_movepi8_mask(c), next_high = _mm512_movepi8_mask(next);
        __m512i two = _mm512_and_si512(look_up(first, c), look_up(second, next));
        __m512i three = _mm512_mask_blend_epi8(_mm512_movepi8_mask(last), look_up(third, last), any);
        out->escape[i] = _mm512_mask_test_epi8_mask(~(high | next_high), two, three);
        out->zero[i] = _mm512_testn_epi8_mask(c, c);
        out->lead[i] = _mm512_cmpge_epu8_mask(c, _mm512_set1_epi8((char)UTF8_LEAD_MIN)) &
                       _mm512_cmplt_epi8_mask(next, _mm512_set1_epi8((char)UTF8_REST_END));
    }
}

static const struct blocks blocks_avx512 = {rows_avx512, marks_avx512};

const struct blocks *blocks_nth(unsigned i)
{
    const struct {
        int runs;
        const struct blocks *blocks;
    } all[] = {
        {__builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("gfni"), &blocks_avx512},
        {__builtin_cpu_supports("avx2"), &blocks_avx2},
        {1, &blocks_plain},
    };

    for (size_t k = 0; k < COUNT_OF(all); k++)
        if (all[k].runs && i-- == 0) return all[k].blocks;
    return NULL;
}
#endif
