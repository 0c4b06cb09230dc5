/* http2_stream.c — one stream: what waits to be read, what waits to be sent, and who still holds it. */
#include <assert.h>

#include "reactor/base/mem.h"
#include "reactor/wire/http2_parts.h"

bool http2_is_live(const struct http2_stream *stream) { return !stream->closed && !stream->http2->failed; }

enum err http2_stream_new(struct http2 *http2, struct http2_stream **stream_out)
{
    struct http2_stream *stream = mem_new(sizeof *stream);

    if (stream == NULL) return ERR_NOMEM;
    stream->http2 = http2;
    list_push(&http2->streams, &stream->node);
    http2->open_count++;
    *stream_out = stream;
    return ERR_OK;
}

void http2_stream_free(struct http2_stream **slot)
{
    struct http2_stream *stream = *slot;

    if (stream == NULL) return;
    list_remove(&stream->node);
    if (!stream->closed) stream->http2->open_count--;
    buf_clear(&stream->in);
    buf_clear(&stream->out);
    http2_fields_clear(&stream->trailers_in);
    http2_fields_clear(&stream->trailers_out);
    mem_free(stream);
    *slot = NULL;
}

void *http2_user(const struct http2_stream *stream) { return stream->user; }
void http2_set_user(struct http2_stream *stream, void *user) { stream->user = user; }

/* --- a message in ---------------------------------------------------------------------------------------- */
struct span http2_input(const struct http2_stream *stream)
{
    return stream->chunk.len > 0 ? stream->chunk : buf_span(&stream->in);
}

bool http2_ended(const struct http2_stream *stream) { return stream->ended; }

/* Of a stream that is closed, nghttp2 gives the connection's part of the window back. */
static void give_window(struct http2_stream *stream, size_t len)
{
    if (len > 0 && !stream->http2->failed)
        http2_heed(stream->http2, nghttp2_session_consume(stream->http2->session, stream->id, len));
}

void http2_consume(struct http2_stream *stream, size_t len)
{
    assert(len <= http2_input(stream).len);
    if (stream->chunk.len > 0)
        stream->chunk = span_from(stream->chunk, len);
    else
        buf_consume(&stream->in, len);
    give_window(stream, len);
}

enum err http2_stream_take_in(struct http2_stream *stream, struct span data)
{
    /* nghttp2 hands on what overran the window too, though it resets the stream for it */
    if (stream->released || data.len > HTTP2_WINDOW - buf_len(&stream->in)) {
        give_window(stream, data.len);
        return ERR_OK;
    }
    bool waits = buf_len(&stream->in) > 0;
    if (waits)
        TRY(buf_add(&stream->in, data));
    else
        stream->chunk = data;
    stream->http2->ops->ready(stream->http2->owner, stream);
    struct span left = stream->chunk;
    stream->chunk = (struct span){0};
    return buf_add(&stream->in, left);
}

size_t http2_trailers(const struct http2_stream *stream, struct field fields[HEAD_FIELDS_MAX])
{
    struct span text = buf_span(&stream->trailers_in.text);
    size_t count = 0;

    while (stream->ended && http2_fields_next(&text, &fields[count])) count++;
    return count;
}

/* --- a message out --------------------------------------------------------------------------------------- */
size_t http2_room(const struct http2_stream *stream)
{
    size_t queued = buf_len(&stream->out);

    return queued < STREAM_OUTPUT_HIGH ? STREAM_OUTPUT_HIGH - queued : 0;
}

static enum err wake(struct http2_stream *stream)
{
    if (!stream->deferred) return ERR_OK;
    stream->deferred = false;
    return http2_heed(stream->http2, nghttp2_session_resume_data(stream->http2->session, stream->id));
}

enum err http2_send_body(struct http2_stream *stream, struct span data)
{
    assert(!stream->ending);
    if (!http2_is_live(stream) || data.len == 0) return ERR_OK;
    if (data.len > STREAM_OUTPUT_MAX - buf_len(&stream->out)) return ERR_LIMIT;
    TRY(buf_add(&stream->out, data));
    return wake(stream);
}

enum err http2_send_end(struct http2_stream *stream, const struct field *trailers, size_t trailer_count)
{
    assert(!stream->ending);
    if (!http2_is_live(stream)) return ERR_OK;
    for (size_t i = 0; i < trailer_count; i++)
        if (!http2_is_plain(&trailers[i])) return ERR_SYNTAX;
    for (size_t i = 0; i < trailer_count; i++)
        TRY(http2_fields_add(&stream->trailers_out, trailers[i], HEAD_BYTES_MAX));
    stream->ending = true;
    return wake(stream);
}

