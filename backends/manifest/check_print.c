#include "backends/manifest/check_print.h"

#include "reactor/base/own.h"

/* --- what is spoken of ------------------------------------------------------------------------------------- */

bool check_wants_bottle(const struct bottle *bottle, struct span only)
{
    return only.len == 0 || span_is(bottle->name, only);
}

bool check_wants_agent(const struct agent *agent, struct span only)
{
    return only.len == 0 || span_is(agent->bottle_name, only);
}

/* The rule files of a bottle are spoken of with it. */
static bool has_file(const struct bottle *bottle, struct span path)
{
    for (size_t i = 0; i < bottle->dlp.file_count; i++)
        if (span_is(path, bottle->dlp.files[i])) return true;
    return span_is(path, span_of(bottle->path));
}

bool check_wants_error(const struct manifests *m, const struct manifest_error *error, struct span only)
{
    struct span path = span_of(error->path);

    if (only.len == 0) return true;
    for (size_t i = 0; i < m->bottle_count; i++)
        if (check_wants_bottle(&m->bottles[i], only) && has_file(&m->bottles[i], path)) return true;
    for (size_t i = 0; i < m->agent_count; i++)
        if (span_is(path, span_of(m->agents[i].path))) return check_wants_agent(&m->agents[i], only);
    return false;
}

/* An error that was not kept may be about anything, so it counts. */
size_t check_error_count(const struct manifests *m, struct span only)
{
    size_t count = m->errors.count;

    for (const struct manifest_error *e = m->errors.first; e != NULL; e = e->next)
        count -= !check_wants_error(m, e, only);
    return count;
}

enum err check_print_errors(struct buf *out, const struct manifests *m, struct span only)
{
    size_t kept = 0;

    for (const struct manifest_error *e = m->errors.first; e != NULL; e = e->next, kept++)
        if (check_wants_error(m, e, only)) TRY(manifest_error_print(out, e));
    if (m->errors.count > kept) TRY(buf_printf(out, "... and %zu more errors\n", m->errors.count - kept));
    return ERR_OK;
}

/* --- one route's columns ----------------------------------------------------------------------------------- */

enum column { COLUMN_HOST, COLUMN_PORT, COLUMN_METHODS, COLUMN_PATH, COLUMN_AUTH, COLUMN_OPENINGS, COLUMN_COUNT };
static const char *const headings[COLUMN_COUNT] = {"HOST", "PORT", "METHODS", "PATH", "CREDENTIAL", "OPENINGS"};

static enum err put_list(struct buf *out, const struct span *list, size_t count, const char *none)
{
    if (count == 0) return buf_add(out, span_of(none));
    for (size_t i = 0; i < count; i++) TRY(buf_printf(out, "%s%.*s", i == 0 ? "" : " ", SPAN_FMT(list[i])));
    return ERR_OK;
}

static enum err put_prefix(struct buf *out, const struct prefix *prefix)
{
    char text[ADDR_TEXT_MAX];

    return buf_printf(out, "%s/%u", addr_text(&prefix->base, text), prefix->bits);
}

static enum err put_auth(struct buf *out, const struct policy *policy, const struct route *route)
{
    if (route->auth == AUTH_NONE) return buf_add(out, SPAN_LIT("none"));
    TRY(buf_printf(out, "%s ", auth_scheme_name(route->auth)));
    if (route->auth == AUTH_HEADER) TRY(buf_printf(out, "%.*s ", SPAN_FMT(route->auth_header)));
    return buf_printf(out, "%s", quoted(policy->token_refs[route->slot]));
}

/* As it is written: "5G". */
static enum err put_size(struct buf *out, uint64_t bytes)
{
    static const char units[] = "KMG";
    size_t unit = 0;

    for (bytes >>= 10; unit < 2 && bytes % 1024 == 0; bytes >>= 10) unit++;
    return buf_printf(out, "%llu%c", (unsigned long long)bytes, units[unit]);
}

/* What a reader should look at twice. */
static enum err put_openings(struct buf *out, const struct route *route)
{
    const char *comma = "";

    if (route->tls_passthrough) {
        TRY(buf_add(out, SPAN_LIT("tls_passthrough: unread")));
        comma = ", ";
    }
    for (size_t i = 0; i < route->addrs.allow_count; i++, comma = ", ") {
        TRY(buf_printf(out, "%sprivate ", comma));
        TRY(put_prefix(out, &route->addrs.allow[i]));
    }
    if (route->body_unscanned) {
        TRY(buf_printf(out, "%sbodies unscanned (%s)", comma, quoted(route->because)));
        comma = ", ";
    }
    if (route->body_max > 0) {
        TRY(buf_printf(out, "%sbodies up to ", comma));
        TRY(put_size(out, route->body_max));
        comma = ", ";
    }
    if (route->ca_path == NULL) return ERR_OK;
    return buf_printf(out, "%sca %s", comma, quoted(span_of(route->ca_path)));
}

