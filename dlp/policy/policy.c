#include "dlp/policy/policy.h"

#include <assert.h>

#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/wire/url.h"

enum err policy_new(struct policy **policy_out)
{
    struct policy *policy = mem_new(sizeof *policy);

    if (policy == NULL) return ERR_NOMEM;
    policy->arena = arena_begin(POLICY_BYTES_MAX);
    policy->references = 1;
    policy->bindings = bindings_shipped;
    policy->binding_count = bindings_shipped_count;
    *policy_out = policy;
    return ERR_OK;
}

struct policy *policy_hold(struct policy *policy)
{
    policy->references++;
    return policy;
}

void policy_free(struct policy **policy)
{
    struct policy *dropped = MOVE(*policy);

    if (dropped == NULL) return;
    assert(dropped->references > 0);
    if (--dropped->references > 0) return;
    arena_end(&dropped->arena);
    mem_free(dropped);
}

bool policy_is_secret(const struct policy *policy, size_t slot)
{
    return policy->secret_names != NULL && policy->secret_names[slot].len > 0;
}

struct span policy_secret_name(const struct policy *policy, size_t slot)
{
    return policy_is_secret(policy, slot) ? policy->secret_names[slot] : policy->token_refs[slot];
}

/* "a.example.com" and "a.b.example.com" are below "example.com"; it itself and "notexample.com" are not. */
static bool is_below(struct span name, struct span parent)
{
    size_t front = name.len - parent.len;

    return name.len > parent.len + 1 && name.at[front - 1] == '.' && span_is(span_from(name, front), parent);
}

static bool route_reaches(const struct route *route, struct span host, uint16_t port)
{
    if (route->port != port) return false;
    return route->suffix ? is_below(host, route->host) : span_is(host, route->host);
}

static bool route_takes_path(const struct route *route, struct span path)
{
    for (size_t i = 0; path.len > 0 && i < route->path_count; i++)
        if (url_glob(route->paths[i], path)) return true;
    return route->path_count == 0;
}

static bool route_takes_method(const struct route *route, struct span method)
{
    for (size_t i = 0; i < route->method_count; i++)
        if (span_is(route->methods[i], method)) return true;
    return route->method_count == 0;
}

/* How far a request gets on a route; more is nearer. */
enum miss { MISS_HOST, MISS_PATH, MISS_METHOD, MISS_NOTHING };
static const enum reason miss_reasons[] = {
    [MISS_HOST] = REASON_NO_ROUTE,
    [MISS_PATH] = REASON_PATH,
    [MISS_METHOD] = REASON_METHOD,
    [MISS_NOTHING] = REASON_NONE,
};

static enum miss route_misses(const struct route *route, const struct ask *ask)
{
    if (route->tls_passthrough || !route_reaches(route, ask->host, ask->port)) return MISS_HOST;
    if (route->auth != AUTH_NONE && !ask->tls) return MISS_HOST;
    if (!route_takes_path(route, ask->path)) return MISS_PATH;
    return route_takes_method(route, ask->method) ? MISS_NOTHING : MISS_METHOD;
}

struct verdict policy_reach(const struct policy *policy, struct span host, uint16_t port)
{
    for (size_t i = 0; i < policy->route_count; i++)
        if (route_reaches(&policy->routes[i], host, port)) return (struct verdict){REASON_NONE, &policy->routes[i]};
    return (struct verdict){REASON_NO_ROUTE, NULL};
}

struct verdict policy_decide(const struct policy *policy, const struct ask *ask)
{
    enum miss nearest = MISS_HOST;
    const struct route *route = NULL;

    for (size_t i = 0; i < policy->route_count && nearest != MISS_NOTHING; i++) {
        enum miss miss = route_misses(&policy->routes[i], ask);
        if (miss <= nearest) continue;
        nearest = miss;
        route = &policy->routes[i];
    }
    return (struct verdict){miss_reasons[nearest], route};
}
