/* conn_h2.c — a client's connection that speaks HTTP/2: each of its streams is a request of its own, and what becomes
 * of one is nothing to the others. */
#include "fsm/conn_int.h"
#include "reactor/base/log.h"
#include "reactor/base/mem.h"
#include "reactor/wire/http2.h"

struct h2_stream {
    struct list node; /* in conn->h2_streams */
    struct conn *conn;
    struct http2_stream *stream;
    struct client client;
    struct request *request; /* NULL: answered; what still comes of its body is dropped */
    struct timer linger;
    bool is_closed; /* on the wire */
    bool ended;     /* the request knows that its body is whole */
};

static struct h2_stream *of(struct client *client) { return CONTAINER_OF(client, struct h2_stream, client); }

/* --- out ----------------------------------------------------------------------------------------------------- */

static void flush(struct conn *conn)
{
    bool is_open = conn->machine.state == CONN_H2_IDLE || conn->machine.state == CONN_H2_BUSY;
    struct buf out = {0};
    enum err err = ERR_OK;

    if (!is_open) return; /* the last bytes are on their way out */
    while (err == ERR_OK && http2_has_output(conn->http2) && stream_room(conn->stream) > 0) {
        err = http2_take(conn->http2, &out, stream_room(conn->stream));
        if (err == ERR_OK) err = stream_write(conn->stream, buf_span(&out));
        buf_clear(&out);
    }
    if (err != ERR_OK)
        fsm_post(&conn->machine, CONN_EV_GONE);
    else if (http2_over(conn->http2) && !http2_has_output(conn->http2))
        fsm_post(&conn->machine, CONN_EV_LAST);
}

static void flush_now(struct defer *defer) { flush(CONTAINER_OF(defer, struct conn, feed)); }

/* Once a turn, whatever the streams have to say. */
static void flush_later(struct conn *conn) { loop_defer(conn->egress->proxy->loop, &conn->feed, flush_now); }

void conn_h2_writable(struct conn *conn) { flush(conn); }

/* --- what a request says to its client ------------------------------------------------------------------------- */

/* A part that can't be sent ends its stream alone. */
static void put(struct h2_stream *h, enum err err)
{
    if (err != ERR_OK) {
        request_client_gone(h->request);
        http2_reset(h->stream, HTTP2_INTERNAL_ERROR);
    }
    flush_later(h->conn);
}

static void say_head(struct client *client, struct head *head)
{
    head_drop_hop_fields(head);
    put(of(client), http2_send_head(of(client)->stream, head, false));
}

static void say_body(struct client *client, struct span data)
{
    put(of(client), http2_send_body(of(client)->stream, data));
}

static void say_end(struct client *client, const struct field *trailers, size_t trailer_count)
{
    put(of(client), http2_send_end(of(client)->stream, trailers, trailer_count));
}

static void cut(struct client *client)
{
    http2_reset(of(client)->stream, HTTP2_INTERNAL_ERROR);
    flush_later(of(client)->conn);
}

static size_t room(const struct client *client)
{
    return http2_room(CONTAINER_OF(client, const struct h2_stream, client)->stream);
}

/* Bytes are given back to the client's window as the request takes them: one that waits keeps its window shut. */
static void pump(struct h2_stream *h)
{
    struct field trailers[HEAD_FIELDS_MAX];
    struct span in;

    while (request_takes_body(h->request) && (in = http2_input(h->stream)).len > 0) {
        request_body(h->request, in);
        http2_consume(h->stream, in.len);
    }
    if (h->ended || !http2_ended(h->stream) || http2_input(h->stream).len > 0) return;
    h->ended = true;
    request_end(h->request, trailers, http2_trailers(h->stream, trailers));
}

static void pump_all(struct defer *defer)
{
    struct conn *conn = CONTAINER_OF(defer, struct conn, pump);

    LIST_EACH (&conn->h2_streams, node) pump(LIST_ENTRY(node, struct h2_stream, node));
    flush_later(conn);
}

