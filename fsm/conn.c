#include "fsm/conn_int.h"

#include "reactor/base/log.h"
#include "reactor/base/mem.h"
#include "reactor/wire/http2.h"

static fsm_action_fn conn_sniff, conn_peek, conn_shake, conn_look, conn_read_head, conn_begin, conn_begin_late,
    conn_begin_refused, conn_begin_mute, conn_feed, conn_half_closed, conn_pass, conn_finish, conn_linger, conn_discard,
    conn_end;
FSM_TYPE(conn_type, "conn", CONN_STATES, CONN_EVENTS, CONN_ROWS);

static struct conn *of(struct fsm *machine) { return CONTAINER_OF(machine, struct conn, machine); }

/* Most often a client that does not trust our authority: worth a line, as nothing else tells. */
static void log_handshake(const struct conn *conn)
{
    const char *why = conn->stream->detail != NULL ? conn->stream->detail : "";
    struct span host = conn->fixed.host;

    if (!rules_find_nothing(conn->egress->rules, host)) host = SPAN_LIT("(withheld)");
    LOG(INFO, "conn.handshake", F_ID("conn", conn->machine.id), F_STR("host", host), F_TEXT("why", why));
}

static void on_stream(void *owner, enum stream_event event)
{
    struct conn *conn = owner;

    switch (event) {
    case STREAM_OPEN: fsm_post(&conn->machine, CONN_EV_OPEN); return;
    case STREAM_DATA: fsm_post(&conn->machine, CONN_EV_DATA); return;
    case STREAM_EOF: fsm_post(&conn->machine, CONN_EV_EOF); return;
    case STREAM_DRAINED:
        if (conn->http2 != NULL) conn_h2_writable(conn);
        if (conn->request != NULL) request_drained(conn->request);
        return;
    case STREAM_SENT: fsm_post(&conn->machine, CONN_EV_SENT); return;
    case STREAM_GONE:
        if (conn->machine.state == CONN_SHAKING) log_handshake(conn);
        fsm_post(&conn->machine, CONN_EV_GONE);
        return;
    }
}

/* --- what it speaks -------------------------------------------------------------------------------------- */

#define TLS_HANDSHAKE_RECORD 0x16

/* The port of the origin that the connection itself is for; 0 where each request says. */
static uint16_t origin_port(const struct conn *conn)
{
    if (conn->has_fixed) return conn->fixed.port;
    return conn->kind == CONN_DIRECT ? conn->stream->local.port : 0;
}

static void conn_sniff(struct fsm *machine)
{
    struct conn *conn = of(machine);
    struct span in = stream_input(conn->stream);
    uint16_t port = origin_port(conn);

    if (in.len == 0) return;
    if (port != 0 && in.at[0] == TLS_HANDSHAKE_RECORD) {
        fsm_post(machine, CONN_EV_TLS);
    } else if (port == 443) { /* what should have been private, or no HTTP at all */
        conn->refused = REASON_TARGET;
        conn->refused_why = "port 443 is for TLS";
        fsm_post(machine, CONN_EV_REQUEST);
    } else {
        fsm_post(machine, CONN_EV_HTTP);
    }
}

static void conn_peek(struct fsm *machine) { conn_peek_hello(of(machine)); }

static void conn_shake(struct fsm *machine)
{
    struct conn *conn = of(machine);

    conn->tls = true;
    if (stream_tls_accept(conn->egress->proxy->tls, &conn->stream, conn->fixed.host, on_stream, conn, &conn->stream) !=
        ERR_OK)
        fsm_post(machine, CONN_EV_GONE);
}

/* --- one request after another ---------------------------------------------------------------------------- */

static void conn_look(struct fsm *machine)
{
    struct conn *conn = of(machine);

    if (conn->http2 == NULL && conn->tls && stream_tls_alpn(conn->stream) == TLS_ALPN_H2)
        fsm_post(machine, CONN_EV_H2);
    else if (conn->http2 == NULL && stream_input(conn->stream).len > 0)
        fsm_post(machine, CONN_EV_HTTP);
    else if (conn->stream->eof || conn->egress->proxy->draining)
        fsm_post(machine, CONN_EV_LAST);
}

static void conn_read_head(struct fsm *machine)
{
    struct conn *conn = of(machine);

    conn->head_err = http1_find_head(stream_input(conn->stream), &conn->scanned, &conn->head_len);
    if (conn->head_err != ERR_AGAIN)
        fsm_post(machine, CONN_EV_REQUEST);
    else if (conn->stream->eof)
        fsm_post(machine, CONN_EV_GONE);
}

