/* http2.c — the session: bytes in and out, and what nghttp2 tells of them. */
#include "reactor/wire/http2.h"

#include <assert.h>

#include "reactor/base/mem.h"
#include "reactor/wire/http2_parts.h"

static int answer(enum err err) { return err == ERR_OK ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE; }

static struct http2_stream *stream_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

enum err http2_heed(struct http2 *http2, ssize_t said)
{
    http2->failed = http2->failed || said == NGHTTP2_ERR_NOMEM;
    return http2->failed ? ERR_NOMEM : ERR_OK;
}

void http2_end(struct http2 *http2, enum http2_code code)
{
    if (http2->over || http2->failed) return;
    http2->over = true;
    http2_heed(http2, nghttp2_session_terminate_session(http2->session, code));
}

/* --- header blocks ------------------------------------------------------------------------------------------ */
static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *owner)
{
    struct http2 *http2 = owner;
    struct http2_stream *stream;

    http2_fields_clear(&http2->block); /* one that was cut off by a reset */
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    if (http2_stream_new(http2, &stream) != ERR_OK) return NGHTTP2_ERR_CALLBACK_FAILURE;
    stream->id = frame->hd.stream_id;
    return nghttp2_session_set_stream_user_data(session, stream->id, stream);
}

static void refuse(struct http2_stream *stream, const char *why, enum http2_code code)
{
    struct http2 *http2 = stream->http2;

    http2_stream_blame(stream, code);
    if (!stream->told) http2->ops->refused(http2->owner, why);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *owner)
{
    struct http2_stream *stream = stream_of(session, frame->hd.stream_id);
    struct http2 *http2 = owner;
    const struct field field = {{name, name_len}, {value, value_len}};

    (void)flags;
    if (stream == NULL) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    switch (http2_fields_add(&http2->block, field, stream->final ? TRAILER_BYTES_MAX : HEAD_BYTES_MAX)) {
    case ERR_OK: return 0;
    case ERR_LIMIT:
        refuse(stream, "the head is too large", HTTP2_ENHANCE_YOUR_CALM);
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    default: return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
}

/* A field that nghttp2 would leave out, as it leaves it to us: a control byte, spaces around a value. */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                             const uint8_t *value, size_t value_len, uint8_t flags, void *owner)
{
    (void)session, (void)frame, (void)name, (void)name_len, (void)value, (void)value_len, (void)flags, (void)owner;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static enum err tell_head(struct http2_stream *stream, bool whole)
{
    static struct head head; /* told, and done with */
    struct http2 *http2 = stream->http2;
    enum err err;
    const char *why = http2->role == HTTP2_SERVER ? http2_read_request(http2, whole, &head, &err)
                                                  : http2_read_response(http2, whole, stream->no_body, &head, &err);

    if (err == ERR_OK && why != NULL) refuse(stream, why, HTTP2_PROTOCOL_ERROR);
    if (err == ERR_OK && why == NULL) {
        stream->told = true;
        stream->final = http2->role == HTTP2_SERVER || head.status >= 200;
        stream->ended = whole;
        if (!stream->released) http2->ops->head(http2->owner, stream, &head);
    }
    buf_clear(&http2->cookie);
    http2_fields_clear(&http2->block);
    return err;
}

/* The block is a trailer section: kept, unless it says what may not be said at the end. */
static void keep_trailers(struct http2_stream *stream)
{
    struct http2 *http2 = stream->http2;
    struct span text = buf_span(&http2->block.text);
    struct field field;
    bool allowed = true;

    while (allowed && http2_fields_next(&text, &field)) allowed = !head_is_never_trailer(field.name);
    if (allowed) {
        stream->trailers_in = http2->block;
        http2->block = (struct http2_fields){0};
    } else if (http2->role == HTTP2_SERVER) {
        http2_stream_blame(stream, HTTP2_PROTOCOL_ERROR);
    }
    http2_fields_clear(&http2->block);
    stream->ended = allowed || http2->role == HTTP2_CLIENT;
}

static enum err on_headers(struct http2_stream *stream, bool whole)
{
    if (stream->final)
        keep_trailers(stream);
    else
        TRY(tell_head(stream, whole));
    return ERR_OK;
}

/* --- frames -------------------------------------------------------------------------------------------------- */
static void tell_goaway(struct http2 *http2, uint32_t code, bool theirs)
{
    http2->goaway = true;
    http2->ops->goaway(http2->owner, code, theirs);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *owner)
{
    struct http2 *http2 = owner;
    struct http2_stream *stream = NULL;
    bool whole = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

    if (frame->hd.type == NGHTTP2_GOAWAY) tell_goaway(http2, frame->goaway.error_code, true);
    if (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA)
        stream = stream_of(session, frame->hd.stream_id);
    if (stream == NULL) return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && on_headers(stream, whole) != ERR_OK) return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (frame->hd.type == NGHTTP2_DATA) stream->ended = whole;
    if (stream->ended && !stream->released) http2->ops->ready(http2->owner, stream);
    return 0;
}

