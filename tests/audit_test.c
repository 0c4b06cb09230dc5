/* audit_test.c — what may follow what, and that a row or an anchor that was changed in any way is not ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "queue/audit.h"
#include "reactor/base/own.h"

static const struct span key = SPAN_LIT("a key of thirty-two bytes, or so");

static void each_event_is_read_as_it_is_written(void **state)
{
    enum audit_event event;

    (void)state;
    for (enum audit_event i = 0; i < AUDIT_EVENT_COUNT; i++) {
        assert_int_equal(audit_event_of(span_of(audit_event_name(i)), &event), ERR_OK);
        assert_int_equal(event, i);
    }
    assert_int_equal(audit_event_of(SPAN_LIT("proposed "), &event), ERR_NOT_FOUND);
}

/* A row a state, a letter an event in the order of AUDIT_EVENT_LIST: where it leads to, . nowhere. */
static void an_event_comes_when_it_may_and_leads_where_it_should(void **state)
{
    static const char letters[] = "PDREAFxx";
    static const char *const rows[AUDIT_EVENT_COUNT] = {
        [AUDIT_PROPOSED] = ".DREA...", [AUDIT_DECIDED] = ".....FDD",   [AUDIT_RETRACTED] = ".D......",
        [AUDIT_EXPIRED] = ".D......",  [AUDIT_ABANDONED] = "........", [AUDIT_FORGOTTEN] = "........",
        [AUDIT_RELEASED] = "........", [AUDIT_USED] = "........", /* no states */
    };

    (void)state;
    for (enum audit_event from = 0; from < AUDIT_EVENT_COUNT; from++)
        for (enum audit_event event = 0; event < AUDIT_EVENT_COUNT; event++) {
            enum audit_event to = AUDIT_EVENT_COUNT;
            char expected = rows[from][event];
            enum err err = audit_step(from, event, &to);
            char got = err == ERR_OK ? letters[to] : '.';
            if (got != expected || (err != ERR_OK && (err != ERR_DENIED || to != AUDIT_EVENT_COUNT)))
                fail_msg("%s, %s: %c", audit_event_name(from), audit_event_name(event), got);
        }
}

static struct audit_row first(struct audit_anchor *anchor)
{
    struct audit_row row = {.at_ms = 5, .run = 6, .event = AUDIT_PROPOSED, .body = SPAN_LIT("host:1:a\n")};

    *anchor = (struct audit_anchor){0};
    assert_int_equal(audit_seal(key, anchor), ERR_OK);
    assert_int_equal(audit_chain(key, &row, anchor), ERR_OK);
    return row;
}

static void rows_are_numbered_and_each_holds_the_one_before(void **state)
{
    struct audit_anchor anchor;
    struct audit_row a = first(&anchor), b = {.proposal = 1, .event = AUDIT_EXPIRED};

    (void)state;
    assert_true(a.number == 1 && a.proposal == 1 && anchor.number == 1);
    assert_int_equal(audit_chain(key, &b, &anchor), ERR_OK);
    assert_true(b.number == 2 && b.proposal == 1 && anchor.number == 2);
    assert_memory_equal(b.before, a.mac, sizeof a.mac);
    assert_memory_equal(anchor.mac, b.mac, sizeof b.mac);
    assert_int_equal(audit_check_row(key, &a), ERR_OK);
    assert_int_equal(audit_check_row(key, &b), ERR_OK);
    assert_int_equal(audit_check_anchor(key, &anchor), ERR_OK);
}

static void a_row_that_was_changed_anywhere_is_not_ours(void **state)
{
    struct audit_anchor anchor;
    const struct audit_row row = first(&anchor);
    struct audit_row rows[] = {row, row, row, row, row, row, row, row, row, row};

    (void)state;
    rows[0].number++;
    rows[1].at_ms++;
    rows[2].proposal++;
    rows[3].run++;
    rows[4].event = AUDIT_DECIDED;
    rows[5].body = SPAN_LIT("host:1:b\n");
    rows[6].body = span_first(row.body, row.body.len - 1);
    rows[7].body = (struct span){0};
    rows[8].before[31] ^= 1;
    rows[9].mac[0] ^= 0x80;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (audit_check_row(key, &rows[i]) != ERR_TRUST) fail_msg("change %zu", i);
    assert_int_equal(audit_check_row(SPAN_LIT("another key"), &row), ERR_TRUST);
}

static void an_anchor_that_was_changed_takes_no_row(void **state)
{
    struct audit_anchor anchor;

    (void)state;
    first(&anchor);
    struct audit_anchor anchors[] = {anchor, anchor, anchor};
    anchors[0].number--;
    anchors[1].mac[5] ^= 1;
    anchors[2].seal[5] ^= 1;
    for (size_t i = 0; i < COUNT_OF(anchors); i++) {
        struct audit_row row = {.event = AUDIT_EXPIRED, .proposal = 1};
        struct audit_anchor before = anchors[i];
        assert_int_equal(audit_check_anchor(key, &anchors[i]), ERR_TRUST);
        assert_int_equal(audit_chain(key, &row, &anchors[i]), ERR_TRUST);
        assert_true(row.number == 0 && anchors[i].number == before.number);
        assert_memory_equal(anchors[i].mac, before.mac, sizeof before.mac);
    }
}

/* The MAC of a row is no seal, and a seal no MAC: neither can be put where the other stands. */
static void a_row_is_no_anchor(void **state)
{
    struct audit_anchor anchor;
    struct audit_row row = first(&anchor);

    (void)state;
    memcpy(anchor.seal, row.mac, sizeof row.mac);
    assert_int_equal(audit_check_anchor(key, &anchor), ERR_TRUST);
}

static void a_line_of_the_log_is_a_line(void **state)
{
    struct buf out = {0};
    struct json json = json_begin(&out);
    struct audit_row row = {.number = 3, .event = AUDIT_USED, .body = SPAN_LIT("path:4:/\x1b\n\"\n")};

    (void)state;
    audit_json(&json, &row);
    assert_int_equal(json.err, ERR_OK);
    assert_int_equal(span_find(buf_span(&out), '\n', 0), buf_len(&out));
    assert_int_equal(span_find(buf_span(&out), 0x1b, 0), buf_len(&out));
    assert_true(span_starts(buf_span(&out), SPAN_LIT("{\"number\":3,")));
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_is_read_as_it_is_written),
        cmocka_unit_test(an_event_comes_when_it_may_and_leads_where_it_should),
        cmocka_unit_test(rows_are_numbered_and_each_holds_the_one_before),
        cmocka_unit_test(a_row_that_was_changed_anywhere_is_not_ours),
        cmocka_unit_test(an_anchor_that_was_changed_takes_no_row),
        cmocka_unit_test(a_row_is_no_anchor),
        cmocka_unit_test(a_line_of_the_log_is_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