static void on_over(void *owner, bool clean)
{
    struct conn *conn = owner;
    bool last = !clean || conn->response_last || !conn->body.done;

    request_free(&conn->request);
    if (clean)
        fsm_post(&conn->machine, last ? CONN_EV_LAST : CONN_EV_NEXT);
    else
        fsm_post(&conn->machine, CONN_EV_GONE);
}

struct request *conn_make_request(struct conn *conn, struct span head)
{
    struct request_origin origin = {.fixed = conn->has_fixed ? &conn->fixed : NULL,
                                    .tls = conn->tls,
                                    .peer = conn->stream->peer,
                                    .conn_id = conn->machine.id};

    if (conn->kind == CONN_DIRECT) origin.direct_port = conn->stream->local.port;
    conn->response_chunked = conn->response_last = conn->request_last = false;
    conn->body = (struct http1_body){.done = true};
    if (request_new(conn->egress, &conn->client, &origin, head, on_over, conn, &conn->request) != ERR_OK)
        fsm_post(&conn->machine, CONN_EV_GONE);
    return conn->request;
}

void conn_refuse(struct conn *conn, struct span head, enum reason reason, const char *detail)
{
    struct request *request = conn_make_request(conn, head);

    conn->response_last = true;
    if (request != NULL) request_refuse(request, reason, detail);
}

static void begin_request(struct conn *conn, struct span head)
{
    if (conn_make_request(conn, head) == NULL) return;
    stream_consume(conn->stream, head.len);
    http1_body_begin(&conn->body, request_head(conn->request));
    conn->request_last = !request_head(conn->request)->keep_alive;
    request_begin(conn->request);
    conn_feed(&conn->machine);
}

/* Prior knowledge of HTTP/2 without TLS: told in its own words, as it would not read ours. */
static void refuse_h2c(struct conn *conn)
{
    if (stream_write(conn->stream, http2_preface_refusal()) != ERR_OK) fsm_post(&conn->machine, CONN_EV_GONE);
    conn->client.ops = &conn_mute_ops;
    conn_refuse(conn, (struct span){0}, REASON_VERSION, "HTTP/2 without TLS");
}

static void conn_begin(struct fsm *machine)
{
    struct conn *conn = of(machine);
    struct span head = span_first(stream_input(conn->stream), conn->head_len);

    conn->scanned = 0; /* the next one is looked at from its start, in a tunnel too */
    if (http2_is_preface(head)) {
        refuse_h2c(conn);
        return;
    }
    if (conn->head_err == ERR_LIMIT)
        conn_refuse(conn, (struct span){0}, REASON_HEAD_TOO_LARGE, "the head is too large");
    else if (conn->head_err != ERR_OK)
        conn_refuse(conn, (struct span){0}, REASON_MALFORMED, "the head breaks HTTP/1");
    else if (conn->kind == CONN_PROXY && !conn->has_fixed && span_starts(head, SPAN_LIT("CONNECT ")))
        conn_connect(conn, head);
    else
        begin_request(conn, head);
}

static void conn_begin_late(struct fsm *machine)
{
    conn_refuse(of(machine), (struct span){0}, REASON_CLIENT_SLOW, "the head did not arrive in time");
}

static void conn_begin_refused(struct fsm *machine)
{
    struct conn *conn = of(machine);

    tunnel_free(&conn->tunnel);
    if (conn->kind == CONN_DIRECT) conn->client.ops = &conn_mute_ops; /* it has said hello, and waits for TLS */
    stream_own(conn->stream, on_stream, conn);
    conn_refuse(conn, (struct span){0}, conn->refused, conn->refused_why);
}

/* Inside a TLS handshake there is no HTTP to say no in: the alert has been sent, the log gets its line. */
static void conn_begin_mute(struct fsm *machine)
{
    struct conn *conn = of(machine);

    conn->client.ops = &conn_mute_ops;
    conn_refuse(conn, (struct span){0}, conn->refused, conn->refused_why);
}

/* Trailers point into the stream's input: they are handed on before it is consumed. */
static enum err feed_end(struct conn *conn)
{
    struct field trailers[HEAD_FIELDS_MAX];
    size_t count = 0;

    if (conn->body.trailers.len > 0)
        TRY(http1_parse_trailers(conn->body.trailers, trailers, COUNT_OF(trailers), &count));
    request_end(conn->request, trailers, count);
    return ERR_OK;
}

