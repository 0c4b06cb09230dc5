#include "fsm/app.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "backends/manifest/load.h"
#include "backends/manifest/rule_cache.h"
#include "backends/provision/token.h"
#include "fsm/app_fsm.h"
#include "fsm/approvals.h"
#include "fsm/compile.h"
#include "reactor/base/log.h"
#include "reactor/base/mem.h"
#include "reactor/base/verb.h"
#include "reactor/loop/signal.h"
#include "reactor/machine/trace.h"

/* One bottle, and the rules that are being made for it. */
struct served {
    struct app *app;
    struct egress egress;
    struct policy *policy;
    struct vault *vault;
    struct rule_set *rule_set;
    struct engine *engine; /* of rule_set; NULL until it was opened */
    struct tokens *tokens;
    struct rules *next;
};

struct app {
    struct fsm machine;
    const struct app_options *options;
    const struct app_hooks *hooks;
    void *owner;
    struct loop *loop;
    struct ca *ca;
    struct proxy proxy;
    struct approvals *approvals;
    struct manifests *manifests, *new_manifests;
    struct served *served[APP_BOTTLES_MAX];
    size_t served_count, fetching, holds; /* fetching: what a load still waits for */
    bool lacking;                         /* ...and has not got all of: a secret that the scan must know */
    struct compile *compile;
    uint64_t compile_began_ms;
    struct signal_watch *signals[4];
    int code, log_fd;
    char queue_folder[4096];
};

static fsm_action_fn app_load, app_ready, app_give_up, app_swap, app_keep, app_drain, app_stop;
FSM_TYPE(app_type, "app", APP_STATES, APP_EVENTS, APP_ROWS);

static struct app *of(struct fsm *machine) { return CONTAINER_OF(machine, struct app, machine); }

/* --- loading ---------------------------------------------------------------------------------------------- */

static void forget_next(struct served *s)
{
    tokens_free(&s->tokens);
    policy_free(&s->policy);
    vault_free(&s->vault);
    rule_set_free(&s->rule_set);
    engine_free(&s->engine);
    rules_free(&s->next);
}

static void print_errors(const struct manifests *manifests)
{
    struct buf out = {0};

    for (const struct manifest_error *e = manifests->errors.first; e != NULL; e = e->next)
        if (manifest_error_print(&out, e) != ERR_OK) break;
    if (buf_len(&out) > 0) fprintf(stderr, "%.*s", SPAN_FMT(buf_span(&out)));
    buf_clear(&out);
}

/* --- the engine of a bottle's rules ----------------------------------------------------------------------- */

/* Bottles with the same rules share an engine, and the rules before a reload with those after. */
static struct engine *find_engine(const struct app *app, const struct rule_set *set)
{
    for (size_t i = 0; i < app->served_count; i++) {
        const struct served *s = app->served[i];
        if (s->engine != NULL && engine_is_of(s->engine, set)) return s->engine;
        if (s->egress.rules != NULL && engine_is_of(s->egress.rules->engine, set)) return s->egress.rules->engine;
    }
    return NULL;
}

/* The loop's clock stands still meanwhile. */
static uint64_t clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void log_engine(const struct served *s, enum rule_cache_use use, uint64_t began_ms)
{
    static const char *const words[] = {
        [RULE_CACHE_SHIPPED] = "shipped",
        [RULE_CACHE_USED] = "cached",
        [RULE_CACHE_NEW] = "compiled",
        [RULE_CACHE_UNKEPT] = "unkept",
    };

    if (use == RULE_CACHE_UNKEPT)
        LOG(WARN, "rules.unkept", F_TEXT("bottle", s->egress.name),
            F_TEXT("why", "ROOT/cache can't be written: the next start takes as long"));
    LOG(INFO, "app.rules", F_TEXT("bottle", s->egress.name), F_NUM("count", s->rule_set->count),
        F_TEXT("engine", words[use]), F_MS("took", clock_ms() - began_ms));
}

