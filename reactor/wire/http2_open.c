/* http2_open.c — heads out: a stream is opened, or answered; and what is said to those who skip TLS. */
#include <assert.h>

#include "reactor/wire/http2_parts.h"

bool http2_may_open(const struct http2 *http2)
{
    uint32_t theirs;

    assert(http2->role == HTTP2_CLIENT);
    if (http2->failed || http2->over || http2->goaway) return false;
    theirs = nghttp2_session_get_remote_settings(http2->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    return http2->open_count < HTTP2_STREAMS_MAX && http2->open_count < theirs &&
           nghttp2_session_check_request_allowed(http2->session) != 0;
}

/* RFC 8441 section 3: until the server has said so, no :protocol is sent. */
static bool speaks_protocols(const struct http2 *http2)
{
    return nghttp2_session_get_remote_settings(http2->session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

static enum err submit_request(struct http2_stream *stream, const struct head *head, bool whole)
{
    nghttp2_session *session = stream->http2->session;
    const nghttp2_nv *list;
    size_t count;

    TRY(http2_list_request(head, &list, &count));
    stream->id = nghttp2_submit_request(session, NULL, list, count, whole ? NULL : &http2_stream_source, stream);
    TRY(http2_heed(stream->http2, stream->id));
    return stream->id > 0 ? ERR_OK : ERR_AGAIN; /* the numbers of streams are used up */
}

enum err http2_open(struct http2 *http2, const struct head *head, bool whole, void *user,
                    struct http2_stream **stream_out)
{
    struct http2_stream *stream;
    enum err err;

    if (!http2_may_open(http2)) return ERR_AGAIN;
    if (head->protocol.len > 0 && !speaks_protocols(http2)) return ERR_DENIED;
    TRY(http2_stream_new(http2, &stream));
    stream->user = user;
    stream->told = true;
    stream->ending = whole;
    stream->no_body = span_is(head->method, SPAN_LIT("HEAD"));
    err = submit_request(stream, head, whole);
    if (err != ERR_OK) {
        http2_stream_free(&stream);
        return err;
    }
    *stream_out = stream;
    return ERR_OK;
}

enum err http2_send_head(struct http2_stream *stream, const struct head *head, bool whole)
{
    struct http2 *http2 = stream->http2;
    const nghttp2_nv *list;
    size_t count;
    int said;

    assert(http2->role == HTTP2_SERVER && !stream->ending);
    if (!http2_is_live(stream)) return ERR_OK;
    TRY(http2_list_response(head, &list, &count));
    if (head->status < 200)
        said = nghttp2_submit_headers(http2->session, NGHTTP2_FLAG_NONE, stream->id, NULL, list, count, NULL);
    else
        said = nghttp2_submit_response(http2->session, stream->id, list, count, whole ? NULL : &http2_stream_source);
    stream->ending = whole;
    return http2_heed(http2, said);
}

/* --- h2c -------------------------------------------------------------------------------------------------- */
static const char preface[] = NGHTTP2_CLIENT_MAGIC;

bool http2_is_preface(struct span in)
{
    return in.len > 0 &&
           span_starts((struct span){(const uint8_t *)preface, HTTP2_PREFACE_LEN}, span_first(in, HTTP2_PREFACE_LEN));
}

struct span http2_preface_refusal(void)
{
    static const uint8_t frames[] = {
        0, 0, 0, NGHTTP2_SETTINGS, 0, 0, 0, 0, 0,                                          /* empty */
        0, 0, 8, NGHTTP2_GOAWAY,   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, HTTP2_1_1_REQUIRED, /* no stream was looked at */
    };

    return (struct span){frames, sizeof frames};
}
