#include "reactor/net/stream_tcp.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "reactor/base/buf.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/loop/base.h"
#include "reactor/net/sockaddr.h"

#define READS_PER_EVENT 4 /* then the others get their turn; the event is level-triggered and comes back */

struct tcp {
    struct stream stream; /* first: the ops are handed this */
    struct loop *loop;
    struct event readable, writable;
    struct defer later; /* gathered writes, events of our own making, and at last the memory */
    struct span fresh;  /* during STREAM_DATA: what was just received and is not in `in` */
    struct buf in, out;
    int fd;
    bool connecting;
    bool reading, waiting; /* which of the two events is on */
    bool paused;
    bool retell; /* unread input to be told of again: it came, or was left, while paused */
    bool full;   /* stream_room() has been 0: DRAINED is owed */
    bool finishing, sent;
    bool broken, gone; /* broken: no more writing, GONE is owed; gone: it was told */
    bool freed;
};

/* One for all streams: it is empty again when the event that filled it ends. */
static uint8_t received[RECEIVE_BYTES];

static struct tcp *tcp_of(const struct stream *stream) { return (struct tcp *)stream; }

static void on_later(struct defer *defer);
static void later(struct tcp *tcp) { loop_defer(tcp->loop, &tcp->later, on_later); }

/* False when the owner freed the stream: nothing may be done any more. */
static bool tell(struct tcp *tcp, enum stream_event event)
{
    assert(tcp->stream.fn != NULL && !tcp->gone && !tcp->freed);
    tcp->gone = event == STREAM_GONE;
    tcp->stream.fn(tcp->stream.owner, event);
    return !tcp->freed && !tcp->gone;
}

static void break_off(struct tcp *tcp, int why)
{
    if (tcp->broken) return;
    tcp->broken = true;
    tcp->stream.err = why == ETIMEDOUT ? ERR_TIMEOUT : why == ENOMEM ? ERR_NOMEM : ERR_PEER;
    tcp->stream.detail = strerrordesc_np(why);
    buf_clear(&tcp->out);
    later(tcp);
}

static size_t held(const struct tcp *tcp) { return buf_len(&tcp->in) + tcp->fresh.len; }

static void want(struct tcp *tcp, struct event *event, bool *on, bool wanted)
{
    if (*on == wanted) return;
    *on = wanted;
    if (!wanted)
        event_del(event);
    else if (event_add(event, NULL) != 0)
        break_off(tcp, errno);
}

/* A paused stream still reads until it holds STREAM_INPUT_MAX: that is how a reset of a held connection is noticed. */
static void update(struct tcp *tcp)
{
    bool open = !tcp->broken && !tcp->connecting;
    bool blocked = !tcp->broken && (tcp->connecting || (tcp->waiting && buf_len(&tcp->out) > 0));

    want(tcp, &tcp->readable, &tcp->reading, open && !tcp->stream.eof && held(tcp) < STREAM_INPUT_MAX);
    want(tcp, &tcp->writable, &tcp->waiting, blocked);
}

/* --- reading -------------------------------------------------------------------------------------------- */

/* Shows the bytes where they are; only what the owner leaves is copied. */
static bool show(struct tcp *tcp, struct span data)
{
    tcp->fresh = data;
    if (!tell(tcp, STREAM_DATA)) return false;
    if (buf_add(&tcp->in, tcp->fresh) != ERR_OK) break_off(tcp, ENOMEM);
    tcp->fresh = (struct span){0};
    return true;
}

static bool take(struct tcp *tcp, struct span data)
{
    if (!tcp->paused && buf_len(&tcp->in) == 0) return show(tcp, data);
    if (buf_add(&tcp->in, data) != ERR_OK) break_off(tcp, ENOMEM);
    if (!tcp->paused) return tell(tcp, STREAM_DATA);
    tcp->retell = true;
    return true;
}

static bool end_input(struct tcp *tcp)
{
    tcp->stream.eof = true;
    return tell(tcp, STREAM_EOF);
}