/* ERR_NOT_FOUND and ERR_DENIED: it has to be compiled, and may not be here. */
static enum err open_engine(struct app *app, struct served *s, bool may_compile)
{
    struct engine *same = find_engine(app, s->rule_set);
    struct rule_fault fault = {0};
    enum rule_cache_use use;
    uint64_t began_ms = clock_ms();

    if (same != NULL) {
        s->engine = engine_hold(same);
        return ERR_OK;
    }
    const char *root = app->options->root;
    enum err err = may_compile ? rule_cache_open(root, s->rule_set, &fault, &use, &s->engine)
                               : rule_cache_find(root, s->rule_set, &use, &s->engine);
    if (err == ERR_OK) log_engine(s, use, began_ms);
    assert(err != ERR_SYNTAX || fault.rule != NULL);
    if (err == ERR_SYNTAX) LOG(ERROR, "app.rule", F_STR("rule", fault.rule->id), F_TEXT("why", fault.why));
    if (err == ERR_DENIED)
        LOG(WARN, "rules.damaged", F_TEXT("bottle", s->egress.name),
            F_TEXT("why", "what was in ROOT/cache is not whole, or not ours alone: it was thrown away"));
    return err;
}

/* Where no child could be had, or it failed, the rules are compiled here, and everybody waits. */
static enum err make_rules(struct app *app, struct served *s)
{
    if (s->engine == NULL) TRY(open_engine(app, s, true));
    return rules_new(app->loop, &s->policy, &s->vault, s->engine, &s->next);
}

static void finish_loading(struct app *app)
{
    if (app->lacking) {
        fsm_post(&app->machine, APP_EV_FAILED);
        return;
    }
    for (size_t i = 0; i < app->served_count; i++) {
        struct served *s = app->served[i];
        enum err err = make_rules(app, s);
        if (err == ERR_OK) continue;
        LOG(ERROR, "app.rules", F_TEXT("bottle", s->egress.name), F_TEXT("why", err_meaning(err)));
        fsm_post(&app->machine, APP_EV_FAILED);
        return;
    }
    fsm_post(&app->machine, APP_EV_LOADED);
}

static void on_compiled(void *owner)
{
    struct app *app = owner;

    LOG(INFO, "app.compiled", F_MS("took", loop_now_ms(app->loop) - app->compile_began_ms));
    compile_free(&app->compile);
    if (--app->fetching == 0) finish_loading(app);
}

/* What was compiled before is opened at once, the rest by a child. */
static enum err open_engines(struct app *app)
{
    const char *names[APP_BOTTLES_MAX];
    size_t count = 0;

    for (size_t i = 0; i < app->served_count; i++) {
        enum err err = open_engine(app, app->served[i], false);
        if (err == ERR_NOT_FOUND || err == ERR_DENIED)
            names[count++] = app->served[i]->egress.name;
        else
            TRY(err);
    }
    if (count == 0) return ERR_OK;
    app->compile_began_ms = loop_now_ms(app->loop);
    if (compile_start(app->loop, app->options->root, names, count, on_compiled, app, &app->compile) == ERR_OK)
        app->fetching++;
    return ERR_OK;
}

/* --- loading, and credentials ----------------------------------------------------------------------------- */

/* Without a token its routes refuse; a secret that the scan does not know may leave anywhere. */
static void tell_missing(struct served *s, const struct token_failure *failure)
{
    if (policy_is_secret(s->policy, failure->slot)) {
        s->app->lacking = true;
        LOG(ERROR, "secret.missing", F_TEXT("bottle", s->egress.name),
            F_STR("secret", policy_secret_name(s->policy, failure->slot)), F_STR("ref", failure->ref),
            F_TEXT("why", failure->why), F_TEXT("so", "the bottle is not served without it"));
    } else {
        LOG(WARN, "token.missing", F_TEXT("bottle", s->egress.name), F_STR("ref", failure->ref),
            F_TEXT("why", failure->why), F_TEXT("so", "its routes refuse with credential-unavailable"));
    }
}

static void on_tokens(void *owner, const struct token_failure *failures, size_t count)
{
    struct served *s = owner;
    struct app *app = s->app;

    for (size_t i = 0; i < count; i++) tell_missing(s, &failures[i]);
    tokens_free(&s->tokens);
    if (--app->fetching == 0) finish_loading(app);
}

