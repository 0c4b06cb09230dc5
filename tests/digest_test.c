/* digest_test.c — the published vectors, whole and in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reactor/base/digest.h"
#include "reactor/base/encode.h"
#include "reactor/base/own.h"

static void expect(const uint8_t out[DIGEST_BYTES], const char *hex)
{
    struct buf text = {0};

    assert_int_equal(encode_hex(&text, (struct span){out, DIGEST_BYTES}), ERR_OK);
    assert_true(span_is(buf_span(&text), span_of(hex)));
    buf_clear(&text);
}

static void sha256_is_that_of_fips_180_4(void **state)
{
    static const char *const rows[][2] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t step = 1; step <= 64; step++) {
            struct span in = span_of(rows[i][0]);
            uint8_t out[DIGEST_BYTES];
            struct digest digest;
            digest_begin(&digest);
            for (; in.len > 0; in = span_from(in, span_first(in, step).len)) digest_add(&digest, span_first(in, step));
            digest_end(&digest, out);
            expect(out, rows[i][1]);
        }
}

static void hmac_is_that_of_rfc_4231(void **state)
{
    uint8_t key[131], out[DIGEST_BYTES];
    const struct span split[] = {SPAN_LIT("what do ya "), {0}, SPAN_LIT("want for nothing?")};
    const struct span hi = SPAN_LIT("Hi There"),
                      long_key = SPAN_LIT("Test Using Larger Than Block-Size Key - Hash Key First");

    (void)state;
    memset(key, 0x0b, 20);
    assert_int_equal(digest_hmac((struct span){key, 20}, &hi, 1, out), ERR_OK);
    expect(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_int_equal(digest_hmac(SPAN_LIT("Jefe"), split, COUNT_OF(split), out), ERR_OK);
    expect(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    assert_int_equal(digest_hmac((struct span){key, sizeof key}, &long_key, 1, out), ERR_OK);
    expect(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_int_equal(digest_hmac((struct span){0}, NULL, 0, out), ERR_OK);
    expect(out, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void sha1_is_that_of_fips_180_4(void **state)
{
    const struct span parts[] = {SPAN_LIT("a"), {0}, SPAN_LIT("bc")};
    struct buf text = {0};
    uint8_t out[DIGEST_SHA1_BYTES];

    (void)state;
    digest_sha1(parts, COUNT_OF(parts), out);
    assert_int_equal(encode_hex(&text, (struct span){out, sizeof out}), ERR_OK);
    assert_true(span_is(buf_span(&text), SPAN_LIT("a9993e364706816aba3e25717850c26c9cd0d89d")));
    buf_clear(&text);
}

static void random_bytes_differ(void **state)
{
    uint8_t one[32] = {0}, other[32] = {0}, zero[32] = {0};

    (void)state;
    digest_random(one, sizeof one);
    digest_random(other, sizeof other);
    assert_memory_not_equal(one, other, sizeof one);
    assert_memory_not_equal(one, zero, sizeof one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_is_that_of_fips_180_4),
        cmocka_unit_test(hmac_is_that_of_rfc_4231),
        cmocka_unit_test(sha1_is_that_of_fips_180_4),
        cmocka_unit_test(random_bytes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
