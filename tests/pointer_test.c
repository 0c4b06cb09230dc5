/* pointer_test.c — which value of a JSON body a byte stands in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "dlp/scan/pointer.h"
#include "reactor/base/own.h"

#define E "\xe2\x80\xa6"

static char text[POINTER_TEXT_MAX];

/* Of the byte in front of ^, which is no part of the body. */
static const char *look(const char *body, size_t size)
{
    struct pointer pointer = pointer_begin();
    struct span rest = {(const uint8_t *)body, strcspn(body, "^")};

    while (rest.len > 0) {
        struct span piece = rest.len < size ? rest : span_first(rest, size);
        pointer_feed(&pointer, piece);
        rest = span_from(rest, piece.len);
    }
    pointer_write(&pointer, text);
    return text;
}

struct row {
    const char *body, *pointer;
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t size = 1; size <= 64; size = size * 2 + 1)
            if (strcmp(look(rows[i].body, size), rows[i].pointer) != 0) fail_msg("%s: %s", rows[i].body, text);
}

static void a_value_has_the_keys_and_numbers_above_it(void **state)
{
    static const struct row rows[] = {
        {"{\"token\":\"x^", "/token"},
        {" \r\n\t{ \"token\" : \"x^", "/token"},
        {"{\"a\":1,\"token\":-1.5E+3^", "/token"},
        {"[null,true,[],{},[[\"x^", "/4/0/0"},
        {"{\"messages\":[{\"role\":\"user\"},{\"content\":[{\"text\":\"a, b\"},{\"text\":\"]} x^",
         "/messages/1/content/1/text"},
        {"{\"a\":{\"x\":[1,2]},\"key\":{\"id\":\"x^", "/key/id"},
        {"{\"a\":\"\\\"\",\"key\":\"\\\\\",\"id\":\"x^", "/id"},
        {"{\"a\":\"\\\\\\\"} x^", "/a"},
        {"[\"a\",\"b\"]^", ""},
        {"\"x^", ""},
        {"", ""},
    };
    (void)state;
    check(rows, COUNT_OF(rows));
}

static void a_key_that_is_no_words_or_not_whole_is_a_mark(void **state)
{
    static const struct row rows[] = {
        {"{\"hunter22\":{\"token\":\"x^", "/" E "/token"},
        {"{\"api_key\":\"x^", "/api_key"},
        {"{\"api/key\":\"x^", "/" E},
        {"{\"tok\\u0065n\":\"x^", "/" E},
        {"{\"\":\"x^", "/" E},
        {"{\"token^", "/" E},
        {"{\"token\"^", "/token"},
        {"{\"a\":{\"tok^", "/a/" E},
        {"{\"this-text-is-the-name-of-the-key\":\"x^", "/this-text-is-the-name-of-the-key"},
        {"{\"this-text-is-the-name-of-the-keys\":\"x^", "/" E},
    };
    (void)state;
    check(rows, COUNT_OF(rows));
}

static void what_is_no_json_has_none(void **state)
{
    static const struct row rows[] = {
        {"[error] {\"token\":\"x^", ""},
        {"{\"a\":1}\n{\"token\":\"x^", ""},
        {"{{user}} \"x\" : \"x^", ""},
        {"{\"a\":[1}^", ""},
        {"{\"a\":[1},\"token\":\"x^", ""},
        {"[1]],\"x^", ""},
        {"{\"system\": \"a\" \"token\":\"x^", ""},
        {"{\"a\" \"token\"^", ""},
        {"{\"a\":,^", ""},
        {"[1,]^", ""},
        {"[,\"x^", ""},
        {"{,\"token\":\"x^", ""},
        {"{\"a\":1,}^", ""},
        {"{1:\"x^", ""},
        {"{\"a\":\"b\":\"x^", ""},
        {"{\"a\":1 2^", ""},
        {"['x^", ""},
        {"{\"a\"}^", ""},
        {"token=x^", ""},
        {"\xef\xbb\xbf{\"token\":\"x^", ""},
    };
    (void)state;
    check(rows, COUNT_OF(rows));
}

static void what_is_too_deep_or_too_long_has_none(void **state)
{
    char body[2 * POINTER_DEPTH_MAX + 4];
    char keys[2 * POINTER_TEXT_MAX];
    size_t len = 0;

    (void)state;
    memset(body, '[', POINTER_DEPTH_MAX);
    strcpy(body + POINTER_DEPTH_MAX, "\"x");
    assert_int_equal(strlen(look(body, 7)), 2 * POINTER_DEPTH_MAX);
    memset(body, '[', POINTER_DEPTH_MAX + 1);
    strcpy(body + POINTER_DEPTH_MAX + 1, "\"x");
    assert_string_equal(look(body, 7), "");
    for (size_t i = 0; i < POINTER_TEXT_MAX / 8; i++) len += (size_t)sprintf(keys + len, "{\"message\":");
    strcpy(keys + len, "\"x");
    assert_string_equal(look(keys, 7), ""); /* /message is eight bytes, and there is no room for the end of text */
    assert_int_equal(strlen(look(keys + strlen("{\"message\":"), 7)), POINTER_TEXT_MAX - 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_has_the_keys_and_numbers_above_it),
        cmocka_unit_test(a_key_that_is_no_words_or_not_whole_is_a_mark),
        cmocka_unit_test(what_is_no_json_has_none),
        cmocka_unit_test(what_is_too_deep_or_too_long_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