/* What was taken from the environment, or given by a command, is not there a second time. */
static enum err inherit_values(struct served *s)
{
    const struct rules *old = s->egress.rules;

    for (size_t i = 0; old != NULL && i < s->policy->token_ref_count; i++)
        for (size_t j = 0; j < old->policy->token_ref_count; j++)
            if (span_is(s->policy->token_refs[i], old->policy->token_refs[j]) && vault_get(old->vault, j).len > 0)
                TRY(vault_set(s->vault, i, vault_get(old->vault, j)));
    return ERR_OK;
}

static enum err begin_served(struct app *app, struct served *s)
{
    const struct bottle *bottle = manifests_bottle(app->new_manifests, span_of(s->egress.name));

    forget_next(s);
    if (bottle == NULL || bottle->policy == NULL) {
        fprintf(stderr, "%s: there is no bottle `%s`, or it has errors; write %s/bottles/%s.md\n", app->options->root,
                s->egress.name, app->options->root, s->egress.name);
        return ERR_NOT_FOUND;
    }
    s->policy = policy_hold(bottle->policy);
    s->rule_set = rule_set_hold(bottle->dlp.rules);
    TRY(vault_new(s->policy->token_ref_count, &s->vault));
    TRY(inherit_values(s));
    TRY(tokens_fetch(app->loop, s->policy, s->vault, on_tokens, s, &s->tokens));
    app->fetching++;
    return ERR_OK;
}

static enum err load(struct app *app)
{
    manifests_free(&app->new_manifests);
    enum err err = manifests_load(app->options->root, &app->new_manifests);
    if (err != ERR_OK) {
        fprintf(stderr, "%s: %s\n", app->options->root, err_meaning(err));
        return err;
    }
    print_errors(app->new_manifests);
    for (size_t i = 0; i < app->served_count; i++) TRY(begin_served(app, app->served[i]));
    return open_engines(app);
}

static void app_load(struct fsm *machine)
{
    struct app *app = of(machine);

    app->fetching = 0;
    app->lacking = false;
    if (load(app) != ERR_OK)
        fsm_post(machine, APP_EV_FAILED);
    else if (app->fetching == 0)
        fsm_post(machine, APP_EV_LOADED);
}

/* --- people ----------------------------------------------------------------------------------------------- */

static enum store_err open_queue(void *owner, uint64_t run, struct store **store_out)
{
    struct app *app = owner;
    struct arena arena = arena_begin(KIB(8));
    const char *why = NULL;
    enum store_err err = store_open(app->options->root, run, &arena, &why, store_out);

    if (err != STORE_OK) LOG(ERROR, "queue.unopened", F_TEXT("why", why));
    arena_end(&arena);
    return err;
}

/* What is wrong with the queue is told now, not when a person is needed. */
static void open_approvals(struct app *app)
{
    bool is_supervised = false;

    for (size_t i = 0; i < app->served_count; i++) {
        const struct supervise *supervise = &app->served[i]->egress.rules->policy->supervise;
        is_supervised = is_supervised || supervise->tokens || supervise->routes;
    }
    if (is_supervised) approvals_open(app->approvals);
}

/* Requests that began under the old rules keep them; the pool's connections were made under them and go. */
static void swap_rules(struct app *app)
{
    for (size_t i = 0; i < app->served_count; i++) {
        struct served *s = app->served[i];
        rules_free(&s->egress.rules);
        s->egress.rules = MOVE(s->next);
    }
    pool_clear(app->proxy.pool);
    manifests_free(&app->manifests);
    app->manifests = MOVE(app->new_manifests);
    open_approvals(app);
}

static void app_ready(struct fsm *machine)
{
    struct app *app = of(machine);

    swap_rules(app);
    app->hooks->ready(app->owner, app);
}

static void app_swap(struct fsm *machine)
{
    swap_rules(of(machine));
    LOG(INFO, "app.reloaded", F_TEXT("root", of(machine)->options->root));
}

