/* ca_test.c — the folder of our CA, and its leaves before the judges of other people: openssl and python. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "reactor/base/limits.h"
#include "reactor/tls/cert.h"
#include "reactor/tls/leaf.h"

static char base[] = "/tmp/bottled-ca-XXXXXX";
static char folder[64];
static int64_t now_s;

/* Runs a line of shell in which $F is the folder. */
static int shell(const char *line)
{
    setenv("F", folder, 1);
    return system(line);
}

static int fresh(void **state)
{
    (void)state;
    now_s = time(NULL);
    snprintf(folder, sizeof folder, "%s/ca", base);
    return shell("rm -rf $F $F-*");
}

static struct ca *opened(void)
{
    struct ca *ca = NULL;

    assert_int_equal(ca_open(folder, now_s, &ca), ERR_OK);
    return ca;
}

static mode_t mode_of(const char *name)
{
    char path[128];
    struct stat is;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(stat(path, &is), 0);
    return is.st_mode & 07777;
}

static void the_first_opening_makes_it_and_the_second_finds_it(void **state)
{
    struct ca *first = opened(), *second = opened();

    (void)state;
    assert_int_equal(mode_of("."), 0700);
    assert_int_equal(mode_of("ca.key"), 0600);
    assert_true(span_starts(ca_pem(first), span_of("-----BEGIN CERTIFICATE-----\n")));
    assert_true(span_is(ca_pem(first), ca_pem(second)));
    assert_int_equal(shell("test $(ls -A $F | wc -l) = 2"), 0); /* no drafts left */
    ca_free(&first);
    ca_free(&second);
}

/* clang-format off */
static const struct {
    const char *what, *harm;
    enum err err;
} harms[] = {
    {"nothing",                       "true",                                            ERR_OK},
    {"a key that others may read",    "chmod 640 $F/ca.key",                             ERR_DENIED},
    {"a key that others may write",   "chmod 602 $F/ca.key",                             ERR_DENIED},
    {"a key behind a link",           "mv $F/ca.key $F-k; ln -s $F-k $F/ca.key",         ERR_DENIED},
    {"a pipe for a key",              "rm $F/ca.key; mkfifo -m 600 $F/ca.key",           ERR_DENIED},
    {"a certificate others may write", "chmod 666 $F/ca.pem",                            ERR_DENIED},
    {"a folder others may write",     "chmod 770 $F",                                    ERR_DENIED},
    {"a folder behind a link",        "mv $F $F-d; ln -s $F-d $F",                       ERR_DENIED},
    {"a file for a folder",           "rm -r $F; touch $F",                              ERR_DENIED},
    {"a folder nobody can make",      "rm -r $F; ln -s /nowhere/at/all $F",              ERR_DENIED},
    {"an empty key",                  ": >$F/ca.key",                                    ERR_SYNTAX},
    {"a key that is text",            "echo hello >$F/ca.key",                           ERR_SYNTAX},
    {"a key under a passphrase",
     "openssl ec -aes128 -passout pass:x -in $F/ca.key -out $F/k 2>/dev/null; mv $F/k $F/ca.key", ERR_SYNTAX},
    {"a huge key",                    "head -c 100000 /dev/zero >$F/ca.key",             ERR_LIMIT},
    {"a certificate that is text",    "echo hello >$F/ca.pem",                           ERR_SYNTAX},
    {"the certificate of another",
     "openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=x -out $F/ca.pem 2>/dev/null", ERR_SYNTAX},
    {"a certificate without a key",   "rm $F/ca.key",                                    ERR_SYNTAX},
    {"a key without a certificate",   "rm $F/ca.pem",                                    ERR_OK},
    {"not a CA",
     "openssl req -x509 -key $F/ca.key -subj /CN=x -addext basicConstraints=CA:FALSE -out $F/ca.pem", ERR_SYNTAX},
};
/* clang-format on */

static void what_is_wrong_with_the_folder_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(harms); i++) {
        struct ca *ca = NULL;
        print_message("  %s\n", harms[i].what);
        fresh(NULL);
        ca = opened();
        ca_free(&ca);
        shell(harms[i].harm);
        assert_int_equal(ca_open(folder, now_s, &ca), harms[i].err);
        ca_free(&ca);
    }
}

