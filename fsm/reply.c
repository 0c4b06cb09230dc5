/* reply.c — a response on an HTTP/1 connection: the client side that conn.c gives its request. */
#include "fsm/conn_int.h"

static struct conn *of(struct client *client) { return CONTAINER_OF(client, struct conn, client); }

/* A write that fails means that the client is gone or does not read: either way this connection is over. */
static void put(struct conn *conn, enum err err, struct buf *out)
{
    if (err == ERR_OK && buf_len(out) > 0) err = stream_write(conn->stream, buf_span(out));
    buf_clear(out);
    if (err != ERR_OK) fsm_post(&conn->machine, CONN_EV_GONE);
}

/* A length that is not known: chunks for HTTP/1.1, the end of the connection for 1.0. */
static void frame(struct conn *conn, struct head *head)
{
    bool unknown = head->body == BODY_CHUNKED || head->body == BODY_UNTIL_CLOSE;
    uint8_t minor = request_head(conn->request)->minor;

    if (unknown) head->body = minor >= 1 ? BODY_CHUNKED : BODY_UNTIL_CLOSE;
    conn->response_chunked = head->body == BODY_CHUNKED;
    conn->response_last = conn->response_last || conn->request_last || head->body == BODY_UNTIL_CLOSE ||
                          conn->egress->proxy->draining || !conn->body.done || !request_head(conn->request)->keep_alive;
}

static void reply_head(struct client *client, struct head *head)
{
    struct conn *conn = of(client);
    struct buf out = {0};

    head->minor = 1;
    if (head->status >= 200) frame(conn, head);
    put(conn, http1_write_response(&out, head, head->status >= 200 && conn->response_last), &out);
}

static void reply_body(struct client *client, struct span data)
{
    struct conn *conn = of(client);
    struct buf out = {0};

    if (conn->response_chunked)
        put(conn, http1_write_chunk(&out, data), &out);
    else
        put(conn, stream_write(conn->stream, data), &out);
}

static void reply_end(struct client *client, const struct field *trailers, size_t trailer_count)
{
    struct conn *conn = of(client);
    struct buf out = {0};

    if (conn->response_chunked) put(conn, http1_write_last(&out, trailers, trailer_count), &out);
}

/* Freeing a stream that was not finished resets it: the client can't take what it has for the whole. */
static void reply_cut(struct client *client) { (void)client; /* on_over() posts GONE, which frees the stream */ }

static size_t reply_room(const struct client *client)
{
    const struct conn *conn = CONTAINER_OF(client, const struct conn, client);

    return stream_room(conn->stream);
}

static void feed_again(struct defer *defer)
{
    fsm_post(&CONTAINER_OF(defer, struct conn, feed)->machine, CONN_EV_DATA);
}

/* What came meanwhile is in the stream's input. */
static void reply_more(struct client *client)
{
    struct conn *conn = of(client);

    loop_defer(conn->egress->proxy->loop, &conn->feed, feed_again);
}

static void mute_head(struct client *client, struct head *head) { (void)client, (void)head; }
static void mute_body(struct client *client, struct span data) { (void)client, (void)data; }
static void mute_end(struct client *client, const struct field *trailers, size_t trailer_count)
{
    (void)client, (void)trailers, (void)trailer_count;
}

const struct client_ops conn_mute_ops = {mute_head, mute_body, mute_end, reply_cut, reply_room, reply_more};
const struct client_ops conn_client_ops = {reply_head, reply_body, reply_end, reply_cut, reply_room, reply_more};
