/* namespaces.c — the sandbox of Linux's own parts: namespaces by launch.c, mounts and processes by bubblewrap. */
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/sandbox/bwrap.h"
#include "backends/sandbox/cgroup.h"
#include "backends/sandbox/driver.h"
#include "backends/sandbox/filter.h"
#include "backends/sandbox/launch.h"
#include "backends/sandbox/mounts.h"
#include "backends/sandbox/preflight.h"
#include "backends/sandbox/sandbox_fsm.h"
#include "reactor/base/mem.h"
#include "reactor/loop/watch.h"
#include "reactor/proc/child.h"
#include "reactor/proc/netns.h"

struct sandbox {
    struct fsm machine;
    struct loop *loop;
    struct child *child;
    struct watch *watch; /* of control */
    int control;         /* to the launcher; -1 once it has closed */
    struct sandbox_calls calls;
    void *owner;
    struct defer tell;
    bool running_untold, end_untold;
    int code;                 /* how the child ended */
    char why[NETNS_TEXT_MAX]; /* "" or what broke */
    const char *left_out;     /* NULL or what the bottle has to do without */
    struct cgroup cgroup;
    char name[CGROUP_NAME_MAX];
    uint64_t memory_bytes, pids_max;
};

static fsm_action_fn box_go, box_kill, box_term, box_report, box_tell_running;
FSM_TYPE(box_type, "sandbox", BOX_STATES, BOX_EVENTS, BOX_ROWS);

static struct sandbox *box_of(struct fsm *machine) { return CONTAINER_OF(machine, struct sandbox, machine); }

static void explain(struct sandbox *box, const char *why)
{
    if (box->why[0] == '\0') snprintf(box->why, sizeof box->why, "%s", why);
}

static void hang_up(struct sandbox *box)
{
    watch_free(&box->watch);
    if (box->control >= 0) close(box->control);
    box->control = -1;
}

/* --- telling the owner ----------------------------------------------------------------------------------- */

/* One event a call: the owner may free the box in it. */
static void tell(struct defer *defer)
{
    struct sandbox *box = CONTAINER_OF(defer, struct sandbox, tell);
    enum sandbox_event end = box->machine.state == BOX_GONE ? SANDBOX_GONE : SANDBOX_BROKEN;

    if (!box->running_untold) {
        box->calls.event(box->owner, end, box->code, box->why[0] != '\0' ? box->why : NULL);
        return;
    }
    box->running_untold = false;
    if (box->end_untold) loop_defer(box->loop, &box->tell, tell);
    box->calls.event(box->owner, SANDBOX_RUNNING, 0, box->left_out);
}

static void box_tell_running(struct fsm *machine)
{
    struct sandbox *box = box_of(machine);

    box->running_untold = true;
    loop_defer(box->loop, &box->tell, tell);
}

static void box_report(struct fsm *machine)
{
    struct sandbox *box = box_of(machine);

    if (machine->state == BOX_BROKEN)
        explain(box, machine->last_event == BOX_EV_EXIT ? "the sandbox ended before the agent started"
                                                        : "the sandbox would not end");
    box->end_untold = true;
    loop_defer(box->loop, &box->tell, tell);
}

/* --- the actions ----------------------------------------------------------------------------------------- */

static void box_kill(struct fsm *machine)
{
    struct sandbox *box = box_of(machine);

    if (machine->last_event == BOX_EV_DEADLINE && machine->state == BOX_ABORTING)
        explain(box, "the sandbox did not start in time");
    child_signal(box->child, SIGKILL);
}

