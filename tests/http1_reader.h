/* http1_reader.h — reads a stream of messages as the proxy does, from a window that grows by step bytes at a time:
 * find_head, parse, body_feed, again.  Tests and fuzz targets compare what comes out of different steps. */
#pragma once
#include "reactor/wire/http1.h"

enum reader_end {
    READER_ENDED,   /* the stream stopped between messages */
    READER_CLOSED,  /* a message said nothing follows */
    READER_TUNNEL,  /* CONNECT, 101: no more HTTP */
    READER_REFUSED, /* status and detail say why */
    READER_CUT,     /* the stream stopped inside a message */
};

struct reader {
    struct span all;      /* the stream */
    size_t step;          /* bytes that arrive at a time */
    size_t from, arrived; /* the window is all.at[from..arrived) */
    enum reader_end end;
    struct http1_fault fault;
    unsigned messages; /* whole ones */
    uint64_t bytes;    /* of their bodies */
    uint64_t digest;   /* FNV-1a over heads, bodies and trailers */
};

static inline struct span reader_window(const struct reader *r)
{
    return (struct span){r->all.at + r->from, r->arrived - r->from};
}

static inline bool reader_more(struct reader *r)
{
    size_t left = r->all.len - r->arrived;

    r->arrived += left < r->step ? left : r->step;
    return left > 0;
}

static inline void reader_mix(struct reader *r, struct span s)
{
    for (size_t i = 0; i < s.len; i++) r->digest = (r->digest ^ s.at[i]) * 0x100000001b3u;
}

static inline enum err reader_refuse(struct reader *r, enum err err, const char *detail)
{
    r->fault = (struct http1_fault){err == ERR_LIMIT ? 431 : 400, detail};
    return err;
}

/* ERR_AGAIN: the stream ended first. */
static inline enum err reader_head(struct reader *r, struct span *head)
{
    size_t scanned = 0, len;

    for (;;) {
        enum err err = http1_find_head(reader_window(r), &scanned, &len);
        if (err == ERR_OK) {
            *head = span_first(reader_window(r), len);
            r->from += len;
            return ERR_OK;
        }
        if (err != ERR_AGAIN) return reader_refuse(r, err, "find_head");
        if (!reader_more(r)) return ERR_AGAIN;
    }
}

/* Trailers that must not be believed are fatal to a request; a response goes on without them. */
static inline enum err reader_trailers(struct reader *r, const struct head *head, struct span trailers)
{
    struct field fields[HEAD_FIELDS_MAX];
    size_t count;
    enum err err = http1_parse_trailers(trailers, fields, HEAD_FIELDS_MAX, &count);

    if (err == ERR_DENIED && head->status != 0) return ERR_OK;
    if (err != ERR_OK) return reader_refuse(r, err, "trailers");
    for (size_t i = 0; i < count; i++) reader_mix(r, fields[i].name), reader_mix(r, fields[i].value);
    return ERR_OK;
}

/* kept: where the body goes, or NULL.  ERR_AGAIN: the stream ended first, unless that is how the body ends. */
static inline enum err reader_body(struct reader *r, const struct head *head, struct buf *kept)
{
    struct http1_body body;

    http1_body_begin(&body, head);
    while (!body.done) {
        size_t used;
        struct span data;
        enum err err = http1_body_feed(&body, reader_window(r), &used, &data);
        if (err != ERR_OK) return reader_refuse(r, err, "body");
        reader_mix(r, data);
        r->bytes += data.len;
        if (kept != NULL) TRY(buf_add(kept, data));
        r->from += used;
        if (used == 0 && !body.done && !reader_more(r)) return body.kind == BODY_UNTIL_CLOSE ? ERR_OK : ERR_AGAIN;
    }
    return reader_trailers(r, head, body.trailers);
}

static inline void reader_mix_head(struct reader *r, const struct head *head)
{
    const struct span numbers = {(const uint8_t *)(const uint64_t[]){head->status, head->minor, head->body,
                                                                     head->length, head->keep_alive,
                                                                     head->expect_continue},
                                 6 * sizeof(uint64_t)};
    reader_mix(r, numbers);
    reader_mix(r, head->method), reader_mix(r, head->target), reader_mix(r, head->reason);
    for (size_t i = 0; i < head->field_count; i++)
        reader_mix(r, head->fields[i].name), reader_mix(r, head->fields[i].value);
}

/* What a failed step means for the stream. */
static inline struct reader reader_stop(struct reader *r, enum err err)
{
    r->end = err == ERR_AGAIN ? READER_CUT : READER_REFUSED;
    return *r;
}

static inline bool reader_at_end(struct reader *r)
{
    while (r->arrived - r->from < 3 && reader_more(r)) continue;
    struct span left = reader_window(r);
    return r->messages > 0 && (left.len == 0 || span_is(left, SPAN_LIT("\r\n")));
}

/* Reads requests until one ends the stream. */
static inline struct reader reader_requests(struct span stream, size_t step)
{
    struct reader r = {.all = stream, .step = step};
    static struct head head;
    struct span text;
    enum err err;

    while (!reader_at_end(&r)) {
        if ((err = reader_head(&r, &text)) != ERR_OK) return reader_stop(&r, err);
        if ((err = http1_parse_request(text, &head, &r.fault)) != ERR_OK) return reader_stop(&r, err);
        reader_mix_head(&r, &head);
        if ((err = reader_body(&r, &head, NULL)) != ERR_OK) return reader_stop(&r, err);
        r.messages++;
        if (span_is(head.method, SPAN_LIT("CONNECT"))) return r.end = READER_TUNNEL, r;
        if (!head.keep_alive) return r.end = READER_CLOSED, r;
    }
    return r;
}

/* Reads the interim responses and the final one into *head; the body into kept. */
static inline struct reader reader_response(struct span stream, size_t step, struct span method, struct head *head,
                                            struct buf *kept)
{
    struct reader r = {.all = stream, .step = step};
    struct span text;
    enum err err;

    *head = (struct head){0};
    do {
        if (r.messages++ > INTERIM_COUNT_MAX)
            return reader_stop(&r, reader_refuse(&r, ERR_LIMIT, "too many interim responses"));
        if ((err = reader_head(&r, &text)) != ERR_OK) return head->status = 0, reader_stop(&r, err);
        err = http1_parse_response(text, method, head, &r.fault);
        if (err != ERR_OK) return head->status = 0, reader_stop(&r, err);
        reader_mix_head(&r, head);
    } while (head->status < 200 && head->status != 101);
    if (head->status == 101) return r.end = READER_TUNNEL, r;
    if ((err = reader_body(&r, head, kept)) != ERR_OK) return reader_stop(&r, err);
    while (reader_more(&r)) continue;
    r.end = head->keep_alive && r.from == r.arrived ? READER_ENDED : READER_CLOSED;
    return r;
}
