#include "reactor/proc/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "reactor/base/mem.h"
#include "reactor/base/own.h"

struct guard {
    int tty, leash; /* leash: our end of the pipe; a byte dismisses the child, its end alone is an alarm */
    pid_t child;
    struct termios saved;
    struct span farewell;
    bool raw;
};

/* The parent takes its credentials out of its own environment; this copy of it would live on in /proc/PID/environ. */
static void forget_environment(void)
{
    for (char **variable = environ; *variable != NULL; variable++) mem_wipe(*variable, strlen(*variable));
}

/* In the child: signals, descriptors and memory are the parent's copies, so it does little but system calls. */
static _Noreturn void watch_over(const struct guard *guard, int leash)
{
    sigset_t all;
    char byte;
    ssize_t len;

    forget_environment();
    sigfillset(&all); /* SIGTTOU too: it would stop the one who restores from the background */
    sigprocmask(SIG_SETMASK, &all, NULL);
    setsid();
    if (dup2(guard->tty, 0) != 0 || dup2(leash, 1) != 1 || close_range(2, ~0u, 0) != 0) _exit(1);
    do len = read(1, &byte, 1);
    while (len < 0 && errno == EINTR);
    if (len == 0) tcsetattr(0, TCSANOW, &guard->saved);
    if (len == 0 && guard->farewell.len > 0) len = write(0, guard->farewell.at, guard->farewell.len);
    _exit(len < 0);
}

static enum err post_child(struct guard *guard)
{
    int leash[2];

    if (pipe2(leash, O_CLOEXEC) != 0) return ERR_SYS;
    guard->child = fork();
    if (guard->child == 0) watch_over(guard, leash[0]);
    close(leash[0]);
    guard->leash = leash[1];
    return guard->child > 0 ? ERR_OK : ERR_SYS;
}

enum err guard_new(int tty, struct span farewell, struct guard **guard_out)
{
    AUTO(guard) guard = mem_new(sizeof *guard);

    if (guard == NULL) return ERR_NOMEM;
    guard->tty = tty;
    guard->farewell = farewell;
    guard->leash = -1;
    if (tcgetattr(tty, &guard->saved) != 0) return ERR_SYS;
    TRY(post_child(guard));
    *guard_out = MOVE(guard);
    return ERR_OK;
}

enum err guard_raw(struct guard *guard)
{
    struct termios raw = guard->saved;

    cfmakeraw(&raw);
    if (tcsetattr(guard->tty, TCSADRAIN, &raw) != 0) return ERR_SYS;
    guard->raw = true;
    return ERR_OK;
}

void guard_free(struct guard **guard)
{
    struct guard *g = *guard;

    if (g == NULL) return;
    if (g->raw) tcsetattr(g->tty, TCSADRAIN, &g->saved);
    if (g->leash >= 0 && write(g->leash, "k", 1) != 1 && g->child > 0) kill(g->child, SIGKILL);
    if (g->leash >= 0) close(g->leash);
    if (g->child > 0) waitpid(g->child, NULL, 0);
    mem_free(g);
    *guard = NULL;
}
