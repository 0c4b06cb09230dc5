#include "backends/sandbox/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reactor/base/limits.h"
#include "reactor/base/own.h"

#define PREFIX "bottled-"
enum limit { LIMIT_MEMORY, LIMIT_PIDS, LIMIT_COUNT };

/* clang-format off */
static const struct hierarchy {
    const char *root, *file;
    enum limit limit;
} hierarchies[] = {
    {"/sys/fs/cgroup/memory", "memory.limit_in_bytes", LIMIT_MEMORY}, /* v1, and the hybrid of both */
    {"/sys/fs/cgroup/pids",   "pids.max",              LIMIT_PIDS},
    {"/sys/fs/cgroup",        "memory.max",            LIMIT_MEMORY}, /* v2 alone */
    {"/sys/fs/cgroup",        "pids.max",              LIMIT_PIDS},
};
/* clang-format on */

static bool put(const char *folder, const char *file, uint64_t value)
{
    char path[256], text[24];
    int fd, len = snprintf(text, sizeof text, "%" PRIu64, value);
    bool ok;

    snprintf(path, sizeof path, "%s/%s", folder, file);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ok = write(fd, text, (size_t)len) == len;
    close(fd);
    return ok;
}

/* "bottled-web-4711": the last number is the process that made it. */
static void remove_if_left(const char *root, const char *name)
{
    const char *dash = strrchr(name, '-');
    long pid = dash != NULL ? strtol(dash + 1, NULL, 10) : 0;
    char path[512];

    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 || pid <= 0) return;
    if (kill((pid_t)pid, 0) == 0 || errno != ESRCH) return;
    snprintf(path, sizeof path, "%s/%s", root, name);
    rmdir(path);
}

static void sweep(const char *root)
{
    DIR *folder = opendir(root);
    const struct dirent *entry;

    if (folder == NULL) return;
    while ((entry = readdir(folder)) != NULL) remove_if_left(root, entry->d_name);
    closedir(folder);
}

static bool join(const struct hierarchy *hierarchy, const char *name, pid_t pid, uint64_t value)
{
    char path[256];

    sweep(hierarchy->root);
    snprintf(path, sizeof path, "%s/%s", hierarchy->root, name);
    if (mkdir(path, 0755) != 0 && errno != EEXIST) return false;
    if (put(path, hierarchy->file, value) && put(path, "cgroup.procs", (uint64_t)pid)) return true;
    rmdir(path); /* stays when another limit already lives in it */
    return false;
}

enum err cgroup_join(struct cgroup *cgroup, const char *bottle, pid_t pid, uint64_t memory_bytes, uint64_t pids_max)
{
    const uint64_t values[LIMIT_COUNT] = {memory_bytes, pids_max};
    bool set[LIMIT_COUNT] = {memory_bytes == 0, pids_max == 0};

    snprintf(cgroup->name, sizeof cgroup->name, PREFIX "%.64s-%d", bottle, getpid());
    for (size_t i = 0; i < COUNT_OF(hierarchies); i++) {
        const struct hierarchy *hierarchy = &hierarchies[i];
        if (!set[hierarchy->limit])
            set[hierarchy->limit] = join(hierarchy, cgroup->name, pid, values[hierarchy->limit]);
    }
    return set[LIMIT_MEMORY] && set[LIMIT_PIDS] ? ERR_OK : ERR_DENIED;
}

/* False when there still is somebody in it. */
static bool remove_group(const char *root, const char *name)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", root, name);
    return rmdir(path) == 0 || errno != EBUSY;
}

void cgroup_leave(const struct cgroup *cgroup)
{
    if (cgroup->name[0] == '\0') return;
    for (size_t i = 0; i < COUNT_OF(hierarchies); i++)
        for (int ms = 0; ms < CGROUP_LEAVE_MS && !remove_group(hierarchies[i].root, cgroup->name); ms++)
            (void)poll(NULL, 0, 1);
}
