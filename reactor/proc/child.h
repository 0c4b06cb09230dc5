/* child.h — one child process: an explicit map of descriptors, an exact environment, its exit as an event.
 *
 * The child gets the descriptors named and no other (all else is closed), argv and envp as given, default signal
 * handling,
 * an empty signal mask, and SIGKILL when this process dies (PR_SET_PDEATHSIG) where asked.
 * No zombies: the exit is collected by pidfd; child_free() kills and collects a child that still runs.
 */
#pragma once
#include <sys/types.h>
#include "reactor/loop/loop.h"

struct child;

/* How it ended: an exit code 0..255, or 128 + the signal's number, as shells say it. */
typedef void child_fn(void *owner, int code);

struct child_fd {
    int from, to; /* dup2(from, to) in the child; from stays open in the parent */
};

struct child_plan {
    const char *const *argv; /* argv[0] is a path; NULL at the end */
    const char *const *envp; /* NULL at the end */
    const char *cwd;         /* or NULL */
    const struct child_fd *fds;
    size_t fd_count;
    bool dies_with_parent;
    bool own_session; /* setsid(), and with a tty_fd TIOCSCTTY on it */
    int tty_fd;       /* in the child's numbering, or -1 */
};

/* ERR_NOT_FOUND when the program is not there (execve failed: errno), ERR_SYS. */
MUST_CHECK enum err child_spawn(struct loop *loop, const struct child_plan *plan, child_fn *fn, void *owner,
                                struct child **child_out);
pid_t child_pid(const struct child *child);
void child_signal(struct child *child, int number);
void child_free(struct child **child);
