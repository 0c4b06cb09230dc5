/* cgroup.h — memory and process limits of one bottle, where this process may set them (cgroups(7), v1 and v2). */
#pragma once
#include <sys/types.h>
#include "reactor/base/err.h"
#include "reactor/base/span.h"

#define CGROUP_NAME_MAX 96u

struct cgroup {
    char name[CGROUP_NAME_MAX]; /* "bottled-NAME-PID" */
};

/* Makes the groups and puts pid into them; a limit of 0 is none.  Groups that a killed bottled has left are removed.
 * errors: ERR_DENIED when one of the limits could not be set, the rest stand */
MUST_CHECK enum err cgroup_join(struct cgroup *cgroup, const char *bottle, pid_t pid, uint64_t memory_bytes,
                                uint64_t pids_max);

/* When the last process has ended, or is about to: waits CGROUP_LEAVE_MS at most. */
void cgroup_leave(const struct cgroup *cgroup);
