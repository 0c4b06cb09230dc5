/* load.c — bench_load: N connections that send requests to one place, in one of two ways, and how long each took.
 *
 * Closed   each connection has one request in flight and sends the next when it is answered: how much can it do?
 * Open     requests are due at a fixed rate whatever the answers do, and are timed from when they were due, not from
 *          when a connection was free for them: what does a client feel?  (No coordinated omission.)
 * Ends     after --seconds or --requests, whichever is first; both have hard bounds.  Loopback addresses only.
 *          Connections that fail are counted, with the first reason; ERRORS_MAX of them end the run.
 *
 * It prints one JSON line: counts, microseconds, and its own CPU (busy near 1 means that it was itself the limit).
 */
#include "bench/bench.h"
#include "bench/hist.h"
#include "bench/sock.h"

#include <getopt.h>
#include <poll.h>
#include <signal.h>

enum {
    IN_MAX = 8192,
    HEAD_MAX = 512,
    AUTHORITY_MAX = 140,
    BODY_MAX = 16 << 20,
    SECONDS_MAX = 600,
    OPENING_MAX = 32,
    ERRORS_MAX = 1000
};
#define REQUESTS_MAX 100000000u

static const char help[] =
    "bench_load --to ADDR:PORT --name NAME --ca FILE [OPTIONS]\n"
    "  --connect PORT      --to is a forward proxy: CONNECT NAME:PORT first\n"
    "  --new-names FIRST   connection i is to hJ.NAME, J = FIRST + i: each a name not used before\n"
    "  --post BYTES        POST a text of that size; without it, GET\n"
    "  --connections N     how many at once (32)\n"
    "  --each N            requests of a connection before a new one is made; 0, no end (0)\n"
    "  --no-resume         every handshake a full one\n"
    "  --rate R            open loop, R requests a second; without it, closed\n"
    "  --seconds S         (2)\n"
    "  --requests N        (no other end than --seconds)\n"
    "  --hold              one request a connection, then {\"held\":N} is printed and all stay open until stdin ends\n";

enum step { STEP_TCP, STEP_CONNECT, STEP_TUNNEL, STEP_TLS, STEP_SEND, STEP_ANSWER, STEP_IDLE };

struct lane {
    int fd;
    enum step step;
    uint32_t interest;
    SSL *ssl;
    uint64_t due_ns;
    uint64_t served; /* answers on this connection */
    size_t head_len, sent, in_len;
    char authority[AUTHORITY_MAX], head[HEAD_MAX], in[IN_MAX];
};

static struct {
    struct sockaddr_in to;
    const char *name, *ca;
    unsigned connect_port;
    bool new_names, no_resume, hold;
    uint64_t first_name, body_bytes, connections, each, seconds, requests;
    double rate;
} options = {.connections = 32, .seconds = 2, .requests = REQUESTS_MAX};

static struct {
    struct hist latency;
    uint64_t begun, answered, opened, resumed, names, errors, held;
    const char *first_error;
} counts;

static int epoll;
static SSL_CTX *context;
static SSL_SESSION *session; /* the latest ticket, for all lanes */
static char *body;
static struct lane *lanes, **idle; /* idle: a stack of those without a request */
static uint64_t idle_count, start_ns, end_ns;

/* --- one connection, step by step -------------------------------------------------------------------------- */

static enum outcome fail(const char *why)
{
    counts.errors++;
    if (counts.first_error == NULL) counts.first_error = why;
    return FAILED;
}

static enum outcome step_tcp(struct lane *lane)
{
    if (lane->fd >= 0) {
        int error = 0;
        socklen_t len = sizeof error;
        getsockopt(lane->fd, SOL_SOCKET, SO_ERROR, &error, &len);
        return error == 0 ? DONE : fail(strerror(error));
    }
    lane->fd = tcp_socket();
    SSL_set_fd(lane->ssl, lane->fd);
    lane->interest = EPOLLOUT;
    watch(epoll, EPOLL_CTL_ADD, lane->fd, lane->interest, lane);
    if (connect(lane->fd, (const struct sockaddr *)&options.to, sizeof options.to) == 0) return DONE;
    return errno == EINPROGRESS ? WANT_WRITE : fail(strerror(errno));
}

static enum outcome step_connect(struct lane *lane)
{
    char text[600];

