#include "backends/sandbox/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reactor/base/own.h"
#include "reactor/base/verb.h"
#include "reactor/proc/netns.h"

struct door {
    enum netns_kind kind;
    uint16_t port;
};

struct launch {
    int control, plan;
    struct identity identity;
    const char *project;
    struct door doors[SANDBOX_DOORS_MAX];
    char *argv[SANDBOX_ARGS_MAX + 1], *envp[SANDBOX_ARGS_MAX + 1];
    size_t door_count, argc, envc;
};

/* --- the plan, written and read -------------------------------------------------------------------------- */

static enum err put(struct buf *plan, const char *key, const char *value)
{
    if (buf_len(plan) + strlen(key) + strlen(value) + 2 > (size_t)SANDBOX_PLAN_BYTES) return ERR_LIMIT;
    TRY(buf_printf(plan, "%s=%s", key, value));
    return buf_add(plan, (struct span){(const uint8_t *)"", 1});
}

static enum err put_number(struct buf *plan, const char *key, uint32_t value)
{
    char text[16];

    snprintf(text, sizeof text, "%" PRIu32, value);
    return put(plan, key, text);
}

enum err launch_put_identity(struct buf *plan, const struct identity *identity, const char *project)
{
    if (!identity->become) return ERR_OK;
    TRY(put_number(plan, "uid", identity->uid));
    TRY(put_number(plan, "gid", identity->gid));
    TRY(put_number(plan, "idmap", identity->idmap));
    return put(plan, "project", project);
}

enum err launch_put_door(struct buf *plan, bool tcp, uint16_t port)
{
    return put_number(plan, tcp ? "tcp" : "udp", port);
}
enum err launch_put_argument(struct buf *plan, const char *text) { return put(plan, "arg", text); }
enum err launch_put_variable(struct buf *plan, const char *text) { return put(plan, "env", text); }

static bool take_number(const char *text, uint64_t max, uint64_t *number_out)
{
    char *end;

    errno = 0;
    *number_out = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *number_out <= max;
}

static bool take_door(struct launch *launch, enum netns_kind kind, char *value)
{
    uint64_t port;

    if (launch->door_count == SANDBOX_DOORS_MAX || !take_number(value, UINT16_MAX, &port)) return false;
    launch->doors[launch->door_count++] = (struct door){kind, (uint16_t)port};
    return true;
}

static bool take_word(char **words, size_t *count, char *value)
{
    if (*count == SANDBOX_ARGS_MAX) return false;
    words[(*count)++] = value;
    return true;
}

static bool take_id(uint32_t *id, bool *given, char *value)
{
    uint64_t number;

    if (!take_number(value, UINT32_MAX - 1, &number) || number == 0) return false; /* never root */
    *id = (uint32_t)number;
    *given = true;
    return true;
}

static bool take_uid(struct launch *l, char *value) { return take_id(&l->identity.uid, &l->identity.become, value); }
static bool take_gid(struct launch *l, char *value) { return take_id(&l->identity.gid, &l->identity.become, value); }
static bool take_idmap(struct launch *l, char *value) { return (l->identity.idmap = value[0] == '1', true); }
static bool take_project(struct launch *l, char *value) { return (l->project = value, true); }
static bool take_tcp(struct launch *l, char *value) { return take_door(l, NETNS_TCP, value); }
static bool take_udp(struct launch *l, char *value) { return take_door(l, NETNS_UDP, value); }
static bool take_argument(struct launch *l, char *value) { return take_word(l->argv, &l->argc, value); }
static bool take_variable(struct launch *l, char *value) { return take_word(l->envp, &l->envc, value); }

/* clang-format off */
static const struct entry {
    const char *key;
    bool (*take)(struct launch *launch, char *value);
} entries[] = {
    {"uid", take_uid}, {"gid", take_gid}, {"idmap", take_idmap}, {"project", take_project},
    {"tcp", take_tcp}, {"udp", take_udp}, {"arg", take_argument}, {"env", take_variable},
};
/* clang-format on */

