/* engine_test.c — what the engine promises to every machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "reactor/base/limits.h"
#include "reactor/machine/machine.h"
#include "tests/world/world.h"

/* clang-format off */
#define TALK_STATES(S)                                   \
    S(TALK_OPEN,  SECONDS(10), "says what it is told to") \
    S(TALK_ENDED, FSM_FINAL,   "over")                    \
    S(TALK_FAULTY, FSM_FINAL,  "failed closed")
#define TALK_EVENTS(E) E(TALK_EV_DEADLINE) E(TALK_EV_FAULT) E(TALK_EV_SAY) E(TALK_EV_FLOOD) E(TALK_EV_END)
#define TALK_ROWS(R)                                            \
    R(TALK_OPEN, TALK_EV_SAY,      TALK_OPEN,   talk_say)       \
    R(TALK_OPEN, TALK_EV_FLOOD,    TALK_OPEN,   talk_flood)     \
    R(TALK_OPEN, TALK_EV_END,      TALK_ENDED,  fsm_nothing)    \
    R(TALK_OPEN, TALK_EV_DEADLINE, TALK_ENDED,  fsm_nothing)    \
    R(TALK_OPEN, TALK_EV_FAULT,    TALK_FAULTY, fsm_nothing)
/* clang-format on */

enum talk_state { TALK_STATES(FSM_ENUM_) TALK_STATE_COUNT };
enum talk_event { TALK_EVENTS(FSM_ENUM_) TALK_EVENT_COUNT };

static struct fsm talk;
static unsigned said, replies;

static void talk_say(struct fsm *machine)
{
    said++;
    if (said <= replies) fsm_post(machine, TALK_EV_SAY); /* answers at once, from inside its own action */
}

static void talk_flood(struct fsm *machine)
{
    for (unsigned i = 0; i <= FSM_MAIL_MAX; i++) fsm_post(machine, TALK_EV_SAY);
}

FSM_TYPE(talk_type, "talk", TALK_STATES, TALK_EVENTS, TALK_ROWS);

static int begin(void **state)
{
    (void)state;
    world_begin();
    said = replies = 0;
    fsm_start(&talk, &talk_type, world.loop, 1);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    fsm_stop(&talk);
    world_end();
    return 0;
}

static void a_long_chain_of_answers_is_not_an_overflow(void **state)
{
    (void)state;
    replies = 1000;
    fsm_post(&talk, TALK_EV_SAY);
    assert_int_equal(said, 1001);
    assert_int_equal(talk.state, TALK_OPEN);
}

static void a_flood_is_a_fault_and_nothing_of_it_runs(void **state)
{
    (void)state;
    fsm_post(&talk, TALK_EV_FLOOD);
    assert_int_equal(talk.state, TALK_FAULTY);
    assert_int_equal(said, 0);
}

static void a_configured_limit_shortens_a_stay(void **state)
{
    (void)state;
    fsm_limit(&talk, SECONDS(3));
    world_pass(SECONDS(3) - 1);
    assert_int_equal(talk.state, TALK_OPEN);
    world_pass(1);
    assert_int_equal(talk.state, TALK_ENDED);
}

static void a_configured_limit_never_lengthens_a_stay(void **state)
{
    (void)state;
    fsm_limit(&talk, SECONDS(60));
    world_pass(SECONDS(10));
    assert_int_equal(talk.state, TALK_ENDED);
}

int main(void)
{
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, begin, finish)
    const struct CMUnitTest promises[] = {
        PROMISE(a_long_chain_of_answers_is_not_an_overflow),
        PROMISE(a_flood_is_a_fault_and_nothing_of_it_runs),
        PROMISE(a_configured_limit_shortens_a_stay),
        PROMISE(a_configured_limit_never_lengthens_a_stay),
    };
    return cmocka_run_group_tests(promises, NULL, NULL);
}
