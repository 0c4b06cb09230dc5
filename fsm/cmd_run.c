#include "fsm/cmd_run.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/manifest/file.h"
#include "backends/manifest/load.h"
#include "backends/provision/provision.h"
#include "backends/sandbox/driver.h"
#include "fsm/names.h"
#include "fsm/options.h"
#include "reactor/base/log.h"
#include "reactor/base/mem.h"
#include "reactor/base/verb.h"
#include "reactor/net/datagram.h"
#include "reactor/proc/terminal.h"

static const char help[] =
    "bottled run AGENT [OPTIONS] [-- COMMAND...]\n"
    "\n"
    "Runs an agent (ROOT/agents/AGENT.md) in its bottle: a sandbox whose only way out is the proxy.  The project\n"
    "folder is writable inside; of the rest of this machine only its programs are there, read-only.  COMMAND replaces\n"
    "the agent's own.\n"
    "\n"
    "  --project DIR         the folder the agent works in (default: this one)\n"
    "  --dry-run             print the bottle's plan and make none\n" OPTIONS_HELP "\n"
    "Exit codes: the agent's own, 128 + N when signal N ended it; 2 usage; 3 the bottle could not be made.\n";

#define INSIDE_HOME   "/home/agent"
#define INSIDE_CA     "/etc/bottled/ca.pem"
#define INSIDE_BUNDLE "/etc/ssl/certs/ca-certificates.crt"
#define SYSTEM_ROOTS  "/etc/ssl/certs/ca-certificates.crt"
#define PROXY_PORT    3128
#define NAMES_PORT    53
#define DOORS_MAX     (ROUTE_COUNT_MAX + 8u)

struct run {
    struct options options;
    struct arena arena;
    const char *agent_name, *project;
    char *const *command; /* or NULL */
    bool dry_run;

    struct app *app;
    struct egress *egress;
    struct sandbox *sandbox;
    struct terminal *terminal;
    struct listener *doors[DOORS_MAX];
    size_t door_count;
    struct datagram *names;
    int code;
    bool running, gone;
};

/* --- the plan --------------------------------------------------------------------------------------------- */

static const char *text_of(struct run *run, struct span name, struct span value)
{
    return (const char *)arena_printf(&run->arena, "%.*s=%.*s", SPAN_FMT(name), SPAN_FMT(value)).at;
}

static size_t add_env(struct run *run, const char **envp, size_t count, const struct env_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t at = count;
        for (size_t j = 0; j < count; j++) /* the later one wins */
            if (span_is(span_first(span_of(envp[j]), list->list[i].name.len), list->list[i].name) &&
                envp[j][list->list[i].name.len] == '=')
                at = j;
        envp[at] = text_of(run, list->list[i].name, list->list[i].value);
        if (envp[at] == NULL) return 0;
        if (at == count) count++;
    }
    return count;
}

/* The manifests' variables first, so that none of them can turn the proxy off. */
static const char *const *make_env(struct run *run, const struct agent *agent, const struct provision *provision)
{
    const char *term = getenv("TERM");
    size_t most = 8 + agent->bottle->env.count + agent->env.count + provision->env.count;
    const char **envp = arena_new(&run->arena, (most + 1) * sizeof *envp);
    size_t count = 0;

    if (envp == NULL) return NULL;
    envp[count++] = "HOME=" INSIDE_HOME;
    envp[count++] = "PATH=/usr/local/bin:/usr/bin:/bin";
    envp[count++] = "LANG=C.UTF-8";
    envp[count++] = "USER=agent";
    envp[count++] = term != NULL ? text_of(run, SPAN_LIT("TERM"), span_of(term)) : "TERM=dumb";
    count = add_env(run, envp, count, &agent->bottle->env);
    count = add_env(run, envp, count, &agent->env);
    count = add_env(run, envp, count, &provision->env);
    return count > 0 ? envp : NULL;
}