static void it_is_valid_for_ten_years_and_never_used_outside_them(void **state)
{
    struct ca *ca = opened();

    (void)state;
    ca_free(&ca);
    now_s -= CERT_DAYS(3);
    assert_int_equal(ca_open(folder, now_s, &ca), ERR_TRUST);
    now_s += CERT_DAYS(3 + 3649);
    assert_int_equal(ca_open(folder, now_s, &ca), ERR_OK);
    ca_free(&ca);
    now_s += CERT_DAYS(1);
    assert_int_equal(ca_open(folder, now_s, &ca), ERR_TRUST);
}

static X509 *leaf_for(struct leaves *leaves, const char *name)
{
    CRYPTO_BUFFER *der = NULL;
    X509 *leaf;

    assert_int_equal(leaves_get(leaves, span_of(name), now_s, &der), ERR_OK);
    leaf = X509_parse_from_buffer(der);
    assert_non_null(leaf);
    return leaf;
}

static void write_leaf(struct leaves *leaves, X509 *leaf)
{
    char path[128];
    FILE *out;

    snprintf(path, sizeof path, "%s/leaf.pem", folder);
    out = fopen(path, "w");
    assert_true(out != NULL && PEM_write_X509(out, leaf));
    fclose(out);
    snprintf(path, sizeof path, "%s/leaf.key", folder);
    out = fopen(path, "w");
    assert_true(out != NULL && PEM_write_PrivateKey(out, leaves_key(leaves), NULL, NULL, 0, NULL, NULL));
    fclose(out);
}

static void strict_verifiers_take_leaves_for_names_and_addresses(void **state)
{
    static const char long_name[] = "a-name-that-does-not-fit-into-a-common-name.of-sixty-four-characters.example.com";
    static const char *const names[] = {"api.example.com", "xn--bcher-kva.example", long_name, "192.0.2.7",
                                        "2001:db8::7"};
    struct ca *ca = opened();
    struct leaves *leaves = NULL;

    (void)state;
    assert_int_equal(leaves_new(ca, &leaves), ERR_OK);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        BSSL(X509) leaf = leaf_for(leaves, names[i]);
        bool is_ip = i >= 3;
        print_message("  %s\n", names[i]);
        setenv("N", names[i], 1);
        setenv("K", is_ip ? "-verify_ip" : "-verify_hostname", 1);
        write_leaf(leaves, leaf);
        assert_int_equal(
            shell("openssl verify -x509_strict -purpose sslserver -CAfile $F/ca.pem $K $N $F/leaf.pem >/dev/null"), 0);
        assert_int_not_equal(
            shell("openssl verify -CAfile $F/ca.pem -verify_hostname other.example $F/leaf.pem >/dev/null 2>&1"), 0);
        assert_int_equal(shell("python3 tests/verify_leaf.py $F $N"), 0);
    }
    leaves_free(&leaves);
    ca_free(&ca);
}

static void a_leaf_is_backdated_short_and_has_a_long_serial(void **state)
{
    struct ca *ca = opened();
    struct leaves *leaves = NULL;
    int days, seconds;
    time_t now = (time_t)now_s, two_days_ago = (time_t)(now_s - CERT_DAYS(2));

    (void)state;
    assert_int_equal(leaves_new(ca, &leaves), ERR_OK);
    for (int i = 0; i < 20; i++) {
        char name[32];
        snprintf(name, sizeof name, "h%d.example.com", i);
        BSSL(X509) leaf = leaf_for(leaves, name);
        const ASN1_INTEGER *serial = X509_get0_serialNumber(leaf);
        assert_int_equal(ASN1_STRING_length((const ASN1_STRING *)serial), 16);
        assert_int_equal(ASN1_STRING_type((const ASN1_STRING *)serial), V_ASN1_INTEGER); /* not V_ASN1_NEG_INTEGER */
        assert_true(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(leaf), X509_get0_notAfter(leaf)));
        assert_in_range(days, 100, 199);
        assert_true(X509_cmp_time(X509_get0_notBefore(leaf), &two_days_ago) < 0);
        assert_true(X509_cmp_time(X509_get0_notAfter(leaf), &now) > 0);
    }
    leaves_free(&leaves);
    ca_free(&ca);
}