static void more(struct client *client)
{
    struct conn *conn = of(client)->conn;

    loop_defer(conn->egress->proxy->loop, &conn->pump, pump_all);
}

static void drop_input(struct h2_stream *h) { http2_consume(h->stream, http2_input(h->stream).len); }

static const struct client_ops client_ops = {say_head, say_body, say_end, cut, room, more};

/* --- streams begin and end --------------------------------------------------------------------------------------- */

static void free_stream(struct h2_stream *h)
{
    list_remove(&h->node);
    if (h->linger.loop != NULL) timer_disarm(&h->linger);
    request_free(&h->request);
    http2_release(&h->stream);
    mem_free(h);
}

static void end_stream(struct h2_stream *h)
{
    struct conn *conn = h->conn;

    free_stream(h);
    flush_later(conn);
    if (list_empty(&conn->h2_streams) && conn->machine.state == CONN_H2_BUSY) fsm_post(&conn->machine, CONN_EV_NEXT);
}

static void on_linger(struct timer *timer) { end_stream(CONTAINER_OF(timer, struct h2_stream, linger)); }

/* Answered before its body was whole: a reset now would take the answer back from clients that are still sending. */
static void linger(struct h2_stream *h)
{
    struct loop *loop = h->conn->egress->proxy->loop;

    request_free(&h->request);
    timer_init(&h->linger, loop, on_linger);
    timer_arm(&h->linger, loop_now_ms(loop) + CONN_LINGER_MS);
    drop_input(h);
}

static void on_over(void *owner, bool clean)
{
    struct h2_stream *h = owner;

    if (!clean) http2_reset(h->stream, HTTP2_CANCEL);
    if (clean && !h->is_closed && !http2_ended(h->stream))
        linger(h);
    else
        end_stream(h);
}

/* The head as HTTP/1 writes it: one reader decides what a request means, whatever it came in. */
static enum err write_head(struct head *head, struct buf *out)
{
    static const char *const names[] = {"content-length", "transfer-encoding", "connection"};

    for (size_t i = 0; i < COUNT_OF(names); i++) head_remove(head, span_of(names[i]));
    head->minor = 1;
    return http1_write_request(out, head, false);
}

static enum err begin_request(struct h2_stream *h, struct head *head)
{
    struct conn *conn = h->conn;
    struct request_origin origin = {
        .fixed = &conn->fixed, .tls = true, .peer = conn->stream->peer, .conn_id = conn->machine.id};
    struct buf text = {0};
    enum err err = write_head(head, &text);

    h->ended = head->body == BODY_NONE;
    if (err == ERR_OK) err = request_new(conn->egress, &h->client, &origin, buf_span(&text), on_over, h, &h->request);
    buf_clear(&text);
    return err;
}

static void on_head(void *owner, struct http2_stream *stream, struct head *head)
{
    struct conn *conn = owner;
    struct h2_stream *h = mem_new(sizeof *h);
    bool is_websocket = head->protocol.len > 0; /* RFC 8441 */
    bool is_first = list_empty(&conn->h2_streams);

    if (h == NULL) {
        http2_release(&stream);
        return;
    }
    *h = (struct h2_stream){.conn = conn, .stream = stream, .client = {&client_ops}};
    http2_set_user(stream, h);
    list_push(&conn->h2_streams, &h->node);
    if (begin_request(h, head) != ERR_OK) {
        end_stream(h);
        return;
    }
    if (is_first) fsm_post(&conn->machine, CONN_EV_REQUEST);
    if (is_websocket)
        request_refuse(h->request, REASON_UPGRADE, "WebSocket over HTTP/2");
    else
        request_begin(h->request);
}

static void on_ready(void *owner, struct http2_stream *stream)
{
    struct h2_stream *h = http2_user(stream);

    (void)owner;
    if (h == NULL) return;
    if (h->request != NULL)
        pump(h);
    else if (drop_input(h), http2_ended(stream))
        end_stream(h);
}