static const char *const *make_argv(struct run *run, const struct agent *agent)
{
    const char **argv;

    if (run->command != NULL) return (const char *const *)run->command;
    if (agent->command_count == 0) return NULL;
    argv = arena_new(&run->arena, (agent->command_count + 1) * sizeof *argv);
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

static enum err make_files(struct run *run, const struct provision *provision, struct sandbox_file **files_out,
                           size_t *count_out)
{
    size_t count = provision->file_count + 2;
    struct sandbox_file *files = arena_new(&run->arena, count * sizeof *files);
    struct buf roots = {0}, bundle = {0};
    enum err err = files == NULL ? ERR_NOMEM : file_read(SYSTEM_ROOTS, MIB(4), &roots);

    if (err == ERR_NOT_FOUND) err = ERR_OK; /* ca-certificates is not installed: ours is all the trust there is */
    if (err == ERR_OK) err = provision_bundle(buf_span(&roots), app_ca_pem(run->app), &bundle);
    if (err == ERR_OK) {
        files[0] = (struct sandbox_file){INSIDE_CA, 0444, app_ca_pem(run->app)};
        files[1] = (struct sandbox_file){INSIDE_BUNDLE, 0444, arena_copy(&run->arena, buf_span(&bundle))};
        for (size_t i = 0; i < provision->file_count; i++)
            files[i + 2] = (struct sandbox_file){(const char *)provision->files[i].path.at, provision->files[i].mode,
                                                 provision->files[i].content};
        if (files[1].content.at == NULL) err = ERR_NOMEM;
    }
    *files_out = files;
    *count_out = count;
    buf_clear(&roots);
    buf_clear(&bundle);
    return err;
}

static enum err make_plan(struct run *run, const struct agent *agent, struct sandbox_plan *plan)
{
    struct provision_input input = {.proxy_host = "127.0.0.1",
                                    .proxy_port = PROXY_PORT,
                                    .ca_path = INSIDE_CA,
                                    .bundle_path = INSIDE_BUNDLE,
                                    .home = INSIDE_HOME};
    uint16_t *ports = arena_new(&run->arena, ROUTE_COUNT_MAX * sizeof *ports);
    struct provision provision;
    struct sandbox_file *files;

    if (ports == NULL) return ERR_NOMEM;
    TRY(provision_make(&input, &run->arena, &provision));
    TRY(make_files(run, &provision, &files, &plan->file_count));
    plan->files = files;
    plan->name = (const char *)arena_copy(&run->arena, agent->bottle_name).at;
    plan->self = "/proc/self/exe";
    plan->project = run->project;
    plan->secret = run->options.app.root;
    plan->home = INSIDE_HOME;
    plan->envp = make_env(run, agent, &provision);
    plan->argv = make_argv(run, agent);
    plan->ports = ports;
    plan->port_count = make_ports(agent->bottle->policy, ports);
    plan->memory_bytes = agent->bottle->memory_bytes;
    plan->pids_max = agent->bottle->pids_max;
    return plan->envp == NULL ? ERR_NOMEM : ERR_OK;
}

/* --- the bottle ------------------------------------------------------------------------------------------- */

static void on_proxy_accept(void *owner, struct stream *stream) { conn_new(owner, CONN_PROXY, stream); }
static void on_direct_accept(void *owner, struct stream *stream) { conn_new(owner, CONN_DIRECT, stream); }

static void fail(struct run *run, const char *why)
{
    fprintf(stderr, "bottled: %s\n", why);
    app_end(run->app, EXIT_BROKEN);
}

static void on_door(void *owner, bool tcp, uint16_t port, int fd)
{
    struct run *run = owner;
    struct loop *loop = app_loop(run->app);
    accept_fn *accept = port == PROXY_PORT ? on_proxy_accept : port == NAMES_PORT ? names_accept : on_direct_accept;
    enum err err;

    if (!tcp)
        err = datagram_adopt(loop, fd, names_datagram, run->egress, &run->names);
    else
        err = run->door_count == DOORS_MAX
                  ? ERR_LIMIT
                  : listener_adopt(loop, fd, accept, run->egress, &run->doors[run->door_count]);
    if (err != ERR_OK)
        fail(run, "a door of the bottle could not be watched");
    else if (tcp)
        run->door_count++;
}

static void end_if_over(struct run *run)
{
    if (!run->gone) return;
    if (run->terminal != NULL && !terminal_has_ended(run->terminal)) return; /* its last words are still on their way */
    terminal_free(&run->terminal);
    app_release(run->app);
    app_end(run->app, run->code);
}

static void on_terminal_ended(void *owner) { end_if_over(owner); }

static void on_sandbox(void *owner, enum sandbox_event event, int code, const char *why)
{
    struct run *run = owner;

    switch (event) {
    case SANDBOX_RUNNING:
        run->running = true;
        if (why != NULL) LOG(WARN, "run.without", F_TEXT("what", why));
        return;
    case SANDBOX_BROKEN: fprintf(stderr, "bottled: the bottle broke: %s\n", why); break;
    case SANDBOX_GONE: break;
    }
    run->gone = true;
    run->code = event == SANDBOX_GONE ? code : EXIT_BROKEN;
    end_if_over(run);
}

static bool check(const struct sandbox_plan *plan)
{
    struct sandbox_check checks[SANDBOX_CHECKS_MAX];
    size_t count = sandbox_namespaces.preflight(plan, checks);
    bool good = true;

    for (size_t i = 0; i < count; i++) {
        if (checks[i].ok) continue;
        fprintf(stderr, "bottled: this does not hold: %s\n  %s\n", checks[i].what, checks[i].fix);
        good = false;
    }
    return good;
}

static void print_plan(struct run *run, const struct sandbox_plan *plan)
{
    struct buf out = {0};

    if (sandbox_namespaces.describe(plan, &out) == ERR_OK) fwrite(out.at + out.from, 1, buf_len(&out), stdout);
    buf_clear(&out);
    app_end(run->app, EXIT_OK);
}

static void start(struct run *run, struct sandbox_plan *plan)
{
    static const struct sandbox_calls calls = {on_door, on_sandbox};

    if (!check(plan)) {
        app_end(run->app, EXIT_BROKEN);
        return;
    }
    memcpy(plan->fds, terminal_fds(run->terminal), sizeof plan->fds);
    plan->tty = terminal_is_pty(run->terminal);
    enum err err = sandbox_namespaces.start(app_loop(run->app), plan, &calls, run, &run->sandbox);
    if (err != ERR_OK) {
        fail(run, err == ERR_DENIED ? "this folder may not be a bottle's project; choose another with --project"
                                    : err_meaning(err));
        return;
    }
    app_hold(run->app);
    if (terminal_begin(run->terminal) != ERR_OK) fail(run, "the terminal could not be relayed");
}

static void on_ready(void *owner, struct app *app)
{
    struct run *run = owner;
    const struct agent *agent = manifests_agent(app_manifests(app), span_of(run->agent_name));
    struct sandbox_plan plan = {.tty = false};

    if (agent == NULL || agent->bottle == NULL || make_plan(run, agent, &plan) != ERR_OK) {
        fail(run, "the bottle could not be planned");
        return;
    }
    if (plan.argv == NULL) {
        fail(run, "the agent's manifest has no `command:`; write one, or give it behind --");
        return;
    }
    if (run->dry_run)
        print_plan(run, &plan);
    else
        start(run, &plan);
}

static void on_drain(void *owner)
{
    struct run *run = owner;

    for (size_t i = 0; i < run->door_count; i++) listener_free(&run->doors[i]);
    run->door_count = 0;
    datagram_free(&run->names);
    if (run->sandbox != NULL && !run->gone) sandbox_namespaces.stop(run->sandbox);
}

/* --- the verb --------------------------------------------------------------------------------------------- */

/* The agent's bottle must be known before the app loads anything. */
static const char *find_bottle(struct run *run)
{
    struct manifests *manifests = NULL;
    const struct agent *agent;
    const char *bottle = NULL;

    if (manifests_load(run->options.app.root, &manifests) != ERR_OK) {
        fprintf(stderr, "%s: no such folder of manifests; --root DIR names another\n", run->options.app.root);
        return NULL;
    }
    agent = manifests_agent(manifests, span_of(run->agent_name));
    if (agent != NULL && agent->bottle_name.len > 0)
        bottle = (const char *)arena_copy(&run->arena, agent->bottle_name).at;
    else
        fprintf(stderr, "there is no agent `%s`, or it has errors; `bottled check --root %s` tells\n", run->agent_name,
                run->options.app.root);
    manifests_free(&manifests);
    return bottle;
}

/* The terminal is the agent's: what we have to say goes to ROOT/log/, unless it was sent elsewhere. */
static bool default_logs(struct run *run)
{
    struct app_options *app = &run->options.app;
    struct span folder = arena_printf(&run->arena, "%s/log", app->root);

    if (folder.at == NULL || (mkdir((const char *)folder.at, 0700) != 0 && errno != EEXIST)) {
        fprintf(stderr, "%s/log can't be made: %s; name files with --log and --access-log\n", app->root,
                strerror(errno));
        return false;
    }
    if (app->log == NULL)
        app->log = (const char *)arena_printf(&run->arena, "%s/log/%s.log", app->root, run->agent_name).at;
    if (app->access_log == NULL)
        app->access_log = (const char *)arena_printf(&run->arena, "%s/log/%s.jsonl", app->root, run->agent_name).at;
    return app->log != NULL && app->access_log != NULL;
}

/* Before any credential is in memory: the terminal's guardian is a fork of this process. */
static enum err make_terminal(struct run *run)
{
    static const int ours[3] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    enum err err =
        run->dry_run ? ERR_OK : terminal_new(app_loop(run->app), ours, on_terminal_ended, run, &run->terminal);

    if (err != ERR_OK) fprintf(stderr, "bottled: no terminal could be made for the bottle: %s\n", err_meaning(err));
    return err;
}

static int run_agent(struct run *run)
{
    static const struct app_hooks hooks = {on_ready, on_drain};
    const char *bottle = find_bottle(run);
    AUTO(app) app = NULL;
    int code;

    if (bottle == NULL) return EXIT_USAGE;
    if (!run->dry_run && !default_logs(run)) return EXIT_BROKEN;
    run->options.app.handles_int = !isatty(STDIN_FILENO);
    if (app_new(&run->options.app, &hooks, run, &app) != ERR_OK || app_add(app, bottle, &run->egress) != ERR_OK)
        return EXIT_BROKEN;
    run->app = app;
    code = make_terminal(run) == ERR_OK ? app_run(app) : EXIT_BROKEN;
    sandbox_namespaces.free(&run->sandbox);
    terminal_free(&run->terminal);
    on_drain(run);
    return code;
}

static bool take_options(struct run *run, int argc, char **argv)
{
    static const struct option long_options[] = {
        OPTIONS_LONG, {"project", 1, 0, 'p'}, {"dry-run", 0, 0, 'n'}, {0, 0, 0, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option == 'p')
            run->project = optarg;
        else if (option == 'n')
            run->dry_run = true;
        else if (option == OPTION_HELP || !options_take(&run->options, option, optarg))
            return false;
    }
    return true;
}

/* argv up to "--" is ours, behind it is the agent's command. */
static int own_words(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--") == 0) return i;
    return argc;
}

int cmd_run(int argc, char **argv)
{
    struct run run = {.options = options_begin(), .arena = arena_begin(MIB(8))};
    int words = own_words(argc, argv), code = EXIT_USAGE;
    char *here = NULL;

    for (int i = 1; i < words; i++)
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return EXIT_OK;
        }
    if (words + 1 < argc) run.command = argv + words + 1;
    bool good = take_options(&run, words, argv);
    if (good && optind + 1 == words)
        run.agent_name = argv[optind];
    else
        fprintf(stderr, "bottled run AGENT [OPTIONS] [-- COMMAND...]    (--help tells more)\n");
    here = realpath(run.project != NULL ? run.project : ".", NULL);
    if (run.agent_name != NULL && here == NULL) fprintf(stderr, "%s: no such folder\n", run.project);
    run.project = here;
    if (good && run.agent_name != NULL && here != NULL && options_complete(&run.options)) code = run_agent(&run);
    mem_free(here);
    arena_end(&run.arena);
    options_end(&run.options);
    return code;
}