    if (options.connect_port == 0) return DONE;
    int len = snprintf(text, sizeof text, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", lane->authority, lane->authority);
    return write(lane->fd, text, (size_t)len) == len ? DONE : fail("CONNECT could not be written");
}

static enum outcome step_tunnel(struct lane *lane)
{
    if (options.connect_port == 0) return DONE;
    ssize_t got = read(lane->fd, lane->in, sizeof lane->in - 1);
    if (got < 0 && errno == EAGAIN) return WANT_READ;
    if (got <= 0) return fail("closed instead of an answer to CONNECT");
    lane->in[got] = '\0';
    if (strncmp(lane->in, "HTTP/1.1 200", 12) != 0 && strncmp(lane->in, "HTTP/1.0 200", 12) != 0)
        return fail("CONNECT was refused");
    return strstr(lane->in, "\r\n\r\n") != NULL ? DONE : fail("the answer to CONNECT came in pieces");
}

static enum outcome step_tls(struct lane *lane)
{
    enum outcome outcome = tls_outcome(lane->ssl, SSL_do_handshake(lane->ssl));

    if (outcome == FAILED) return fail("TLS handshake");
    if (outcome != DONE) return outcome;
    counts.resumed += (uint64_t)SSL_session_reused(lane->ssl);
    /* Where connections are kept, the first request's time is a request's too, not that of 32 handshakes at once. */
    if (options.rate == 0 && options.each != 1) lane->due_ns = bench_now_ns();
    return DONE;
}

static enum outcome step_send(struct lane *lane)
{
    size_t whole = lane->head_len + options.body_bytes;

    while (lane->sent < whole) {
        bool in_head = lane->sent < lane->head_len;
        const char *from = in_head ? lane->head + lane->sent : body + (lane->sent - lane->head_len);
        size_t len = (in_head ? lane->head_len : whole) - lane->sent;
        int put = SSL_write(lane->ssl, from, (int)len);
        if (put <= 0)
            return tls_outcome(lane->ssl, put) == FAILED ? fail("closed while sending") : tls_outcome(lane->ssl, put);
        lane->sent += (size_t)put;
    }
    lane->in_len = 0;
    return DONE;
}

static enum outcome step_answer(struct lane *lane)
{
    uint64_t length;

    for (;;) {
        int got = SSL_read(lane->ssl, lane->in + lane->in_len, (int)(sizeof lane->in - 1 - lane->in_len));
        if (got <= 0) return tls_outcome(lane->ssl, got) == FAILED ? fail("closed instead of an answer") : WANT_READ;
        lane->in_len += (size_t)got;
        lane->in[lane->in_len] = '\0';
        const char *end = strstr(lane->in, "\r\n\r\n");
        if (end == NULL) continue;
        if (strncmp(lane->in, "HTTP/1.1 200", 12) != 0) return fail("an answer that is not 200");
        if (!head_number(lane->in, "\r\nContent-Length:", &length)) return fail("an answer without a length");
        size_t wanted = (size_t)(end + 4 - lane->in) + (size_t)length;
        if (wanted >= sizeof lane->in) return fail("an answer that is too long");
        if (lane->in_len == wanted) return DONE;
    }
}

/* A connection that is not in use: a byte on it is a session ticket or its end. */
static enum outcome step_idle(struct lane *lane)
{
    int got = SSL_read(lane->ssl, lane->in, 1);

