/* hello_test.c — ClientHellos built around one extension, or broken in one place; each is read whole, cut into small
 * records, and one byte at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reactor/base/own.h"
#include "reactor/tls/hello.h"

#define BYTES(text) ((struct span){(const uint8_t *)(text), sizeof(text) - 1})
#define LONG_LABEL  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 63 */
#define LONG_NAME   LONG_LABEL "." LONG_LABEL "." LONG_LABEL "." LONG_LABEL           /* 255 */

/* One server_name extension holding one host_name; lens are written out so that a row can lie. */
#define SNI(ext_len, list_len, type, name_len, name) "\0\0\0" ext_len "\0" list_len type "\0" name_len name

enum { ECH = 1, H2 = 2, HTTP1 = 4 };

/* clang-format off */
static const struct {
    const char *what;
    struct span extensions;
    enum err err;
    const char *name;
    unsigned seen;
} rows[] = {
    {"no extension at all",        BYTES(""), ERR_OK, "", 0},
    {"a name",                     BYTES(SNI("\x10", "\x0e", "\0", "\x0b", "example.com")), ERR_OK, "example.com", 0},
    {"upper case becomes lower",   BYTES(SNI("\x10", "\x0e", "\0", "\x0b", "ExAmPlE.COM")), ERR_OK, "example.com", 0},
    {"a trailing dot goes",        BYTES(SNI("\x11", "\x0f", "\0", "\x0c", "example.com.")), ERR_OK, "example.com", 0},
    {"one label",                  BYTES(SNI("\x0e", "\x0c", "\0", "\x09", "localhost")), ERR_OK, "localhost", 0},
    {"an A-label",                 BYTES(SNI("\x11", "\x0f", "\0", "\x0c", "xn--mgb.test")), ERR_OK, "xn--mgb.test", 0},
    {"an underscore",              BYTES(SNI("\x0d", "\x0b", "\0", "\x08", "a_b.test")), ERR_OK, "a_b.test", 0},
    {"digits, but not an address", BYTES(SNI("\x10", "\x0e", "\0", "\x0b", "1.2.3.4.com")), ERR_OK, "1.2.3.4.com", 0},
    {"a label of 63",              BYTES(SNI("\x44", "\x42", "\0", "\x3f", LONG_LABEL)), ERR_OK, LONG_LABEL, 0},
    {"a label of 64",              BYTES(SNI("\x45", "\x43", "\0", "\x40", LONG_LABEL "a")), ERR_SYNTAX, "", 0},
    {"a name of 255",              BYTES("\0\0\x01\x04\x01\x02\0\0\xff" LONG_NAME), ERR_SYNTAX, "", 0},
    {"an IPv4 address",            BYTES(SNI("\x0c", "\x0a", "\0", "\x07", "1.2.3.4")), ERR_SYNTAX, "", 0},
    {"an address in short",        BYTES(SNI("\x0a", "\x08", "\0", "\x05", "127.1")), ERR_SYNTAX, "", 0},
    {"an address in hex",          BYTES(SNI("\x0f", "\x0d", "\0", "\x0a", "0x7f.0.0x1")), ERR_SYNTAX, "", 0},
    {"an IPv6 address",            BYTES(SNI("\x08", "\x06", "\0", "\x03", "::1")), ERR_SYNTAX, "", 0},
    {"an address in brackets",     BYTES(SNI("\x0a", "\x08", "\0", "\x05", "[::1]")), ERR_SYNTAX, "", 0},
    {"an empty name",              BYTES(SNI("\x05", "\x03", "\0", "\0", "")), ERR_SYNTAX, "", 0},
    {"only a dot",                 BYTES(SNI("\x06", "\x04", "\0", "\x01", ".")), ERR_SYNTAX, "", 0},
    {"two dots at the end",        BYTES(SNI("\x0b", "\x09", "\0", "\x06", "test..")), ERR_SYNTAX, "", 0},
    {"an empty label",             BYTES(SNI("\x09", "\x07", "\0", "\x04", "a..b")), ERR_SYNTAX, "", 0},
    {"a leading dot",              BYTES(SNI("\x0a", "\x08", "\0", "\x05", ".test")), ERR_SYNTAX, "", 0},
    {"a leading hyphen",           BYTES(SNI("\x0a", "\x08", "\0", "\x05", "-test")), ERR_SYNTAX, "", 0},
    {"a NUL",                      BYTES(SNI("\x09", "\x07", "\0", "\x04", "a\0.b")), ERR_SYNTAX, "", 0},
    {"a slash",                    BYTES(SNI("\x0a", "\x08", "\0", "\x05", "a/b.c")), ERR_SYNTAX, "", 0},
    {"a blank",                    BYTES(SNI("\x0a", "\x08", "\0", "\x05", "a b.c")), ERR_SYNTAX, "", 0},
    {"a star",                     BYTES(SNI("\x0b", "\x09", "\0", "\x06", "*.test")), ERR_SYNTAX, "", 0},
    {"UTF-8",                      BYTES(SNI("\x0b", "\x09", "\0", "\x06", "\xc3\xa9.com")), ERR_SYNTAX, "", 0},
    {"a name of another type",     BYTES(SNI("\x09", "\x07", "\x01", "\x04", "a.b.")), ERR_SYNTAX, "", 0},
    {"two names",                  BYTES("\0\0\0\x0e\0\x0c\0\0\x03" "a.b" "\0\0\x03" "c.d"), ERR_SYNTAX, "", 0},
    {"two server_name extensions", BYTES("\0\0\0\x08\0\x06\0\0\x03" "a.b"
                                         "\0\0\0\x08\0\x06\0\0\x03" "a.b"), ERR_SYNTAX, "", 0},
    {"an empty list of names",     BYTES("\0\0\0\x02\0\0"), ERR_SYNTAX, "", 0},
    {"an empty server_name",       BYTES("\0\0\0\0"), ERR_SYNTAX, "", 0},
    {"a list longer than said",    BYTES(SNI("\x09", "\x06", "\0", "\x03", "a.bc")), ERR_SYNTAX, "", 0},
    {"a name longer than its list", BYTES(SNI("\x08", "\x06", "\0", "\x04", "a.b")), ERR_SYNTAX, "", 0},
    {"h2 and http/1.1",            BYTES("\0\x10\0\x0e\0\x0c\x02h2\x08http/1.1"), ERR_OK, "", H2 | HTTP1},
    {"only http/1.1",              BYTES("\0\x10\0\x0b\0\x09\x08http/1.1"), ERR_OK, "", HTTP1},
    {"GREASE in ALPN",             BYTES("\0\x10\0\x08\0\x06\x02\x3a\x3a\x02h2"), ERR_OK, "", H2},
    {"an empty protocol name",     BYTES("\0\x10\0\x03\0\x01\0"), ERR_SYNTAX, "", 0},
    {"no protocol",                BYTES("\0\x10\0\x02\0\0"), ERR_SYNTAX, "", 0},
    {"two ALPN extensions",        BYTES("\0\x10\0\x05\0\x03\x02h2\0\x10\0\x05\0\x03\x02h2"), ERR_SYNTAX, "", 0},
    {"ECH, outer",                 BYTES("\xfe\x0d\0\x02\0\0"), ERR_OK, "", ECH},
    {"ECH, inner",                 BYTES("\xfe\x0d\0\x01\x01"), ERR_SYNTAX, "", 0},
    {"ECH, empty",                 BYTES("\xfe\x0d\0\0"), ERR_SYNTAX, "", 0},
    {"GREASE extensions",          BYTES("\x0a\x0a\0\0\x1a\x1a\0\x01\0"), ERR_OK, "", 0},
    {"an extension cut off",       BYTES("\0\x2b\0\x05\x04"), ERR_SYNTAX, "", 0},
    {"half an extension header",   BYTES("\0\x2b\0"), ERR_SYNTAX, "", 0},
};