static enum err put_cell(struct buf *out, const struct policy *policy, const struct route *route, enum column column)
{
    switch (column) {
    case COLUMN_HOST: return buf_printf(out, "%s%.*s", route->suffix ? "*." : "", SPAN_FMT(route->host));
    case COLUMN_PORT: return buf_printf(out, "%u", route->port);
    case COLUMN_METHODS: return put_list(out, route->methods, route->method_count, "every");
    case COLUMN_PATH: return put_list(out, route->paths, route->path_count, "every");
    case COLUMN_AUTH: return put_auth(out, policy, route);
    case COLUMN_OPENINGS: return put_openings(out, route);
    case COLUMN_COUNT: break;
    }
    return ERR_OK;
}

/* --- the table --------------------------------------------------------------------------------------------- */

static enum err measure(const struct policy *policy, size_t widths[COLUMN_COUNT])
{
    for (enum column c = 0; c < COLUMN_COUNT; c++) {
        widths[c] = strlen(headings[c]);
        for (size_t i = 0; i < policy->route_count; i++) {
            struct buf cell = {0};
            enum err err = put_cell(&cell, policy, &policy->routes[i], c);
            if (buf_len(&cell) > widths[c]) widths[c] = buf_len(&cell);
            buf_clear(&cell);
            TRY(err);
        }
    }
    return ERR_OK;
}

static enum err put_row(struct buf *out, const struct policy *policy, const struct route *route,
                        const size_t widths[COLUMN_COUNT])
{
    size_t gap = 0; /* blanks are owed, and paid only before more text: no line ends in them */

    TRY(buf_add(out, SPAN_LIT(" ")));
    for (enum column c = 0; c < COLUMN_COUNT; c++) {
        struct buf cell = {0};
        enum err err = route != NULL ? put_cell(&cell, policy, route, c) : buf_add(&cell, span_of(headings[c]));
        if (err == ERR_OK && buf_len(&cell) > 0)
            err = buf_printf(out, "%*s %.*s", (int)gap, "", SPAN_FMT(buf_span(&cell)));
        gap = widths[c] - buf_len(&cell) + 1;
        buf_clear(&cell);
        TRY(err);
    }
    return buf_add(out, SPAN_LIT("\n"));
}

static enum err put_supervise(struct buf *out, const struct supervise *supervise)
{
    static const char *const about[] = {NULL, "what the scan stops", "hosts without a route",
                                        "what the scan stops, and hosts without a route"};
    const char *what = about[supervise->tokens | supervise->routes << 1];

    if (what == NULL) return ERR_OK;
    return buf_printf(out, "  a person is asked about: %s; for %u s\n", what, supervise->wait_ms / 1000);
}

static enum err put_env(struct buf *out, const struct env_list *env)
{
    if (env->count == 0) return ERR_OK;
    TRY(buf_add(out, SPAN_LIT("  env:")));
    for (size_t i = 0; i < env->count; i++) TRY(buf_printf(out, " %.*s", SPAN_FMT(env->list[i].name)));
    return buf_add(out, SPAN_LIT("\n"));
}

static enum err put_bottle(struct buf *out, const struct bottle *bottle, bool in_full)
{
    size_t widths[COLUMN_COUNT];

    TRY(buf_printf(out, "bottle %.*s (%s)\n", SPAN_FMT(bottle->name), bottle->path));
    if (bottle->policy->route_count == 0) return buf_add(out, SPAN_LIT("  no routes: nothing leaves this bottle\n"));
    TRY(measure(bottle->policy, widths));
    TRY(put_row(out, bottle->policy, NULL, widths));
    for (size_t i = 0; i < bottle->policy->route_count; i++)
        TRY(put_row(out, bottle->policy, &bottle->policy->routes[i], widths));
    TRY(check_print_dlp(out, bottle, in_full));
    TRY(put_supervise(out, &bottle->policy->supervise));
    TRY(put_env(out, &bottle->env));
    if (bottle->memory_bytes > 0)
        TRY(buf_printf(out, "  memory: %llu MiB\n", (unsigned long long)(bottle->memory_bytes >> 20)));
    if (bottle->pids_max > 0) TRY(buf_printf(out, "  pids: %llu\n", (unsigned long long)bottle->pids_max));
    return ERR_OK;
}

static enum err put_agent(struct buf *out, const struct agent *agent)
{
    TRY(buf_printf(out, "agent %.*s (%s) in bottle %.*s", SPAN_FMT(agent->name), agent->path,
                   SPAN_FMT(agent->bottle_name)));
    TRY(buf_add(out, agent->command_count > 0 ? SPAN_LIT(", runs:") : SPAN_LIT("")));
    for (size_t i = 0; i < agent->command_count; i++) TRY(buf_printf(out, " %s", quoted(agent->command[i])));
    TRY(buf_add(out, SPAN_LIT("\n")));
    return put_env(out, &agent->env);
}

enum err check_print_text(struct buf *out, const struct manifests *m, struct span only)
{
    for (size_t i = 0; i < m->bottle_count; i++)
        if (m->bottles[i].policy != NULL && check_wants_bottle(&m->bottles[i], only))
            TRY(put_bottle(out, &m->bottles[i], only.len > 0));
    for (size_t i = 0; i < m->agent_count; i++)
        if (m->agents[i].bottle != NULL && check_wants_agent(&m->agents[i], only)) TRY(put_agent(out, &m->agents[i]));
    return ERR_OK;
}
