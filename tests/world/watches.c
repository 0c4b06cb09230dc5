/* watches.c — reactor/loop/watch over descriptors that are ready when the test says so. */
#include "reactor/base/mem.h"
#include "reactor/loop/watch.h"
#include "tests/world/world.h"

struct watch {
    struct list node;
    int fd;
    bool on;
    watch_fn *fn;
    void *context;
};
static struct list watches;

void world_watches_begin(void) { list_init(&watches); }

static enum err watch_new(int fd, watch_fn *fn, void *context, struct watch **watch_out)
{
    struct watch *watch = mem_new(sizeof *watch);

    if (watch == NULL) return ERR_NOMEM;
    *watch = (struct watch){.fd = fd, .fn = fn, .context = context};
    list_push(&watches, &watch->node);
    *watch_out = watch;
    return ERR_OK;
}

enum err watch_readable(struct loop *loop, int fd, watch_fn *fn, void *context, struct watch **watch_out)
{
    return (void)loop, watch_new(fd, fn, context, watch_out);
}

enum err watch_writable(struct loop *loop, int fd, watch_fn *fn, void *context, struct watch **watch_out)
{
    return (void)loop, watch_new(fd, fn, context, watch_out);
}

enum err watch_on(struct watch *watch, bool on)
{
    watch->on = on;
    return ERR_OK;
}

void watch_free(struct watch **watch)
{
    if (*watch == NULL) return;
    list_remove(&(*watch)->node);
    mem_free(*watch);
    *watch = NULL;
}

void world_ready(void)
{
    LIST_EACH (&watches, node) {
        struct watch *watch = LIST_ENTRY(node, struct watch, node);
        if (watch->on) watch->fn(watch->context);
    }
}