#define RANDOM     "0123456789abcdef0123456789abcdef"
#define BODY(tail) "\x03\x03" RANDOM tail

/* Whole messages (type and length are put before), and whole inputs. */
static const struct {
    const char *what;
    struct span bytes;
    bool raw;
    enum err err;
} broken[] = {
    {"no extensions block is fine",  BYTES(BODY("\0" "\0\x02\x13\x01" "\x01\0")), false, ERR_OK},
    {"compression offered, and none", BYTES(BODY("\0" "\0\x02\x13\x01" "\x02\x01\0")), false, ERR_OK},
    {"a version from the future",    BYTES("\x04\0" RANDOM "\0" "\0\x02\x13\x01" "\x01\0"), false, ERR_SYNTAX},
    {"a long session id",            BYTES(BODY("\x21" RANDOM "x" "\0\x02\x13\x01" "\x01\0")), false, ERR_SYNTAX},
    {"no cipher suite",              BYTES(BODY("\0" "\0\0" "\x01\0")), false, ERR_SYNTAX},
    {"half a cipher suite",          BYTES(BODY("\0" "\0\x03\x13\x01\x13" "\x01\0")), false, ERR_SYNTAX},
    {"no compression method",        BYTES(BODY("\0" "\0\x02\x13\x01" "\0")), false, ERR_SYNTAX},
    {"only compression",             BYTES(BODY("\0" "\0\x02\x13\x01" "\x01\x01")), false, ERR_SYNTAX},
    {"bytes behind the extensions",  BYTES(BODY("\0" "\0\x02\x13\x01" "\x01\0" "\0\0" "x")), false, ERR_SYNTAX},
    {"extensions cut off",           BYTES(BODY("\0" "\0\x02\x13\x01" "\x01\0" "\0\x04\0")), false, ERR_SYNTAX},
    {"cut in the random",            BYTES("\x03\x03" "0123456789abcdef"), false, ERR_SYNTAX},
    {"an empty message",             BYTES(""), false, ERR_SYNTAX},
    {"SSLv2",                        BYTES("\x80\x2e\x01\x03\x01\0\x15\0\0\0\x10"), true, ERR_SYNTAX},
    {"plain HTTP",                   BYTES("GET / HTTP/1.1\r\n\r\n"), true, ERR_SYNTAX},
    {"an alert",                     BYTES("\x15\x03\x01\0\x02\x02\x28"), true, ERR_SYNTAX},
    {"application data",             BYTES("\x17\x03\x03\0\x02hi"), true, ERR_SYNTAX},
    {"a ServerHello",                BYTES("\x16\x03\x03\0\x04\x02\0\0\0"), true, ERR_SYNTAX},
    {"a record of another major",    BYTES("\x16\x02\x01\0\x04\x01\0\0\0"), true, ERR_SYNTAX},
    {"an empty record",              BYTES("\x16\x03\x01\0\0"), true, ERR_SYNTAX},
    {"a record over 16384",          BYTES("\x16\x03\x01\x40\x01"), true, ERR_SYNTAX},
    {"a message over the bound",     BYTES("\x16\x03\x01\x40\0\x01\0\x48\0"), true, ERR_LIMIT},
    {"more in the record",           BYTES("\x16\x03\x01\0\x06\x01\0\0\0"), true, ERR_SYNTAX},
    {"an alert between fragments",   BYTES("\x16\x03\x01\0\x01\x01\x15\x03\x01\0\x02\x01\0"), true, ERR_SYNTAX},
    {"cut in the record header",     BYTES("\x16\x03\x01\0"), true, ERR_AGAIN},
    {"nothing yet",                  BYTES(""), true, ERR_AGAIN},
};
/* clang-format on */

