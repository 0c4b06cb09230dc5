/* loop_test.c — what the loop promises: turns, deferred calls, lazy timers, signals. */
#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "reactor/base/own.h"
#include "reactor/loop/base.h"
#include "reactor/loop/signal.h"
#include "reactor/loop/timer.h"
#include "tests/real/real.h"

static struct defer one, two;
static struct timer timer;
static unsigned calls, ones, rounds;
static char order[64];
static bool done;
static uint64_t fired_ms;

static int begin(void **state)
{
    one = two = (struct defer){0};
    timer = (struct timer){0};
    calls = ones = rounds = 0;
    memset(order, 0, sizeof order);
    done = false;
    return real_begin(state);
}

static void note(char c) { order[strlen(order)] = c; }
static void say_one(struct defer *defer) { (void)defer, note('1'); }
static void say_two(struct defer *defer) { (void)defer, note('2'); }

static void a_loop_with_nothing_to_do_ends(void **state)
{
    (void)state;
    loop_run(real.loop);
}

static void deferred_calls_run_once_in_order(void **state)
{
    (void)state;
    loop_defer(real.loop, &one, say_one);
    loop_defer(real.loop, &two, say_two);
    loop_defer(real.loop, &one, say_two); /* pending already: nothing changes */
    assert_string_equal(order, "");
    loop_run(real.loop);
    assert_string_equal(order, "12");
}

static void a_cancelled_call_never_comes(void **state)
{
    (void)state;
    loop_defer(real.loop, &one, say_one);
    loop_defer(real.loop, &two, say_two);
    loop_defer_cancel(&one);
    loop_run(real.loop);
    assert_string_equal(order, "2");
}

static void cancel_two(struct defer *defer)
{
    (void)defer, note('1');
    loop_defer_cancel(&two);
}

static void a_deferred_call_may_cancel_the_next(void **state)
{
    (void)state;
    loop_defer(real.loop, &one, cancel_two);
    loop_defer(real.loop, &two, say_two);
    loop_run(real.loop);
    assert_string_equal(order, "1");
}

static void loop_free_runs_what_was_deferred(void **state)
{
    struct loop *loop;

    (void)state;
    assert_int_equal(loop_new(&loop), ERR_OK);
    loop_defer(loop, &one, say_one);
    loop_free(&loop);
    assert_null(loop);
    assert_string_equal(order, "1");
}

static void again(struct defer *defer)
{
    ones++;
    loop_defer(real.loop, defer, again);
}

static void on_pipe(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    loop_stop(real.loop);
}

static void a_call_that_defers_itself_starves_nobody(void **state)
{
    struct event event;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    event_assign(&event, loop_base(real.loop), ends[0], EV_READ, on_pipe, NULL);
    event_add(&event, NULL);
    loop_defer(real.loop, &one, again);
    loop_run(real.loop);
    assert_true(ones <= 2); /* one call a turn: the pipe was heard in the first */
    loop_defer_cancel(&one);
    close(ends[0]), close(ends[1]);
}

static void on_timer(struct timer *t)
{
    calls++;
    assert_int_equal(t->due_ms, UINT64_MAX);
    fired_ms = loop_now_ms(real.loop);
    done = true;
}

static void a_timer_fires_once_and_not_early(void **state)
{
    uint64_t due_ms;

    (void)state;
    timer_init(&timer, real.loop, on_timer);
    due_ms = loop_now_ms(real.loop) + 30;
    timer_arm(&timer, due_ms);
    loop_run(real.loop); /* ends by itself */
    assert_int_equal(calls, 1);
    assert_true(fired_ms >= due_ms);
}

static void a_timer_armed_in_the_past_fires_next_turn(void **state)
{
    (void)state;
    timer_init(&timer, real.loop, on_timer);
    timer_arm(&timer, 1);
    assert_int_equal(calls, 0);
    loop_run(real.loop);
    assert_int_equal(calls, 1);
}

static void moving_a_timer_to_later_tells_libevent_nothing(void **state)
{
    uint64_t start_ms;

    (void)state;
    timer_init(&timer, real.loop, on_timer);
    start_ms = loop_now_ms(real.loop);
    timer_arm(&timer, start_ms + 20);
    for (unsigned i = 21; i <= 60; i++) timer_arm(&timer, start_ms + i);
    assert_int_equal(timer.wake_ms, start_ms + 20);
    loop_run(real.loop);
    assert_int_equal(calls, 1);
    assert_true(fired_ms >= start_ms + 60);
}

static void moving_a_timer_to_earlier_is_heard(void **state)
{
    (void)state;
    timer_init(&timer, real.loop, on_timer);
    timer_arm(&timer, loop_now_ms(real.loop) + 3600000);
    timer_arm(&timer, loop_now_ms(real.loop) + 10);
    loop_run(real.loop);
    assert_int_equal(calls, 1);
}