static void on_writable(void *owner, struct http2_stream *stream)
{
    struct h2_stream *h = http2_user(stream);

    (void)owner;
    if (h != NULL && h->request != NULL) request_drained(h->request);
}

static void on_closed(void *owner, struct http2_stream *stream, uint32_t code)
{
    struct h2_stream *h = http2_user(stream);

    (void)owner;
    if (h == NULL) return;
    h->is_closed = true;
    if (h->request == NULL)
        end_stream(h);
    else if (code != HTTP2_NO_ERROR)
        request_client_gone(h->request);
}

static void on_refused(void *owner, const char *why)
{
    const struct conn *conn = owner;

    LOG(INFO, "h2.refused", F_ID("conn", conn->machine.id), F_TEXT("why", why));
}

static void on_goaway(void *owner, uint32_t code, bool theirs)
{
    const struct conn *conn = owner;

    if (code == HTTP2_NO_ERROR) return;
    LOG(INFO, "h2.goaway", F_ID("conn", conn->machine.id), F_TEXT("code", http2_code_name(code)),
        F_TEXT("by", theirs ? "client" : "us"));
}

static const struct http2_ops session_ops = {on_head, on_ready, on_writable, on_closed, on_refused, on_goaway};

/* --- the connection ----------------------------------------------------------------------------------------------*/

static struct conn *conn_of(struct fsm *machine) { return CONTAINER_OF(machine, struct conn, machine); }

void conn_h2_feed(struct fsm *machine)
{
    struct conn *conn = conn_of(machine);
    struct span in = stream_input(conn->stream);

    if (http2_feed(conn->http2, in, loop_now_ms(conn->egress->proxy->loop)) != ERR_OK) {
        fsm_post(machine, CONN_EV_GONE);
        return;
    }
    stream_consume(conn->stream, in.len);
    flush(conn);
}

void conn_h2_begin(struct fsm *machine)
{
    struct conn *conn = conn_of(machine);

    list_init(&conn->h2_streams);
    if (http2_new(HTTP2_SERVER, &session_ops, conn, loop_now_ms(conn->egress->proxy->loop), &conn->http2) != ERR_OK)
        fsm_post(machine, CONN_EV_GONE);
    else
        conn_h2_feed(machine);
}

/* No new stream from now on; what is under way may end. */
void conn_h2_drain(struct fsm *machine)
{
    struct conn *conn = conn_of(machine);

    http2_goaway(conn->http2);
    flush(conn);
}

/* The last stream has ended; what it said may still be on its way out. */
void conn_h2_rest(struct fsm *machine)
{
    if (conn_of(machine)->egress->proxy->draining)
        conn_h2_drain(machine);
    else
        flush(conn_of(machine));
}

/* Nothing is left to be said. */
void conn_h2_finish(struct fsm *machine)
{
    struct conn *conn = conn_of(machine);
    struct buf out = {0};

    conn_h2_gone(conn);
    http2_goaway(conn->http2);
    if (http2_take(conn->http2, &out, STREAM_OUTPUT_HIGH) == ERR_OK && buf_len(&out) > 0 &&
        stream_write(conn->stream, buf_span(&out)) != ERR_OK)
        fsm_post(machine, CONN_EV_GONE);
    buf_clear(&out);
    stream_consume(conn->stream, stream_input(conn->stream).len);
    stream_finish(conn->stream);
}

void conn_h2_gone(struct conn *conn)
{
    if (conn->http2 == NULL) return;
    LIST_EACH (&conn->h2_streams, node) {
        struct h2_stream *h = LIST_ENTRY(node, struct h2_stream, node);
        if (h->request != NULL) request_client_gone(h->request);
    }
}

void conn_h2_free(struct conn *conn)
{
    if (conn->http2 == NULL) return;
    LIST_EACH (&conn->h2_streams, node) free_stream(LIST_ENTRY(node, struct h2_stream, node));
    http2_free(&conn->http2);
}