/* The limits are set before the agent's first instruction. */
static void box_go(struct fsm *machine)
{
    struct sandbox *box = box_of(machine);

    if (cgroup_join(&box->cgroup, box->name, child_pid(box->child), box->memory_bytes, box->pids_max) != ERR_OK)
        box->left_out = "memory and process limits could not be set here; resource limits (setrlimit) stand";
    if (send(box->control, "g", 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) fsm_post(machine, BOX_EV_FAILED);
}

/* The launcher passes it on to the agent. */
static void box_term(struct fsm *machine) { child_signal(box_of(machine)->child, SIGTERM); }

/* --- what the launcher and the kernel say ---------------------------------------------------------------- */

static void hear(struct sandbox *box, const struct netns_note *note)
{
    switch (note->kind) {
    case NETNS_TCP:
    case NETNS_UDP: box->calls.door(box->owner, note->kind == NETNS_TCP, note->port, note->fd); break;
    case NETNS_READY: fsm_post(&box->machine, BOX_EV_READY); break;
    case NETNS_STARTED: fsm_post(&box->machine, BOX_EV_STARTED); break;
    case NETNS_FAILED:
        explain(box, note->text);
        fsm_post(&box->machine, BOX_EV_FAILED);
        break;
    }
}

/* One note a call: the owner may free the box when it gets a door. */
static void on_control(void *context)
{
    struct sandbox *box = context;
    struct netns_note note;
    enum err err = netns_receive(box->control, &note);

    if (err == ERR_OK) hear(box, &note);
    if (err == ERR_OK || err == ERR_AGAIN) return;
    hang_up(box);
    if (err != ERR_PEER) fsm_post(&box->machine, BOX_EV_FAULT);
}

/* What it said last may still wait, and comes before its end; a door is of no use any more. */
static void hear_last(struct sandbox *box)
{
    struct netns_note note;

    while (box->control >= 0 && netns_receive(box->control, &note) == ERR_OK) {
        if (note.fd >= 0)
            close(note.fd);
        else
            hear(box, &note);
    }
    hang_up(box);
}

static void on_exit_code(void *owner, int code)
{
    struct sandbox *box = owner;

    hear_last(box);
    box->code = code;
    fsm_post(&box->machine, BOX_EV_EXIT);
}

/* --- starting -------------------------------------------------------------------------------------------- */

static enum err put_doors(struct buf *words, const struct sandbox_plan *plan)
{
    if (plan->port_count + COUNT_OF(fixed_doors) > SANDBOX_DOORS_MAX) return ERR_LIMIT;
    for (size_t i = 0; i < COUNT_OF(fixed_doors); i++)
        TRY(launch_put_door(words, fixed_doors[i].tcp, fixed_doors[i].port));
    for (size_t i = 0; i < plan->port_count; i++)
        if (!is_fixed_door(plan->ports[i])) TRY(launch_put_door(words, true, plan->ports[i]));
    return ERR_OK;
}

static enum err put_plan(struct buf *words, const struct sandbox_plan *plan, struct bwrap_fds *fds)
{
    struct identity identity;
    struct mounts mounts;
    enum err err;

    if (plan->file_count > SANDBOX_FILES_MAX) return ERR_LIMIT;
    TRY(identity_choose(plan->project, &identity));
    TRY(launch_put_identity(words, &identity, plan->project));
    TRY(put_doors(words, plan));
    for (const char *const *variable = plan->envp; *variable != NULL; variable++)
        TRY(launch_put_variable(words, *variable));
    err = mounts_list(&mounts, plan);
    if (err == ERR_OK) err = bwrap_words(words, plan, &identity, &mounts, fds);
    mounts_free(&mounts);
    return err;
}

/* launch.h has the numbers. */
static enum err spawn(struct sandbox *box, const struct sandbox_plan *plan, const int fixed[LAUNCH_FILES],
                      const struct bwrap_fds *files)
{
    const char *const argv[] = {plan->self, "__init", "3", "4", NULL}, *const envp[] = {NULL};
    struct child_fd map[LAUNCH_FILES + COUNT_OF(files->fds)];
    struct child_plan child = {
        .argv = argv, .envp = envp, .fds = map, .dies_with_parent = true, .own_session = true, .tty_fd = -1};

    _Static_assert(LAUNCH_CONTROL == 3 && LAUNCH_PLAN == 4, "argv says so");
    for (int i = 0; i < LAUNCH_FILES; i++) map[child.fd_count++] = (struct child_fd){fixed[i], i};
    for (size_t i = 0; i < files->count; i++)
        map[child.fd_count++] = (struct child_fd){files->fds[i], LAUNCH_FILES + (int)i};
    return child_spawn(box->loop, &child, on_exit_code, box, &box->child);
}

static void close_all(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fds[i] >= 0) close(fds[i]);
}

static enum err hand_over(struct sandbox *box, const struct sandbox_plan *plan, struct buf *words,
                          struct bwrap_fds *files)
{
    int fixed[LAUNCH_FILES] = {plan->fds[0], plan->fds[1], plan->fds[2], -1, -1, -1};
    int pair[2];
    enum err err = put_plan(words, plan, files);

    if (err == ERR_OK) err = bwrap_memfd(buf_span(words), &fixed[LAUNCH_PLAN]);
    if (err == ERR_OK) err = filter_new(&fixed[LAUNCH_FILTER]);
    if (err == ERR_OK && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) err = ERR_SYS;
    if (err == ERR_OK) {
        box->control = pair[0];
        fixed[LAUNCH_CONTROL] = pair[1];
        err = spawn(box, plan, fixed, files);
    }
    close_all(fixed + LAUNCH_CONTROL, LAUNCH_FILES - LAUNCH_CONTROL);
    return err;
}

static void namespaces_free(struct sandbox **sandbox);
#define sandbox_free namespaces_free

static enum err namespaces_start(struct loop *loop, const struct sandbox_plan *plan, const struct sandbox_calls *calls,
                                 void *owner, struct sandbox **sandbox_out)
{
    AUTO(sandbox) box = NULL;
    struct buf words = {0};
    struct bwrap_fds files = {.count = 0};
    enum err err;

    if (mounts_refuse_project(plan) != NULL) return ERR_DENIED;
    box = mem_new(sizeof *box);
    if (box == NULL) return ERR_NOMEM;
    box->loop = loop, box->calls = *calls, box->owner = owner, box->control = -1;
    box->memory_bytes = plan->memory_bytes, box->pids_max = plan->pids_max;
    snprintf(box->name, sizeof box->name, "%s", plan->name);

    err = hand_over(box, plan, &words, &files);
    bwrap_close(&files);
    buf_clear(&words);
    TRY(err);
    TRY(watch_readable(loop, box->control, on_control, box, &box->watch));
    TRY(watch_on(box->watch, true));
    fsm_start(&box->machine, &box_type, loop, (uint64_t)child_pid(box->child));
    *sandbox_out = MOVE(box);
    return ERR_OK;
}

static void namespaces_signal(struct sandbox *box, int number)
{
    if (box->machine.state == BOX_RUNNING || box->machine.state == BOX_STOPPING) child_signal(box->child, number);
}

static void namespaces_stop(struct sandbox *box) { fsm_post(&box->machine, BOX_EV_STOP); }

static void namespaces_free(struct sandbox **sandbox)
{
    struct sandbox *box = *sandbox;

    if (box == NULL) return;
    loop_defer_cancel(&box->tell);
    hang_up(box);
    child_free(&box->child);
    cgroup_leave(&box->cgroup);
    fsm_stop(&box->machine);
    mem_free(box);
    *sandbox = NULL;
}

const struct sandbox_driver sandbox_namespaces = {
    .name = "namespaces",
    .preflight = preflight_checks,
    .describe = preflight_describe,
    .start = namespaces_start,
    .signal = namespaces_signal,
    .stop = namespaces_stop,
    .free = namespaces_free,
};
