/* validate_test.c — good secrets are told from bad ones.  The checksums of made-up tokens are computed here, by other
 * means than validate.c's, or are those their issuers publish as examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "dlp/scan/json_shape.h"
#include "dlp/scan/validate.h"
#include "reactor/base/encode.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

struct row {
    const char *name, *secret;
    enum check_result result;
};

/* clang-format off */
static const struct row rows[] = {
    {"github-crc", "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", CHECK_GOOD},
    {"github-crc", "ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18", CHECK_BAD},
    {"github-crc", "ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq1_", CHECK_BAD},
    {"github-crc", "ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq1", CHECK_UNKNOWN},
    {"npm-crc", "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", CHECK_GOOD},
    {"npm-crc", "npm_qkJaB6MffYVzZXWqmcoF49yrUxP3wf0LsaKP", CHECK_BAD},
    {"grafana-crc", "glsa_yscW25imSKJIuav8zF37RZmnbiDvB05G_fcaaf58a", CHECK_GOOD},
    {"grafana-crc", "glsa_yscW25imSKJIuav8zF37RZmnbiDvB05H_fcaaf58a", CHECK_BAD},
    {"grafana-crc", "glsa_yscW25imSKJIuav8zF37RZmnbiDvB05G-fcaaf58a", CHECK_UNKNOWN},
    {"luhn", "4111111111111111", CHECK_GOOD}, {"luhn", "4111 1111 1111 1111", CHECK_GOOD},
    {"luhn", "3782-822463-10005", CHECK_GOOD}, {"luhn", "5555555555554444", CHECK_GOOD},
    {"luhn", "4111111111111112", CHECK_BAD}, {"luhn", "0000000000000000", CHECK_BAD},
    {"luhn", "41111111111", CHECK_UNKNOWN}, {"luhn", "4111x11111111111", CHECK_UNKNOWN},
    {"iban", "GB82 WEST 1234 5698 7654 32", CHECK_GOOD}, {"iban", "DE89370400440532013000", CHECK_GOOD},
    {"iban", "fr1420041010050500013m02606", CHECK_GOOD}, {"iban", "MT84MALT011000012345MTLCAST001S", CHECK_GOOD},
    {"iban", "GB82WEST12345698765433", CHECK_BAD}, {"iban", "ZZ82WEST12345698765432", CHECK_BAD},
    {"iban", "GB82WEST1234569876543", CHECK_BAD}, {"iban", "82GBWEST12345698765432", CHECK_UNKNOWN},
    {"aba", "021000021", CHECK_GOOD}, {"aba", "011401533", CHECK_GOOD},
    {"aba", "021000022", CHECK_BAD}, {"aba", "991000021", CHECK_BAD}, {"aba", "000000000", CHECK_BAD},
    {"aba", "02100002", CHECK_UNKNOWN},
    /* The wallet of the Bitcoin wiki's page on WIF, and the first vectors of BIP-32 and BIP-39. */
    {"base58check", "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ", CHECK_GOOD},
    {"base58check", "KwdMAjGmerYanjeui5SHS7JkmpZvVipYvB2LJGU1ZxJwYvP98617", CHECK_GOOD},
    {"base58check", "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTK", CHECK_BAD},
    {"base58check", "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3"
                    "TGtRBeJgk33yuGBxrMPHi", CHECK_GOOD},
    {"base58check", "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyT0", CHECK_UNKNOWN},
    {"base58check", "1111", CHECK_UNKNOWN},
    {"bip39", "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
              CHECK_GOOD},
    {"bip39", "legal winner thank year wave sausage worth useful legal winner thank yellow", CHECK_GOOD},
    {"bip39", "Legal, winner, thank, year, wave, sausage, worth, useful, legal, winner, thank, yellow", CHECK_GOOD},
    {"bip39", "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo vote",
              CHECK_GOOD},
    {"bip39", "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo when", CHECK_GOOD},
    {"bip39", "legal winner thank year wave sausage worth useful legal winner thank thank", CHECK_BAD},
    {"bip39", "legal winner thank year wave sausage worth useful legal winner thank", CHECK_UNKNOWN},
    {"bip39", "legal winner thank year wave sausage worth useful legal winner thanks yellow", CHECK_UNKNOWN},
    /* RFC 7515 appendix A.1. */
    {"jwt", "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9le"
            "GFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", CHECK_GOOD},
    {"jwt", "eyJhbGciOiJub25lIn0.e30.", CHECK_GOOD},
    {"jwt", "e30.e30.", CHECK_BAD}, {"jwt", "eyJhbGciOiJub25lIn0.e3.", CHECK_BAD},
    {"jwt", "eyJhbGciOiJub25lIn0.W10.", CHECK_BAD}, {"jwt", "eyJhbGciOiJub25lIn0.e30", CHECK_UNKNOWN},
    {"jwt", ".", CHECK_UNKNOWN}, {"jwt", "..", CHECK_BAD},
    {"aws-key-id", "ASIAQNZGKIQY56JQ7WML", CHECK_GOOD}, {"aws-key-id", "AKIAIOSFODNN7EXAMPLE", CHECK_UNKNOWN},
    {"aws-key-id", "AKIAQ0ZGKIQY56JQ7WML", CHECK_BAD}, {"aws-key-id", "AKIA777777777777777Q", CHECK_BAD},
    {"discord-id", "MTA1NTI4NDQ4ODkyOTE4OTkyOA.GX4aBc.x", CHECK_GOOD},
    {"discord-id", "TEFsb3JlbSBpcHN1bSBkb2xv.GX4aBc.x", CHECK_BAD}, {"discord-id", "MTIz.a.b", CHECK_BAD},
    {"discord-id", "MTA1NTI4NDQ4ODkyOTE4OTkyOA", CHECK_UNKNOWN},
    {"grafana-json", "eyJrIjoiYSIsIm4iOiJiIiwiaWQiOjF9", CHECK_GOOD}, {"grafana-json", "glc_e30=", CHECK_GOOD},
    {"grafana-json", "glc_e3", CHECK_BAD},
    {"atlassian-dc", "BBDC-MDEyMzQ1Njc4OTAxOuLu", CHECK_GOOD}, {"atlassian-dc", "MDEyMzQ1Njc4OTAxOuLu", CHECK_GOOD},
    {"atlassian-dc", "BBDC-QUFBQTpBQUFB", CHECK_BAD},
    {"jfrog-reftkn", "cmVmdGtuOjAxOjE3NjQwMzI0MDA6YWJj", CHECK_GOOD}, {"jfrog-reftkn", "cmVmdGtuOjpYYWJj", CHECK_BAD},
    {"jfrog-akcp", "AKCp8igrDNFerC357m4422e4tmu7xB983QLPxJhKFcSMfoux2RFvp8rc4jC8t9ncdmYCMFD8W", CHECK_GOOD},
    {"jfrog-akcp", "AKCp8igrDNFerC357m4422e4tmu7xB983QLPxJhKFcSMfoux2RFvp8rc4jC8t9ncdmYCMFD0W", CHECK_BAD},
    {"jfrog-akcp", "BKCp8igr", CHECK_UNKNOWN},
    {"azure-key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", CHECK_GOOD},
    {"azure-key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", CHECK_BAD}, {"azure-key", "AAAA", CHECK_BAD},
    /* RFC 8410 section 10.3. */
    {"pem", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
            "-----END PRIVATE KEY-----", CHECK_GOOD},
    {"pem", "-----BEGIN PRIVATE KEY-----\\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp\\r\\n+K06/nwoy/HU++CXqI9EdVhC\\\\n"
            "-----END PRIVATE KEY-----", CHECK_GOOD},
    {"pem", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
            "-----END EC PRIVATE KEY-----", CHECK_BAD},
    {"pem", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdV\n"
            "-----END PRIVATE KEY-----", CHECK_BAD},
    {"pem", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\n-----END OPENSSH PRIVATE KEY-----",
            CHECK_GOOD},
    {"pem", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----",
            CHECK_UNKNOWN},
    {"pem", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5", CHECK_UNKNOWN},
    {"no-such-check", "4111111111111111", CHECK_UNKNOWN},
};
/* clang-format on */

static void good_secrets_are_told_from_bad_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        enum check_result result = rule_check(span_of(rows[i].name), span_of(rows[i].secret));
        if (result != rows[i].result) fail_msg("%s %s: %d", rows[i].name, rows[i].secret, result);
    }
}