static bool take_entry(struct launch *launch, char *text)
{
    char *equals = strchr(text, '=');

    if (equals == NULL) return false;
    *equals = '\0';
    for (size_t i = 0; i < COUNT_OF(entries); i++)
        if (strcmp(entries[i].key, text) == 0) return entries[i].take(launch, equals + 1);
    return false;
}

static enum err read_plan(struct launch *launch)
{
    static char text[SANDBOX_PLAN_BYTES]; /* argv and envp point into it until the exec */
    ssize_t len = pread(launch->plan, text, sizeof text, 0);

    errno = len > 0 && text[len - 1] != '\0' ? EBADMSG : errno;
    if (len <= 0 || text[len - 1] != '\0') return ERR_SYS;
    for (char *at = text, *next; at < text + len; at = next) {
        next = at + strlen(at) + 1;
        if (!take_entry(launch, at)) return errno = EBADMSG, ERR_SYS;
    }
    errno = EBADMSG;
    return launch->argc > 0 && (launch->project != NULL) == launch->identity.become ? ERR_OK : ERR_SYS;
}

/* --- the steps ------------------------------------------------------------------------------------------- */

static enum err keep_plan(struct launch *launch)
{
    return fcntl(launch->plan, F_SETFD, FD_CLOEXEC) == 0 ? ERR_OK : ERR_SYS;
}

static enum err show_project(struct launch *launch)
{
    int tree;
    enum err err;

    if (!launch->identity.become) return ERR_OK;
    TRY(identity_tree(&launch->identity, launch->project, &tree));
    err = identity_stage(tree);
    close(tree);
    return err;
}

/* The terminal made for the bottle belongs to the bottle's user, so that programs can open it by its name too. */
static enum err become(struct launch *launch)
{
    if (!launch->identity.become) return ERR_OK;
    if (isatty(0) && fchown(0, launch->identity.uid, launch->identity.gid) != 0) return ERR_SYS;
    return identity_become(&launch->identity);
}

static enum err make_namespaces(struct launch *launch) { return (void)launch, identity_unshare(); }
static enum err network_up(struct launch *launch) { return (void)launch, netns_up(); }

static enum err open_door(struct launch *launch, const struct door *door)
{
    struct netns_note note = {.kind = door->kind, .port = door->port};
    enum err err;

    TRY(netns_socket(door->kind, door->port, &note.fd));
    err = netns_send(launch->control, &note);
    close(note.fd);
    return err;
}

static enum err open_doors(struct launch *launch)
{
    const struct netns_note ready = {.kind = NETNS_READY, .fd = -1};

    for (size_t i = 0; i < launch->door_count; i++) TRY(open_door(launch, &launch->doors[i]));
    return netns_send(launch->control, &ready);
}

/* Changing who we are has cleared it (prctl(2)); a parent that died before is seen by the next step. */
static enum err die_with_parent(struct launch *launch)
{
    (void)launch;
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 ? ERR_OK : ERR_SYS;
}

static enum err wait_for_go(struct launch *launch)
{
    char byte;
    ssize_t len = read(launch->control, &byte, 1);

    if (len == 0) _exit(EXIT_BROKEN); /* the driver is gone: nobody is left to tell */
    return len == 1 ? ERR_OK : ERR_SYS;
}