/* False when the stream is no more. */
static bool receive(struct tcp *tcp)
{
    for (int i = 0; i < READS_PER_EVENT && !tcp->stream.eof && held(tcp) < STREAM_INPUT_MAX; i++) {
        size_t room = STREAM_INPUT_MAX - held(tcp), size = room < sizeof received ? room : sizeof received;
        ssize_t n = recv(tcp->fd, received, size, 0);

        if (n < 0 && errno != EAGAIN && errno != EINTR) break_off(tcp, errno);
        if (n < 0 || (n == 0 && tcp->broken)) return true;
        if (n == 0) return end_input(tcp);
        if (!take(tcp, (struct span){received, (size_t)n})) return false;
        if ((size_t)n < size) return true;
    }
    return true;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct tcp *tcp = context;

    (void)fd, (void)what;
    if (receive(tcp)) update(tcp);
}

/* --- writing -------------------------------------------------------------------------------------------- */

/* Hands the kernel what it takes; what it does not take waits for on_writable(). */
static void send_queued(struct tcp *tcp)
{
    struct span data = buf_span(&tcp->out);
    ssize_t n;

    if (data.len == 0 || tcp->connecting || tcp->broken) return;
    n = send(tcp->fd, data.at, data.len, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        break_off(tcp, errno);
        return;
    }
    if (n > 0) buf_consume(&tcp->out, (size_t)n);
    if (buf_len(&tcp->out) > 0) want(tcp, &tcp->writable, &tcp->waiting, true);
}

/* What the owner is owed after a send. */
static bool tell_progress(struct tcp *tcp)
{
    if (tcp->full && !tcp->broken && buf_len(&tcp->out) <= STREAM_OUTPUT_LOW) {
        tcp->full = false;
        if (!tell(tcp, STREAM_DRAINED)) return false;
    }
    if (!tcp->finishing || tcp->sent || tcp->broken || tcp->connecting || buf_len(&tcp->out) > 0) return true;
    tcp->sent = true;
    if (shutdown(tcp->fd, SHUT_WR) != 0) {
        break_off(tcp, errno);
        return true;
    }
    return tell(tcp, STREAM_SENT);
}

static int connect_result(int fd)
{
    int why = 0;
    socklen_t len = sizeof why;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len) == 0 ? why : errno;
}

static bool end_connect(struct tcp *tcp)
{
    int why = connect_result(tcp->fd);

    tcp->connecting = false;
    if (why != 0) {
        break_off(tcp, why);
        return true;
    }
    tcp->stream.local = addr_of_socket(tcp->fd);
    return tell(tcp, STREAM_OPEN);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    struct tcp *tcp = context;

    (void)fd, (void)what;
    if (tcp->connecting && !end_connect(tcp)) return;
    send_queued(tcp);
    if (tell_progress(tcp)) update(tcp);
}

/* --- the end of the turn -------------------------------------------------------------------------------- */

/* What the peer said before it broke off is still worth hearing: an early refusal, above all. */
static void tell_gone(struct tcp *tcp)
{
    if (!tcp->paused && !tcp->stream.eof && tcp->stream.err != ERR_NOMEM && !receive(tcp)) return;
    update(tcp);
    (void)tell(tcp, STREAM_GONE);
}

static void on_later(struct defer *defer)
{
    struct tcp *tcp = CONTAINER_OF(defer, struct tcp, later);

    if (tcp->retell && !tcp->paused && !tcp->broken) {
        tcp->retell = false;
        if (!tell(tcp, STREAM_DATA)) return;
    }
    if (!tcp->waiting) send_queued(tcp);
    if (!tell_progress(tcp)) return;
    if (tcp->broken && !tcp->gone)
        tell_gone(tcp);
    else
        update(tcp);
}

/* --- the owner's calls ---------------------------------------------------------------------------------- */

static struct span tcp_input(struct stream *stream)
{
    struct tcp *tcp = tcp_of(stream);

    return tcp->fresh.len > 0 ? tcp->fresh : buf_span(&tcp->in);
}

static void tcp_consume(struct stream *stream, size_t len)
{
    struct tcp *tcp = tcp_of(stream);

    assert(len <= held(tcp));
    if (len == 0) return;
    if (tcp->fresh.len > 0)
        tcp->fresh = span_from(tcp->fresh, len);
    else
        buf_consume(&tcp->in, len);
    if (!tcp->reading && !tcp->gone) update(tcp);
}

static void tcp_pause(struct stream *stream, bool paused)
{
    struct tcp *tcp = tcp_of(stream);

    if (tcp->paused && !paused && buf_len(&tcp->in) > 0) {
        tcp->retell = true;
        later(tcp);
    }
    tcp->paused = paused;
}

