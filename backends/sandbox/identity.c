#include "backends/sandbox/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define UID_BASE 0x7e000000u /* and the process id: above every range distributions and systemd hand out */

enum err identity_choose(const char *project, struct identity *identity)
{
    struct stat folder;

    *identity = (struct identity){0};
    if (geteuid() != 0) return ERR_OK;
    if (stat(project, &folder) != 0) return errno == ENOENT ? ERR_NOT_FOUND : ERR_SYS;
    identity->become = true;
    identity->idmap = folder.st_uid == 0;
    identity->uid = folder.st_uid != 0 ? folder.st_uid : UID_BASE + (uint32_t)getpid();
    identity->gid = folder.st_uid != 0 && folder.st_gid != 0 ? folder.st_gid : identity->uid;
    return ERR_OK;
}

static enum err put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : write(fd, text, strlen(text));
    int reason = errno;

    if (fd >= 0) close(fd);
    errno = reason;
    return len == (ssize_t)strlen(text) ? ERR_OK : ERR_SYS;
}

/* --- the idmapped tree ----------------------------------------------------------------------------------- */

/* user_namespaces(7): inside 0 is the on-disk owner, outside is who the bottle runs as. */
static enum err map_child(const struct identity *identity, pid_t child, int *fd_out)
{
    char path[64], map[64];

    snprintf(path, sizeof path, "/proc/%d/uid_map", child);
    snprintf(map, sizeof map, "0 %u 1", identity->uid);
    TRY(put(path, map));
    snprintf(path, sizeof path, "/proc/%d/gid_map", child);
    snprintf(map, sizeof map, "0 %u 1", identity->gid);
    TRY(put(path, map));
    snprintf(path, sizeof path, "/proc/%d/ns/user", child);
    *fd_out = open(path, O_RDONLY | O_CLOEXEC);
    return *fd_out >= 0 ? ERR_OK : ERR_SYS;
}

/* A user namespace exists while somebody is in it or holds it: a child is, until we hold it. */
static enum err user_namespace(const struct identity *identity, int *fd_out)
{
    int ready[2];
    enum err err = ERR_SYS;
    char byte;
    pid_t child;

    if (pipe2(ready, O_CLOEXEC) != 0) return ERR_SYS;
    child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWUSER) != 0 || write(ready[1], "r", 1) != 1) _exit(1);
        for (;;) pause();
    }
    close(ready[1]);
    if (child > 0 && read(ready[0], &byte, 1) == 1) err = map_child(identity, child, fd_out);
    if (child > 0) kill(child, SIGKILL), waitpid(child, NULL, 0);
    close(ready[0]);
    return err;
}

static enum err idmap(const struct identity *identity, int tree)
{
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP};
    int userns;
    long failed;

    TRY(user_namespace(identity, &userns));
    attributes.userns_fd = (__u64)userns;
    failed = syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes);
    close(userns);
    return failed == 0 ? ERR_OK : ERR_SYS;
}

enum err identity_tree(const struct identity *identity, const char *project, int *fd_out)
{
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, project, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

    if (tree < 0) return ERR_SYS;
    if (identity->idmap && idmap(identity, tree) != ERR_OK) {
        int reason = errno;
        close(tree);
        errno = reason;
        return ERR_SYS;
    }
    *fd_out = tree;
    return ERR_OK;
}

enum err identity_stage(int tree)
{
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64k") != 0 ||
        mkdir(IDENTITY_PROJECT, 0755) != 0 ||
        syscall(SYS_move_mount, tree, "", AT_FDCWD, IDENTITY_PROJECT, MOVE_MOUNT_F_EMPTY_PATH) != 0)
        return ERR_SYS;
    return ERR_OK;
}

/* --- the process ----------------------------------------------------------------------------------------- */

enum err identity_become(const struct identity *identity)
{
    bool done = setgroups(0, NULL) == 0 && setresgid(identity->gid, identity->gid, identity->gid) == 0 &&
                setresuid(identity->uid, identity->uid, identity->uid) == 0;

    return done ? ERR_OK : ERR_SYS;
}

enum err identity_unshare(void)
{
    char uid_map[64], gid_map[64];

    snprintf(uid_map, sizeof uid_map, "0 %u 1", geteuid());
    snprintf(gid_map, sizeof gid_map, "0 %u 1", getegid());
    /* A change of user hides our memory, as a file that may not be read does: /proc/self is root's, and so its maps. */
    if (prctl(PR_SET_DUMPABLE, 1) != 0) return ERR_SYS;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) return ERR_SYS;
    TRY(put("/proc/self/setgroups", "deny"));
    TRY(put("/proc/self/uid_map", uid_map));
    return put("/proc/self/gid_map", gid_map);
}