static void app_keep(struct fsm *machine)
{
    struct app *app = of(machine);

    compile_free(&app->compile);
    for (size_t i = 0; i < app->served_count; i++) forget_next(app->served[i]);
    manifests_free(&app->new_manifests);
    LOG(ERROR, "app.kept", F_TEXT("root", app->options->root),
        F_TEXT("why", "the new manifests have errors; the old rules stay"));
}

/* --- ending ----------------------------------------------------------------------------------------------- */

static size_t conn_count(const struct app *app)
{
    size_t count = 0;

    for (size_t i = 0; i < app->served_count; i++) count += app->served[i]->egress.conn_count;
    return count;
}

static void look_if_empty(struct app *app)
{
    if (app->machine.state == APP_DRAINING && app->holds == 0 && conn_count(app) == 0)
        fsm_post(&app->machine, APP_EV_EMPTY);
}

static void on_conn_gone(struct proxy *proxy) { look_if_empty(CONTAINER_OF(proxy, struct app, proxy)); }

void app_hold(struct app *app) { app->holds++; }

void app_release(struct app *app)
{
    app->holds--;
    look_if_empty(app);
}

static void app_drain(struct fsm *machine)
{
    struct app *app = of(machine);

    if (conn_count(app) > 0)
        LOG(INFO, "app.draining", F_NUM("connections", conn_count(app)), F_MS("at_most", DRAIN_MS));
    app->proxy.draining = true;
    approvals_end(app->approvals); /* nobody who waits could be answered in time */
    app->hooks->drain(app->owner);
    for (size_t i = 0; i < app->served_count; i++) conn_drain_all(&app->served[i]->egress, false);
    look_if_empty(app);
}

static void app_stop(struct fsm *machine) { loop_stop(of(machine)->loop); }

static void app_give_up(struct fsm *machine)
{
    of(machine)->code = EXIT_BROKEN;
    loop_stop(of(machine)->loop);
}

void app_end(struct app *app, int code)
{
    app->code = code;
    fsm_post(&app->machine, APP_EV_TERM);
}

static void on_signal(void *context, int number)
{
    struct app *app = context;

    if (number == SIGUSR1)
        trace_print(STDERR_FILENO);
    else
        fsm_post(&app->machine, number == SIGHUP && !app->options->hup_ends ? APP_EV_HUP : APP_EV_TERM);
}

/* --- made and freed --------------------------------------------------------------------------------------- */

static enum err watch_signals(struct app *app)
{
    static const int numbers[] = {SIGTERM, SIGHUP, SIGUSR1, SIGINT};
    size_t count = app->options->handles_int ? COUNT_OF(numbers) : COUNT_OF(numbers) - 1;

    for (size_t i = 0; i < count; i++) TRY(signal_watch_new(app->loop, numbers[i], on_signal, app, &app->signals[i]));
    return ERR_OK;
}

static enum err open_append(const char *path, int *fd_out)
{
    bool is_stdout = strcmp(path, "-") == 0;

    *fd_out = is_stdout ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
                        : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd_out >= 0) return ERR_OK;
    fprintf(stderr, "%s: the log can't be opened: %s\n", path, strerror(errno));
    return ERR_SYS;
}

static enum err open_logs(struct app *app)
{
    app->proxy.access = (struct access_log){.loop = app->loop, .fd = -1};
    app->log_fd = -1;
    if (app->options->access_log != NULL) TRY(open_append(app->options->access_log, &app->proxy.access.fd));
    if (app->options->log == NULL) return ERR_OK;
    TRY(open_append(app->options->log, &app->log_fd));
    log_to(app->log_fd);
    return ERR_OK;
}

static enum err open_authority(struct app *app)
{
    char path[4096];
    enum err err;

    snprintf(path, sizeof path, "%s/ca", app->options->root);
    err = ca_open(path, loop_wall_s(app->loop), &app->ca);
    if (err == ERR_OK) return ERR_OK;
    fprintf(stderr, "%s: the certificate authority can't be opened: %s%s\n", path, err_meaning(err),
            err == ERR_DENIED ? "; its key must be yours alone: chmod 600 ca.key" : "");
    return err;
}

