/* dns_test.c — the bottle's name server: what it reads, what it makes up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "reactor/wire/dns.h"

#define ASK(flags, counts, rest) "\x12\x34" flags counts rest
#define ONE                      "\x00\x01\x00\x00\x00\x00\x00\x00"
#define NAME                                                                                                           \
    "\x03"                                                                                                             \
    "wWw"                                                                                                              \
    "\x07"                                                                                                             \
    "example"                                                                                                          \
    "\x00"

/* clang-format off */
static const struct {
    const char *what;
    struct span in;
    enum err err;
} questions[] = {
    {"a plain question",            {(const uint8_t *)ASK("\x01\x00", ONE, NAME "\x00\x01\x00\x01"), 29}, ERR_OK},
    {"an answer is no question",    {(const uint8_t *)ASK("\x81\x00", ONE, NAME "\x00\x01\x00\x01"), 29}, ERR_SYNTAX},
    {"another opcode",              {(const uint8_t *)ASK("\x28\x00", ONE, NAME "\x00\x01\x00\x01"), 29}, ERR_SYNTAX},
    {"class CHAOS",                 {(const uint8_t *)ASK("\x01\x00", ONE, NAME "\x00\x10\x00\x03"), 29}, ERR_SYNTAX},
    {"cut in the name",             {(const uint8_t *)ASK("\x01\x00", ONE, NAME), 20},                    ERR_SYNTAX},
    {"cut before the class",        {(const uint8_t *)ASK("\x01\x00", ONE, NAME "\x00\x01"), 27},         ERR_SYNTAX},
    {"a pointer in a question",
     {(const uint8_t *)ASK("\x01\x00", ONE, "\xc0\x0c\x00\x01\x00\x01"), 18}, ERR_SYNTAX},
    {"the root",                    {(const uint8_t *)ASK("\x01\x00", ONE, "\x00\x00\x01\x00\x01"), 17},  ERR_SYNTAX},
    {"a dot inside a label",
     {(const uint8_t *)ASK("\x01\x00", ONE, "\x03" "a.b" "\x00\x00\x01\x00\x01"), 21}, ERR_SYNTAX},
    {"nothing",                     {(const uint8_t *)"", 0},                                             ERR_SYNTAX},
};
/* clang-format on */

static void only_one_plain_question_is_read(void **state)
{
    struct dns_question question;
    (void)state;
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        if (dns_read(questions[i].in, &question) != questions[i].err) fail_msg("%s", questions[i].what);
    assert_int_equal(dns_read(questions[0].in, &question), ERR_OK);
    assert_string_equal(question.name, "www.example");
}

static void every_name_has_an_address_of_the_benchmark_range_and_always_the_same(void **state)
{
    struct prefix range;
    (void)state;
    assert_int_equal(prefix_parse(SPAN_LIT("198.18.0.0/15"), &range), ERR_OK);
    for (int i = 0; i < 1000; i++) {
        char name[32];
        int len = snprintf(name, sizeof name, "host%d.example", i);
        struct addr one = dns_made_up((struct span){(uint8_t *)name, (size_t)len});
        struct addr two = dns_made_up((struct span){(uint8_t *)name, (size_t)len});
        assert_true(addr_in(&one, &range));
        assert_memory_equal(&one, &two, sizeof one);
    }
}

static void an_address_is_given_for_a_and_for_nothing_else(void **state)
{
    uint8_t out[DNS_ANSWER_MAX];
    struct dns_question question;
    (void)state;
    assert_int_equal(dns_read(questions[0].in, &question), ERR_OK);
    assert_int_equal(dns_answer(questions[0].in, &question, out), 29 + 16);
    assert_memory_equal(out, "\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00", 12);
    question.type = 28;
    assert_int_equal(dns_answer(questions[0].in, &question, out), 29);
    assert_memory_equal(out, "\x12\x34\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00", 12);
}

static void what_cannot_be_read_gets_a_format_error_once(void **state)
{
    uint8_t out[DNS_ANSWER_MAX];
    (void)state;
    assert_int_equal(dns_refuse(questions[4].in, out), 12);
    assert_int_equal(out[3] & 15, 1);
    assert_int_equal(dns_refuse(questions[1].in, out), 0); /* never an answer to an answer */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_one_plain_question_is_read),
        cmocka_unit_test(every_name_has_an_address_of_the_benchmark_range_and_always_the_same),
        cmocka_unit_test(an_address_is_given_for_a_and_for_nothing_else),
        cmocka_unit_test(what_cannot_be_read_gets_a_format_error_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