static void names_are_known_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i + 1 < COUNT_OF(rows); i++) assert_true(rule_check_known(span_of(rows[i].name)));
    assert_false(rule_check_known(SPAN_LIT("no-such-check")));
    assert_false(rule_check_known(SPAN_LIT("")));
}

static void nothing_and_too_much_are_unknown(void **state)
{
    static uint8_t digits[RULE_WINDOW + 1];

    (void)state;
    memset(digits, '4', sizeof digits);
    assert_int_equal(rule_check(SPAN_LIT("jwt"), (struct span){0}), CHECK_UNKNOWN);
    assert_int_equal(rule_check(SPAN_LIT("azure-key"), (struct span){digits, RULE_WINDOW}), CHECK_BAD);
    assert_int_equal(rule_check(SPAN_LIT("azure-key"), (struct span){digits, sizeof digits}), CHECK_UNKNOWN);
}

/* A CRC by its definition: the remainder of the message, reflected, by the polynomial. */
static uint32_t crc_by_division(const char *text)
{
    uint32_t remainder = 0xffffffff, reflected = 0;

    for (; *text != '\0'; text++)
        for (int bit = 0; bit < 8; bit++) {
            bool in = (*text >> bit & 1) != 0, out = remainder >> 31 != 0;
            remainder = remainder << 1 ^ (in != out ? 0x04c11db7u : 0);
        }
    for (int bit = 0; bit < 32; bit++) reflected |= (remainder >> bit & 1) << (31 - bit);
    return ~reflected;
}

