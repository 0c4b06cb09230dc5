/* chunked_test.c — a table of bodies; each is decoded whole and one byte at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reactor/wire/chunked.h"

/* clang-format off */
static const struct {
    const char *what, *in, *out;
    enum chunked_state ends;
} bodies[] = {
    {"one chunk",                "5\r\nhello\r\n0\r\n\r\n",        "hello",   CHUNKED_DONE},
    {"upper and lower hex",      "A\r\n0123456789\r\n0\r\n\r\n",   "0123456789", CHUNKED_DONE},
    {"an extension is skipped",  "5;a=b\r\nhello\r\n0\r\n\r\n",    "hello",   CHUNKED_DONE},
    {"bare LF smuggles",         "5\nhello\r\n0\r\n\r\n",          "",        CHUNKED_BAD},
    {"space before the size",    " 5\r\nhello\r\n0\r\n\r\n",       "",        CHUNKED_BAD},
    {"a sign is not a digit",    "+5\r\nhello\r\n0\r\n\r\n",       "",        CHUNKED_BAD},
    {"0x is not hex",            "0x5\r\nhello\r\n0\r\n\r\n",      "",        CHUNKED_BAD},
    {"no size",                  "\r\n\r\n",                       "",        CHUNKED_BAD},
    {"size too large",           "80000000\r\n",                   "",        CHUNKED_BAD},
    {"chunk longer than said",   "4\r\nhello\r\n0\r\n\r\n",        "hell",    CHUNKED_BAD},
    {"trailers are refused",     "0\r\nX: y\r\n\r\n",              "",        CHUNKED_BAD},
    {"cut in the middle",        "5\r\nhel",                       "hel",     CHUNKED_BODY},
};
/* clang-format on */

static enum chunked_state decode(struct span in, size_t step, char *out)
{
    struct chunked decoder = {0};

    while (in.len > 0 && decoder.state < CHUNKED_DONE) {
        struct span piece = {in.at, in.len < step ? in.len : step}, data;
        size_t used;
        chunked_feed(&decoder, piece, &used, &data);
        if (data.len > 0) memcpy(out, data.at, data.len);
        out += data.len;
        in = span_from(in, used);
    }
    *out = '\0';
    return decoder.state;
}

static void every_body_decodes_the_same_whole_and_in_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        for (size_t step = 1; step <= 64; step += 63) {
            char out[64];
            struct span in = {(const uint8_t *)bodies[i].in, strlen(bodies[i].in)};
            print_message("  %s, %zu at a time\n", bodies[i].what, step);
            assert_int_equal(decode(in, step, out), bodies[i].ends);
            assert_string_equal(out, bodies[i].out);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_body_decodes_the_same_whole_and_in_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