    return got > 0 ? fail("an answer nobody asked for") : tls_outcome(lane->ssl, got);
}

static enum outcome (*const steps[])(struct lane *) = {step_tcp,  step_connect, step_tunnel, step_tls,
                                                       step_send, step_answer,  step_idle};

/* --- lanes --------------------------------------------------------------------------------------------------- */

static void lane_close(struct lane *lane)
{
    if (lane->ssl != NULL) SSL_shutdown(lane->ssl);
    SSL_free(lane->ssl);
    if (lane->fd >= 0) close(lane->fd);
    lane->ssl = NULL;
    lane->fd = -1;
    lane->served = 0;
}

/* h7.NAME where each is to be new; NAME alone otherwise.  The port is in the Host field when it is in CONNECT. */
static void lane_name(struct lane *lane)
{
    char name[AUTHORITY_MAX], port[16] = "";

    if (options.new_names)
        snprintf(name, sizeof name, "h%lu.%.100s", options.first_name + counts.names++, options.name);
    else
        snprintf(name, sizeof name, "%.100s", options.name);
    SSL_set_tlsext_host_name(lane->ssl, name);
    X509_VERIFY_PARAM_set1_host(SSL_get0_param(lane->ssl), name, strlen(name));
    if (options.connect_port > 0) snprintf(port, sizeof port, ":%u", options.connect_port);
    snprintf(lane->authority, sizeof lane->authority, "%.120s%s", name, port);
}

static void lane_open(struct lane *lane)
{
    char framing[80] = "";

    lane->ssl = SSL_new(context);
    if (lane->ssl == NULL) die("out of memory");
    SSL_set_connect_state(lane->ssl);
    if (session != NULL && !options.new_names) SSL_set_session(lane->ssl, session);
    lane_name(lane);
    if (options.body_bytes > 0)
        snprintf(framing, sizeof framing, "Content-Type: text/plain\r\nContent-Length: %lu\r\n", options.body_bytes);
    lane->head_len =
        (size_t)snprintf(lane->head, sizeof lane->head,
                         "%s /v1/models HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAccept: */*\r\n%s\r\n",
                         options.body_bytes > 0 ? "POST" : "GET", lane->authority, framing);
    lane->step = STEP_TCP;
    counts.opened++;
}

static bool may_begin(void) { return counts.begun < options.requests; }

/* A request begins on a lane: over the connection it has, or a new one. */
static void lane_begin(struct lane *lane, uint64_t due_ns)
{
    counts.begun++;
    lane->due_ns = due_ns;
    lane->sent = 0;
    if (options.each > 0 && lane->served == options.each) lane_close(lane);
    if (lane->ssl == NULL)
        lane_open(lane);
    else
        lane->step = STEP_SEND;
}

static void lane_rest(struct lane *lane)
{
    lane->step = STEP_IDLE;
    if (lane->ssl != NULL && options.each == 1 && !options.hold) lane_close(lane);
    if (!options.hold) idle[idle_count++] = lane;
}

/* An answer is here.  True when the lane has its next request already. */
static bool lane_answered(struct lane *lane, uint64_t now)
{
    hist_add(&counts.latency, now - lane->due_ns);
    counts.answered++;
    lane->served++;
    if (options.hold) counts.held++;
    if (options.rate > 0 || options.hold || !may_begin()) {
        lane_rest(lane);
        return false;
    }
    lane_begin(lane, now);
    return true;
}

static void lane_watch(struct lane *lane, enum outcome outcome)
{
    uint32_t interest = outcome == WANT_WRITE ? EPOLLOUT : EPOLLIN;

    if (lane->fd < 0 || interest == lane->interest) return;
    lane->interest = interest;
    watch(epoll, EPOLL_CTL_MOD, lane->fd, interest, lane);
}

static void lane_failed(struct lane *lane)
{
    if (counts.errors >= ERRORS_MAX) die("bench_load: %u errors, the first: %s", ERRORS_MAX, counts.first_error);
    bool was_idle = lane->step == STEP_IDLE;
    lane_close(lane);
    if (was_idle && options.hold) counts.held--;
    if (!was_idle) lane_rest(lane); /* an idle one is on the stack already */
}

/* Takes as many steps as can be taken now. */
static void lane_go(struct lane *lane)
{
    enum outcome outcome;

    for (;;) {
        outcome = steps[lane->step](lane);
        if (outcome != DONE) break;
        if (lane->step != STEP_ANSWER) {
            lane->step++;
            continue;
        }
        if (!lane_answered(lane, bench_now_ns())) break;
    }
    if (outcome == FAILED)
        lane_failed(lane);
    else
        lane_watch(lane, outcome);
}

/* --- the run ------------------------------------------------------------------------------------------------- */

static uint64_t due(uint64_t request) { return start_ns + (uint64_t)((double)request * 1e9 / options.rate); }

/* Gives lanes to requests that are due.  Returns how long the loop may wait, in nanoseconds. */
static uint64_t begin_due(uint64_t now)
{
    uint64_t in_flight = options.connections - idle_count - counts.held;

    while (idle_count > 0 && may_begin()) {
        if (options.rate > 0 && due(counts.begun) > now) return due(counts.begun) - now;
        if (options.hold && in_flight++ >= OPENING_MAX) break;
        struct lane *lane = idle[--idle_count];
        lane_begin(lane, options.rate > 0 ? due(counts.begun) : now);
        lane_go(lane);
    }
    return end_ns - now;
}

static bool over(uint64_t now)
{
    if (now >= end_ns) return true;
    return !may_begin() && counts.answered + counts.errors >= counts.begun;
}

static void run(void)
{
    struct epoll_event events[EVENTS_MAX];
    uint64_t now = start_ns = bench_now_ns();

    end_ns = start_ns + options.seconds * 1000000000u;
    while (!over(now)) {
        uint64_t wait_ns = begin_due(now);
        struct timespec wait = {(time_t)(wait_ns / 1000000000u), (long)(wait_ns % 1000000000u)};
        int count = epoll_pwait2(epoll, events, EVENTS_MAX, &wait, NULL);
        for (int i = 0; i < count; i++) lane_go(events[i].data.ptr);
        now = bench_now_ns();
    }
}

/* All stay as they are until stdin ends; the time is bounded as that of a run is. */
static void hold(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    struct epoll_event events[EVENTS_MAX];

    printf("{\"held\":%lu}\n", counts.held);
    fflush(stdout);
    if (poll(&input, 1, SECONDS_MAX * 1000) < 0) die("poll: %s", strerror(errno));
    int count = epoll_wait(epoll, events, EVENTS_MAX, 0);
    for (int i = 0; i < count; i++) lane_go(events[i].data.ptr);
}

static void report(double seconds, double cpu)
{
    static const struct {
        const char *name;
        double share;
    } points[] = {{"p50_us", 0.5}, {"p90_us", 0.9}, {"p99_us", 0.99}, {"p999_us", 0.999}};

    printf("{\"requests\":%lu,\"errors\":%lu,\"first_error\":\"%s\",\"seconds\":%.3f,\"per_second\":%.0f",
           counts.answered, counts.errors, counts.first_error == NULL ? "" : counts.first_error, seconds,
           (double)counts.answered / seconds);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        printf(",\"%s\":%.1f", points[i].name, (double)hist_at(&counts.latency, points[i].share) / 1e3);
    printf(",\"max_us\":%.1f,\"opened\":%lu,\"resumed\":%lu,\"held\":%lu,\"names\":%lu,\"client_cpu_ms\":%.1f,\"client_"
           "busy\":%.2f}\n",
           (double)counts.latency.max / 1e3, counts.opened, counts.resumed, counts.held, counts.names, cpu,
           cpu / seconds / 1e3);
}

static int on_ticket(SSL *ssl, SSL_SESSION *ticket)
{
    (void)ssl;
    SSL_SESSION_free(session);
    session = ticket;
    return 1;
}

static void set_up(void)
{
    context = SSL_CTX_new(TLS_method());
    if (context == NULL || SSL_CTX_load_verify_locations(context, options.ca, NULL) != 1)
        die("bench_load: %s can't be read", options.ca);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (!options.no_resume) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, on_ticket);
    }
    many_sockets();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    body = malloc(options.body_bytes + 1);
    lanes = calloc(options.connections, sizeof *lanes);
    idle = calloc(options.connections, sizeof *idle);
    if (epoll < 0 || body == NULL || lanes == NULL || idle == NULL) die("out of memory");
    for (uint64_t i = 0; i < options.body_bytes; i++) body[i] = "a plain text, with no secret in it. "[i % 36];
    for (uint64_t i = options.connections; i-- > 0;) {
        lanes[i].fd = -1;
        lanes[i].step = STEP_IDLE;
        idle[idle_count++] = &lanes[i];
    }
}