static void write_digits(char *out, size_t count, uint32_t value, const char *digits)
{
    size_t base = strlen(digits);

    for (out[count] = '\0'; count > 0; value /= (uint32_t)base) out[--count] = digits[value % base];
}

static void crcs_are_those_of_their_issuers(void **state)
{
    static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    static const char body30[] = "N0tAReal0neButItHasTheShape123",
                      body50[] = "AsL0ngAsVercelsAre_WithADash-InIt-And50InAll123456";
    static const char *const gitlab[] = {"glpat-bzoxCnU6MQ_notReallyOneOfThose", "glrt-bzoxCnU6MQ_notReallyOneOfThose"};
    char token[128], tail[16];

    (void)state;
    write_digits(tail, 6, crc_by_division(body30), base62);
    snprintf(token, sizeof token, "ghs_%s%s", body30, tail);
    assert_int_equal(rule_check(SPAN_LIT("github-crc"), span_of(token)), CHECK_GOOD);

    snprintf(token, sizeof token, "vcp_%s", body50);
    write_digits(tail, 6, crc_by_division(token + 4), base62);
    snprintf(token + 4 + strlen(body50), sizeof tail, "%s", tail);
    assert_int_equal(rule_check(SPAN_LIT("vercel-crc"), span_of(token)), CHECK_GOOD);

    snprintf(token, sizeof token, "ATATT3xFfGF0%s", body50);
    snprintf(tail, sizeof tail, "=%08X", crc_by_division(token));
    snprintf(token + 12 + strlen(body50), sizeof tail, "%s", tail);
    assert_int_equal(rule_check(SPAN_LIT("atlassian-crc"), span_of(token)), CHECK_GOOD);

    for (size_t i = 0; i < COUNT_OF(gitlab) * 2; i++) {
        const char *start = gitlab[i / 2], *payload = strchr(start, '-') + 1;
        write_digits(tail, 2, (uint32_t)strlen(payload), "0123456789abcdefghijklmnopqrstuvwxyz");
        size_t len = (size_t)snprintf(token, sizeof token, "%s%s.%s", start, i % 2 == 0 ? "" : ".01", tail);
        write_digits(tail, 7, crc_by_division(token), "0123456789abcdefghijklmnopqrstuvwxyz");
        snprintf(token + len, sizeof tail, "%s", tail);
        assert_int_equal(rule_check(SPAN_LIT("gitlab-crc"), span_of(token)), CHECK_GOOD);
        token[8] ^= 1;
        assert_int_equal(rule_check(SPAN_LIT("gitlab-crc"), span_of(token)), CHECK_BAD);
        token[len - 1] ^= 1;
        assert_int_equal(rule_check(SPAN_LIT("gitlab-crc"), span_of(token)), CHECK_BAD);
    }
    assert_int_equal(rule_check(SPAN_LIT("gitlab-crc"), SPAN_LIT("glpat-zqJ4bV2xT7nLp9sKfWcR")), CHECK_UNKNOWN);
    assert_int_equal(rule_check(SPAN_LIT("gitlab-crc"), SPAN_LIT("no.dash1234567")), CHECK_UNKNOWN);
}

static void json_is_an_object_or_not(void **state)
{
    static const struct {
        const char *text;
        bool is;
    } texts[] = {
        {"{}", true},
        {" { \"a\" : [ 1 , -0.5e+3 , true , null , \"\\u00e9\\\"\" , { } ] , \"b\" : { \"c\" : [ ] } } ", true},
        {"{\"a\":1E5}", true},
        {"", false},
        {"[]", false},
        {"{\"a\":1,}", false},
        {"{\"a\":01}", false},
        {"{\"a\":1.}", false},
        {"{\"a\":1e}", false},
        {"{\"a\" 1}", false},
        {"{a:1}", false},
        {"{\"a\":tru}", false},
        {"{\"a\":\"\\x\"}", false},
        {"{\"a\":\"\n\"}", false},
        {"{\"a\":\"b}", false},
        {"{\"a\":[1 2]}", false},
        {"{} {}", false},
        {"{\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}", true},
        {"{\"a\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct span text = span_of(texts[i].text);
        if (json_is_object(text, NULL) != texts[i].is) fail_msg("%s", texts[i].text);
        for (size_t len = 0; texts[i].is && text.at[0] == '{' && len < text.len; len++)
            assert_false(json_is_object(span_first(text, len), NULL));
    }
    assert_true(json_is_object(SPAN_LIT("{\"a\":1,\"alg\":2}"), "alg"));
    assert_false(json_is_object(SPAN_LIT("{\"a\":{\"alg\":2}}"), "alg"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_secrets_are_told_from_bad_ones),
        cmocka_unit_test(names_are_known_or_not),
        cmocka_unit_test(nothing_and_too_much_are_unknown),
        cmocka_unit_test(crcs_are_those_of_their_issuers),
        cmocka_unit_test(json_is_an_object_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
