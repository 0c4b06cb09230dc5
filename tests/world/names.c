/* names.c — reactor/net/resolve with scripted answers. */
#include <assert.h>
#include <stdio.h>

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/net/resolve.h"
#include "tests/world/world.h"

#define NAMES_MAX 64

struct name {
    char text[NAME_BYTES_MAX + 1];
    struct addr addrs[DIAL_ADDRS_MAX];
    size_t count;
    bool silent;
};
static struct name names[NAMES_MAX];
static size_t name_count;

struct resolve {
    struct timer deadline;
    struct defer answering;
    resolve_fn *fn;
    void *owner;
    const struct name *name;
};

static struct resolver {
    struct loop *loop;
} the_resolver;

void world_names_begin(void) { name_count = 0; }

static struct name *find(struct span text)
{
    for (size_t i = 0; i < name_count; i++)
        if (span_is(span_of(names[i].text), text)) return &names[i];
    return NULL;
}

static struct name *script(const char *text)
{
    struct name *name = find(span_of(text));

    if (name == NULL) {
        assert(name_count < NAMES_MAX);
        name = &names[name_count++];
    }
    *name = (struct name){0};
    snprintf(name->text, sizeof name->text, "%s", text);
    return name;
}

void world_name(const char *text, const struct addr *addrs, size_t count)
{
    struct name *name = script(text);

    assert(count <= DIAL_ADDRS_MAX);
    if (count > 0) memcpy(name->addrs, addrs, count * sizeof *addrs);
    name->count = count;
}

void world_silent(const char *text) { script(text)->silent = true; }

enum err resolver_new(struct loop *loop, const struct resolver_options *options, struct resolver **resolver_out)
{
    (void)options;
    the_resolver.loop = loop;
    *resolver_out = &the_resolver;
    return ERR_OK;
}

void resolver_free(struct resolver **resolver) { *resolver = NULL; }

static void on_answer(struct defer *defer)
{
    struct resolve *resolve = CONTAINER_OF(defer, struct resolve, answering);
    const struct name *name = resolve->name;

    if (name != NULL && name->count > 0)
        resolve->fn(resolve->owner, ERR_OK, name->addrs, name->count);
    else
        resolve->fn(resolve->owner, ERR_NOT_FOUND, NULL, 0);
}

static void on_deadline(struct timer *timer)
{
    struct resolve *resolve = CONTAINER_OF(timer, struct resolve, deadline);

    resolve->fn(resolve->owner, ERR_TIMEOUT, NULL, 0);
}

enum err resolve_start(struct resolver *resolver, struct span text, resolve_fn *fn, void *owner,
                       struct resolve **resolve_out)
{
    struct resolve *resolve = mem_new(sizeof *resolve);

    if (resolve == NULL) return ERR_NOMEM;
    world.resolve_count++;
    *resolve = (struct resolve){.fn = fn, .owner = owner, .name = find(text)};
    timer_init(&resolve->deadline, resolver->loop, on_deadline);
    if (resolve->name != NULL && resolve->name->silent)
        timer_arm(&resolve->deadline, world.now_ms + RESOLVE_MS);
    else
        loop_defer(resolver->loop, &resolve->answering, on_answer);
    *resolve_out = resolve;
    return ERR_OK;
}

void resolve_free(struct resolve **resolve)
{
    if (*resolve == NULL) return;
    timer_disarm(&(*resolve)->deadline);
    loop_defer_cancel(&(*resolve)->answering);
    mem_free(*resolve);
    *resolve = NULL;
}
