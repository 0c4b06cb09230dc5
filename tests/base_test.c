/* base_test.c — buffers, arenas, JSON: what everything stands on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reactor/base/arena.h"
#include "reactor/base/json.h"
#include "reactor/base/mem.h"

static void a_buffer_gives_back_what_went_in_and_then_its_memory(void **state)
{
    struct buf buf = {0};
    (void)state;
    for (int i = 0; i < 1000; i++) assert_int_equal(buf_printf(&buf, "%03d,", i), ERR_OK);
    assert_int_equal(buf_len(&buf), 4000);
    buf_consume(&buf, 3996);
    assert_true(span_is(buf_span(&buf), SPAN_LIT("999,")));
    buf_consume(&buf, 4);
    assert_null(buf.at);
}

static void text_that_just_fits_and_text_that_does_not_are_printed_whole(void **state)
{
    (void)state;
    for (int len = 500; len < 520; len++) { /* 512 bytes is what a buffer starts with */
        struct buf buf = {0};
        assert_int_equal(buf_printf(&buf, "%s", ""), ERR_OK);
        assert_int_equal(buf_add(&buf, SPAN_LIT("x")), ERR_OK);
        assert_int_equal(buf_printf(&buf, "%0*d", len, 7), ERR_OK);
        assert_int_equal(buf_len(&buf), 1 + len);
        assert_int_equal(buf.at[0], 'x');
        assert_int_equal(buf.at[1], '0');
        assert_int_equal(buf.at[len], '7');
        buf_clear(&buf);
    }
}

static void what_a_buffer_moved_to_its_front_is_nowhere_else_in_it(void **state)
{
    static const uint8_t secret[300] = {[0 ... 299] = 's'};
    struct buf buf = {0};
    uint8_t *at;

    (void)state;
    assert_int_equal(buf_add(&buf, (struct span){secret, sizeof secret}), ERR_OK);
    buf_consume(&buf, 200);
    assert_int_equal(buf_room(&buf, 400, &at), ERR_OK);
    assert_int_equal(buf_len(&buf), 100);
    for (size_t i = 100; i < sizeof secret; i++) assert_int_equal(buf.at[i], 0);
    buf_clear(&buf);
}

static void a_buffer_that_cannot_grow_keeps_what_it_has(void **state)
{
    struct buf buf = {0};
    uint8_t big[4096] = {0};
    (void)state;
    assert_int_equal(buf_add(&buf, SPAN_LIT("kept")), ERR_OK);
    mem_fail_at(1);
    assert_int_equal(buf_add(&buf, (struct span){big, sizeof big}), ERR_NOMEM);
    mem_fail_at(0);
    assert_true(span_is(buf_span(&buf), SPAN_LIT("kept")));
    buf_clear(&buf);
}

static void what_is_cut_off_a_buffer_is_gone(void **state)
{
    struct buf buf = {0};
    (void)state;
    assert_int_equal(buf_add(&buf, SPAN_LIT("kept secret")), ERR_OK);
    buf_cut(&buf, 5);
    assert_true(span_is(buf_span(&buf), SPAN_LIT("kept ")));
    assert_int_equal(buf.at[5], 0);
    buf_cut(&buf, 0);
    assert_null(buf.at);
}

static void an_arena_stops_at_its_bound(void **state)
{
    struct arena arena = arena_begin(10000);
    (void)state;
    assert_non_null(arena_new(&arena, 9000));
    assert_null(arena_new(&arena, 2000));
    assert_non_null(arena_copy(&arena, SPAN_LIT("small")).at);
    assert_null(arena_new(&arena, SIZE_MAX));
    arena_end(&arena);
}

static void json_text_cannot_break_its_line_or_its_quotes(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"plain", "\"plain\""},
        {"a\"b\\c", "\"a\\u0022b\\u005cc\""},
        {"line\nbreak\x1b[2J", "\"line\\u000abreak\\u001b[2J\""},
        {"\xc3\xa9", "\"\xc3\xa9\""},
        {"\xc2\x9b", "\"\\u00c2\\u009b\""},            /* C1 CSI steers a terminal */
        {"\xc0\xaf\xff", "\"\\u00c0\\u00af\\u00ff\""}, /* overlong, never UTF-8 */
        {"\xed\xa0\x80", "\"\\u00ed\\u00a0\\u0080\""}, /* a surrogate */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf buf = {0};
        struct json json = json_begin(&buf);
        json_text(&json, NULL, span_of(rows[i].in));
        assert_int_equal(json.err, ERR_OK);
        assert_true(span_is(buf_span(&buf), span_of(rows[i].out)));
        buf_clear(&buf);
    }
}

static void json_members_are_separated(void **state)
{
    struct buf buf = {0};
    struct json json = json_begin(&buf);
    (void)state;
    json_open(&json, NULL, '{');
    json_number(&json, "a", 18446744073709551615u);
    json_open(&json, "b", '[');
    json_null(&json, NULL);
    json_bool(&json, NULL, true);
    json_close(&json, ']');
    json_close(&json, '}');
    assert_true(span_is(buf_span(&buf), SPAN_LIT("{\"a\":18446744073709551615,\"b\":[null,true]}")));
    buf_clear(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_gives_back_what_went_in_and_then_its_memory),
        cmocka_unit_test(text_that_just_fits_and_text_that_does_not_are_printed_whole),
        cmocka_unit_test(what_a_buffer_moved_to_its_front_is_nowhere_else_in_it),
        cmocka_unit_test(a_buffer_that_cannot_grow_keeps_what_it_has),
        cmocka_unit_test(what_is_cut_off_a_buffer_is_gone),
        cmocka_unit_test(an_arena_stops_at_its_bound),
        cmocka_unit_test(json_text_cannot_break_its_line_or_its_quotes),
        cmocka_unit_test(json_members_are_separated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