/* Only requests that were not told yet are worth a line: of the others closed() tells. */
static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error, void *owner)
{
    struct http2_stream *stream = stream_of(session, frame->hd.stream_id);
    struct http2 *http2 = owner;

    if (frame->hd.type == NGHTTP2_HEADERS && http2->role == HTTP2_SERVER && (stream == NULL || !stream->told))
        http2->ops->refused(http2->owner, nghttp2_strerror(error));
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *owner)
{
    struct http2_stream *stream = stream_of(session, id);

    (void)flags, (void)owner;
    return stream == NULL ? 0 : answer(http2_stream_take_in(stream, (struct span){data, len}));
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *owner)
{
    struct http2_stream *stream = stream_of(session, id);

    (void)owner;
    if (stream != NULL) http2_stream_tell_closed(stream, code);
    return 0;
}

static void on_sent_whole(struct http2_stream *stream)
{
    stream->sent = true;
    if (stream->released) http2_stream_unwant(stream);
}

static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *owner)
{
    struct http2 *http2 = owner;
    struct http2_stream *stream = frame->hd.stream_id > 0 ? stream_of(session, frame->hd.stream_id) : NULL;

    switch (frame->hd.type) {
    case NGHTTP2_GOAWAY: tell_goaway(http2, frame->goaway.error_code, false); break;
    case NGHTTP2_RST_STREAM: /* the other side made us */
        if ((stream == NULL || !stream->ours) && http2_flood_count(&http2->flood, FLOOD_RESET) != ERR_OK)
            http2_end(http2, HTTP2_ENHANCE_YOUR_CALM);
        break;
    case NGHTTP2_DATA:
    case NGHTTP2_HEADERS:
        if (stream != NULL && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) on_sent_whole(stream);
        break;
    default: break;
    }
    return http2->failed ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

/* No head is too large for nghttp2 (make_options()), but whatever it does not send nobody is to wait for.  A request
 * that was not sent it closes by itself. */
static int on_not_sent(nghttp2_session *session, const nghttp2_frame *frame, int error, void *owner)
{
    struct http2_stream *stream = frame->hd.type == NGHTTP2_HEADERS ? stream_of(session, frame->hd.stream_id) : NULL;

    (void)error, (void)owner;
    if (stream != NULL && stream->http2->role == HTTP2_SERVER) http2_reset(stream, HTTP2_INTERNAL_ERROR);
    return 0;
}

/* --- a session -------------------------------------------------------------------------------------------------- */
static enum err make_callbacks(nghttp2_session_callbacks **out)
{
    nghttp2_session_callbacks *callbacks;

    if (nghttp2_session_callbacks_new(&callbacks) != 0) return ERR_NOMEM;
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_not_sent);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, http2_stream_send_data);
    *out = callbacks;
    return ERR_OK;
}

/* Windows are ours to open; of streams that ended nothing is kept; resets and CONTINUATIONs are counted in
 * http2_flood.c: nghttp2 does so by a clock of its own, and by each piece that a frame header comes in. */
static enum err make_options(nghttp2_option **out)
{
    nghttp2_option *option;

    if (nghttp2_option_new(&option) != 0) return ERR_NOMEM;
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_send_header_block_length(option, 2 * HEAD_BYTES_MAX); /* lengths take room too */
    nghttp2_option_set_stream_reset_rate_limit(option, UINT32_MAX, UINT32_MAX);
    nghttp2_option_set_max_continuations(option, (HTTP2_CONTINUATIONS_MAX + 1) * HTTP2_FRAME_HEADER_LEN);
    *out = option;
    return ERR_OK;
}

static enum err make_session(struct http2 *http2)
{
    nghttp2_mem mem = {&http2->memory, http2_memory_new, http2_memory_free, http2_memory_zeroed, http2_memory_resize};
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    int failed;

    TRY(make_callbacks(&callbacks));
    if (make_options(&option) != ERR_OK) {
        nghttp2_session_callbacks_del(callbacks);
        return ERR_NOMEM;
    }
    if (http2->role == HTTP2_SERVER)
        failed = nghttp2_session_server_new3(&http2->session, callbacks, http2, option, &mem);
    else
        failed = nghttp2_session_client_new3(&http2->session, callbacks, http2, option, &mem);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return failed == 0 ? ERR_OK : ERR_NOMEM;
}

static enum err say_settings(struct http2 *http2)
{
    bool server = http2->role == HTTP2_SERVER;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, HTTP2_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEAD_BYTES_MAX},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
        {server ? NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS : NGHTTP2_SETTINGS_ENABLE_PUSH,
         server ? HTTP2_STREAMS_MAX : 0},
        {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}, /* last: only a server says it */
    };
    const int32_t window = (int32_t)(2 * HTTP2_STREAMS_MAX * HTTP2_WINDOW); /* half of it is given back at a time */

    if (nghttp2_submit_settings(http2->session, NGHTTP2_FLAG_NONE, settings, COUNT_OF(settings) - !server) != 0 ||
        nghttp2_session_set_local_window_size(http2->session, NGHTTP2_FLAG_NONE, 0, window) != 0)
        return ERR_NOMEM;
    return ERR_OK;
}

