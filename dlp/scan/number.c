#include "dlp/scan/number.h"

#include "reactor/base/own.h"

enum { LENGTH_MAX = 34 }; /* of an IBAN; a card has 19 digits */

static bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }
static bool is_letter(uint8_t c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

/* The letters, in capitals, and digits of text without the spaces and dashes between them; 0 when something else is
 * there, or there are too many. */
static size_t squeeze(struct span text, uint8_t out[LENGTH_MAX])
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (c == ' ' || c == '-') continue;
        if ((!is_digit(c) && !is_letter(c)) || len == LENGTH_MAX) return 0;
        out[len++] = is_letter(c) ? (uint8_t)(c & ~0x20) : c;
    }
    return len;
}

static bool all_digits(const uint8_t *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_digit(text[i])) return false;
    return true;
}

/* Zeros and other runs of one digit are what forms and tests hold. */
static bool is_one_digit(const uint8_t *text, size_t len)
{
    for (size_t i = 1; i < len; i++)
        if (text[i] != text[0]) return false;
    return true;
}

enum check_result number_luhn(struct span secret)
{
    uint8_t digits[LENGTH_MAX];
    size_t len = squeeze(secret, digits);
    unsigned sum = 0;

    if (len < 12 || len > 19 || !all_digits(digits, len)) return CHECK_UNKNOWN;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = digits[len - 1 - i] - '0';
        if (i % 2 == 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
        sum += digit;
    }
    return sum % 10 == 0 && !is_one_digit(digits, len) ? CHECK_GOOD : CHECK_BAD;
}

/* Characters of an IBAN, by country; SWIFT's registry. */
/* clang-format off */
static const struct {
    char country[2];
    uint8_t length;
} ibans[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22},
    {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DJ", 27},
    {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FK", 18}, {"FO", 18}, {"FR", 27},
    {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28},
    {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28},
    {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22},
    {"MK", 19}, {"MN", 20}, {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23},
    {"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24},
    {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25}, {"SV", 28},
    {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}, {"YE", 30},
};
/* clang-format on */

static size_t iban_length(const uint8_t *country)
{
    for (size_t i = 0; i < COUNT_OF(ibans); i++)
        if (memcmp(ibans[i].country, country, 2) == 0) return ibans[i].length;
    return 0;
}

/* The remainder by 97 with the first four characters moved to the end and letters written as 10 to 35. */
static unsigned iban_remainder(const uint8_t *text, size_t len)
{
    unsigned remainder = 0;

    for (size_t i = 0; i < len; i++) {
        uint8_t c = text[(i + 4) % len];
        remainder = is_digit(c) ? remainder * 10 + c - '0' : remainder * 100 + c - 'A' + 10;
        remainder %= 97;
    }
    return remainder;
}

enum check_result number_iban(struct span secret)
{
    uint8_t text[LENGTH_MAX];
    size_t len = squeeze(secret, text);

    if (len < 15 || !is_letter(text[0]) || !is_letter(text[1]) || !all_digits(text + 2, 2)) return CHECK_UNKNOWN;
    return len == iban_length(text) && iban_remainder(text, len) == 1 ? CHECK_GOOD : CHECK_BAD;
}

enum check_result number_aba(struct span secret)
{
    static const unsigned weights[] = {3, 7, 1};
    uint8_t digits[LENGTH_MAX];
    size_t len = squeeze(secret, digits);
    unsigned sum = 0;

    if (len != 9 || !all_digits(digits, len)) return CHECK_UNKNOWN;
    unsigned prefix = (digits[0] - '0') * 10u + digits[1] - '0';
    bool of_bank = prefix <= 12 || (prefix >= 21 && prefix <= 32) || (prefix >= 61 && prefix <= 72) || prefix == 80;
    for (size_t i = 0; i < len; i++) sum += weights[i % 3] * (digits[i] - '0');
    return of_bank && sum != 0 && sum % 10 == 0 ? CHECK_GOOD : CHECK_BAD;
}
