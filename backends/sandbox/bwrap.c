#include "backends/sandbox/bwrap.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* The agent's uid in a user namespace of its own below the launcher's: it owns neither that nor the network. */
static const char *const front[] = {
    BWRAP_PATH,         "--unshare-user",    "--uid",         "1000",       "--gid",  "1000",
    "--unshare-pid",    "--unshare-ipc",     "--unshare-uts", "--hostname", "bottle", "--unshare-cgroup-try",
    "--disable-userns", "--die-with-parent", "--cap-drop",    "ALL",
};

enum err bwrap_memfd(struct span content, int *fd_out)
{
    int fd = memfd_create("bottle", MFD_CLOEXEC);

    if (fd < 0) return ERR_SYS;
    /* One write: a memfd takes all of it or is out of memory. */
    if ((content.len > 0 && write(fd, content.at, content.len) != (ssize_t)content.len) ||
        lseek(fd, 0, SEEK_SET) != 0) {
        close(fd);
        return ERR_SYS;
    }
    *fd_out = fd;
    return ERR_OK;
}

void bwrap_close(struct bwrap_fds *fds)
{
    while (fds->count > 0) close(fds->fds[--fds->count]);
}

static enum err say(struct buf *words, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) TRY(launch_put_argument(words, list[i]));
    return ERR_OK;
}
#define SAY(words, ...)                                                                                                \
    say((words), (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* A copy stands in the root, which is sealed in the end; a constant file may stand in a scratch folder, where only a
 * mount of its own holds it. */
static enum err say_file(struct buf *words, const struct mount_row *row, struct bwrap_fds *fds)
{
    const char *how = row->kind == MOUNT_CONST ? "--ro-bind-data" : "--file";
    char number[16], mode[16];

    if (fds->count == COUNT_OF(fds->fds)) return ERR_LIMIT;
    if (row->file != NULL)
        TRY(bwrap_memfd(row->file->content, &fds->fds[fds->count]));
    else if ((fds->fds[fds->count] = open(row->from, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
        return ERR_SYS;
    snprintf(number, sizeof number, "%zu", LAUNCH_FILES + fds->count++);
    snprintf(mode, sizeof mode, "%04o", row->file != NULL ? row->file->mode & 0777 : 0444);
    return SAY(words, "--perms", mode, how, number, row->to);
}

static enum err say_scratch(struct buf *words, const char *to)
{
    char size[24];

    snprintf(size, sizeof size, "%llu", (unsigned long long)SANDBOX_TMPFS_BYTES);
    return SAY(words, "--size", size, "--tmpfs", to);
}

static enum err say_mount(struct buf *words, const struct mount_row *row, const struct identity *identity,
                          struct bwrap_fds *fds)
{
    switch (row->kind) {
    case MOUNT_SHOW: return SAY(words, "--ro-bind-try", row->from, row->to);
    case MOUNT_LINK: return SAY(words, "--symlink", row->from, row->to);
    case MOUNT_PROC: return SAY(words, "--proc", row->to);
    case MOUNT_DEV: return SAY(words, "--dev", row->to);
    case MOUNT_SCRATCH: return say_scratch(words, row->to);
    case MOUNT_PROJECT: return SAY(words, "--bind", identity->become ? IDENTITY_PROJECT : row->from, row->to);
    case MOUNT_COPY:
    case MOUNT_CONST:
    case MOUNT_FILE: return say_file(words, row, fds);
    case MOUNT_SEAL: return SAY(words, "--remount-ro", row->to);
    }
    return ERR_SYS;
}

/* The gate: the last before the agent, where everything stands.  Says so (NETNS_STARTED) and lets go of the socket. */
#define GATE "printf 'S\\0\\0' >&3 && exec 3>&- && exec \"$@\""
_Static_assert(LAUNCH_CONTROL == 3, "the gate says so");

/* bubblewrap's --new-session would leave the agent without a controlling terminal, and so without job control; setsid
 * -c gives it one.  Without a terminal it still is a session of its own, so that kill(0) stays inside. */
static enum err say_command(struct buf *words, const struct sandbox_plan *plan)
{
    char filter[16];

    snprintf(filter, sizeof filter, "%d", LAUNCH_FILTER);
    TRY(SAY(words, "--chdir", plan->project, "--seccomp", filter, "--", "/bin/sh", "-c", GATE, "gate", SETSID_PATH));
    if (plan->tty) TRY(SAY(words, "-c"));
    TRY(SAY(words, "--"));
    for (const char *const *word = plan->argv; *word != NULL; word++) TRY(launch_put_argument(words, *word));
    return ERR_OK;
}

enum err bwrap_words(struct buf *words, const struct sandbox_plan *plan, const struct identity *identity,
                     const struct mounts *mounts, struct bwrap_fds *fds)
{
    TRY(say(words, front, COUNT_OF(front)));
    for (size_t i = 0; i < mounts->count; i++) TRY(say_mount(words, &mounts->rows[i], identity, fds));
    return say_command(words, plan);
}