enum err http2_new(enum http2_role role, const struct http2_ops *ops, void *owner, uint64_t now_ms,
                   struct http2 **http2_out)
{
    AUTO(http2) http2 = mem_new(sizeof *http2);

    if (http2 == NULL) return ERR_NOMEM;
    http2->role = role;
    http2->ops = ops;
    http2->owner = owner;
    list_init(&http2->streams);
    http2_memory_begin(&http2->memory);
    http2_flood_begin(&http2->flood, role == HTTP2_SERVER ? HTTP2_PREFACE_LEN : 0, now_ms);
    TRY(make_session(http2));
    TRY(say_settings(http2));
    *http2_out = MOVE(http2);
    return ERR_OK;
}

void http2_free(struct http2 **slot)
{
    struct http2 *http2 = *slot;

    if (http2 == NULL) return;
    assert(!http2->telling);
    http2_memory_end(&http2->memory);
    LIST_EACH (&http2->streams, node) {
        struct http2_stream *stream = LIST_ENTRY(node, struct http2_stream, node);
        http2_stream_free(&stream);
    }
    http2_fields_clear(&http2->block);
    buf_clear(&http2->cookie);
    mem_free(http2);
    *slot = NULL;
}

/* --- bytes ------------------------------------------------------------------------------------------------------ */

/* errors of nghttp2 that are the other side's doing end the connection by a GOAWAY; the rest is memory. */
static enum err judge(struct http2 *http2, ssize_t result)
{
    if (result == NGHTTP2_ERR_FLOODED || result == NGHTTP2_ERR_TOO_MANY_SETTINGS)
        http2_end(http2, HTTP2_ENHANCE_YOUR_CALM);
    else if (result == NGHTTP2_ERR_BAD_CLIENT_MAGIC)
        http2_end(http2, HTTP2_PROTOCOL_ERROR);
    else if (result < 0)
        http2->failed = true;
    return http2->failed ? ERR_NOMEM : ERR_OK;
}

/* One frame, or what there is of it. */
static enum err feed_frame(struct http2 *http2, struct span in, uint64_t now_ms, size_t *len)
{
    if (http2_flood_step(&http2->flood, in, now_ms, len) != ERR_OK) {
        http2_end(http2, HTTP2_ENHANCE_YOUR_CALM);
        return http2->failed ? ERR_NOMEM : ERR_OK;
    }
    TRY(judge(http2, nghttp2_session_mem_recv(http2->session, in.at, *len)));
    if (nghttp2_session_get_outbound_queue_size(http2->session) > HTTP2_QUEUE_MAX)
        http2_end(http2, HTTP2_ENHANCE_YOUR_CALM);
    return http2->failed ? ERR_NOMEM : ERR_OK;
}

enum err http2_feed(struct http2 *http2, struct span in, uint64_t now_ms)
{
    enum err err = http2->failed ? ERR_NOMEM : ERR_OK;
    size_t len;

    assert(!http2->telling);
    http2->telling = true;
    while (err == ERR_OK && in.len > 0 && !http2->over) {
        err = feed_frame(http2, in, now_ms, &len);
        in = span_from(in, len);
    }
    http2->telling = false;
    return err;
}

enum err http2_take(struct http2 *http2, struct buf *out, size_t max)
{
    const uint8_t *data;
    ssize_t len = 1;

    assert(!http2->telling);
    if (http2->failed) return ERR_NOMEM;
    http2->telling = true;
    http2->out = out;
    http2->out_max = max;
    while (len > 0 && buf_len(out) < max) {
        len = nghttp2_session_mem_send(http2->session, &data);
        if (len < 0 || (len > 0 && buf_add(out, (struct span){data, (size_t)len}) != ERR_OK)) http2->failed = true;
        if (http2->failed) break;
    }
    http2->telling = false;
    return http2->failed ? ERR_NOMEM : ERR_OK;
}

bool http2_has_output(const struct http2 *http2)
{
    return !http2->failed && nghttp2_session_want_write(http2->session) != 0;
}

bool http2_over(const struct http2 *http2)
{
    return http2->failed || (!nghttp2_session_want_read(http2->session) && !nghttp2_session_want_write(http2->session));
}

void http2_goaway(struct http2 *http2)
{
    int32_t last = nghttp2_session_get_last_proc_stream_id(http2->session);

    if (http2->failed || http2->over || http2->goaway) return;
    http2->goaway = true;
    http2_heed(http2, nghttp2_submit_goaway(http2->session, NGHTTP2_FLAG_NONE, last, HTTP2_NO_ERROR, NULL, 0));
}

size_t http2_stream_count(const struct http2 *http2) { return http2->open_count; }
size_t http2_memory(const struct http2 *http2) { return http2->memory.used; }

const char *http2_code_name(uint32_t code) { return nghttp2_http2_strerror(code); }
