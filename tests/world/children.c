/* children.c — reactor/proc/child without processes: a child is a note that it was spawned. */
#include <assert.h>
#include <stdio.h>

#include "reactor/base/mem.h"
#include "reactor/proc/child.h"
#include "tests/world/world.h"

#define CHILDREN_MAX 16

struct child {
    size_t index;
    child_fn *fn;
    void *owner;
};
static struct world_child notes[CHILDREN_MAX];
static struct child *children[CHILDREN_MAX];
static size_t child_count;
static char missing[256];

void world_children_begin(void)
{
    child_count = 0;
    missing[0] = '\0';
}

const struct world_child *world_child(size_t index) { return index < child_count ? &notes[index] : NULL; }

void world_child_missing(const char *path) { snprintf(missing, sizeof missing, "%s", path); }

void world_child_ends(size_t index, int code)
{
    assert(index < child_count && children[index] != NULL);
    children[index]->fn(children[index]->owner, code);
}

enum err child_spawn(struct loop *loop, const struct child_plan *plan, child_fn *fn, void *owner,
                     struct child **child_out)
{
    struct child *child;

    (void)loop;
    if (strcmp(plan->argv[0], missing) == 0) return ERR_NOT_FOUND;
    assert(child_count < CHILDREN_MAX);
    child = mem_new(sizeof *child);
    if (child == NULL) return ERR_NOMEM;
    *child = (struct child){.index = child_count, .fn = fn, .owner = owner};
    notes[child_count] = (struct world_child){0};
    snprintf(notes[child_count].path, sizeof notes[child_count].path, "%s", plan->argv[0]);
    children[child_count++] = child;
    *child_out = child;
    return ERR_OK;
}

pid_t child_pid(const struct child *child) { return (pid_t)(1000 + child->index); }
void child_signal(struct child *child, int number) { notes[child->index].signals |= 1u << number; }

void child_free(struct child **child)
{
    if (*child == NULL) return;
    notes[(*child)->index].freed = true;
    children[(*child)->index] = NULL;
    mem_free(*child);
    *child = NULL;
}