static void a_timer_set_to_never_is_silent_and_can_be_armed_again(void **state)
{
    (void)state;
    timer_init(&timer, real.loop, on_timer);
    timer_arm(&timer, loop_now_ms(real.loop) + 5);
    timer_arm(&timer, UINT64_MAX);
    loop_run(real.loop);
    assert_int_equal(calls, 0);
    timer_arm(&timer, loop_now_ms(real.loop) + 5);
    loop_run(real.loop);
    assert_int_equal(calls, 1);
}

static void a_disarmed_timer_leaves_the_loop(void **state)
{
    (void)state;
    timer_init(&timer, real.loop, on_timer);
    timer_arm(&timer, loop_now_ms(real.loop) + 3600000);
    timer_disarm(&timer);
    loop_run(real.loop); /* would last an hour */
    assert_int_equal(calls, 0);
}

static struct timer other;

static void disarm_other(struct timer *t)
{
    (void)t;
    timer_disarm(&other);
}

static void a_timer_may_disarm_another_that_is_due_too(void **state)
{
    (void)state;
    timer_init(&timer, real.loop, disarm_other);
    timer_init(&other, real.loop, on_timer);
    timer_arm(&timer, 1);
    timer_arm(&other, 2);
    loop_run(real.loop);
    assert_int_equal(calls, 0);
}

static void tick(struct timer *t)
{
    if (++rounds < 50) timer_arm(t, loop_now_ms(real.loop) + 2);
}

static void waiting_takes_no_processor(void **state)
{
    struct rusage before, after;
    long used_ms;

    (void)state;
    getrusage(RUSAGE_SELF, &before);
    timer_init(&timer, real.loop, tick);
    timer_arm(&timer, loop_now_ms(real.loop) + 2);
    loop_run(real.loop);
    getrusage(RUSAGE_SELF, &after);
    used_ms = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000 +
              (after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1000;
    assert_int_equal(rounds, 50);
    assert_true(used_ms < 60); /* 100 ms of waiting, even with sanitizers */
}

static void the_clock_stands_still_during_a_turn(void **state)
{
    const struct timespec nap = {.tv_nsec = 20000000};
    uint64_t now_ms;

    (void)state;
    now_ms = loop_now_ms(real.loop);
    nanosleep(&nap, NULL);
    assert_int_equal(loop_now_ms(real.loop), now_ms);
    loop_run(real.loop);
    assert_true(loop_now_ms(real.loop) >= now_ms + 20);
}

static void on_signal(void *context, int number)
{
    *(int *)context = number;
    done = true;
}

static void a_signal_is_a_call(void **state)
{
    struct signal_watch *watch;
    int got = 0;

    (void)state;
    assert_int_equal(signal_watch_new(real.loop, SIGUSR2, on_signal, &got, &watch), ERR_OK);
    assert_int_equal(raise(SIGUSR2), 0);
    real_until(&done);
    assert_int_equal(got, SIGUSR2);
    signal_watch_free(&watch);
    assert_null(watch);
}

static void a_signal_number_that_is_none_is_an_error(void **state)
{
    struct signal_watch *watch = NULL;

    (void)state;
    assert_int_equal(signal_watch_new(real.loop, SIGKILL, on_signal, NULL, &watch), ERR_SYS);
    assert_null(watch);
}

int main(void)
{
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, begin, real_end)
    const struct CMUnitTest promises[] = {
        PROMISE(a_loop_with_nothing_to_do_ends),
        PROMISE(deferred_calls_run_once_in_order),
        PROMISE(a_cancelled_call_never_comes),
        PROMISE(a_deferred_call_may_cancel_the_next),
        PROMISE(loop_free_runs_what_was_deferred),
        PROMISE(a_call_that_defers_itself_starves_nobody),
        PROMISE(a_timer_fires_once_and_not_early),
        PROMISE(a_timer_armed_in_the_past_fires_next_turn),
        PROMISE(moving_a_timer_to_later_tells_libevent_nothing),
        PROMISE(moving_a_timer_to_earlier_is_heard),
        PROMISE(a_timer_set_to_never_is_silent_and_can_be_armed_again),
        PROMISE(a_disarmed_timer_leaves_the_loop),
        PROMISE(a_timer_may_disarm_another_that_is_due_too),
        PROMISE(waiting_takes_no_processor),
        PROMISE(the_clock_stands_still_during_a_turn),
        PROMISE(a_signal_is_a_call),
        PROMISE(a_signal_number_that_is_none_is_an_error),
    };
    return cmocka_run_group_tests(promises, NULL, NULL);
}
