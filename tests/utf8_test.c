/* utf8_test.c — a number written as one to four bytes is text if it is a character in its shortest form, else not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reactor/base/utf8.h"

/* The first number that does not fit so many bytes. */
static const uint32_t ends[] = {0, 0x80, 0x800, 0x10000, 0x200000};

static void write_as(uint32_t number, size_t len, uint8_t *to)
{
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = len; i-- > 1; number >>= 6) to[i] = (uint8_t)(0x80 | (number & 0x3f));
    to[0] = (uint8_t)(leads[len] | number);
}

static bool is_character(uint32_t number, size_t len)
{
    return number >= ends[len - 1] && number <= 0x10ffff && !(number >= 0xd800 && number < 0xe000);
}

static void check(uint32_t number, size_t len)
{
    uint8_t bytes[4];
    struct span s = {bytes, len};
    struct utf8 whole = {0}, cut = {0};
    size_t passed, step;

    write_as(number, len, bytes);
    passed = utf8_run(&whole, s);
    for (step = 0; step < len && utf8_run(&cut, (struct span){bytes + step, 1}) == 1;) step++;
    if (passed != step || whole.left != cut.left) fail_msg("%x in %zu bytes: %zu, but %zu", number, len, passed, step);
    if ((passed == len && whole.left == 0) != is_character(number, len)) fail_msg("%x in %zu bytes", number, len);
    if (utf8_len(s) != (is_character(number, len) ? len : 0)) fail_msg("%x: %zu long", number, utf8_len(s));
    if (is_character(number, len) && utf8_code(s, len) != number) fail_msg("%x: %x", number, utf8_code(s, len));
}

static void a_character_is_text_in_its_shortest_form_alone(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 4; len++)
        for (uint32_t number = 0; number < ends[len]; number++) check(number, len);
}

static void the_first_byte_that_may_not_follow_is_found(void **state)
{
    static const struct {
        const char *in;
        size_t passed;
        uint8_t left;
    } rows[] = {
        {"", 0, 0},
        {"plain text, and more than eight bytes of it", 43, 0},
        {"plain text, and\xe2\x82", 17, 1},
        {"plain text, and \xe2\x82 cut", 18, 1},
        {"12345678\x80", 8, 0},
        {"1234567\xff", 7, 0},
        {"1234567\xc3\xa9 12345678\xc0\xaf", 18, 0},
        {"\xed\xa0\x80", 1, 2},
        {"\xf4\x90\x80\x80", 1, 3},
        {"\xf5\x80\x80\x80", 0, 0},
        {"\xf0\x9f\x98\x80\xf0\x9f\x98", 7, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct utf8 utf8 = {0};
        assert_int_equal(utf8_run(&utf8, span_of(rows[i].in)), rows[i].passed);
        assert_int_equal(utf8.left, rows[i].left);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_character_is_text_in_its_shortest_form_alone),
        cmocka_unit_test(the_first_byte_that_may_not_follow_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
