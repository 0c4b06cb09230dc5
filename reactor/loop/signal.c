#include "reactor/loop/signal.h"

#include "reactor/base/mem.h"
#include "reactor/loop/base.h"

struct signal_watch {
    struct event event;
    signal_fn *fn;
    void *context;
};

static void on_signal(evutil_socket_t number, short what, void *context)
{
    struct signal_watch *watch = context;

    (void)what;
    watch->fn(watch->context, (int)number);
}

enum err signal_watch_new(struct loop *loop, int number, signal_fn *fn, void *context, struct signal_watch **watch_out)
{
    AUTO(signal_watch) watch = mem_new(sizeof *watch);

    if (watch == NULL) return ERR_NOMEM;
    watch->fn = fn;
    watch->context = context;
    if (event_assign(&watch->event, loop_base(loop), number, EV_SIGNAL | EV_PERSIST, on_signal, watch) != 0 ||
        event_add(&watch->event, NULL) != 0)
        return ERR_SYS;
    *watch_out = MOVE(watch);
    return ERR_OK;
}

void signal_watch_free(struct signal_watch **watch)
{
    if (*watch == NULL) return;
    if (event_initialized(&(*watch)->event)) event_del(&(*watch)->event);
    mem_free(*watch);
    *watch = NULL;
}
