/* http2_parts.h — what the files of an HTTP/2 session share. */
#pragma once
#include <nghttp2/nghttp2.h>

#include "reactor/base/list.h"
#include "reactor/wire/http2.h"
#include "reactor/wire/http2_flood.h"
#include "reactor/wire/http2_memory.h"

/* A header block as it comes, or trailers that wait: fields behind each other in one buffer. */
struct http2_fields {
    struct buf text;
    size_t size; /* as RFC 9113 section 6.5.2 counts: names, values, and 32 for each field */
    uint16_t count;
};

#define HTTP2_FIELD_OVERHEAD 32u

struct http2_stream {
    struct http2 *http2;
    struct list node; /* in http2->streams */
    void *user;
    int32_t id;
    uint32_t reset_code; /* ours */
    bool told;           /* its owner knows it: there was a head, or it opened it */
    bool final;          /* the head of the message in was told, and no other may come: fields are trailers now */
    bool ended;          /* the message in is whole */
    bool ending;         /* the message out is, up to what is in out */
    bool sent;           /* ...and has been taken, all of it */
    bool deferred;       /* nghttp2 waits for http2_send_body() */
    bool no_body;        /* a response to HEAD */
    bool ours;           /* the owner resets it, so the other side is not to blame */
    bool closed;         /* nghttp2 has forgotten it */
    bool released;       /* the owner has */
    struct span chunk;   /* input that nghttp2 is just telling: not copied if it is consumed at once */
    struct buf in;       /* other input: up to the stream's window */
    struct buf out;
    struct http2_fields trailers_in, trailers_out;
};

struct http2 {
    nghttp2_session *session;
    const struct http2_ops *ops;
    void *owner;
    struct list streams;
    struct http2_fields block; /* the header block that is coming */
    struct buf cookie;         /* one out of many, while a head is told */
    struct buf *out;           /* during http2_take() */
    size_t out_max;
    struct http2_memory memory; /* nghttp2's */
    uint32_t open_count;        /* streams that nghttp2 has not forgotten */
    struct http2_flood flood;
    enum http2_role role;
    bool over;    /* a GOAWAY that ends it is on its way: what comes is dropped */
    bool goaway;  /* one was sent or has come */
    bool failed;  /* ERR_NOMEM: nghttp2 may not be called again */
    bool telling; /* inside http2_feed() or http2_take() */
};

/* --- http2_head.c: fields in ------------------------------------------------------------------------------ */

/* errors: ERR_LIMIT beyond size_max or HEAD_FIELDS_MAX; ERR_NOMEM */
MUST_CHECK enum err http2_fields_add(struct http2_fields *fields, struct field field, size_t size_max);
void http2_fields_clear(struct http2_fields *fields);

/* Takes the next one off text, which was fields->text at first; false at the end. */
bool http2_fields_next(struct span *text, struct field *field);

/* Reads a request's or response's header block into head.  whole: END_STREAM came with it.
 * Returns NULL, or why the message is malformed; err is ERR_NOMEM where it was not the message's fault. */
const char *http2_read_request(struct http2 *http2, bool whole, struct head *head, enum err *err);
const char *http2_read_response(struct http2 *http2, bool whole, bool to_head, struct head *head, enum err *err);

/* --- http2_write.c: fields out ------------------------------------------------------------------------------ */

/* The names and values of a head, borrowed from it: until the next call.  errors: ERR_SYNTAX */
MUST_CHECK enum err http2_list_request(const struct head *head, const nghttp2_nv **list_out, size_t *count_out);
MUST_CHECK enum err http2_list_response(const struct head *head, const nghttp2_nv **list_out, size_t *count_out);
void http2_list_trailers(const struct http2_fields *trailers, uint8_t flags, const nghttp2_nv **list_out,
                         size_t *count_out);

/* Would a reader take the field as it is? */
bool http2_is_plain(const struct field *field);

/* --- http2_stream.c ------------------------------------------------------------------------------------------ */
MUST_CHECK enum err http2_stream_new(struct http2 *http2, struct http2_stream **stream_out);
void http2_stream_free(struct http2_stream **stream);
MUST_CHECK enum err http2_stream_take_in(struct http2_stream *stream, struct span data);
void http2_stream_tell_closed(struct http2_stream *stream, uint32_t code);
void http2_stream_unwant(struct http2_stream *stream); /* the rest of a request that is answered */

/* RST_STREAM for what the other side did. */
void http2_stream_blame(struct http2_stream *stream, enum http2_code code);
extern const nghttp2_data_provider http2_stream_source;
int http2_stream_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *header, size_t length,
                           nghttp2_data_source *source, void *owner);

/* --- http2.c ------------------------------------------------------------------------------------------------- */
void http2_end(struct http2 *http2, enum http2_code code); /* GOAWAY, and what comes is dropped */
bool http2_is_live(const struct http2_stream *stream);     /* nghttp2 may be told of it */

/* What nghttp2 answered.  When an allocation of its fails it is not called again: its queues may hold what it has
 * freed.  Any other no is about a stream that is ending, where there is nothing to do.  errors: ERR_NOMEM */
enum err http2_heed(struct http2 *http2, ssize_t said);
