/* inject_test.c — the agent's own credential goes, the route's comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dlp/secrets/inject.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

/* clang-format off */
static const struct { struct route route; const char *name, *value; } rows[] = {
    {{.auth = AUTH_BEARER}, "Authorization", "Bearer user:s3cret value"},
    {{.auth = AUTH_BASIC},  "Authorization", "Basic dXNlcjpzM2NyZXQgdmFsdWU="},
    {{.auth = AUTH_HEADER, .auth_header = SPAN_LIT("X-Api-Key")}, "X-Api-Key", "user:s3cret value"},
};
/* clang-format on */

static struct vault *vault;
static struct arena arena;
static struct head head;

static int begin(void **state)
{
    (void)state;
    arena = arena_begin(KIB(64));
    head = (struct head){0};
    assert_int_equal(head_add(&head, SPAN_LIT("Host"), SPAN_LIT("a.example.com")), ERR_OK);
    assert_int_equal(head_add(&head, SPAN_LIT("authorization"), SPAN_LIT("Bearer placeholder")), ERR_OK);
    assert_int_equal(head_add(&head, SPAN_LIT("x-api-KEY"), SPAN_LIT("placeholder")), ERR_OK);
    assert_int_equal(head_add(&head, SPAN_LIT("AUTHORIZATION"), SPAN_LIT("Basic eDp5")), ERR_OK);
    assert_int_equal(vault_new(2, &vault), ERR_OK);
    assert_int_equal(vault_set(vault, 0, SPAN_LIT("user:s3cret value")), ERR_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    vault_free(&vault);
    arena_end(&arena);
    return 0;
}

static void each_scheme_replaces_the_field_it_sets(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct span name = span_of(rows[i].name);
        begin(state);
        inject_drop(&rows[i].route, &head);
        assert_int_equal(head_count(&head, name), 0);
        assert_int_equal(inject_add(&rows[i].route, vault, &arena, &head), ERR_OK);
        assert_int_equal(head_count(&head, name), 1);
        assert_true(span_is(head_find(&head, name)->value, span_of(rows[i].value)));
        assert_int_equal(head_count(&head, SPAN_LIT("host")), 1);
        end(state);
    }
}

static void what_origins_take_for_the_same_name_goes_too(void **state)
{
    static const char *const same[] = {"X_Api_Key", "x-api_key", "X-API-KEY"}, *const other[] = {"X-Api-Keys", "X-Api",
                                                                                                 ""};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        assert_true(inject_owns(&rows[2].route, span_of(same[i])));
        assert_false(inject_owns(&rows[2].route, span_of(other[i])));
        assert_int_equal(head_add(&head, span_of(same[i]), SPAN_LIT("placeholder")), ERR_OK);
    }
    inject_drop(&rows[2].route, &head);
    assert_int_equal(head.field_count, 3);
}

static void a_route_without_a_credential_leaves_the_head_alone(void **state)
{
    const struct route route = {.auth = AUTH_NONE};

    (void)state;
    inject_drop(&route, &head);
    assert_int_equal(inject_add(&route, vault, &arena, &head), ERR_OK);
    assert_int_equal(head.field_count, 4);
}

static void an_empty_slot_refuses(void **state)
{
    const struct route route = {.auth = AUTH_BEARER, .slot = 1};

    (void)state;
    inject_drop(&route, &head);
    assert_int_equal(inject_add(&route, vault, &arena, &head), ERR_NOT_FOUND);
    assert_int_equal(head_count(&head, SPAN_LIT("authorization")), 0);
}

static void a_full_head_and_a_full_arena_refuse(void **state)
{
    struct arena none = arena_begin(0);

    (void)state;
    assert_int_equal(inject_add(&rows[0].route, vault, &none, &head), ERR_NOMEM);
    while (head.field_count < HEAD_FIELDS_MAX) assert_int_equal(head_add(&head, SPAN_LIT("a"), SPAN_LIT("b")), ERR_OK);
    assert_int_equal(inject_add(&rows[0].route, vault, &arena, &head), ERR_LIMIT);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t n = 1; n <= 2; n++) {
            struct arena fresh = arena_begin(KIB(64));
            mem_fail_at(n);
            assert_int_equal(inject_add(&rows[i].route, vault, &fresh, &head), ERR_NOMEM);
            mem_fail_at(0);
            arena_end(&fresh);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_scheme_replaces_the_field_it_sets),
        cmocka_unit_test_setup_teardown(what_origins_take_for_the_same_name_goes_too, begin, end),
        cmocka_unit_test_setup_teardown(a_route_without_a_credential_leaves_the_head_alone, begin, end),
        cmocka_unit_test_setup_teardown(an_empty_slot_refuses, begin, end),
        cmocka_unit_test_setup_teardown(a_full_head_and_a_full_arena_refuse, begin, end),
        cmocka_unit_test_setup_teardown(every_allocation_may_fail, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
