/* chunked_test.c — a table of bodies; each is decoded whole and one byte at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reactor/base/limits.h"
#include "reactor/wire/chunked.h"

/* clang-format off */
static const struct {
    const char *what, *in, *out;
    enum chunked_state ends;
    const char *trailers;
} bodies[] = {
    {"one chunk",                  "5\r\nhello\r\n0\r\n\r\n",                    "hello", CHUNKED_DONE, ""},
    {"two chunks",                 "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",          "hello!", CHUNKED_DONE, ""},
    {"upper and lower hex",        "A\r\n0123456789\r\n0\r\n\r\n",               "0123456789", CHUNKED_DONE, ""},
    {"leading zeros",              "0005\r\nhello\r\n000\r\n\r\n",               "hello", CHUNKED_DONE, ""},
    {"an extension is skipped",    "5;a\r\nhello\r\n0;a=b\r\n\r\n",              "hello", CHUNKED_DONE, ""},
    {"two, one of them quoted",    "5;a=\"b;\\\"c\";d=e\r\nhello\r\n0\r\n\r\n",  "hello", CHUNKED_DONE, ""},
    {"an extension without name",  "5;\r\nhello\r\n0\r\n\r\n",                   "",      CHUNKED_BAD, ""},
    {"an extension without value", "5;a=\r\nhello\r\n0\r\n\r\n",                 "",      CHUNKED_BAD, ""},
    {"an extension beyond ASCII",  "5;a=\xff\r\nhello\r\n0\r\n\r\n",             "",      CHUNKED_BAD, ""},
    {"a space before a semicolon", "5 ;a\r\nhello\r\n0\r\n\r\n",                 "",      CHUNKED_BAD, ""},
    {"an open quote",              "5;a=\"b\r\nhello\r\n0\r\n\r\n",              "",      CHUNKED_BAD, ""},
    {"bytes after a quote",        "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n",           "",      CHUNKED_BAD, ""},
    {"a bare CR in an extension",  "5;a\rb\r\nhello\r\n0\r\n\r\n",               "",      CHUNKED_BAD, ""},
    {"bare LF smuggles",           "5\nhello\r\n0\r\n\r\n",                      "",      CHUNKED_BAD, ""},
    {"space before the size",      " 5\r\nhello\r\n0\r\n\r\n",                   "",      CHUNKED_BAD, ""},
    {"space after the size",       "5 \r\nhello\r\n0\r\n\r\n",                   "",      CHUNKED_BAD, ""},
    {"a sign is not a digit",      "+5\r\nhello\r\n0\r\n\r\n",                   "",      CHUNKED_BAD, ""},
    {"0x is not hex",              "0x5\r\nhello\r\n0\r\n\r\n",                  "",      CHUNKED_BAD, ""},
    {"no size",                    "\r\n\r\n",                                   "",      CHUNKED_BAD, ""},
    {"size too large",             "80000000\r\n",                               "",      CHUNKED_BAD, ""},
    {"chunk longer than said",     "4\r\nhello\r\n0\r\n\r\n",                    "hell",  CHUNKED_BAD, ""},
    {"chunk shorter than said",    "5\r\nhell\r\n0\r\n\r\n",                     "hell\r", CHUNKED_BAD, ""},
    {"bare LF after the data",     "5\r\nhello\n0\r\n\r\n",                      "hello", CHUNKED_BAD, ""},
    {"a trailer",                  "0\r\nX: y\r\n\r\n",                          "",      CHUNKED_DONE, "X: y\r\n"},
    {"two trailers",               "1\r\n!\r\n0\r\nX: y\r\nZ:\r\n\r\n", "!", CHUNKED_DONE, "X: y\r\nZ:\r\n"},
    {"bare LF in a trailer",       "0\r\nX: y\n\r\n",                            "",      CHUNKED_BAD, ""},
    {"bare LF for the last line",  "0\r\n\n",                                    "",      CHUNKED_BAD, ""},
    {"cut in the middle",          "5\r\nhel",                                   "hel",   CHUNKED_BODY, ""},
    {"cut in the trailers",        "0\r\nX: y\r\n",                              "",      CHUNKED_TRAILERS, ""},
};
/* clang-format on */

/* The window grows by step bytes; what is used leaves it. */
static struct chunked decode(struct span in, size_t step, char *out)
{
    struct chunked decoder = {0};
    size_t from = 0, arrived = 0;

    do {
        struct span data;
        size_t used;
        arrived = in.len - arrived < step ? in.len : arrived + step;
        do {
            chunked_feed(&decoder, (struct span){in.at + from, arrived - from}, &used, &data);
            if (data.len > 0) memcpy(out, data.at, data.len);
            out += data.len;
            from += used;
        } while (used > 0);
    } while (arrived < in.len);
    *out = '\0';
    return decoder;
}

static void every_body_decodes_the_same_whole_and_in_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        for (size_t step = 1; step <= 64; step += 63) {
            char out[64];
            print_message("  %s, %zu at a time\n", bodies[i].what, step);
            struct chunked decoder = decode(span_of(bodies[i].in), step, out);
            assert_int_equal(decoder.state, bodies[i].ends);
            assert_string_equal(out, bodies[i].out);
            assert_true(span_is(decoder.trailers, span_of(bodies[i].trailers)));
        }
}

static enum chunked_state decode_filled(const char *start, size_t len, const char *end)
{
    static char in[TRAILER_BYTES_MAX + 64], out[8];
    size_t at = strlen(start);

    memcpy(in, start, at);
    memset(in + at, 'a', len - at);
    memcpy(in + len - strlen(end), end, strlen(end));
    return decode((struct span){(uint8_t *)in, len}, 100, out).state;
}

static void a_size_line_has_a_bound(void **state)
{
    (void)state;
    assert_int_equal(decode_filled("1;", CHUNK_LINE_MAX, "\r\n"), CHUNKED_BODY);
    assert_int_equal(decode_filled("1;", CHUNK_LINE_MAX + 1, "\r\n"), CHUNKED_BAD);
}

static void a_trailer_section_has_a_bound(void **state)
{
    (void)state;
    assert_int_equal(decode_filled("0\r\nX: ", 3 + TRAILER_BYTES_MAX, "\r\n\r\n"), CHUNKED_DONE);
    assert_int_equal(decode_filled("0\r\nX: ", 3 + TRAILER_BYTES_MAX + 1, "\r\n\r\n"), CHUNKED_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_body_decodes_the_same_whole_and_in_bytes),
        cmocka_unit_test(a_size_line_has_a_bound),
        cmocka_unit_test(a_trailer_section_has_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
