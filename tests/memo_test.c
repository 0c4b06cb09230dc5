/* memo_test.c — what a hit came to is known again where every byte and all else is the same, and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dlp/scan/memo.h"
#include "reactor/base/own.h"

static struct memo memo;
static uint8_t text[2][2 * MEMO_WIDE_BYTES]; /* the same bytes twice */

static int begin(void **state)
{
    (void)state;
    memo_begin(&memo);
    memo_next_text(&memo);
    for (size_t i = 0; i < sizeof text[0]; i++) text[0][i] = text[1][i] = (uint8_t)(i * 7);
    return 0;
}

static struct memo_key key_of(size_t copy, size_t len)
{
    return (struct memo_key){.rule = 3, .bytes = {text[copy], len}, .is_ahead = true};
}

static void keep(struct memo_key key, uint16_t len)
{
    struct memo_row *row;

    assert_false(memo_find(&memo, &key, &row));
    row->outcome = (struct memo_outcome){.found = true, .len = len};
    memo_keep(&memo, row);
}

/* The length that was kept, or 0. */
static uint16_t find(struct memo_key key)
{
    struct memo_row *row;

    return memo_find(&memo, &key, &row) ? row->outcome.len : 0;
}

static const size_t lens[] = {20, MEMO_WIDE_BYTES, 2 * MEMO_WIDE_BYTES};

static void the_same_is_known_again_wherever_it_stands(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lens); i++) {
        keep(key_of(0, lens[i]), (uint16_t)(5 + i));
        assert_int_equal(find(key_of(1, lens[i])), 5 + i);
    }
}

static void what_differs_in_anything_is_not_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lens); i++) {
        struct memo_key other[5];
        for (size_t j = 0; j < COUNT_OF(other); j++) other[j] = key_of(1, lens[i]);
        other[0].rule++;
        other[1].is_ahead = false;
        other[2].is_first = true;
        other[3].is_last = true;
        other[4].bytes.len--;
        for (size_t j = 0; j < COUNT_OF(other); j++) {
            begin(NULL);
            keep(key_of(0, lens[i]), 5);
            assert_int_equal(find(other[j]), 0);
        }
        for (size_t at = 0; at < lens[i]; at++) {
            begin(NULL);
            keep(key_of(0, lens[i]), 5);
            text[1][at] ^= 1;
            assert_int_equal(find(key_of(1, lens[i])), 0);
        }
    }
}

static void only_what_is_wide_is_known_in_another_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lens); i++) {
        keep(key_of(0, lens[i]), 5);
        memo_next_text(&memo);
        text[0][0]++; /* the bytes are gone */
        assert_int_equal(find(key_of(0, lens[i])), 0);
        assert_int_equal(find(key_of(1, lens[i])), lens[i] < MEMO_WIDE_BYTES ? 0 : 5);
        text[0][0]--;
    }
}

static void nothing_is_kept_before_the_first_text(void **state)
{
    (void)state;
    memo_begin(&memo);
    keep(key_of(0, 20), 5);
    assert_int_equal(find(key_of(0, 20)), 0);
}

int main(void)
{
#define PROMISE(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest promises[] = {
        PROMISE(the_same_is_known_again_wherever_it_stands),
        PROMISE(what_differs_in_anything_is_not_known),
        PROMISE(only_what_is_wide_is_known_in_another_text),
        PROMISE(nothing_is_kept_before_the_first_text),
    };
    return cmocka_run_group_tests(promises, NULL, NULL);
}
