#include "dlp/scan/candidates.h"

#include <assert.h>
#include <stdlib.h>

#include "reactor/base/mem.h"
#include "reactor/base/own.h"

enum err candidates_new(size_t id_count, struct candidates **candidates_out)
{
    struct candidates *candidates = mem_new(sizeof *candidates + id_count * sizeof candidates->latest[0]);

    if (candidates == NULL) return ERR_NOMEM;
    candidates->id_count = id_count;
    *candidates_out = candidates;
    return ERR_OK;
}

void candidates_free(struct candidates **candidates) { mem_free(MOVE(*candidates)); }

void candidates_ignore(struct candidates *candidates, uint32_t id)
{
    _Static_assert(ENGINE_CANDIDATES_MAX < CANDIDATE_IGNORED, "no place in the list is taken for it");
    candidates->latest[id] = CANDIDATE_IGNORED;
}

void candidates_add(struct candidates *candidates, const struct candidate *candidate)
{
    if (candidates->count == ENGINE_CANDIDATES_MAX) {
        candidates->more = true;
        return;
    }
    candidates->list[candidates->count++] = *candidate;
    candidates->latest[candidate->id] = (uint16_t)candidates->count;
}

int candidates_on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
    const struct reporter *reporter = context;
    struct candidates *candidates = reporter->candidates;
    struct candidate now = {to, to, reporter->base + id};
    size_t latest;

    (void)from, (void)flags;
    assert(now.id < candidates->id_count);
    latest = candidates->latest[now.id];
    if (latest == CANDIDATE_IGNORED) return 0;
    struct candidate *run = latest > 0 ? &candidates->list[latest - 1] : NULL;
    if (run != NULL && run->last + 1 == to) {
        run->last = to;
        return 0;
    }
    candidates->scattered |= run != NULL && run->last >= to;
    candidates_add(candidates, &now);
    return 0; /* anything else would end the scan */
}

static int compare(uint64_t a, uint64_t b) { return (a > b) - (a < b); }

static int by_id(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    return x->id != y->id ? compare(x->id, y->id) : compare(x->first, y->first);
}

static int by_end(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    return x->last != y->last ? compare(x->last, y->last) : compare(x->id, y->id);
}

/* An end that hangs on the byte behind it is reported late. */
static void merge(struct candidates *candidates)
{
    size_t kept = 0;

    for (size_t i = 1; i < candidates->count; i++) {
        struct candidate *last = &candidates->list[kept], *next = &candidates->list[i];
        if (next->id != last->id || next->first > last->last + 1)
            candidates->list[++kept] = *next;
        else if (next->last > last->last)
            last->last = next->last;
    }
    candidates->count = kept + 1;
}

static bool is_ordered(const struct candidates *candidates)
{
    for (size_t i = 1; i < candidates->count; i++)
        if (by_end(&candidates->list[i - 1], &candidates->list[i]) > 0) return false;
    return true;
}

void candidates_order(struct candidates *candidates)
{
    if (candidates->scattered) {
        qsort(candidates->list, candidates->count, sizeof candidates->list[0], by_id);
        merge(candidates);
    }
    if (!is_ordered(candidates)) qsort(candidates->list, candidates->count, sizeof candidates->list[0], by_end);
}

void candidates_clear(struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++) candidates->latest[candidates->list[i].id] = 0;
    candidates->count = 0;
    candidates->more = candidates->scattered = false;
}