static uint8_t wire[HELLO_BYTES_MAX * 2];

/* Puts body into a ClientHello message, in records of at most record_max bytes. */
static struct span wrap(struct span body, size_t record_max)
{
    static uint8_t message[HELLO_BYTES_MAX];
    size_t len = body.len + 4, to = 0;

    message[0] = 1;
    message[1] = 0;
    message[2] = (uint8_t)(body.len >> 8);
    message[3] = (uint8_t)body.len;
    memcpy(message + 4, body.at, body.len);
    for (size_t at = 0; at < len;) {
        size_t n = len - at < record_max ? len - at : record_max;
        memcpy(wire + to, (uint8_t[]){22, 3, 1, (uint8_t)(n >> 8), (uint8_t)n}, 5);
        memcpy(wire + to + 5, message + at, n);
        at += n;
        to += n + 5;
    }
    return (struct span){wire, to};
}

static struct span with_extensions(struct span extensions, size_t record_max)
{
    static uint8_t body[HELLO_BYTES_MAX];
    struct span start = BYTES(BODY("\0"
                                   "\0\x02\x13\x01"
                                   "\x01\0"));

    memcpy(body, start.at, start.len);
    body[start.len] = (uint8_t)(extensions.len >> 8);
    body[start.len + 1] = (uint8_t)extensions.len;
    if (extensions.len > 0) memcpy(body + start.len + 2, extensions.at, extensions.len);
    return wrap((struct span){body, start.len + 2 + extensions.len}, record_max);
}

