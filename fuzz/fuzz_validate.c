/* fuzz_validate.c — claim: no bytes make a validator read where it must not, the answer is the same every time, and
 * what has a good checksum has a bad one with its last letter or digit changed.
 * A validator's name, a line end, and the secret.
 * Reaches rule_check and every validator.  Seeds fuzz/corpus/validate. */
#include <stdlib.h>

#include "dlp/scan/validate.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

static void require(bool claim)
{
    if (!claim) abort();
}

static bool has_checksum(struct span name)
{
    static const char *const names[] = {"github-crc", "npm-crc", "vercel-crc", "grafana-crc", "atlassian-crc",
                                        "gitlab-crc", "luhn",    "iban",       "aba",         "base58check"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (span_is(name, span_of(names[i]))) return true;
    return false;
}

/* The next of its kind: a digit stays a digit, a letter in its case; hexadecimal letters stay that. */
static uint8_t other(uint8_t c)
{
    if (c >= '0' && c <= '9') return c == '9' ? '0' : (uint8_t)(c + 1);
    switch (c) {
    case 'f': return 'a';
    case 'F': return 'A';
    case 'z': return 'a';
    case 'Z': return 'A';
    default: return (c | 0x20) >= 'a' && (c | 0x20) <= 'z' ? (uint8_t)(c + 1) : '\0';
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct span in = {bytes, len}, name = span_first(in, span_find(in, '\n', 0));
    uint8_t changed[RULE_WINDOW];

    if (name.len == len) return 0;
    struct span secret = span_from(in, name.len + 1);
    enum check_result result = rule_check(name, secret);
    require(result == rule_check(name, secret));
    require(result == CHECK_UNKNOWN || rule_check_known(name));
    if (result != CHECK_GOOD || !has_checksum(name)) return 0;

    memcpy(changed, secret.at, secret.len);
    changed[secret.len - 1] = other(changed[secret.len - 1]);
    if (changed[secret.len - 1] != '\0') require(rule_check(name, (struct span){changed, secret.len}) != CHECK_GOOD);
    return 0;
}
