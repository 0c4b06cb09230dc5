#include "backends/manifest/bottle.h"

#include "backends/manifest/keys.h"
#include "backends/manifest/route.h"
#include "backends/manifest/supervise.h"
#include "reactor/base/own.h"

struct draft {
    struct bottle bottle;
    const struct yaml_node *routes_node, *dlp_node;
    struct route_draft *routes;
    size_t route_count;
    struct supervise supervise;
};

static void read_routes(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct items routes = {"routes", sizeof(struct route_draft), ROUTE_COUNT_MAX, read_route, false};
    struct draft *draft = into;

    draft->routes_node = node;
    draft->routes = items_read(reader, node, &routes, &draft->route_count);
    if (draft->routes != NULL) check_route_pairs(reader, node, draft->routes, draft->route_count);
}

static void read_egress(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct key list[] = {{"routes", read_routes, 0, true, NULL}};
    static const struct keys keys = {"`egress`", list, COUNT_OF(list)};

    keys_read(reader, node, &keys, into);
}

static void read_memory(struct reader *reader, const struct yaml_node *node, void *into)
{
    (void)want_bytes(reader, node, "`memory`", into);
}

static void read_pids(struct reader *reader, const struct yaml_node *node, void *into)
{
    (void)want_number(reader, node, "`pids`", 16, 4194304, into);
}

static void read_resources(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct key list[] = {
        {"memory", read_memory, offsetof(struct bottle, memory_bytes), false, NULL},
        {"pids", read_pids, offsetof(struct bottle, pids_max), false, NULL},
    };
    static const struct keys keys = {"`resources`", list, COUNT_OF(list)};

    keys_read(reader, node, &keys, into);
}

/* Read behind all else: a long way for a manifest that is wrong anyway. */
static void read_dlp(struct reader *reader, const struct yaml_node *node, void *into)
{
    (void)reader;
    *(const struct yaml_node **)into = node;
}

static const struct key bottle_keys[] = {
    {"egress", read_egress, 0, true, NULL},
    {"dlp", read_dlp, offsetof(struct draft, dlp_node), false, NULL},
    {"supervise", read_supervise, offsetof(struct draft, supervise), false, NULL},
    {"env", read_env, offsetof(struct draft, bottle.env), false, NULL},
    {"resources", read_resources, offsetof(struct draft, bottle), false, NULL},
};

/* --- into a policy ----------------------------------------------------------------------------------------- */

static bool find_slot(struct span *refs, size_t *count, struct span ref, uint16_t *slot_out)
{
    size_t i = 0;

    while (i < *count && !span_is(refs[i], ref)) i++;
    if (i == SECRET_COUNT_MAX) return false;
    if (i == *count) refs[(*count)++] = ref;
    *slot_out = (uint16_t)i;
    return true;
}

/* One slot a distinct reference, so that a token is fetched once.  False when there are not enough. */
static bool give_slots(struct draft *draft, struct span *refs, struct span *names, size_t *count)
{
    const struct bottle_dlp *dlp = &draft->bottle.dlp;

    for (size_t i = 0; i < draft->route_count; i++) {
        struct route_draft *d = &draft->routes[i];
        if (d->route.auth != AUTH_NONE && !find_slot(refs, count, d->auth.token_ref, &d->route.slot)) return false;
    }
    for (size_t i = 0; i < dlp->secret_count; i++) {
        uint16_t slot;
        if (!find_slot(refs, count, dlp->secrets[i].token_ref, &slot)) return false;
        names[slot] = dlp->secrets[i].name;
    }
    return true;
}

static enum err compile(struct reader *reader, struct draft *draft, struct policy *policy)
{
    struct span *refs = arena_new(&policy->arena, sizeof *refs * SECRET_COUNT_MAX);
    struct span *names = arena_new(&policy->arena, sizeof *names * SECRET_COUNT_MAX);
    struct route *routes = arena_new(&policy->arena, sizeof *routes * draft->route_count);

    if (refs == NULL || names == NULL || routes == NULL) return ERR_LIMIT;
    if (!give_slots(draft, refs, names, &policy->token_ref_count))
        complain(reader, draft->routes_node != NULL ? draft->routes_node->place : (struct place){0},
                 "let routes share a token_ref", "more than %u credentials and secrets", SECRET_COUNT_MAX);
    for (size_t i = 0; i < draft->route_count; i++) routes[i] = draft->routes[i].route;
    policy->token_refs = refs;
    policy->secret_names = names;
    policy->bindings = draft->bottle.dlp.bindings;
    policy->binding_count = draft->bottle.dlp.binding_count;
    policy->routes = routes;
    policy->route_count = draft->route_count;
    policy->supervise = draft->supervise;
    return ERR_OK;
}

enum err bottle_read(struct reader *reader, const struct yaml_node *root, struct span name, struct rule_set *shipped,
                     struct bottle *bottle)
{
    static const struct keys keys = {"a bottle", bottle_keys, COUNT_OF(bottle_keys)};
    struct draft draft = {.bottle = {.name = name, .path = reader->path}};
    size_t errors = reader->errors->count;
    struct reader inner = *reader;
    AUTO(policy) policy = NULL;
    enum err err;

    TRY(policy_new(&policy));
    inner.arena = &policy->arena;
    keys_read(&inner, root, &keys, &draft);
    err = dlp_read(&inner, reader->arena, draft.dlp_node, shipped, &draft.bottle.dlp);
    policy->bottle = arena_copy(&policy->arena, name);
    if (policy->bottle.at == NULL || compile(&inner, &draft, policy) != ERR_OK)
        complain(reader, root->place, "shorten it", "the bottle needs too much memory");
    *bottle = draft.bottle;
    if (err == ERR_OK && reader->errors->count == errors)
        bottle->policy = MOVE(policy);
    else
        rule_set_free(&bottle->dlp.rules);
    return err;
}

void bottle_end(struct bottle *bottle)
{
    policy_free(&bottle->policy);
    rule_set_free(&bottle->dlp.rules);
    *bottle = (struct bottle){0};
}
