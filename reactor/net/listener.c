#include "reactor/net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reactor/base/limits.h"
#include "reactor/base/log.h"
#include "reactor/base/mem.h"
#include "reactor/loop/base.h"
#include "reactor/loop/timer.h"
#include "reactor/net/sockaddr.h"
#include "reactor/net/stream_tcp.h"

#define ACCEPTS_PER_EVENT 32 /* then the connections that are already there get their turn */

struct listener {
    struct loop *loop;
    struct event readable;
    struct timer rest;
    struct defer freeing;
    accept_fn *fn;
    void *owner;
    struct addr addr;
    int fd;
    int reserved_from; /* descriptors from here on are for what clients need that are in already */
    bool accepting;    /* the event is on */
    bool paused, freed;
    uint64_t warn_ms; /* not before then again */
};

static void update(struct listener *listener)
{
    bool wanted = !listener->paused && listener->rest.due_ms == UINT64_MAX;

    if (listener->accepting == wanted) return;
    listener->accepting = wanted;
    if (!wanted)
        event_del(&listener->readable);
    else if (event_add(&listener->readable, NULL) != 0)
        listener->accepting = false, timer_arm(&listener->rest, loop_now_ms(listener->loop) + ACCEPT_PAUSE_MS);
}

/* The kernel keeps the connection and the event stays ready: going on would only spin. */
static void rest(struct listener *listener, int why)
{
    uint64_t now_ms = loop_now_ms(listener->loop);

    timer_arm(&listener->rest, now_ms + ACCEPT_PAUSE_MS);
    if (now_ms < listener->warn_ms) return;
    listener->warn_ms = now_ms + ACCEPT_WARN_MS;
    LOG(WARN, "listener.resting", F_ID("port", listener->addr.port), F_STR("why", span_of(strerrordesc_np(why))));
}

/* The kernel gives the lowest free number: one up here says how many are taken. */
static bool is_reserved(const struct listener *listener, int fd) { return fd >= listener->reserved_from; }

static void on_rested(struct timer *timer)
{
    struct listener *listener = CONTAINER_OF(timer, struct listener, rest);
    int lowest = fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);

    if (lowest >= 0) close(lowest);
    if (lowest < 0 || is_reserved(listener, lowest))
        rest(listener, EMFILE);
    else
        update(listener);
}

/* accept(2): what went wrong with one connection before we took it is no reason to rest. */
static bool is_of_the_connection(int why)
{
    switch (why) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EPERM: return true;
    default: return false;
    }
}

/* False when there is nothing more to take, or nobody to take it. */
static bool accept_one(struct listener *listener)
{
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct stream *stream;

    if (fd < 0) {
        if (errno == EAGAIN || is_of_the_connection(errno)) return errno != EAGAIN;
        rest(listener, errno);
        return false;
    }
    if (stream_tcp_adopt(listener->loop, fd, &stream) != ERR_OK) return true; /* it is closed: one client hears no */
    listener->fn(listener->owner, stream);
    if (listener->freed) return false;
    if (is_reserved(listener, fd)) rest(listener, EMFILE);
    return !listener->paused && listener->rest.due_ms == UINT64_MAX;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct listener *listener = context;

    (void)fd, (void)what;
    for (int i = 0; i < ACCEPTS_PER_EVENT && accept_one(listener); i++) {}
    if (!listener->freed) update(listener);
}

static int half_of_all_descriptors(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur / 2 > INT_MAX) return INT_MAX;
    return (int)(files.rlim_cur / 2);
}

enum err listener_adopt(struct loop *loop, int fd, accept_fn *fn, void *owner, struct listener **listener_out)
{
    struct listener *listener = mem_new(sizeof *listener);

    if (listener == NULL) {
        close(fd);
        return ERR_NOMEM;
    }
    *listener = (struct listener){.loop = loop, .fn = fn, .owner = owner, .fd = fd, .addr = addr_of_socket(fd)};
    listener->reserved_from = half_of_all_descriptors();
    timer_init(&listener->rest, loop, on_rested);
    event_assign(&listener->readable, loop_base(loop), fd, EV_READ | EV_PERSIST, on_readable, listener);
    if (evutil_make_socket_nonblocking(fd) != 0 || event_add(&listener->readable, NULL) != 0) {
        listener_free(&listener);
        return ERR_SYS;
    }
    listener->accepting = true;
    *listener_out = listener;
    return ERR_OK;
}

enum err listener_new(struct loop *loop, const struct addr *addr, accept_fn *fn, void *owner,
                      struct listener **listener_out)
{
    static const int on = 1;
    struct sockaddr_storage name;
    socklen_t len = addr_to_sockaddr(addr, &name);
    int fd = socket(name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) return ERR_SYS;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (name.ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) ||
        bind(fd, (struct sockaddr *)&name, len) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        int why = errno;

        close(fd);
        errno = why;
        return ERR_SYS;
    }
    return listener_adopt(loop, fd, fn, owner, listener_out);
}

struct addr listener_addr(const struct listener *listener) { return listener->addr; }

void listener_pause(struct listener *listener, bool paused)
{
    listener->paused = paused;
    update(listener);
}

static void on_free(struct defer *defer) { mem_free(CONTAINER_OF(defer, struct listener, freeing)); }

void listener_free(struct listener **listener)
{
    if (*listener == NULL) return;
    event_del(&(*listener)->readable);
    timer_disarm(&(*listener)->rest);
    close((*listener)->fd);
    (*listener)->freed = true;
    loop_defer((*listener)->loop, &(*listener)->freeing, on_free); /* this may be inside its own call */
    *listener = NULL;
}
