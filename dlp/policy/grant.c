#include "dlp/policy/grant.h"

#include "reactor/base/own.h"

static bool is_method(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((text.at[i] < 'A' || text.at[i] > 'Z') && text.at[i] != '-') return false;
    return text.len > 0;
}

/* Cut at its spaces; the texts stay where they are. */
static enum err list_methods(struct policy *policy, struct span methods, struct route *route)
{
    struct span *list = arena_new(&policy->arena, ROUTE_RULES_MAX * sizeof *list);

    if (list == NULL) return ERR_NOMEM;
    for (size_t at = 0; at <= methods.len;) {
        size_t end = span_find(methods, ' ', at);
        struct span method = {methods.at + at, end - at};
        if (!is_method(method) || route->method_count == ROUTE_RULES_MAX) return ERR_SYNTAX;
        list[route->method_count++] = method;
        at = end + 1;
    }
    route->methods = list;
    return ERR_OK;
}

static enum err list_path(struct policy *policy, struct span path, struct route *route)
{
    struct span *list = arena_new(&policy->arena, sizeof *list);

    if (list == NULL) return ERR_NOMEM;
    if (path.at[0] != '/' || path.len > GLOB_BYTES_MAX) return ERR_SYNTAX;
    *list = path;
    route->paths = list;
    route->path_count = 1;
    return ERR_OK;
}

static enum err fill(struct policy *policy, struct span host, uint16_t port, struct span methods, struct span path)
{
    struct route *route = arena_new(&policy->arena, sizeof *route);
    struct span copies[] = {arena_copy(&policy->arena, host), arena_copy(&policy->arena, methods),
                            arena_copy(&policy->arena, path)};

    if (route == NULL || copies[0].at == NULL || copies[1].at == NULL || copies[2].at == NULL) return ERR_NOMEM;
    *route = (struct route){.host = copies[0], .port = port};
    if (methods.len > 0) TRY(list_methods(policy, copies[1], route));
    if (path.len > 0) TRY(list_path(policy, copies[2], route));
    policy->routes = route;
    policy->route_count = 1;
    return ERR_OK;
}

enum err grant_new(struct span host, uint16_t port, struct span methods, struct span path, struct policy **policy_out)
{
    AUTO(policy) policy = NULL;

    TRY(policy_new(&policy));
    TRY(fill(policy, host, port, methods, path));
    *policy_out = MOVE(policy);
    return ERR_OK;
}
