/* mounts.h — what a bottle sees of the host, as a list: an allow-list, everything else is not there.
 *
 * One list, two readings: lines for a person, words for bubblewrap.  /run, /tmp, /var, /root and /home are never the
 * host's: a read-only mount does not stop a connect() to a socket in it.
 */
#pragma once
#include "backends/sandbox/driver.h"
#include "reactor/base/arena.h"

enum mount_kind {
    MOUNT_SHOW,    /* the host's, read-only; left out where the host has none */
    MOUNT_COPY,    /* a file of the host's or ours, copied: bubblewrap needs half a millisecond for each mount */
    MOUNT_LINK,    /* a symbolic link to from */
    MOUNT_PROC,    /* this bottle's processes */
    MOUNT_DEV,     /* null, zero, full, random, urandom, tty, pts, shm */
    MOUNT_SCRATCH, /* empty, in memory */
    MOUNT_PROJECT, /* the host's, writable */
    MOUNT_CONST,   /* a file of ours, which cannot be changed */
    MOUNT_FILE,    /* a file of ours, the agent's to change */
    MOUNT_SEAL,    /* what was made so far beneath it stays, nothing new */
};

struct mount_row {
    enum mount_kind kind;
    const char *from, *to;
    const struct sandbox_file *file; /* MOUNT_CONST, MOUNT_FILE, and MOUNT_COPY of ours */
};

struct mounts {
    struct arena arena;
    struct mount_row rows[SANDBOX_MOUNTS_MAX];
    size_t count;
    enum err err; /* the first failure; later calls do nothing */
};

/* Everything plan asks for, in mounting order.  errors: ERR_LIMIT, ERR_NOMEM; mounts_free() in either case */
MUST_CHECK enum err mounts_list(struct mounts *mounts, const struct sandbox_plan *plan);
void mounts_free(struct mounts *mounts);

/* NULL when the project folder may be a bottle's, else why not, as a sentence. */
const char *mounts_refuse_project(const struct sandbox_plan *plan);
