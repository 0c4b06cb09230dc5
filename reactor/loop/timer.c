#include "reactor/loop/timer.h"

#include <assert.h>
#include <stdlib.h>

#include "reactor/loop/base.h"

/* Lazy: a request moves its deadline about ten times, nearly always to later.  libevent is told only when it would
 * wake too late; when it wakes too early, on_wake() tells it again. */

static_assert(sizeof(struct event) <= sizeof((struct timer *)0)->impl, "a struct event fits into timer->impl");

static struct event *event_of(struct timer *timer) { return (struct event *)(void *)timer->impl; }

static void wake_at(struct timer *timer, uint64_t wake_ms)
{
    uint64_t now_ms = loop_now_ms(timer->loop);
    uint64_t wait_ms = wake_ms > now_ms ? wake_ms - now_ms : 0;
    struct timeval wait = {.tv_sec = (time_t)(wait_ms / 1000), .tv_usec = (suseconds_t)(wait_ms % 1000 * 1000)};

    timer->wake_ms = wake_ms;
    if (event_add(event_of(timer), &wait) != 0) abort(); /* no memory for a deadline: nothing would ever end */
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    struct timer *timer = context;

    (void)fd, (void)what;
    timer->wake_ms = UINT64_MAX;
    if (timer->due_ms > loop_now_ms(timer->loop)) {
        timer_arm(timer, timer->due_ms);
        return;
    }
    timer->due_ms = UINT64_MAX;
    timer->fn(timer);
}

void timer_init(struct timer *timer, struct loop *loop, timer_fn *fn)
{
    *timer = (struct timer){.loop = loop, .fn = fn, .due_ms = UINT64_MAX, .wake_ms = UINT64_MAX};
}

void timer_arm(struct timer *timer, uint64_t due_ms)
{
    assert(timer->loop != NULL);
    timer->due_ms = due_ms;
    if (due_ms >= timer->wake_ms) return;
    if (!event_initialized(event_of(timer)))
        event_assign(event_of(timer), loop_base(timer->loop), -1, 0, on_wake, timer);
    wake_at(timer, due_ms);
}

void timer_disarm(struct timer *timer)
{
    timer->due_ms = UINT64_MAX;
    if (timer->wake_ms != UINT64_MAX) event_del(event_of(timer));
    timer->wake_ms = UINT64_MAX;
}
