#include "fsm/cmd_run.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsm/names.h"
#include "fsm/options.h"
#include "fsm/run_plan.h"
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

#define INSIDE_HOME  "/home/agent"
#define INSIDE_CA    "/etc/bottled/ca.pem"
#define SYSTEM_ROOTS "/etc/ssl/certs/ca-certificates.crt"
#define PROXY_PORT   3128
#define NAMES_PORT   53
#define DOORS_MAX    (ROUTE_COUNT_MAX + 8u)

struct run {
    struct options options;
    struct arena arena;
    const char *agent_name, *project, *root; /* the folders absolute */
    const char *const *command;              /* or NULL */
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
    struct run_request request = {agent, run->root, run->project, run->command, app_ca_pem(app)};
    struct sandbox_plan plan = {.tty = false};

    if (agent == NULL || agent->bottle == NULL || run_plan_make(&run->arena, &request, &plan) != ERR_OK)
        fail(run, "the bottle could not be planned");
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

/* What is wrong with the agent, as a sentence, or NULL. */
static const char *flaw(const struct run *run, const struct agent *agent)
{
    if (agent == NULL) return "there is no such agent";
    if (agent->bottle == NULL) return "the agent or its bottle has errors";
    if (run->command == NULL && agent->command_count == 0)
        return "the agent has no `command:`; write one, or give it behind --";
    return NULL;
}

static const struct agent *find_agent(struct run *run, const struct manifests *manifests)
{
    const struct agent *agent = manifests_agent(manifests, span_of(run->agent_name));
    const char *why = flaw(run, agent);

    if (why == NULL) return agent;
    fprintf(stderr, "%s/agents/%s.md: %s; `bottled check --root %s` tells more\n", run->root, run->agent_name, why,
            run->root);
    return NULL;
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
    enum err err = terminal_new(app_loop(run->app), ours, on_terminal_ended, run, &run->terminal);

    if (err != ERR_OK) fprintf(stderr, "bottled: no terminal could be made for the bottle: %s\n", err_meaning(err));
    return err;
}

static int print_plan(struct run *run, const struct agent *agent)
{
    struct run_request request = {agent, run->root, run->project, run->command, SPAN_LIT("")};
    struct sandbox_plan plan = {.tty = false};
    struct buf out = {0};
    enum err err = run_plan_make(&run->arena, &request, &plan);

    if (err == ERR_OK) err = sandbox_namespaces.describe(&plan, &out);
    if (err == ERR_OK) fwrite(out.at + out.from, 1, buf_len(&out), stdout);
    if (err != ERR_OK) fprintf(stderr, "bottled: the bottle could not be planned: %s\n", err_meaning(err));
    buf_clear(&out);
    return err == ERR_OK ? EXIT_OK : EXIT_BROKEN;
}

static int run_agent(struct run *run, const char *bottle)
{
    static const struct app_hooks hooks = {on_ready, on_drain};
    AUTO(app) app = NULL;
    int code;

    if (!default_logs(run)) return EXIT_BROKEN;
    run->options.app.handles_int = !isatty(STDIN_FILENO);
    run->options.app.hup_ends = true;
    if (app_new(&run->options.app, &hooks, run, &app) != ERR_OK || app_add(app, bottle, &run->egress) != ERR_OK)
        return EXIT_BROKEN;
    run->app = app;
    code = make_terminal(run) == ERR_OK ? app_run(app) : EXIT_BROKEN;
    sandbox_namespaces.free(&run->sandbox);
    terminal_free(&run->terminal);
    on_drain(run);
    return code;
}

/* The agent's bottle must be known before the app loads anything. */
static int find_and_run(struct run *run)
{
    struct manifests *manifests = NULL;
    const struct agent *agent;
    const char *bottle;
    int code = EXIT_USAGE;

    if (manifests_load(run->root, &manifests) != ERR_OK) {
        fprintf(stderr, "%s: no such folder of manifests; --root DIR names another\n", run->root);
        return EXIT_USAGE;
    }
    agent = find_agent(run, manifests);
    bottle = agent == NULL ? NULL : (const char *)arena_copy(&run->arena, agent->bottle_name).at;
    if (bottle != NULL && run->dry_run) code = print_plan(run, agent);
    manifests_free(&manifests);
    return bottle == NULL || run->dry_run ? code : run_agent(run, bottle);
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

/* The folder's absolute name without symbolic links, in the arena; NULL when there is none, which is said. */
static const char *resolve_folder(struct run *run, const char *name)
{
    char *real = realpath(name, NULL);
    const char *kept = NULL;

    if (real != NULL)
        kept = (const char *)arena_copy(&run->arena, span_of(real)).at;
    else
        fprintf(stderr, "%s: %s\n", name, strerror(errno));
    mem_free(real);
    return kept;
}

static int run_named(struct run *run)
{
    if (!options_complete(&run->options)) return EXIT_USAGE;
    run->project = resolve_folder(run, run->project != NULL ? run->project : ".");
    run->root = resolve_folder(run, run->options.app.root);
    return run->project != NULL && run->root != NULL ? find_and_run(run) : EXIT_USAGE;
}

int cmd_run(int argc, char **argv)
{
    struct run run = {.options = options_begin(), .arena = arena_begin(MIB(8))};
    int words = own_words(argc, argv), code = EXIT_USAGE;

    for (int i = 1; i < words; i++)
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return EXIT_OK;
        }
    if (words + 1 < argc) run.command = (const char *const *)argv + words + 1;
    bool good = take_options(&run, words, argv);
    if (good && optind + 1 == words) {
        run.agent_name = argv[optind];
        code = run_named(&run);
    } else {
        fprintf(stderr, "bottled run AGENT [OPTIONS] [-- COMMAND...]    (--help tells more)\n");
    }
    arena_end(&run.arena);
    options_end(&run.options);
    return code;
}
