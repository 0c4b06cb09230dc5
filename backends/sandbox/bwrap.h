/* bwrap.h — a plan as bubblewrap's words, and the descriptors they speak of. */
#pragma once
#include "backends/sandbox/launch.h"
#include "backends/sandbox/mounts.h"

#define BWRAP_PATH  "/usr/bin/bwrap"
#define SETSID_PATH "/usr/bin/setsid"

/* Descriptors for the child, in the order of their numbers there, from first_number on; the caller's to close. */
struct bwrap_fds {
    int fds[CHILD_FDS_MAX - LAUNCH_FILES];
    size_t count;
};

/* A memfd that holds content, at its start.  errors: ERR_SYS */
MUST_CHECK enum err bwrap_memfd(struct span content, int *fd_out);

/* Appends the whole command line to a launcher's plan (launch.h).  errors: ERR_LIMIT, ERR_NOMEM, ERR_SYS; fds holds
 * what was opened in either case. */
MUST_CHECK enum err bwrap_words(struct buf *words, const struct sandbox_plan *plan, const struct identity *identity,
                                const struct mounts *mounts, struct bwrap_fds *fds);
void bwrap_close(struct bwrap_fds *fds);
