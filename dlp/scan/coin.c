#include "dlp/scan/coin.h"

#include "reactor/base/digest.h"
#include "reactor/base/mem.h"

enum { TEXT_MAX = 128, CHECKSUM = 4 }; /* an extended key has 111 characters */

/* Base 58 (as Bitcoin writes it: no 0, O, I, l) into bytes; -1 when it is none, or too long. */
static int base58_decode(struct span text, uint8_t out[TEXT_MAX])
{
    static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    size_t zeros = 0, len = 0;
    uint8_t low_first[TEXT_MAX];

    if (text.len > TEXT_MAX) return -1;
    while (zeros < text.len && text.at[zeros] == '1') zeros++;
    for (size_t i = zeros; i < text.len; i++) {
        const char *digit = text.at[i] != '\0' ? strchr(digits, text.at[i]) : NULL;
        if (digit == NULL) return -1;
        unsigned carry = (unsigned)(digit - digits);
        for (size_t k = 0; k < len; k++, carry >>= 8) {
            carry += low_first[k] * 58u;
            low_first[k] = (uint8_t)carry;
        }
        if (carry > 0) low_first[len++] = (uint8_t)carry;
    }
    memset(out, 0, zeros);
    for (size_t i = 0; i < len; i++) out[zeros + i] = low_first[len - 1 - i];
    mem_wipe(low_first, sizeof low_first);
    return (int)(zeros + len);
}

enum check_result coin_base58check(struct span secret)
{
    uint8_t bytes[TEXT_MAX], hash[DIGEST_BYTES];
    int len = base58_decode(secret, bytes);
    struct span body = {bytes, (size_t)(len - CHECKSUM)};
    bool good;

    if (len <= CHECKSUM) return CHECK_UNKNOWN;
    for (int round = 0; round < 2; round++) {
        struct digest digest;
        digest_begin(&digest);
        digest_add(&digest, body);
        digest_end(&digest, hash);
        body = (struct span){hash, sizeof hash};
    }
    good = memcmp(hash, bytes + len - CHECKSUM, CHECKSUM) == 0;
    mem_wipe(bytes, sizeof bytes);
    return good ? CHECK_GOOD : CHECK_BAD;
}

enum check_result coin_jfrog_akcp(struct span secret)
{
    uint8_t bytes[TEXT_MAX];
    int len = base58_decode(secret, bytes);

    mem_wipe(bytes, sizeof bytes);
    if (!span_starts(secret, SPAN_LIT("AKCp"))) return CHECK_UNKNOWN;
    return len == 54 ? CHECK_GOOD : CHECK_BAD;
}
