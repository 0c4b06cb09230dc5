/* identity.h — as whom a bottle touches the host's files: never as root.
 *
 *   started by              the bottle is            the project folder
 *   a user                  that user                as it is
 *   root, folder a user's   the folder's owner       as it is
 *   root, folder root's     a uid nobody has         an idmapped mount (mount_setattr(2)): root's files are its own
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/span.h"

struct identity {
    bool become; /* started by root: setresuid() to uid and gid, and stage the project folder */
    bool idmap;  /* the folder is root's */
    uint32_t uid, gid;
};

/* errors: ERR_NOT_FOUND, ERR_SYS */
MUST_CHECK enum err identity_choose(const char *project, struct identity *identity_out);

/* A detached copy of the project's mounts as the bottle is to see them; the caller's.  Root only.
 * errors: ERR_SYS, EINVAL when the file system cannot be idmapped */
MUST_CHECK enum err identity_tree(const struct identity *identity, const char *project, int *fd_out);

/* Puts such a tree at IDENTITY_PROJECT of a mount namespace of our own, which this process enters: there even a folder
 * below a closed /root can be reached by the bottle's user.  errors: ERR_SYS */
#define IDENTITY_PROJECT "/tmp/project"
MUST_CHECK enum err identity_stage(int tree);

/* For good: uid, gid, no other group.  errors: ERR_SYS */
MUST_CHECK enum err identity_become(const struct identity *identity);

/* The namespaces of a bottle's outer half: user, network, IPC, host name; inside, this process is uid 0 of one.
 * errors: ERR_SYS */
MUST_CHECK enum err identity_unshare(void);
