/* send.c — a request on its way out: the head with the real credential, the body out of the spool. */
#include "dlp/secrets/inject.h"
#include "fsm/request_int.h"

/* How the body is framed on the way out: its length is known by now; only trailers need chunks. */
static void frame_body(struct request *req)
{
    if (req->spool == NULL) {
        req->head.body = req->head.body == BODY_LENGTH ? BODY_LENGTH : BODY_NONE; /* "Content-Length: 0" stays said */
        req->head.length = 0;
        return;
    }
    req->head.body = req->trailer_count > 0 ? BODY_CHUNKED : BODY_LENGTH;
    req->head.length = spool_len(req->spool);
}

/* From inject_add() to inject_drop() the head holds the real credential: nothing logs it. */
enum err request_write_head(struct request *req)
{
    const struct route *route = req->verdict.route;
    struct buf out = {0};
    enum err err;

    req->head.target = req->target.raw;
    req->head.minor = 1;
    frame_body(req);
    TRY(inject_add(route, req->rules->vault, &req->arena, &req->head));
    err = http1_write_request(&out, &req->head, false);
    if (err == ERR_OK) err = upstream_send(req->upstream, req->head.method, buf_span(&out));
    inject_drop(route, &req->head);
    buf_clear(&out);
    return err;
}

static enum err send_piece(struct request *req, struct span piece)
{
    struct buf framed = {0};
    enum err err;

    if (req->head.body != BODY_CHUNKED) return upstream_send_body(req->upstream, piece);
    err = http1_write_chunk(&framed, piece);
    if (err == ERR_OK) err = upstream_send_body(req->upstream, buf_span(&framed));
    buf_clear(&framed);
    return err;
}

static enum err send_last(struct request *req)
{
    struct buf last = {0};
    enum err err;

    if (req->head.body != BODY_CHUNKED) return ERR_OK;
    err = http1_write_last(&last, req->trailers, req->trailer_count);
    if (err == ERR_OK) err = upstream_send_body(req->upstream, buf_span(&last));
    buf_clear(&last);
    return err;
}

enum err request_pump_body(struct request *req, bool *whole_out)
{
    bool whole = req->spool == NULL;

    while (!whole && upstream_room(req->upstream) > 0) {
        struct span piece;
        TRY(spool_read(req->spool, &piece));
        whole = piece.len == 0;
        if (!whole) TRY(send_piece(req, piece));
    }
    *whole_out = whole;
    if (!whole) return ERR_OK;
    TRY(send_last(req));
    upstream_sent(req->upstream);
    return ERR_OK;
}