/* nghttp2 asks for the next DATA frame; its bytes go from stream->out straight to where http2_take() wants them. */
static ssize_t offer(nghttp2_session *session, int32_t id, uint8_t *to, size_t max, uint32_t *flags,
                     nghttp2_data_source *source, void *owner)
{
    struct http2_stream *stream = nghttp2_session_get_stream_user_data(session, id);
    size_t queued = buf_len(&stream->out), len = queued < max ? queued : max;

    (void)to, (void)source, (void)owner;
    if (len == 0 && !stream->ending) {
        stream->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (!stream->ending || len < queued) return (ssize_t)len;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream->trailers_out.count > 0) {
        uint8_t indexed = stream->http2->role == HTTP2_CLIENT ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
        const nghttp2_nv *list;
        size_t count;
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        http2_list_trailers(&stream->trailers_out, indexed, &list, &count);
        if (nghttp2_submit_trailer(session, id, list, count) != 0) return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    return (ssize_t)len;
}

const nghttp2_data_provider http2_stream_source = {.read_callback = offer};

int http2_stream_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *header, size_t length,
                           nghttp2_data_source *source, void *owner)
{
    struct http2_stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    struct http2 *http2 = owner;
    size_t before = buf_len(&stream->out);

    (void)source;
    if (buf_add(http2->out, (struct span){header, HTTP2_FRAME_HEADER_LEN}) != ERR_OK ||
        buf_add(http2->out, span_first(buf_span(&stream->out), length)) != ERR_OK)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    buf_consume(&stream->out, length);
    if (length > 0) http2_flood_work(&http2->flood);
    if (before > STREAM_OUTPUT_LOW && before - length <= STREAM_OUTPUT_LOW && !stream->released && !stream->ending)
        http2->ops->writable(http2->owner, stream);
    return buf_len(http2->out) < http2->out_max ? 0 : NGHTTP2_ERR_PAUSE;
}

/* --- the end of it --------------------------------------------------------------------------------------- */
void http2_stream_blame(struct http2_stream *stream, enum http2_code code)
{
    stream->reset_code = code;
    if (http2_is_live(stream))
        http2_heed(stream->http2,
                   nghttp2_submit_rst_stream(stream->http2->session, NGHTTP2_FLAG_NONE, stream->id, code));
}

void http2_reset(struct http2_stream *stream, enum http2_code code)
{
    stream->ours = true;
    http2_stream_blame(stream, code);
}

/* A reset behind what made the message whole changes nothing; NO_ERROR before that is no success. */
static uint32_t outcome(const struct http2_stream *stream, uint32_t code)
{
    if (stream->http2->role == HTTP2_SERVER ? stream->sent : stream->ended) return HTTP2_NO_ERROR;
    if (code == HTTP2_NO_ERROR) code = stream->reset_code; /* it closed by itself before our reset was out */
    return code == HTTP2_NO_ERROR ? HTTP2_CANCEL : code;
}

void http2_stream_tell_closed(struct http2_stream *stream, uint32_t reset_code)
{
    uint32_t code = outcome(stream, reset_code);
    struct http2 *http2 = stream->http2;

    http2->open_count--;
    stream->closed = true;
    if (code != HTTP2_NO_ERROR) { /* what came is a part, and nobody is to take it for the whole */
        give_window(stream, buf_len(&stream->in));
        buf_clear(&stream->in);
    }
    if (stream->told && !stream->released)
        http2->ops->closed(http2->owner, stream, code); /* who may release it: it is freed there */
    else
        http2_stream_free(&stream);
}

/* A response that is out before its request was in: the rest of that is not wanted (RFC 9113 section 8.1). */
void http2_stream_unwant(struct http2_stream *stream)
{
    if (stream->http2->role == HTTP2_SERVER && stream->sent && !stream->ended) http2_reset(stream, HTTP2_NO_ERROR);
}

void http2_release(struct http2_stream **slot)
{
    struct http2_stream *stream = *slot;

    *slot = NULL;
    if (stream == NULL) return;
    stream->released = true;
    give_window(stream, http2_input(stream).len);
    stream->chunk = (struct span){0};
    buf_clear(&stream->in);
    if (stream->closed)
        http2_stream_free(&stream);
    else if (stream->http2->role == HTTP2_CLIENT || !stream->ending)
        http2_reset(stream, HTTP2_CANCEL);
    else
        http2_stream_unwant(stream);
}
