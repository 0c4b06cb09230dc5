#include "reactor/proc/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/loop/base.h"

struct child {
    struct event exited;
    child_fn *fn; /* NULL: the owner has let go, and the exit frees the child */
    void *owner;
    pid_t pid;
    int pidfd;
    bool collected;
};

/* What a child that could not start says before it ends. */
struct report {
    bool at_exec; /* the program itself, not what was to be arranged for it */
    int why;
};

/* --- in the child, after fork: async-signal-safe calls only --------------------------------------------- */

static int first_free(const struct child_plan *plan)
{
    int above = 3;

    for (size_t i = 0; i < plan->fd_count; i++)
        if (plan->fds[i].to >= above) above = plan->fds[i].to + 1;
    return above;
}

static bool is_target(const struct child_plan *plan, int fd)
{
    for (size_t i = 0; i < plan->fd_count; i++)
        if (plan->fds[i].to == fd) return true;
    return false;
}

/* First every source is copied above every target, so that no target is written over a source still needed. */
static bool map_fds(const struct child_plan *plan, int *report_fd)
{
    int above = first_free(plan), copies[CHILD_FDS_MAX];

    *report_fd = fcntl(*report_fd, F_DUPFD_CLOEXEC, above);
    if (*report_fd < 0) return false;
    for (size_t i = 0; i < plan->fd_count; i++)
        if ((copies[i] = fcntl(plan->fds[i].from, F_DUPFD_CLOEXEC, above)) < 0) return false;
    for (size_t i = 0; i < plan->fd_count; i++)
        if (dup2(copies[i], plan->fds[i].to) < 0) return false;
    for (int fd = 0; fd < above; fd++)
        if (!is_target(plan, fd)) (void)close(fd); /* most are not open */
    return close_range((unsigned)above, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
}

/* libevent's handlers would write into the parent's socket pair; an ignored SIGPIPE would be inherited. */
static bool reset_signals(void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++) {
        const struct sigaction plain = {.sa_handler = SIG_DFL};

        if (sigaction(number, &plain, NULL) != 0 && errno != EINVAL) return false; /* SIGKILL, libc's own */
    }
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

static bool arrange(const struct child_plan *plan, pid_t parent, int *report_fd)
{
    if (plan->dies_with_parent && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)) return false;
    if (plan->cwd != NULL && chdir(plan->cwd) != 0) return false;
    if (plan->own_session && setsid() < 0) return false;
    if (!map_fds(plan, report_fd)) return false;
    if (plan->own_session && plan->tty_fd >= 0 && ioctl(plan->tty_fd, TIOCSCTTY, 0) != 0) return false;
    return reset_signals();
}

static _Noreturn void become(const struct child_plan *plan, pid_t parent, int report_fd)
{
    struct report report = {.at_exec = arrange(plan, parent, &report_fd)};

    if (report.at_exec) execve(plan->argv[0], (char *const *)plan->argv, (char *const *)plan->envp);
    report.why = errno;
    (void)!write(report_fd, &report, sizeof report); /* unsaid, the parent sees a child that ended with 127 */
    _exit(127);
}

/* --- in the parent -------------------------------------------------------------------------------------- */

/* Collects the exit when there is one. */
static bool collect(struct child *child, int *code_out)
{
    siginfo_t info = {0};

    if (waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) return false;
    child->collected = true;
    *code_out = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return true;
}

static void discard(struct child *child)
{
    if (event_initialized(&child->exited)) event_del(&child->exited);
    if (child->pidfd >= 0) close(child->pidfd);
    mem_free(child);
}

static void on_exited(evutil_socket_t fd, short what, void *context)
{
    struct child *child = context;
    int code;

    (void)fd, (void)what;
    if (!collect(child, &code)) return;
    event_del(&child->exited);
    if (child->fn == NULL)
        discard(child);
    else
        child->fn(child->owner, code);
}

/* Forks with every signal blocked: none of the parent's handlers may run in the child. */
static pid_t fork_quietly(const struct child_plan *plan, int report_fd)
{
    pid_t parent = getpid(), pid;
    sigset_t all, before;

    sigfillset(&all);
    if (sigprocmask(SIG_SETMASK, &all, &before) != 0) return -1;
    pid = fork();
    if (pid == 0) become(plan, parent, report_fd);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

/* Waits until the child has become its program (the pipe closes by itself) or has said why not.  It blocks, for as
 * long as an execve() takes. */
static enum err hear_report(int fd)
{
    struct report report;
    ssize_t n;

    do n = read(fd, &report, sizeof report);
    while (n < 0 && errno == EINTR);
    if (n == 0) return ERR_OK;
    errno = n == sizeof report ? report.why : EIO;
    return n == sizeof report && report.at_exec ? ERR_NOT_FOUND : ERR_SYS;
}

static enum err start(struct child *child, const struct child_plan *plan)
{
    int ends[2], why;
    enum err err;

    if (pipe2(ends, O_CLOEXEC) != 0) return ERR_SYS;
    child->pid = fork_quietly(plan, ends[1]);
    close(ends[1]);
    if (child->pid > 0) child->pidfd = pidfd_open(child->pid, 0);
    err = child->pidfd >= 0 ? hear_report(ends[0]) : ERR_SYS;
    why = errno;
    close(ends[0]);
    if (err != ERR_OK && child->pid > 0) {
        (void)kill(child->pid, SIGKILL);
        (void)waitpid(child->pid, NULL, 0); /* it has ended, or is about to: no program of others ran in it */
        child->collected = true;
    }
    errno = why;
    return err;
}

enum err child_spawn(struct loop *loop, const struct child_plan *plan, child_fn *fn, void *owner,
                     struct child **child_out)
{
    struct child *child;
    enum err err;

    if (plan->fd_count > CHILD_FDS_MAX) return ERR_LIMIT;
    child = mem_new(sizeof *child);
    if (child == NULL) return ERR_NOMEM;
    *child = (struct child){.fn = fn, .owner = owner, .pidfd = -1};
    err = start(child, plan);
    if (err != ERR_OK) {
        int why = errno;

        discard(child);
        errno = why;
        return err;
    }
    event_assign(&child->exited, loop_base(loop), child->pidfd, EV_READ | EV_PERSIST, on_exited, child);
    if (event_add(&child->exited, NULL) != 0) {
        child_free(&child);
        return ERR_SYS;
    }
    *child_out = child;
    return ERR_OK;
}

pid_t child_pid(const struct child *child) { return child->pid; }

void child_signal(struct child *child, int number)
{
    if (!child->collected) (void)pidfd_send_signal(child->pidfd, number, NULL, 0); /* ESRCH: it has just ended */
}

/* A killed process is nearly always gone in a millisecond.  One that hangs in the kernel is left to the loop. */
void child_free(struct child **child)
{
    struct child *leaving = *child;
    int code;

    if (leaving == NULL) return;
    *child = NULL;
    child_signal(leaving, SIGKILL);
    if (!leaving->collected) {
        struct pollfd exited = {.fd = leaving->pidfd, .events = POLLIN};

        (void)poll(&exited, 1, CHILD_REAP_MS);
    }
    if (leaving->collected || collect(leaving, &code))
        discard(leaving);
    else
        leaving->fn = NULL;
}
