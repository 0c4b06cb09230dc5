/* machines_test.c — every definition is whole, and the promises of the design hold over the rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fsm/conn_fsm.h"
#include "fsm/describe.h"
#include "fsm/request_fsm.h"
#include "fsm/tunnel_fsm.h"

static const struct fsm_type *named(const char *name)
{
    for (const struct fsm_type *const *type = fsm_all; *type != NULL; type++)
        if (strcmp((*type)->name, name) == 0) return *type;
    fail_msg("no machine is called %s", name);
    return NULL;
}

static void every_machine_ends_and_answers_deadline_and_fault(void **state)
{
    char why[128] = "";
    (void)state;
    for (const struct fsm_type *const *type = fsm_all; *type != NULL; type++)
        if (!fsm_audit(*type, why, sizeof why)) fail_msg("%s", why);
}

static void nothing_is_dialled_undecided_or_unscanned(void **state)
{
    const struct fsm_type *request = named("request");
    (void)state;
    assert_true(fsm_always_before(request, REQ_POLICY, REQ_DIAL));
    assert_true(fsm_always_before(request, REQ_SCAN, REQ_DIAL));
}

static void nothing_is_sent_undecided_or_unscanned(void **state)
{
    const struct fsm_type *request = named("request");
    (void)state;
    assert_true(fsm_always_before(request, REQ_POLICY, REQ_SEND));
    assert_true(fsm_always_before(request, REQ_SCAN, REQ_SEND));
    assert_true(fsm_always_before(request, REQ_DIAL, REQ_SEND)); /* and to nobody whose address was not checked */
}

/* Held until a person allows it, digested and held again at most; and nobody is asked before all of it was decided and
 * scanned.  A host that was allowed leads to the decision, no further. */
static void nothing_is_sent_that_was_held_but_by_an_approval(void **state)
{
    const struct fsm_type *request = named("request");
    (void)state;
    assert_true(fsm_always_before(request, REQ_POLICY, REQ_HOLD));
    assert_true(fsm_always_before(request, REQ_SCAN, REQ_HOLD));
    for (uint8_t i = 0; i < request->row_count; i++) {
        const struct fsm_row *row = &request->rows[i];
        bool ends = row->to == REQ_REFUSE || row->to == REQ_DROPPED;
        bool waits = row->to == REQ_HOLD || row->to == REQ_DIGEST;
        if (row->event == REQ_EV_ALLOW)
            assert_true((row->from == REQ_HOLD && row->to == REQ_DIAL) ||
                        (row->from == REQ_PROPOSED && row->to == REQ_POLICY));
        else if (row->from == REQ_HOLD || row->from == REQ_DIGEST)
            assert_true(ends || waits);
        else if (row->from == REQ_PROPOSED)
            assert_true(ends || row->to == REQ_PROPOSED);
        else if (row->from == FSM_ANY)
            assert_true(ends);
    }
}

static void a_refused_request_never_comes_back(void **state)
{
    const struct fsm_type *request = named("request");
    (void)state;
    for (uint8_t i = 0; i < request->row_count; i++)
        if (request->rows[i].from == REQ_REFUSE)
            assert_true(request->rows[i].to == REQ_REFUSE || request->rows[i].to == REQ_DONE ||
                        request->rows[i].to == REQ_DROPPED);
}

static void nothing_passes_unread_before_its_hello_was_checked(void **state)
{
    (void)state;
    assert_true(fsm_always_before(named("tunnel"), TUNNEL_HELLO, TUNNEL_OPEN));
    assert_true(fsm_always_before(named("tunnel"), TUNNEL_DIALLING, TUNNEL_OPEN));
}

static void no_handshake_of_ours_begins_before_the_hello_was_read(void **state)
{
    (void)state;
    assert_true(fsm_always_before(named("conn"), CONN_HELLO, CONN_SHAKING));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_machine_ends_and_answers_deadline_and_fault),
        cmocka_unit_test(nothing_is_dialled_undecided_or_unscanned),
        cmocka_unit_test(nothing_is_sent_undecided_or_unscanned),
        cmocka_unit_test(nothing_is_sent_that_was_held_but_by_an_approval),
        cmocka_unit_test(a_refused_request_never_comes_back),
        cmocka_unit_test(nothing_passes_unread_before_its_hello_was_checked),
        cmocka_unit_test(no_handshake_of_ours_begins_before_the_hello_was_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
