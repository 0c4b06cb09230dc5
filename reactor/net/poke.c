#include "reactor/net/poke.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/loop/watch.h"

struct poke {
    int fd, folder_fd;
    bool bound; /* the name in the folder is ours */
    struct watch *watch;
    poke_fn *fn;
    void *owner;
    char name[32];
};

static void name_bell(char name[32], uint64_t run) { snprintf(name, 32, "%016" PRIx64 ".bell", run); }

/* By way of the folder's descriptor: a socket's path has at most 107 bytes, a folder's as many as it likes. */
static struct sockaddr_un bell_at(int folder_fd, const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/%s", folder_fd, name);
    return at;
}

static void on_ready(void *context)
{
    struct poke *poke = context;
    char byte;

    while (recv(poke->fd, &byte, sizeof byte, MSG_DONTWAIT) >= 0) continue;
    poke->fn(poke->owner);
}

static bool bind_bell(struct poke *poke, const char *folder)
{
    poke->folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (poke->folder_fd < 0) return false;
    poke->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (poke->fd < 0) return false;
    struct sockaddr_un at = bell_at(poke->folder_fd, poke->name);
    if (fchmod(poke->fd, 0600) != 0) return false; /* before the name is there */
    return poke->bound = bind(poke->fd, (const struct sockaddr *)&at, sizeof at) == 0;
}

enum err poke_new(struct loop *loop, const char *folder, uint64_t run, poke_fn *fn, void *owner, struct poke **poke_out)
{
    AUTO(poke) poke = mem_new(sizeof *poke);

    if (poke == NULL) return ERR_NOMEM;
    poke->fd = poke->folder_fd = -1;
    poke->fn = fn;
    poke->owner = owner;
    name_bell(poke->name, run);
    if (!bind_bell(poke, folder)) return ERR_SYS;
    TRY(watch_readable(loop, poke->fd, on_ready, poke, &poke->watch));
    TRY(watch_on(poke->watch, true));
    *poke_out = MOVE(poke);
    return ERR_OK;
}

void poke_free(struct poke **held)
{
    struct poke *poke = MOVE(*held);

    if (poke == NULL) return;
    watch_free(&poke->watch);
    if (poke->bound) unlinkat(poke->folder_fd, poke->name, 0);
    if (poke->fd >= 0) close(poke->fd);
    if (poke->folder_fd >= 0) close(poke->folder_fd);
    mem_free(poke);
}

/* Connected to the bell, or why not in errno. */
static int reach(const char *folder, uint64_t run)
{
    char name[32];
    int folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), fd, reason;

    if (folder_fd < 0) return -1;
    name_bell(name, run);
    struct sockaddr_un at = bell_at(folder_fd, name);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof at) != 0) {
        reason = errno;
        close(fd);
        if (reason == ECONNREFUSED) unlinkat(folder_fd, name, 0); /* nobody will answer it again: runs are random */
        errno = reason;
        fd = -1;
    }
    reason = errno;
    close(folder_fd);
    errno = reason;
    return fd;
}

static bool is_absence(int reason) { return reason == ENOENT || reason == ECONNREFUSED; }

enum err poke_ring(const char *folder, uint64_t run)
{
    int fd = reach(folder, run);
    ssize_t sent;

    if (fd < 0) return is_absence(errno) ? ERR_NOT_FOUND : ERR_SYS;
    sent = send(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    int reason = errno;
    close(fd);
    if (sent == 1 || reason == EAGAIN) return ERR_OK; /* it is ringing already */
    return is_absence(reason) ? ERR_NOT_FOUND : ERR_SYS;
}

bool poke_lives(const char *folder, uint64_t run)
{
    int fd = reach(folder, run);

    if (fd < 0) return !is_absence(errno); /* in doubt it lives: what it left open is not taken from it */
    close(fd);
    return true;
}