static enum err open_all(struct app *app)
{
    struct proxy *proxy = &app->proxy;

    TRY(loop_new(&app->loop));
    TRY(open_logs(app));
    TRY(open_authority(app));
    proxy->loop = app->loop;
    proxy->conn_gone = on_conn_gone;
    TRY(resolver_new(app->loop, &app->options->resolver, &proxy->resolver));
    TRY(tls_server_new(app->loop, app->ca, &proxy->tls));
    TRY(pool_new(app->loop, proxy->resolver, &proxy->pool));
    TRY(approvals_new(app->loop, app->queue_folder, open_queue, app, &app->approvals));
    fsm_start(&app->machine, &app_type, app->loop, proxy_id(proxy));
    return watch_signals(app);
}

enum err app_new(const struct app_options *options, const struct app_hooks *hooks, void *owner, struct app **app_out)
{
    AUTO(app) app = mem_new(sizeof *app);

    if (app == NULL) return ERR_NOMEM;
    app->options = options;
    app->hooks = hooks;
    app->owner = owner;
    snprintf(app->queue_folder, sizeof app->queue_folder, "%s/queue", options->root);
    TRY(open_all(app));
    *app_out = MOVE(app);
    return ERR_OK;
}

static void free_served(struct served **held)
{
    struct served *s = *held;

    *held = NULL;
    if (s == NULL) return;
    forget_next(s);
    rules_free(&s->egress.rules);
    mem_free(s->egress.name);
    mem_free(s);
}

void app_free(struct app **held)
{
    struct app *app = *held;

    if (app == NULL) return;
    *held = NULL;
    compile_free(&app->compile);
    for (size_t i = 0; i < app->served_count; i++) conn_drain_all(&app->served[i]->egress, true);
    if (app->loop != NULL) loop_settle(app->loop); /* what they deferred */
    pool_free(&app->proxy.pool);
    if (app->loop != NULL) loop_settle(app->loop);
    approvals_free(&app->approvals);
    for (size_t i = 0; i < app->served_count; i++) free_served(&app->served[i]);
    manifests_free(&app->manifests);
    manifests_free(&app->new_manifests);
    tls_server_free(&app->proxy.tls);
    resolver_free(&app->proxy.resolver);
    ca_free(&app->ca);
    for (size_t i = 0; i < COUNT_OF(app->signals); i++) signal_watch_free(&app->signals[i]);
    access_flush(&app->proxy.access);
    if (app->proxy.access.fd >= 0) close(app->proxy.access.fd);
    if (app->log_fd >= 0) {
        log_to(STDERR_FILENO);
        close(app->log_fd);
    }
    fsm_stop(&app->machine);
    loop_free(&app->loop);
    mem_free(app);
}

enum err app_add(struct app *app, const char *bottle, struct egress **egress_out)
{
    struct served *s;

    for (size_t i = 0; i < app->served_count; i++)
        if (strcmp(app->served[i]->egress.name, bottle) == 0) {
            *egress_out = &app->served[i]->egress;
            return ERR_OK;
        }
    if (app->served_count == APP_BOTTLES_MAX) return ERR_LIMIT;
    s = mem_new(sizeof *s);
    if (s == NULL) return ERR_NOMEM;
    s->app = app;
    s->egress.proxy = &app->proxy;
    s->egress.name = mem_text(span_of(bottle));
    list_init(&s->egress.conns);
    app->served[app->served_count++] = s;
    *egress_out = &s->egress;
    return s->egress.name != NULL ? approvals_serve(app->approvals, &s->egress) : ERR_NOMEM;
}

int app_run(struct app *app)
{
    fsm_post(&app->machine, APP_EV_START);
    if (!fsm_is_final(&app->machine)) loop_run(app->loop);
    return app->code;
}

struct loop *app_loop(struct app *app) { return app->loop; }
struct span app_ca_pem(const struct app *app) { return ca_pem(app->ca); }
const struct manifests *app_manifests(const struct app *app) { return app->manifests; }