/* The first child of a process, or 0 (proc(5), task/TID/children). */
static pid_t first_child(pid_t of)
{
    char path[64], text[32] = "";
    int fd;
    ssize_t len;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", of, of);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    len = read(fd, text, sizeof text - 1);
    close(fd);
    return len > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

/* Below bubblewrap is its own process 1, and below that the agent.  A signal to one of the first two would end all. */
static void pass_on(pid_t bubblewrap, int number)
{
    pid_t first = first_child(bubblewrap), agent = first > 0 ? first_child(first) : 0;

    if (agent > 0) (void)kill(agent, number); /* ESRCH: it has just ended */
}

/* What is left of the launcher: it passes signals on and ends as its child ends; PR_SET_PDEATHSIG ends both. */
static _Noreturn void supervise(pid_t child, int leash, const sigset_t *all)
{
    int number, status;

    close_range(0, (unsigned)leash - 1, 0);
    close_range((unsigned)leash + 1, ~0u, 0);
    for (;;) {
        if (waitpid(child, &status, WNOHANG) == child) break;
        number = sigwaitinfo(all, NULL);
        if (number > 0 && number != SIGCHLD) pass_on(child, number);
    }
    _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/* The child, which goes on, is process 1 of a PID namespace: when it ends, however, the kernel ends all that it has
 * started, and only then do we hear of it.  bubblewrap's own --die-with-parent is armed a moment after its child has
 * begun: killed in between, it would leave that child behind. */
static enum err become_first(struct launch *launch)
{
    int leash[2];
    pid_t child;
    struct pollfd parent;
    sigset_t all, before;

    sigfillset(&all);
    if (sigprocmask(SIG_SETMASK, &all, &before) != 0) return ERR_SYS;
    if (unshare(CLONE_NEWPID) != 0 || pipe2(leash, O_CLOEXEC) != 0) return ERR_SYS;
    child = fork();
    if (child < 0) return ERR_SYS;
    if (child > 0) supervise(child, leash[1], &all);
    close(leash[1]);
    TRY(die_with_parent(launch));
    parent = (struct pollfd){.fd = leash[0]};
    if (poll(&parent, 1, 0) != 0) _exit(EXIT_BROKEN); /* it died before we were tied to it */
    return sigprocmask(SIG_SETMASK, &before, NULL) == 0 ? ERR_OK : ERR_SYS;
}

/* No RLIMIT_AS: node and java reserve address space by the hundred GiB. */
static enum err set_limits(struct launch *launch)
{
    static const struct {
        __rlimit_resource_t what;
        rlim_t max;
    } limits[] = {{RLIMIT_CORE, 0},
                  {RLIMIT_NPROC, SANDBOX_PROCS_MAX},
                  {RLIMIT_NOFILE, SANDBOX_FILES_OPEN},
                  {RLIMIT_MEMLOCK, SANDBOX_LOCKED_BYTES}};

    (void)launch;
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        struct rlimit limit;
        if (getrlimit(limits[i].what, &limit) != 0) return ERR_SYS;
        if (limit.rlim_max > limits[i].max) limit.rlim_max = limits[i].max;
        if (limit.rlim_cur > limit.rlim_max) limit.rlim_cur = limit.rlim_max;
        if (setrlimit(limits[i].what, &limit) != 0) return ERR_SYS;
    }
    return ERR_OK;
}

static enum err start_bubblewrap(struct launch *launch)
{
    execve(launch->argv[0], launch->argv, launch->envp);
    return ERR_SYS;
}

/* clang-format off */
static const struct step {
    const char *what; /* "cannot ..." */
    enum err (*run)(struct launch *launch);
} steps[] = {
    {"keep its plan",                                      keep_plan},
    {"read its plan",                                      read_plan},
    {"show the project folder to the bottle's user (a folder owned by a user that is not root needs no idmapped mount)",
                                                           show_project},
    {"become the bottle's user",                           become},
    {"make user, network, IPC and UTS namespaces",         make_namespaces},
    {"bring the bottle's network up",                      network_up},
    {"open the bottle's doors",                            open_doors},
    {"tie its life to its parent's",                       die_with_parent},
    {"wait for the proxy",                                 wait_for_go},
    {"make a PID namespace",                               become_first},
    {"set resource limits",                                set_limits},
    {"start bubblewrap",                                   start_bubblewrap},
};
/* clang-format on */

static void report(struct launch *launch, const char *what)
{
    struct netns_note note = {.kind = NETNS_FAILED, .fd = -1};

    snprintf(note.text, sizeof note.text, "the launcher cannot %s: %s", what, strerror(errno));
    if (netns_send(launch->control, &note) != ERR_OK) fprintf(stderr, "bottled: %s\n", note.text);
}

int launch_main(int argc, char **argv)
{
    static struct launch launch;
    uint64_t control, plan;

    if (argc != 3 || !take_number(argv[1], INT16_MAX, &control) || !take_number(argv[2], INT16_MAX, &plan))
        return EXIT_USAGE;
    launch.control = (int)control;
    launch.plan = (int)plan;
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        if (steps[i].run(&launch) == ERR_OK) continue;
        report(&launch, steps[i].what);
        break;
    }
    return EXIT_BROKEN;
}
