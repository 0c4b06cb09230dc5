#include "dlp/scan/rule_set.h"

#include <assert.h>

#include "reactor/base/digest.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

enum err rule_set_new(struct rule_set **set_out)
{
    struct rule_set *set = mem_new(sizeof *set);

    if (set == NULL) return ERR_NOMEM;
    set->arena = arena_begin(RULE_SET_BYTES_MAX);
    set->references = 1;
    *set_out = set;
    return ERR_OK;
}

struct rule_set *rule_set_hold(const struct rule_set *set)
{
    struct rule_set *held = (struct rule_set *)set; /* who counts changes no rule */

    if (held->references > 0) held->references++;
    return held;
}

void rule_set_free(struct rule_set **set)
{
    struct rule_set *dropped = MOVE(*set);

    if (dropped == NULL || dropped->references == 0 || --dropped->references > 0) return;
    arena_end(&dropped->arena);
    mem_free(dropped);
}

const struct rule *rule_find(const struct rule_set *set, struct span id)
{
    for (size_t i = 0; i < set->count; i++)
        if (span_is(set->list[i].id, id)) return &set->list[i];
    return NULL;
}

bool rule_set_off(struct rule_set *set, struct span id)
{
    struct rule *rule = (struct rule *)rule_find(set, id); /* our own arena's */
    struct digest digest;

    assert(set->references == 1);
    if (rule == NULL) return false;
    rule->off = true;
    digest_begin(&digest);
    digest_add(&digest, (struct span){set->digest, sizeof set->digest});
    digest_add(&digest, id);
    digest_end(&digest, set->digest);
    return true;
}
