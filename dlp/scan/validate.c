#include "dlp/scan/validate.h"

#include "dlp/scan/bip39.h"
#include "dlp/scan/coin.h"
#include "dlp/scan/number.h"
#include "dlp/scan/shape.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

struct validator {
    const char *name;
    enum check_result (*check)(const struct validator *self, struct span secret);
    enum check_result (*simple)(struct span secret); /* of check_simple */
    /* Of check_crc: the last digits characters are the CRC-32 of what stands between start and separator. */
    uint8_t length; /* of the whole; 0: any */
    uint8_t start, digits, base;
    char separator; /* between body and digits; '\0': none */
    bool swapped;   /* written low byte first */
};

static enum check_result check_simple(const struct validator *self, struct span secret) { return self->simple(secret); }

/* The polynomial of ISO 3309, as zlib and every issuer computes it. */
static uint32_t crc32_of(struct span bytes)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= bytes.at[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
    }
    return ~crc;
}

/* Digits are 0-9, then letters: in base 62 capitals first, in base 36 small only, in base 16 of either case. */
static int digit_value(uint8_t c, unsigned base)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'Z') return base == 36 ? -1 : c - 'A' + 10;
    if (c >= 'a' && c <= 'z') return c - 'a' + (base == 62 ? 36 : 10);
    return -1;
}

static bool read_number(struct span digits, unsigned base, uint64_t *number_out)
{
    uint64_t number = 0;

    for (size_t i = 0; i < digits.len; i++) {
        int value = digit_value(digits.at[i], base);
        if (value < 0 || (unsigned)value >= base) return false;
        number = number * base + (unsigned)value; /* at most 62^6 or 36^7: it fits */
    }
    *number_out = number;
    return true;
}

static enum check_result check_crc(const struct validator *self, struct span secret)
{
    size_t tail = self->digits + (self->separator != '\0' ? 1u : 0u), body = secret.len - tail;
    uint64_t number;

    if (secret.len <= self->start + tail || (self->length != 0 && secret.len != self->length)) return CHECK_UNKNOWN;
    if (self->separator != '\0' && secret.at[body] != (uint8_t)self->separator) return CHECK_UNKNOWN;
    if (!read_number(span_from(secret, secret.len - self->digits), self->base, &number)) return CHECK_BAD;
    uint32_t crc = crc32_of(span_from(span_first(secret, body), self->start));
    return number == (self->swapped ? __builtin_bswap32(crc) : crc) ? CHECK_GOOD : CHECK_BAD;
}

/* prefix-PAYLOAD.LL or prefix-PAYLOAD.VV.LL, and seven digits: LL is the payload's length in base 36. */
static enum check_result check_gitlab(const struct validator *self, struct span secret)
{
    size_t prefix = span_find(secret, '-', 0) + 1, dot = span_find(secret, '.', 0);
    size_t rest = secret.len - dot;
    uint64_t length;

    if ((rest != 10 && rest != 13) || prefix >= dot) return CHECK_UNKNOWN;
    if (rest == 13 && secret.at[dot + 3] != '.') return CHECK_UNKNOWN;
    struct span digits = span_first(span_from(secret, secret.len - 9), 2);
    if (!read_number(digits, 36, &length) || length != dot - prefix) return CHECK_BAD;
    return check_crc(self, secret);
}

/* clang-format off */
static const struct validator validators[] = {
    {"github-crc",    check_crc,    .length = 40, .start = 4, .digits = 6, .base = 62},
    {"npm-crc",       check_crc,    .length = 40, .start = 4, .digits = 6, .base = 62},
    {"vercel-crc",    check_crc,    .length = 60, .start = 4, .digits = 6, .base = 62},
    {"grafana-crc",   check_crc,    .length = 46, .digits = 8, .base = 16, .separator = '_', .swapped = true},
    {"atlassian-crc", check_crc,    .digits = 8, .base = 16, .separator = '='},
    {"gitlab-crc",    check_gitlab, .digits = 7, .base = 36},
    {"luhn",          check_simple, .simple = number_luhn},
    {"iban",          check_simple, .simple = number_iban},
    {"aba",           check_simple, .simple = number_aba},
    {"base58check",   check_simple, .simple = coin_base58check},
    {"bip39",         check_simple, .simple = bip39_check},
    {"jwt",           check_simple, .simple = shape_jwt},
    {"pem",           check_simple, .simple = shape_pem},
    {"aws-key-id",    check_simple, .simple = shape_aws_key_id},
    {"discord-id",    check_simple, .simple = shape_discord},
    {"grafana-json",  check_simple, .simple = shape_grafana_json},
    {"atlassian-dc",  check_simple, .simple = shape_atlassian_dc},
    {"jfrog-reftkn",  check_simple, .simple = shape_jfrog_reftkn},
    {"jfrog-akcp",    check_simple, .simple = coin_jfrog_akcp},
    {"azure-key",     check_simple, .simple = shape_azure_key},
};
/* clang-format on */

static const struct validator *find(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(validators); i++)
        if (span_is(name, span_of(validators[i].name))) return &validators[i];
    return NULL;
}

enum check_result rule_check(struct span name, struct span secret)
{
    const struct validator *validator = find(name);

    if (validator == NULL || secret.len == 0 || secret.len > RULE_WINDOW) return CHECK_UNKNOWN;
    return validator->check(validator, secret);
}

bool rule_check_known(struct span name) { return find(name) != NULL; }
