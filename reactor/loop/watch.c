#include "reactor/loop/watch.h"

#include "reactor/base/mem.h"
#include "reactor/loop/base.h"

struct watch {
    struct event event;
    watch_fn *fn;
    void *context;
};

static void on_event(evutil_socket_t fd, short what, void *context)
{
    const struct watch *watch = context;

    (void)fd, (void)what;
    watch->fn(watch->context);
}

static enum err watch_new(struct loop *loop, int fd, short what, watch_fn *fn, void *context, struct watch **watch_out)
{
    AUTO(watch) watch = mem_new(sizeof *watch);

    if (watch == NULL) return ERR_NOMEM;
    watch->fn = fn;
    watch->context = context;
    if (event_assign(&watch->event, loop_base(loop), fd, (short)(what | EV_PERSIST), on_event, watch) != 0)
        return ERR_SYS;
    *watch_out = MOVE(watch);
    return ERR_OK;
}

enum err watch_readable(struct loop *loop, int fd, watch_fn *fn, void *context, struct watch **watch_out)
{
    return watch_new(loop, fd, EV_READ, fn, context, watch_out);
}

enum err watch_writable(struct loop *loop, int fd, watch_fn *fn, void *context, struct watch **watch_out)
{
    return watch_new(loop, fd, EV_WRITE, fn, context, watch_out);
}

enum err watch_on(struct watch *watch, bool on)
{
    return (on ? event_add(&watch->event, NULL) : event_del(&watch->event)) == 0 ? ERR_OK : ERR_SYS;
}

void watch_free(struct watch **watch)
{
    if (*watch == NULL) return;
    if (event_initialized(&(*watch)->event)) event_del(&(*watch)->event);
    mem_free(*watch);
    *watch = NULL;
}
