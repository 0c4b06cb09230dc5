/* conn_int.h — a connection, for conn.c, connect.c (CONNECT and the hello) and reply.c (the HTTP/1 side of its
 * client). */
#pragma once
#include "fsm/client.h"
#include "fsm/conn.h"
#include "fsm/conn_fsm.h"
#include "fsm/request.h"
#include "fsm/tunnel.h"

struct conn {
    struct fsm machine;
    struct egress *egress;
    struct list node; /* in egress->conns */
    struct defer freed, feed, pump;
    struct stream *stream;
    enum conn_kind kind;

    struct arena names; /* holds fixed.host */
    struct authority fixed;
    bool has_fixed, tls;

    size_t scanned, head_len; /* of a head that arrives */
    enum err head_err;
    struct request *request;
    struct tunnel *tunnel;
    struct http1_body body; /* of the request */
    struct client client;
    bool request_last; /* the client asked for no more after this one */
    bool response_chunked, response_last;
    struct http2 *http2; /* or NULL: it speaks HTTP/1 */
    struct list h2_streams;
    enum reason refused; /* before there was a request, told by one */
    const char *refused_why;
};

/* connect.c: the head in front is a CONNECT: decides and posts TUNNELLED or PASS, or refuses. */
void conn_connect(struct conn *conn, struct span head);
/* connect.c: a ClientHello, maybe not all of it: posts NAMED, PASS or REQUEST (refused). */
void conn_peek_hello(struct conn *conn);

/* conn.c: a request out of head (copied); NULL when there is no memory: the connection faults then. */
struct request *conn_make_request(struct conn *conn, struct span head);

/* conn.c: the same, refused from the start; the connection ends with it. */
void conn_refuse(struct conn *conn, struct span head, enum reason reason, const char *detail);

/* conn_h2.c */
fsm_action_fn conn_h2_begin, conn_h2_feed, conn_h2_rest, conn_h2_drain, conn_h2_finish;
void conn_h2_writable(struct conn *conn); /* the stream has room again */
void conn_h2_gone(struct conn *conn);     /* every request of it hears that its client is gone */
void conn_h2_free(struct conn *conn);

/* reply.c */
extern const struct client_ops conn_client_ops;
extern const struct client_ops conn_mute_ops; /* says nothing */
