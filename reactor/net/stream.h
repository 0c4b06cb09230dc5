/* stream.h — bytes both ways, in order, with back-pressure: TCP and unix sockets, TLS, memory.
 *
 * Reads    what arrived waits in the stream: stream_input() shows it, stream_consume() takes it.  While it holds
 *          STREAM_INPUT_MAX unread bytes the stream reads no more and the peer feels it.  While it is paused it tells
 *          no DATA, but reads up to that bound, so that a reset is noticed; EOF and GONE are told all the same.
 *          Going on with unread input tells DATA again.
 * Writes   stream_write() takes every byte (copies it).  stream_room() is what may be written before a good writer
 *          pauses; STREAM_DRAINED is told when a stream that was full has fallen to STREAM_OUTPUT_LOW.
 * Ends     each direction ends by itself.  STREAM_EOF: the peer will send no more (for TLS: close_notify; a bare TCP
 *          end is STREAM_GONE with ERR_PEER, so truncation is never a clean end); writing still works.
 *          stream_finish() ends our direction after what is queued.
 * Events   told to the owner's function, never from inside a stream_*() call of the owner; the owner may call
 *          anything in it, stream_free() included.  After STREAM_GONE nothing more is told.  After stream_free()
 *          nothing is told.
 * Memory   an idle stream holds no buffers.
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/span.h"
#include "reactor/net/addr.h"

enum stream_event {
    STREAM_OPEN,    /* the connect or TLS handshake is done; accepted and dialled streams are born open */
    STREAM_DATA,    /* stream_input() has grown */
    STREAM_EOF,     /* no more input will come; what is unread still waits in stream_input() */
    STREAM_DRAINED, /* stream_room() is large again */
    STREAM_SENT,    /* only after stream_finish(): every byte and the end itself have been handed to the kernel */
    STREAM_GONE,    /* reset, refused, broken; stream->err says how.  Unread input is lost */
};

struct stream;
typedef void stream_fn(void *owner, enum stream_event event);

struct stream_ops {
    struct span (*input)(struct stream *stream);
    void (*consume)(struct stream *stream, size_t len);
    void (*pause)(struct stream *stream, bool paused);
    enum err (*write)(struct stream *stream, struct span data);
    size_t (*queued)(const struct stream *stream);
    void (*finish)(struct stream *stream);
    void (*free)(struct stream *stream);
};

struct stream {
    const struct stream_ops *ops;
    stream_fn *fn;
    void *owner;
    struct addr local, peer; /* of the socket at the bottom; zero for memory */
    enum err err;            /* why STREAM_GONE */
    const char *detail;      /* static text: what broke ("certificate has expired"), or NULL */
    bool eof;                /* STREAM_EOF has happened */
};

/* Hands the stream to another owner; events go there from now on. */
static inline void stream_own(struct stream *stream, stream_fn *fn, void *owner)
{
    stream->fn = fn;
    stream->owner = owner;
}

/* Borrowed until the next call on this stream. */
static inline struct span stream_input(struct stream *stream) { return stream->ops->input(stream); }
static inline void stream_consume(struct stream *stream, size_t len) { stream->ops->consume(stream, len); }
static inline void stream_pause(struct stream *stream, bool paused) { stream->ops->pause(stream, paused); }

/* errors: ERR_LIMIT past STREAM_OUTPUT_MAX, ERR_NOMEM, ERR_PEER once gone or finished; nothing was taken then. */
MUST_CHECK static inline enum err stream_write(struct stream *stream, struct span data)
{
    return stream->ops->write(stream, data);
}
size_t stream_room(const struct stream *stream);
static inline void stream_finish(struct stream *stream) { stream->ops->finish(stream); }

/* Closes at once.  After stream_finish() the kernel is offered what is still queued; if it does not take all of it, and
 * always without stream_finish(), the peer sees a reset, and can't take what it has for the whole.  NULL is fine. */
void stream_free(struct stream **stream);