static void conn_feed(struct fsm *machine)
{
    struct conn *conn = of(machine);
    struct span in;

    if (conn->request != NULL && !request_takes_body(conn->request)) return;
    while (conn->request != NULL && !conn->body.done && (in = stream_input(conn->stream)).len > 0) {
        struct span data;
        size_t used;
        enum err err = http1_body_feed(&conn->body, in, &used, &data);
        if (err == ERR_OK && data.len > 0) request_body(conn->request, data);
        if (err == ERR_OK && conn->body.done) err = feed_end(conn);
        if (err != ERR_OK) {
            conn->body.done = conn->response_last = true; /* nothing behind it can be read */
            request_broken(conn->request, "the body's framing is broken");
            return;
        }
        stream_consume(conn->stream, used);
        if (used == 0) break;
    }
    if (conn->stream->eof && !conn->body.done && conn->request != NULL) request_client_gone(conn->request);
}

/* The client has said all it will; it may still be waiting for the answer. */
static void conn_half_closed(struct fsm *machine)
{
    of(machine)->request_last = true;
    conn_feed(machine);
}

/* --- passed through --------------------------------------------------------------------------------------- */

static void on_tunnel_over(void *owner, enum reason refused, const char *why)
{
    struct conn *conn = owner;

    conn->refused = refused;
    conn->refused_why = why;
    fsm_post(&conn->machine, refused != REASON_NONE ? CONN_EV_REQUEST : CONN_EV_GONE);
}

static void conn_pass(struct fsm *machine)
{
    struct conn *conn = of(machine);
    struct tunnel_plan plan = {.authority = &conn->fixed, .greet = conn->kind == CONN_PROXY, .conn_id = machine->id};

    if (tunnel_new(conn->egress, &plan, conn->stream, on_tunnel_over, conn, &conn->tunnel) != ERR_OK)
        fsm_post(machine, CONN_EV_GONE);
}

/* --- made and ended --------------------------------------------------------------------------------------- */

static void conn_discard(struct fsm *machine)
{
    struct stream *stream = of(machine)->stream;

    stream_consume(stream, stream_input(stream).len);
}

static void conn_finish(struct fsm *machine)
{
    struct conn *conn = of(machine);

    conn_discard(machine);
    stream_finish(conn->stream);
}

static void conn_linger(struct fsm *machine)
{
    if (of(machine)->stream->eof) fsm_post(machine, CONN_EV_GONE);
}

static void free_now(struct defer *defer)
{
    struct conn *conn = CONTAINER_OF(defer, struct conn, freed);
    struct egress *egress = conn->egress;

    loop_defer_cancel(&conn->feed);
    loop_defer_cancel(&conn->pump);
    conn_h2_free(conn);
    fsm_stop(&conn->machine);
    request_free(&conn->request);
    tunnel_free(&conn->tunnel);
    stream_free(&conn->stream);
    arena_end(&conn->names);
    mem_free(conn);
    egress->conn_count--;
    if (egress->proxy->conn_gone != NULL) egress->proxy->conn_gone(egress->proxy);
}

static void conn_end(struct fsm *machine)
{
    struct conn *conn = of(machine);

    if (conn->request != NULL) request_client_gone(conn->request);
    if (conn->tunnel != NULL) tunnel_cut(conn->tunnel);
    conn_h2_gone(conn);
    list_remove(&conn->node);
    loop_defer(conn->egress->proxy->loop, &conn->freed, free_now);
}

/* True when there is room for one more.  What is closed for it is counted until the next turn. */
static bool make_room(struct egress *egress)
{
    struct conn *oldest = NULL;

    if (egress->conn_count < CONN_COUNT_MAX) return true;
    LIST_EACH (&egress->conns, node) {
        struct conn *conn = LIST_ENTRY(node, struct conn, node);
        if (conn->machine.state != CONN_IDLE) continue;
        if (oldest == NULL || conn->machine.entered_ms < oldest->machine.entered_ms) oldest = conn;
    }
    if (oldest == NULL) return false;
    fsm_post(&oldest->machine, CONN_EV_GONE);
    return true;
}

void conn_new(struct egress *egress, enum conn_kind kind, struct stream *stream)
{
    struct conn *conn = make_room(egress) ? mem_new(sizeof *conn) : NULL;

    if (conn == NULL) {
        stream_free(&stream);
        return;
    }
    conn->egress = egress;
    conn->kind = kind;
    conn->stream = stream;
    conn->names = arena_begin(KIB(8));
    conn->client.ops = &conn_client_ops;
    egress->conn_count++;
    list_push(&egress->conns, &conn->node);
    stream_own(stream, on_stream, conn);
    fsm_start(&conn->machine, &conn_type, egress->proxy->loop, proxy_id(egress->proxy));
}

void conn_drain_all(struct egress *egress, bool now)
{
    LIST_EACH (&egress->conns, node)
        fsm_post(&LIST_ENTRY(node, struct conn, node)->machine, now ? CONN_EV_GONE : CONN_EV_DRAIN);
}
