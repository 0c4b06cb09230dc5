#include "reactor/loop/loop.h"

#include <time.h>

#include "reactor/base/log.h"
#include "reactor/base/mem.h"
#include "reactor/loop/base.h"

struct loop {
    struct event_base *base;
    struct list deferred, mark; /* mark: in deferred while it is being run */
    uint64_t now_ms;            /* 0: not asked for yet in this turn */
    bool stopping;
};

static void on_libevent_says(int severity, const char *text)
{
    if (severity > EVENT_LOG_DEBUG) LOG(WARN, "loop.libevent", F_STR("says", span_of(text)));
}

/* No locks: one thread.  No environment: EVENT_EPOLL_USE_CHANGELIST breaks descriptors that were duplicated.
 * libevent's own clock may be the coarse one (4 ms): timer.c looks at ours before it calls anybody. */
static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config == NULL) return NULL;
    if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0 &&
        event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV) == 0)
        base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

enum err loop_new(struct loop **loop_out)
{
    AUTO(loop) loop = mem_new(sizeof *loop);

    if (loop == NULL) return ERR_NOMEM;
    list_init(&loop->deferred);
    event_set_log_callback(on_libevent_says);
    loop->base = new_base();
    if (loop->base == NULL) return ERR_SYS;
    *loop_out = MOVE(loop);
    return ERR_OK;
}

static void run_deferred(struct loop *loop)
{
    list_push(&loop->deferred, &loop->mark); /* what is deferred from here on waits for the next turn */
    while (loop->deferred.next != &loop->mark) {
        struct defer *defer = LIST_ENTRY(loop->deferred.next, struct defer, node);

        list_remove(&defer->node);
        defer->call(defer);
    }
    list_remove(&loop->mark);
}

void loop_settle(struct loop *loop)
{
    while (!list_empty(&loop->deferred)) run_deferred(loop);
}

void loop_free(struct loop **loop)
{
    if (*loop == NULL) return;
    loop_settle(*loop);
    if ((*loop)->base != NULL) event_base_free((*loop)->base);
    mem_free(*loop);
    *loop = NULL;
}

/* One pass over the kernel's events, then what was deferred.  False when nothing can happen any more. */
static bool turn(struct loop *loop)
{
    int flags = list_empty(&loop->deferred) ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK;
    int idle;

    loop->now_ms = 0;
    idle = event_base_loop(loop->base, flags);
    if (idle != 0 && list_empty(&loop->deferred)) return false;
    run_deferred(loop);
    return true;
}

void loop_run(struct loop *loop)
{
    loop->stopping = false;
    while (!loop->stopping && turn(loop)) {}
    loop->now_ms = 0;
}

void loop_stop(struct loop *loop) { loop->stopping = true; }

static uint64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

uint64_t loop_now_ms(const struct loop *loop)
{
    /* The first who asks in a turn looks at the clock: libevent tells nobody when it has waited. */
    if (loop->now_ms == 0) ((struct loop *)loop)->now_ms = monotonic_ms();
    return loop->now_ms;
}

int64_t loop_wall_s(const struct loop *loop)
{
    struct timespec now;

    (void)loop;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

struct event_base *loop_base(const struct loop *loop) { return loop->base; }

void loop_defer(struct loop *loop, struct defer *defer, void (*call)(struct defer *defer))
{
    if (list_linked(&defer->node)) return;
    defer->call = call;
    list_push(&loop->deferred, &defer->node);
}

void loop_defer_cancel(struct defer *defer) { list_remove(&defer->node); }
