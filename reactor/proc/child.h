/* child.h — one child process: an explicit map of descriptors, an exact environment, its exit as an event.
 *
 * The child gets the descriptors named and no other (all else is closed, 0 to 2 as well), argv and envp as given,
 * default signal handling, an empty signal mask, and SIGKILL when this process dies (PR_SET_PDEATHSIG) where asked.
 * No zombies: the exit is collected by pidfd; child_free() kills and collects a child that still runs.
 */
#pragma once
#include <sys/types.h>
#include "reactor/loop/loop.h"

struct child;

/* How it ended: an exit code 0..255, or 128 + the signal's number, as shells say it.  Told once; child_free() in it is
 * fine. */
typedef void child_fn(void *owner, int code);

struct child_fd {
    int from, to; /* dup2(from, to) in the child; from stays open in the parent */
};

struct child_plan {
    const char *const *argv; /* argv[0] is a path; NULL at the end */
    const char *const *envp; /* NULL at the end */
    const char *cwd;         /* or NULL */
    const struct child_fd *fds;
    size_t fd_count; /* at most CHILD_FDS_MAX */
    bool dies_with_parent;
    bool own_session; /* setsid(), and with a tty_fd TIOCSCTTY on it */
    int tty_fd;       /* in the child's numbering, or -1 */
};

/* Blocks until the execve() has happened.  The plan is looked at during the call.
 * errors: ERR_NOT_FOUND (execve failed: errno), ERR_SYS (anything before it: errno), ERR_LIMIT, ERR_NOMEM */
MUST_CHECK enum err child_spawn(struct loop *loop, const struct child_plan *plan, child_fn *fn, void *owner,
                                struct child **child_out);
pid_t child_pid(const struct child *child);
void child_signal(struct child *child, int number); /* nothing when it has ended */

/* SIGKILL, and waits CHILD_REAP_MS at most; what takes longer to die is collected by the loop.  Nothing is told. */
void child_free(struct child **child);