static void a_leaf_ends_with_its_ca(void **state)
{
    struct ca *ca = opened();
    struct leaves *leaves = NULL;
    CRYPTO_BUFFER *der;
    int days, seconds;

    (void)state;
    now_s += CERT_DAYS(3600);
    assert_int_equal(leaves_new(ca, &leaves), ERR_OK);
    BSSL(X509) leaf = leaf_for(leaves, "api.example.com");
    assert_true(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(leaf), X509_get0_notAfter(leaf)));
    assert_int_equal(days, 52);
    now_s += CERT_DAYS(50);
    assert_int_equal(leaves_get(leaves, span_of("api.example.com"), now_s, &der), ERR_TRUST);
    leaves_free(&leaves);
    ca_free(&ca);
}

static void leaves_are_kept_remade_at_half_their_life_and_bounded(void **state)
{
    struct ca *ca = opened();
    struct leaves *leaves = NULL;
    CRYPTO_BUFFER *der, *again;
    char name[32];

    (void)state;
    assert_int_equal(leaves_new(ca, &leaves), ERR_OK);
    assert_int_equal(leaves_get(leaves, span_of("a.example"), now_s, &der), ERR_OK);
    assert_int_equal(leaves_get(leaves, span_of("a.example"), now_s + CERT_DAYS(94), &again), ERR_OK);
    assert_ptr_equal(der, again);
    assert_int_equal(leaves_get(leaves, span_of("a.example"), now_s + CERT_DAYS(96), &again), ERR_OK);
    assert_int_equal(leaves_minted(leaves), 2);
    assert_int_equal(leaves_get(leaves, span_of("a.example"), now_s, &again), ERR_OK); /* the clock was set back */
    assert_int_equal(leaves_minted(leaves), 3);

    for (unsigned i = 0; i < LEAF_COUNT_MAX; i++) { /* a.example stays: it is in use */
        snprintf(name, sizeof name, "h%u.example", i);
        assert_int_equal(leaves_get(leaves, span_of(name), now_s, &again), ERR_OK);
        assert_int_equal(leaves_get(leaves, span_of("a.example"), now_s, &again), ERR_OK);
    }
    assert_int_equal(leaves_minted(leaves), 3 + LEAF_COUNT_MAX);
    assert_int_equal(leaves_get(leaves, span_of("h1.example"), now_s, &again), ERR_OK);
    assert_int_equal(leaves_minted(leaves), 3 + LEAF_COUNT_MAX);
    assert_int_equal(leaves_get(leaves, span_of("h0.example"), now_s, &again),
                     ERR_OK); /* the longest unused had gone */
    assert_int_equal(leaves_minted(leaves), 4 + LEAF_COUNT_MAX);
    leaves_free(&leaves);
    ca_free(&ca);
}

static void wildcards_and_nothing_are_not_minted(void **state)
{
    struct ca *ca = opened();
    struct leaves *leaves = NULL;
    CRYPTO_BUFFER *der;

    (void)state;
    assert_int_equal(leaves_new(ca, &leaves), ERR_OK);
    assert_int_equal(leaves_get(leaves, span_of(""), now_s, &der), ERR_SYNTAX);
    assert_int_equal(leaves_get(leaves, span_of("*.example.com"), now_s, &der), ERR_SYNTAX);
    assert_int_equal(leaves_minted(leaves), 0);
    leaves_free(&leaves);
    ca_free(&ca);
}

static int begin(void **state)
{
    (void)state;
    return mkdtemp(base) == NULL;
}

static int end(void **state)
{
    fresh(state);
    return rmdir(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_first_opening_makes_it_and_the_second_finds_it, fresh),
        cmocka_unit_test_setup(what_is_wrong_with_the_folder_is_told, fresh),
        cmocka_unit_test_setup(it_is_valid_for_ten_years_and_never_used_outside_them, fresh),
        cmocka_unit_test_setup(strict_verifiers_take_leaves_for_names_and_addresses, fresh),
        cmocka_unit_test_setup(a_leaf_is_backdated_short_and_has_a_long_serial, fresh),
        cmocka_unit_test_setup(a_leaf_ends_with_its_ca, fresh),
        cmocka_unit_test_setup(leaves_are_kept_remade_at_half_their_life_and_bounded, fresh),
        cmocka_unit_test_setup(wildcards_and_nothing_are_not_minted, fresh),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
