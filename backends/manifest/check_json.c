#include "backends/manifest/check_print.h"

#include <stdio.h>

#include "reactor/base/json.h"

void check_put_texts(struct json *json, const char *key, const struct span *list, size_t count)
{
    json_open(json, key, '[');
    for (size_t i = 0; i < count; i++) json_text(json, NULL, list[i]);
    json_close(json, ']');
}

static void put_names(struct json *json, const struct env_list *env)
{
    json_open(json, "env", '[');
    for (size_t i = 0; i < env->count; i++) json_text(json, NULL, env->list[i].name);
    json_close(json, ']');
}

static void put_auth(struct json *json, const struct policy *policy, const struct route *route)
{
    if (route->auth == AUTH_NONE) {
        json_null(json, "auth");
        return;
    }
    json_open(json, "auth", '{');
    json_text(json, "scheme", span_of(auth_scheme_name(route->auth)));
    json_text(json, "token_ref", policy->token_refs[route->slot]);
    if (route->auth == AUTH_HEADER) json_text(json, "header", route->auth_header);
    json_close(json, '}');
}

static void put_prefixes(struct json *json, const struct addr_rules *rules)
{
    json_open(json, "allow_private", '[');
    for (size_t i = 0; i < rules->allow_count; i++) {
        char addr[ADDR_TEXT_MAX], text[ADDR_TEXT_MAX + 5];
        int len = snprintf(text, sizeof text, "%s/%u", addr_text(&rules->allow[i].base, addr), rules->allow[i].bits);
        json_text(json, NULL, (struct span){(uint8_t *)text, (size_t)len});
    }
    json_close(json, ']');
}

static void put_route(struct json *json, const struct policy *policy, const struct route *route)
{
    json_open(json, NULL, '{');
    json_text(json, "host", route->host);
    json_bool(json, "subdomains", route->suffix);
    json_number(json, "port", route->port);
    check_put_texts(json, "methods", route->methods, route->method_count);
    check_put_texts(json, "path", route->paths, route->path_count);
    put_auth(json, policy, route);
    json_bool(json, "tls_passthrough", route->tls_passthrough);
    put_prefixes(json, &route->addrs);
    if (route->body_unscanned) json_text(json, "body_unscanned_because", route->because);
    if (route->body_max > 0) json_number(json, "body_max_bytes", route->body_max);
    if (route->ca_path != NULL) json_text(json, "ca", span_of(route->ca_path));
    json_number(json, "line", route->line);
    json_close(json, '}');
}

static void put_supervise(struct json *json, const struct supervise *supervise)
{
    if (!supervise->tokens && !supervise->routes) return;
    json_open(json, "supervise", '{');
    json_bool(json, "tokens", supervise->tokens);
    json_bool(json, "routes", supervise->routes);
    json_number(json, "timeout", supervise->wait_ms / 1000);
    json_close(json, '}');
}

static void put_bottle(struct json *json, const struct bottle *bottle)
{
    json_open(json, NULL, '{');
    json_text(json, "name", bottle->name);
    json_text(json, "path", span_of(bottle->path));
    json_bool(json, "ok", bottle->policy != NULL);
    if (bottle->policy != NULL) {
        json_open(json, "routes", '[');
        for (size_t i = 0; i < bottle->policy->route_count; i++)
            put_route(json, bottle->policy, &bottle->policy->routes[i]);
        json_close(json, ']');
        check_put_dlp(json, &bottle->dlp);
        put_names(json, &bottle->env);
        put_supervise(json, &bottle->policy->supervise);
    }
    if (bottle->memory_bytes > 0) json_number(json, "memory_bytes", bottle->memory_bytes);
    if (bottle->pids_max > 0) json_number(json, "pids", bottle->pids_max);
    json_close(json, '}');
}

static void put_agent(struct json *json, const struct agent *agent)
{
    json_open(json, NULL, '{');
    json_text(json, "name", agent->name);
    json_text(json, "path", span_of(agent->path));
    json_bool(json, "ok", agent->bottle != NULL);
    json_text(json, "bottle", agent->bottle_name);
    check_put_texts(json, "command", agent->command, agent->command_count);
    put_names(json, &agent->env);
    json_close(json, '}');
}

static void put_error(struct json *json, const struct manifest_error *error)
{
    json_open(json, NULL, '{');
    json_text(json, "path", span_of(error->path));
    json_number(json, "line", error->line);
    json_number(json, "column", error->column);
    json_text(json, "what", error->what);
    json_text(json, "hint", error->hint);
    json_close(json, '}');
}

enum err check_print_json(struct buf *out, const struct manifests *m, struct span only)
{
    struct json json = json_begin(out);

    json_open(&json, NULL, '{');
    json_number(&json, "error_count", check_error_count(m, only));
    json_open(&json, "errors", '[');
    for (const struct manifest_error *e = m->errors.first; e != NULL; e = e->next)
        if (check_wants_error(m, e, only)) put_error(&json, e);
    json_close(&json, ']');
    json_open(&json, "bottles", '[');
    for (size_t i = 0; i < m->bottle_count; i++)
        if (check_wants_bottle(&m->bottles[i], only)) put_bottle(&json, &m->bottles[i]);
    json_close(&json, ']');
    json_open(&json, "agents", '[');
    for (size_t i = 0; i < m->agent_count; i++)
        if (check_wants_agent(&m->agents[i], only)) put_agent(&json, &m->agents[i]);
    json_close(&json, ']');
    json_close(&json, '}');
    if (json.err != ERR_OK) return json.err;
    return buf_add(out, SPAN_LIT("\n"));
}
