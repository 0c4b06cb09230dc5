/* loop.c — reactor/loop over a clock that moves when told. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reactor/machine/trace.h"
#include "tests/world/world.h"

struct loop {
    struct list timers, deferred;
};

/* A timer's impl holds its place in the loop's list. */
static struct list *node_of(struct timer *timer) { return (struct list *)(void *)timer->impl; }
static struct timer *timer_of(struct list *node) { return CONTAINER_OF(node, struct timer, impl); }

static struct loop the_loop;
struct world world;

static void tell_story(const struct fsm *machine, enum fsm_note note, uint8_t from, uint8_t event)
{
    static const char *const signs[] = {">", "|late|", "|unlisted|"};
    const char *target = note == FSM_MOVED ? fsm_state_name(machine) : machine->type->events[event];
    size_t end = strlen(world.story);

    snprintf(world.story + end, sizeof world.story - end, "%s%s%s ", machine->type->states[from].name, signs[note],
             target);
}

void world_begin(void)
{
    memset(&world, 0, sizeof world);
    list_init(&the_loop.timers);
    list_init(&the_loop.deferred);
    world.loop = &the_loop;
    trace_watch(tell_story);
    world_net_begin();
    world_names_begin();
    world_signals_begin();
    world_watches_begin();
    world_children_begin();
}

void world_end(void)
{
    world_net_end();
    world_turn();
    if (world_armed() == 0) return;
    fprintf(stderr, "a timer is still armed\n");
    abort();
}

size_t world_armed(void)
{
    size_t count = 0;

    LIST_EACH (&the_loop.timers, node) count += timer_of(node)->due_ms != UINT64_MAX;
    return count;
}

void world_turn(void)
{
    while (!list_empty(&the_loop.deferred)) {
        struct list *node = the_loop.deferred.next;
        struct defer *defer = LIST_ENTRY(node, struct defer, node);
        list_remove(node);
        defer->call(defer);
    }
}

static struct timer *next_due(void)
{
    struct timer *next = NULL;

    LIST_EACH (&the_loop.timers, node)
        if (next == NULL || timer_of(node)->due_ms < next->due_ms) next = timer_of(node);
    return next;
}

void world_pass(uint64_t ms)
{
    uint64_t until_ms = world.now_ms + ms;
    struct timer *timer;

    world_turn();
    while ((timer = next_due()) != NULL && timer->due_ms <= until_ms) {
        if (timer->due_ms > world.now_ms) world.now_ms = timer->due_ms;
        timer_disarm(timer);
        timer->fn(timer);
        world_turn();
    }
    world.now_ms = until_ms;
}

enum err loop_new(struct loop **loop_out)
{
    *loop_out = &the_loop;
    return ERR_OK;
}

void loop_free(struct loop **loop) { *loop = NULL; }
void loop_run(struct loop *loop) { (void)loop, world_turn(); }
void loop_stop(struct loop *loop) { (void)loop; }
void loop_settle(struct loop *loop) { (void)loop, world_turn(); }
uint64_t loop_now_ms(const struct loop *loop) { return (void)loop, world.now_ms; }
int64_t loop_wall_s(const struct loop *loop) { return (void)loop, (int64_t)(1790000000 + world.now_ms / 1000); }

void loop_defer(struct loop *loop, struct defer *defer, void (*call)(struct defer *defer))
{
    if (list_linked(&defer->node)) return;
    defer->call = call;
    list_push(&loop->deferred, &defer->node);
}

void loop_defer_cancel(struct defer *defer) { list_remove(&defer->node); }

void timer_init(struct timer *timer, struct loop *loop, timer_fn *fn)
{
    *timer = (struct timer){.loop = loop, .fn = fn, .due_ms = UINT64_MAX};
}

void timer_arm(struct timer *timer, uint64_t due_ms)
{
    assert(timer->loop != NULL);
    timer->due_ms = due_ms;
    if (!list_linked(node_of(timer))) list_push(&timer->loop->timers, node_of(timer));
}

void timer_disarm(struct timer *timer)
{
    timer->due_ms = UINT64_MAX;
    list_remove(node_of(timer));
}
