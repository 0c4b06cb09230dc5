/* origin.c — bench_origin: the least an https origin can be.  Any request is answered 200 with a small body; bodies are
 * read and dropped; connections stay open.  On SIGTERM it says in one JSON line what it did and what that cost.
 *
 *   bench_origin ADDR:PORT CERT KEY          on loopback only; one thread; at most SOCKS_MAX connections
 */
#include "bench/sock.h"

#include <signal.h>

enum { HEAD_MAX = 16384 };

struct conn {
    int fd;
    uint32_t interest;
    SSL *ssl;
    uint64_t body_left;
    size_t in_len;
    bool answering;
    char *in; /* of a head that came in pieces; NULL otherwise */
};

#define ANSWER_BODY "{\"answer\": \"all is well\"}\n"
_Static_assert(sizeof ANSWER_BODY - 1 == 26, "as the answer's head says");
static const char answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n" ANSWER_BODY;
static struct {
    uint64_t requests, connections, refused, resumed, open;
} counts;
static int epoll;
static volatile sig_atomic_t asked_to_end;
static SSL_CTX *context;
static char shared[65536 + 1]; /* a read; a head that is whole in it needs no memory of its own */

static void on_sigterm(int number)
{
    (void)number;
    asked_to_end = 1;
}

static void conn_close(struct conn *conn)
{
    SSL_free(conn->ssl);
    close(conn->fd);
    free(conn->in);
    free(conn);
    counts.open--;
}

static void accept_one(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;

    if (fd < 0) return;
    if (counts.open >= SOCKS_MAX) {
        counts.refused++;
        close(fd);
        return;
    }
    struct conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL || (conn->ssl = SSL_new(context)) == NULL) die("out of memory");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL_set_fd(conn->ssl, fd);
    SSL_set_accept_state(conn->ssl);
    conn->fd = fd;
    conn->interest = EPOLLIN;
    watch(epoll, EPOLL_CTL_ADD, fd, conn->interest, conn);
    counts.connections++;
    counts.open++;
}

static void keep(struct conn *conn, const char *data, size_t len)
{
    if (conn->in == NULL) conn->in = malloc(HEAD_MAX + 1);
    if (conn->in == NULL) die("out of memory");
    memmove(conn->in, data, len);
    conn->in_len = len;
}

/* Takes what one read brought: the rest of a body, then perhaps a head.  False when it is not as a proxy writes it. */
static bool take(struct conn *conn, char *data, size_t len)
{
    size_t body = conn->body_left < len ? (size_t)conn->body_left : len;

    conn->body_left -= body;
    data += body;
    len -= body;
    if (conn->body_left == 0 && body > 0) conn->answering = true;
    if (len == 0) return true;
    if (conn->answering || conn->in_len + len > HEAD_MAX) return false;
    if (conn->in_len > 0) {
        memcpy(conn->in + conn->in_len, data, len);
        data = conn->in;
        len += conn->in_len;
    }
    data[len] = '\0';
    char *end = memmem(data, len, "\r\n\r\n", 4);
    if (end == NULL) return keep(conn, data, len), true;
    *end = '\0';
    if (strcasestr(data, "\r\nTransfer-Encoding:") != NULL) return false;
    head_number(data, "\r\nContent-Length:", &conn->body_left);
    if (conn->body_left == 0) conn->answering = true;
    conn->in_len = 0;
    size_t used = (size_t)(end + 4 - data);
    return len == used || (conn->body_left > 0 && take(conn, data + used, len - used));
}

static enum outcome answer_now(struct conn *conn)
{
    enum outcome outcome = tls_outcome(conn->ssl, SSL_write(conn->ssl, answer, sizeof answer - 1));

    if (outcome != DONE) return outcome;
    conn->answering = false;
    counts.requests++;
    return DONE;
}

/* One read a turn unless TLS holds more already: an idle connection costs no read that finds nothing. */
static enum outcome serve(struct conn *conn)
{
    do {
        if (!conn->answering) {
            int got = SSL_read(conn->ssl, shared, sizeof shared - 1);
            if (got <= 0) return tls_outcome(conn->ssl, got);
            if (!take(conn, shared, (size_t)got)) return FAILED;
        }
        if (conn->answering) {
            enum outcome outcome = answer_now(conn);
            if (outcome != DONE) return outcome;
        }
    } while (SSL_pending(conn->ssl) > 0 || conn->body_left > 0);
    return WANT_READ;
}

static void on_event(struct conn *conn)
{
    enum outcome outcome = serve(conn);

    if (outcome == FAILED) {
        conn_close(conn);
        return;
    }
    uint32_t interest = outcome == WANT_WRITE ? EPOLLOUT : EPOLLIN;
    if (interest != conn->interest) watch(epoll, EPOLL_CTL_MOD, conn->fd, interest, conn);
    conn->interest = interest;
}

static int listen_on(const char *text)
{
    struct sockaddr_in addr = loopback(text);
    int fd = tcp_socket(), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, 4096) < 0)
        die("%s: %s", text, strerror(errno));
    watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, NULL);
    return fd;
}

static void run(int listener)
{
    struct epoll_event events[EVENTS_MAX];

    while (!asked_to_end) {
        int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++)
            if (events[i].data.ptr == NULL)
                accept_one(listener);
            else
                on_event(events[i].data.ptr);
    }
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = on_sigterm};

    if (argc != 4) die("usage: bench_origin ADDR:PORT CERT KEY");
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    many_sockets();
    context = SSL_CTX_new(TLS_method());
    if (context == NULL || SSL_CTX_use_certificate_chain_file(context, argv[2]) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, argv[3], SSL_FILETYPE_PEM) != 1)
        die("bench_origin: the certificate %s or its key can't be used", argv[2]);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    run(listen_on(argv[1]));
    printf("{\"origin\":{\"requests\":%lu,\"connections\":%lu,\"refused\":%lu,\"cpu_ms\":%.1f}}\n", counts.requests,
           counts.connections, counts.refused, cpu_ms());
    return 0;
}
