/* signals.c — reactor/loop/signal: a signal comes when the test says so. */
#include "reactor/base/mem.h"
#include "reactor/loop/signal.h"
#include "tests/world/world.h"

struct signal_watch {
    struct list node;
    signal_fn *fn;
    void *context;
    int number;
};
static struct list watches;

void world_signals_begin(void) { list_init(&watches); }

enum err signal_watch_new(struct loop *loop, int number, signal_fn *fn, void *context, struct signal_watch **watch_out)
{
    struct signal_watch *watch = mem_new(sizeof *watch);

    (void)loop;
    if (watch == NULL) return ERR_NOMEM;
    *watch = (struct signal_watch){.fn = fn, .context = context, .number = number};
    list_push(&watches, &watch->node);
    *watch_out = watch;
    return ERR_OK;
}

void signal_watch_free(struct signal_watch **watch)
{
    if (*watch == NULL) return;
    list_remove(&(*watch)->node);
    mem_free(*watch);
    *watch = NULL;
}

void world_signal(int number)
{
    LIST_EACH (&watches, node) {
        struct signal_watch *watch = LIST_ENTRY(node, struct signal_watch, node);

        if (watch->number == number) watch->fn(watch->context, number);
    }
}
