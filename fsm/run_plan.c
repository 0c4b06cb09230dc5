#include "fsm/run_plan.h"

#include <stdlib.h>

#include "backends/manifest/file.h"
#include "backends/provision/provision.h"

#define INSIDE_HOME   "/home/agent"
#define INSIDE_CA     "/etc/bottled/ca.pem"
#define INSIDE_PROMPT "/etc/bottled/prompt.md"
#define INSIDE_BUNDLE "/etc/ssl/certs/ca-certificates.crt"
#define SYSTEM_ROOTS  "/etc/ssl/certs/ca-certificates.crt"

static const char *text_of(struct arena *arena, struct span name, struct span value)
{
    return (const char *)arena_printf(arena, "%.*s=%.*s", SPAN_FMT(name), SPAN_FMT(value)).at;
}

static size_t add_env(struct arena *arena, const char **envp, size_t count, const struct env_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t at = count;
        for (size_t j = 0; j < count; j++) /* the later one wins */
            if (span_is(span_first(span_of(envp[j]), list->list[i].name.len), list->list[i].name) &&
                envp[j][list->list[i].name.len] == '=')
                at = j;
        envp[at] = text_of(arena, list->list[i].name, list->list[i].value);
        if (envp[at] == NULL) return 0;
        if (at == count) count++;
    }
    return count;
}

/* The manifests' variables first, so that none of them can turn the proxy off. */
static const char *const *make_env(struct arena *arena, const struct agent *agent, const struct provision *provision)
{
    const char *term = getenv("TERM");
    size_t most = 8 + agent->bottle->env.count + agent->env.count + provision->env.count;
    const char **envp = arena_new(arena, (most + 1) * sizeof *envp);
    size_t count = 0;

    if (envp == NULL) return NULL;
    envp[count++] = "HOME=" INSIDE_HOME;
    envp[count++] = "PATH=/usr/local/bin:/usr/bin:/bin";
    envp[count++] = "LANG=C.UTF-8";
    envp[count++] = "USER=agent";
    envp[count] = term != NULL ? text_of(arena, SPAN_LIT("TERM"), span_of(term)) : "TERM=dumb";
    if (envp[count++] == NULL) return NULL;
    if (agent->prompt.len > 0) envp[count++] = "BOTTLED_PROMPT=" INSIDE_PROMPT;
    count = add_env(arena, envp, count, &agent->bottle->env);
    count = add_env(arena, envp, count, &agent->env);
    count = add_env(arena, envp, count, &provision->env);
    return count > 0 ? envp : NULL;
}

static const char *const *make_argv(struct arena *arena, const struct agent *agent)
{
    const char **argv;

    if (agent->command_count == 0) return NULL;
    argv = arena_new(arena, (agent->command_count + 1) * sizeof *argv);
    for (size_t i = 0; argv != NULL && i < agent->command_count; i++) argv[i] = (const char *)agent->command[i].at;
    return argv;
}

/* Every port a route names is a door, so that a tool which knows no proxy meets it there too. */
static size_t make_ports(const struct policy *policy, uint16_t ports[ROUTE_COUNT_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < policy->route_count; i++) {
        uint16_t port = policy->routes[i].port;
        bool known = port == 443 || port == 80 || port == PROXY_PORT || port == NAMES_PORT;
        for (size_t j = 0; j < count; j++) known = known || ports[j] == port;
        if (!known) ports[count++] = port;
    }
    return count;
}

static enum err make_bundle(struct arena *arena, struct span ca, struct span *bundle_out)
{
    struct buf roots = {0}, bundle = {0};
    enum err err = file_read(SYSTEM_ROOTS, MIB(4), &roots);

    if (err == ERR_NOT_FOUND) err = ERR_OK; /* ca-certificates is not installed: ours is all the trust there is */
    if (err == ERR_OK) err = provision_bundle(buf_span(&roots), ca, &bundle);
    if (err == ERR_OK) *bundle_out = arena_copy(arena, buf_span(&bundle));
    buf_clear(&roots);
    buf_clear(&bundle);
    return err == ERR_OK && bundle_out->at == NULL ? ERR_NOMEM : err;
}

static enum err make_files(struct arena *arena, const struct run_request *request, const struct provision *provision,
                           struct sandbox_plan *plan)
{
    struct sandbox_file *files = arena_new(arena, (provision->file_count + 3) * sizeof *files);
    struct span bundle = {0};
    size_t count = 0;

    if (files == NULL) return ERR_NOMEM;
    TRY(make_bundle(arena, request->ca, &bundle));
    files[count++] = (struct sandbox_file){INSIDE_CA, 0444, request->ca};
    files[count++] = (struct sandbox_file){INSIDE_BUNDLE, 0444, bundle};
    if (request->agent->prompt.len > 0)
        files[count++] = (struct sandbox_file){INSIDE_PROMPT, 0444, request->agent->prompt};
    for (size_t i = 0; i < provision->file_count; i++)
        files[count++] = (struct sandbox_file){(const char *)provision->files[i].path.at, provision->files[i].mode,
                                               provision->files[i].content};
    plan->files = files;
    plan->file_count = count;
    return ERR_OK;
}

enum err run_plan_make(struct arena *arena, const struct run_request *request, struct sandbox_plan *plan)
{
    const struct agent *agent = request->agent;
    struct provision_input input = {.proxy_host = "127.0.0.1",
                                    .proxy_port = PROXY_PORT,
                                    .ca_path = INSIDE_CA,
                                    .bundle_path = INSIDE_BUNDLE,
                                    .home = INSIDE_HOME};
    uint16_t *ports = arena_new(arena, ROUTE_COUNT_MAX * sizeof *ports);
    struct provision provision;

    if (ports == NULL) return ERR_NOMEM;
    TRY(provision_make(&input, arena, &provision));
    TRY(make_files(arena, request, &provision, plan));
    plan->name = (const char *)arena_copy(arena, agent->bottle_name).at;
    plan->self = "/proc/self/exe";
    plan->project = request->project;
    plan->secret = request->root;
    plan->home = INSIDE_HOME;
    plan->envp = make_env(arena, agent, &provision);
    plan->argv = request->command != NULL ? request->command : make_argv(arena, agent);
    plan->ports = ports;
    plan->port_count = make_ports(agent->bottle->policy, ports);
    plan->memory_bytes = agent->bottle->memory_bytes;
    plan->pids_max = agent->bottle->pids_max;
    return plan->envp == NULL || plan->argv == NULL || plan->name == NULL ? ERR_NOMEM : ERR_OK;
}