/* Whole; then byte by byte, each prefix in memory of exactly its size so that ASan sees a read too far. */
static enum err peek_both_ways(struct span in, struct hello *hello)
{
    enum err whole = hello_peek(in, hello), err = ERR_AGAIN;

    for (size_t len = 0; len <= in.len && err == ERR_AGAIN; len++) {
        struct hello cut = {0};
        uint8_t *exact = test_malloc(len + 1);
        memcpy(exact + 1, in.at, len);
        err = hello_peek((struct span){exact + 1, len}, &cut);
        test_free(exact);
        if (err == ERR_OK) {
            assert_int_equal(len, in.len); /* not before the last byte */
            assert_memory_equal(&cut, hello, sizeof cut);
        }
    }
    assert_int_equal(err, whole);
    return whole;
}

static const size_t record_sizes[] = {1, 7, 16384};

static void every_extension_reads_the_same_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t j = 0; j < COUNT_OF(record_sizes); j++) {
            struct hello hello = {0};
            print_message("  %s, in records of %zu\n", rows[i].what, record_sizes[j]);
            assert_int_equal(peek_both_ways(with_extensions(rows[i].extensions, record_sizes[j]), &hello), rows[i].err);
            assert_string_equal((const char *)hello.name, rows[i].name);
            assert_int_equal((hello.has_ech ? ECH : 0) | (hello.alpn_h2 ? H2 : 0) | (hello.alpn_http1 ? HTTP1 : 0),
                             rows[i].seen);
        }
}

static void what_is_not_a_hello_is_refused_at_the_byte_that_says_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        struct hello hello;
        print_message("  %s\n", broken[i].what);
        assert_int_equal(peek_both_ways(broken[i].raw ? broken[i].bytes : wrap(broken[i].bytes, 16384), &hello),
                         broken[i].err);
    }
}

static void a_post_quantum_hello_fits_even_in_small_records(void **state)
{
    static const uint8_t key_share[2048] = {0, 51, 2044 >> 8, 2044 & 0xff};
    struct span extensions = {key_share, sizeof key_share};
    struct hello hello;

    (void)state;
    assert_int_equal(peek_both_ways(with_extensions(extensions, 1), &hello), ERR_OK);
    assert_int_equal(peek_both_ways(with_extensions(extensions, 16384), &hello), ERR_OK);
}

static void a_hello_past_the_bound_is_refused_however_it_is_cut(void **state)
{
    static const uint8_t padding[4096] = {0, 21, 4092 >> 8, 4092 & 0xff};
    struct hello hello;

    (void)state;
    assert_int_equal(peek_both_ways(with_extensions((struct span){padding, sizeof padding}, 1), &hello), ERR_LIMIT);
}

static void bytes_behind_the_hello_are_not_looked_at(void **state)
{
    struct span in = with_extensions(rows[1].extensions, 16384);
    struct hello hello = {0};

    (void)state;
    memcpy(wire + in.len, "early data", 10);
    assert_int_equal(hello_peek((struct span){in.at, in.len + 10}, &hello), ERR_OK);
    assert_string_equal((const char *)hello.name, "example.com");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_extension_reads_the_same_however_it_is_cut),
        cmocka_unit_test(what_is_not_a_hello_is_refused_at_the_byte_that_says_so),
        cmocka_unit_test(a_post_quantum_hello_fits_even_in_small_records),
        cmocka_unit_test(a_hello_past_the_bound_is_refused_however_it_is_cut),
        cmocka_unit_test(bytes_behind_the_hello_are_not_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