static uint64_t number(const char *name, const char *text, uint64_t most)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);

    if (*text == '-' || end == text || *end != '\0' || value > most) die("--%s: 0 to %lu", name, most);
    return value;
}

static void read_options(int argc, char **argv)
{
    /* clang-format off */
    static const struct option known[] = {
        {"to", 1, 0, 't'}, {"name", 1, 0, 'n'}, {"ca", 1, 0, 'a'}, {"connect", 1, 0, 'c'}, {"post", 1, 0, 'p'},
        {"connections", 1, 0, 'N'}, {"each", 1, 0, 'e'}, {"new-names", 1, 0, 'w'}, {"no-resume", 0, 0, 'f'},
        {"rate", 1, 0, 'r'}, {"seconds", 1, 0, 's'}, {"requests", 1, 0, 'q'}, {"hold", 0, 0, 'h'}, {0, 0, 0, 0}};
    /* clang-format on */
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) switch (option) {
        case 't': options.to = loopback(optarg); break;
        case 'n': options.name = optarg; break;
        case 'a': options.ca = optarg; break;
        case 'c': options.connect_port = (unsigned)number("connect", optarg, 65535); break;
        case 'p': options.body_bytes = number("post", optarg, BODY_MAX); break;
        case 'N': options.connections = number("connections", optarg, SOCKS_MAX - 64); break;
        case 'e': options.each = number("each", optarg, REQUESTS_MAX); break;
        case 'w': options.first_name = number("new-names", optarg, REQUESTS_MAX), options.new_names = true; break;
        case 'f': options.no_resume = true; break;
        case 'r': options.rate = (double)number("rate", optarg, 1000000); break;
        case 's': options.seconds = number("seconds", optarg, SECONDS_MAX); break;
        case 'q': options.requests = number("requests", optarg, REQUESTS_MAX); break;
        case 'h': options.hold = true; break;
        default: fputs(help, stderr); exit(2);
        }
    if (options.to.sin_port == 0 || options.name == NULL || options.ca == NULL || options.connections == 0)
        die("%s", help);
    if (options.hold) options.requests = options.connections;
}

int main(int argc, char **argv)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    read_options(argc, argv);
    sigaction(SIGPIPE, &ignore, NULL);
    set_up();
    run();
    double seconds = (double)(bench_now_ns() - start_ns) / 1e9, cpu = cpu_ms();
    if (options.hold) hold();
    report(seconds, cpu);
    return counts.answered == 0;
}
