/* head_test.c — fields found, removed, added, and those for the next hop only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reactor/wire/head.h"

static struct head head;

static void add(const char *name, const char *value)
{
    assert_int_equal(head_add(&head, span_of(name), span_of(value)), ERR_OK);
}

static int empty(void **state)
{
    (void)state;
    head = (struct head){0};
    return 0;
}

static void a_field_is_found_in_any_case(void **state)
{
    (void)state;
    add("Accept", "a");
    add("X", "1");
    add("aCCEPT", "b");
    assert_true(span_is(head_find(&head, SPAN_LIT("ACCEPT"))->value, SPAN_LIT("a")));
    assert_int_equal(head_count(&head, SPAN_LIT("accept")), 2);
    assert_null(head_find(&head, SPAN_LIT("accep")));
    assert_int_equal(head_count(&head, SPAN_LIT("y")), 0);
}

static void removing_a_name_leaves_the_others_in_order(void **state)
{
    (void)state;
    add("A", "1");
    add("X", "2");
    add("B", "3");
    add("x", "4");
    assert_int_equal(head_remove(&head, SPAN_LIT("X")), 2);
    assert_int_equal(head.field_count, 2);
    assert_true(span_is(head.fields[1].name, SPAN_LIT("B")));
    assert_int_equal(head_remove(&head, SPAN_LIT("X")), 0);
}

static void a_full_head_takes_no_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < HEAD_FIELDS_MAX; i++) add("X", "y");
    assert_int_equal(head_add(&head, SPAN_LIT("X"), SPAN_LIT("y")), ERR_LIMIT);
    assert_int_equal(head.field_count, HEAD_FIELDS_MAX);
}

static void a_token_is_a_whole_element_of_a_list(void **state)
{
    (void)state;
    add("Connection", " , keep-alive ,,\tClose");
    add("Connection", "upgrade");
    assert_true(head_has_token(&head, SPAN_LIT("connection"), SPAN_LIT("close")));
    assert_true(head_has_token(&head, SPAN_LIT("connection"), SPAN_LIT("Upgrade")));
    assert_false(head_has_token(&head, SPAN_LIT("connection"), SPAN_LIT("keep")));
    assert_false(head_has_token(&head, SPAN_LIT("connection"), SPAN_LIT("")));
    assert_false(head_has_token(&head, SPAN_LIT("upgrade"), SPAN_LIT("close")));
}

static void what_speaks_to_the_next_hop_is_dropped(void **state)
{
    static const char *const hop[] = {"Connection",       "X-Foo", "Keep-Alive",          "TE",
                                      "Upgrade",          "X-Bar", "Proxy-Authorization", "HTTP2-Settings",
                                      "Proxy-Connection", "Trans", "Transfer-Encoding",   "Proxy-Authenticate"};

    (void)state;
    add("Connection", "X-Foo, trans");
    for (size_t i = 0; i < sizeof hop / sizeof *hop; i++) add(hop[i], "x-bar, host");
    add("Host", "a");
    add("Trailer", "X-T");
    add("X-Baz", "1");
    head_drop_hop_fields(&head);
    assert_int_equal(head.field_count, 3);
    assert_true(span_is(head.fields[0].name, SPAN_LIT("Host"))); /* though Connection named it */
    assert_true(span_is(head.fields[1].name, SPAN_LIT("Trailer")));
    assert_true(span_is(head.fields[2].name, SPAN_LIT("X-Baz")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_field_is_found_in_any_case, empty),
        cmocka_unit_test_setup(removing_a_name_leaves_the_others_in_order, empty),
        cmocka_unit_test_setup(a_full_head_takes_no_more, empty),
        cmocka_unit_test_setup(a_token_is_a_whole_element_of_a_list, empty),
        cmocka_unit_test_setup(what_speaks_to_the_next_hop_is_dropped, empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
