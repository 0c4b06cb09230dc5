/* timer.h — one deadline.  Embed it (zeroed, then timer_init); it must be disarmed before its memory goes away. */
#pragma once
#include "reactor/loop/loop.h"

struct timer;
typedef void timer_fn(struct timer *timer);

struct timer {
    struct loop *loop;
    timer_fn *fn;
    uint64_t due_ms;  /* UINT64_MAX: disarmed */
    uint64_t wake_ms; /* the loop's: when it will look at due_ms again; never later than due_ms */
    void *impl[16];   /* the loop's: a struct event in place, so arming allocates nothing */
};

void timer_init(struct timer *timer, struct loop *loop, timer_fn *fn);

/* due_ms of loop_now_ms(); the past means the next turn; UINT64_MAX: never.  Moving it to later costs nothing. */
void timer_arm(struct timer *timer, uint64_t due_ms);

/* Lets go of the loop too: the memory may be freed. */
void timer_disarm(struct timer *timer);
