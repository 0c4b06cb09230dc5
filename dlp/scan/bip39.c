#include "dlp/scan/bip39.h"

#include "dlp/scan/bip39_words.h"
#include "reactor/base/digest.h"
#include "reactor/base/mem.h"

enum { WORD_BITS = 11, WORDS_MAX = 24, WORDS_STEP = 3 };

static bool is_letter(uint8_t c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

/* The word's place in the list, or -1. */
static int word_index(struct span word)
{
    char padded[BIP39_WORD_BYTES] = {0};
    int low = 0, high = BIP39_WORDS - 1;

    if (word.len > sizeof padded) return -1;
    for (size_t i = 0; i < word.len; i++) padded[i] = (char)(word.at[i] | 0x20);
    while (low <= high) {
        int middle = (low + high) / 2, order = memcmp(padded, bip39_words[middle], sizeof padded);
        if (order == 0) return middle;
        if (order < 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return -1;
}

/* Cuts the next word off text; an empty one is the end. */
static struct span next_word(struct span *text)
{
    size_t len = 0;

    while (text->len > 0 && !is_letter(text->at[0])) *text = span_from(*text, 1);
    while (len < text->len && is_letter(text->at[len])) len++;
    struct span word = span_first(*text, len);
    *text = span_from(*text, len);
    return word;
}

static void put_bits(uint8_t *bytes, size_t from, unsigned value)
{
    for (size_t bit = 0; bit < WORD_BITS; bit++)
        if ((value >> (WORD_BITS - 1 - bit) & 1) != 0) bytes[(from + bit) / 8] |= (uint8_t)(0x80 >> (from + bit) % 8);
}

static bool checksum_fits(const uint8_t *bytes, size_t words)
{
    size_t entropy_bytes = words / WORDS_STEP * 4, bits = words / WORDS_STEP;
    uint8_t hash[DIGEST_BYTES];
    struct digest digest;

    digest_begin(&digest);
    digest_add(&digest, (struct span){bytes, entropy_bytes});
    digest_end(&digest, hash);
    return hash[0] >> (8 - bits) == bytes[entropy_bytes] >> (8 - bits);
}

enum check_result bip39_check(struct span secret)
{
    uint8_t bytes[WORDS_MAX * WORD_BITS / 8 + 1] = {0};
    size_t words = 0;
    bool good;

    for (struct span word; (word = next_word(&secret)).len > 0; words++) {
        int index = word_index(word);
        if (index < 0 || words == WORDS_MAX) return CHECK_UNKNOWN;
        put_bits(bytes, words * WORD_BITS, (unsigned)index);
    }
    if (words < 12 || words % WORDS_STEP != 0) return CHECK_UNKNOWN;
    good = checksum_fits(bytes, words);
    mem_wipe(bytes, sizeof bytes);
    return good ? CHECK_GOOD : CHECK_BAD;
}