static enum err tcp_write(struct stream *stream, struct span data)
{
    struct tcp *tcp = tcp_of(stream);

    if (tcp->broken || tcp->finishing) return ERR_PEER;
    if (data.len > STREAM_OUTPUT_MAX - buf_len(&tcp->out)) return ERR_LIMIT;
    TRY(buf_add(&tcp->out, data));
    if (!tcp->waiting && buf_len(&tcp->out) >= RECEIVE_BYTES) send_queued(tcp);
    tcp->full = tcp->full || buf_len(&tcp->out) >= STREAM_OUTPUT_HIGH;
    if (!tcp->waiting) later(tcp);
    return ERR_OK;
}

static size_t tcp_queued(const struct stream *stream) { return buf_len(&tcp_of(stream)->out); }

static void tcp_finish(struct stream *stream)
{
    struct tcp *tcp = tcp_of(stream);

    tcp->finishing = true;
    if (!tcp->waiting) later(tcp);
}

static void on_free(struct defer *defer)
{
    struct tcp *tcp = CONTAINER_OF(defer, struct tcp, later);

    mem_free(tcp);
}

/* A stream that is given up before its end resets the connection: what is cut must not look whole. */
static void tcp_free(struct stream *stream)
{
    static const struct linger at_once = {1, 0};
    struct tcp *tcp = tcp_of(stream);

    if (tcp->finishing && !tcp->sent) send_queued(tcp); /* its last bytes, if the kernel takes them now */
    bool whole = tcp->finishing && !tcp->broken && buf_len(&tcp->out) == 0;
    if (!whole) (void)setsockopt(tcp->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once); /* TCP alone heeds it */
    event_del(&tcp->readable);
    event_del(&tcp->writable);
    close(tcp->fd);
    buf_clear(&tcp->in);
    buf_clear(&tcp->out);
    tcp->freed = true;
    loop_defer_cancel(&tcp->later);
    loop_defer(tcp->loop, &tcp->later, on_free); /* this may be inside one of its own events */
}

static const struct stream_ops tcp_ops = {tcp_input,  tcp_consume, tcp_pause, tcp_write,
                                          tcp_queued, tcp_finish,  tcp_free};

/* --- birth ---------------------------------------------------------------------------------------------- */

/* Takes fd, closed on failure too. */
static struct tcp *tcp_new(struct loop *loop, int fd)
{
    static const int on = 1;
    struct tcp *tcp = mem_new(sizeof *tcp);

    if (tcp == NULL) {
        close(fd);
        return NULL;
    }
    tcp->stream.ops = &tcp_ops;
    tcp->loop = loop;
    tcp->fd = fd;
    event_assign(&tcp->readable, loop_base(loop), fd, EV_READ | EV_PERSIST, on_readable, tcp);
    event_assign(&tcp->writable, loop_base(loop), fd, EV_WRITE | EV_PERSIST, on_writable, tcp);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* a unix socket refuses, and needs none */
    return tcp;
}

enum err stream_tcp_adopt(struct loop *loop, int fd, struct stream **stream_out)
{
    struct tcp *tcp = tcp_new(loop, fd);

    if (tcp == NULL) return ERR_NOMEM;
    tcp->stream.local = addr_of_socket(fd);
    tcp->stream.peer = addr_of_peer(fd);
    if (evutil_make_socket_nonblocking(fd) != 0 || event_add(&tcp->readable, NULL) != 0) {
        tcp_free(&tcp->stream);
        return ERR_SYS;
    }
    tcp->reading = true;
    *stream_out = &tcp->stream;
    return ERR_OK;
}

enum err stream_tcp_connect(struct loop *loop, const struct addr *addr, stream_fn *fn, void *owner,
                            struct stream **stream_out)
{
    struct sockaddr_storage to;
    socklen_t len = addr_to_sockaddr(addr, &to);
    int fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct tcp *tcp;

    if (fd < 0) return ERR_SYS;
    tcp = tcp_new(loop, fd);
    if (tcp == NULL) return ERR_NOMEM;
    stream_own(&tcp->stream, fn, owner);
    tcp->stream.peer = *addr;
    tcp->connecting = true;
    if (connect(fd, (struct sockaddr *)&to, len) != 0 && errno != EINPROGRESS) break_off(tcp, errno);
    update(tcp);
    *stream_out = &tcp->stream;
    return ERR_OK;
}
