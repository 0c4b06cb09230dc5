#include "reactor/net/stream_mem.h"

#include <assert.h>

#include "reactor/base/buf.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"

struct mem {
    struct stream stream; /* first: the ops are handed this */
    struct loop *loop;
    struct mem *peer;     /* NULL once it was freed */
    struct defer later;   /* everything this end is told, and at last its memory */
    struct buf in, out;   /* out: what the peer has not fetched yet */
    bool paused, retell;  /* retell: unread input to be told of (again) */
    bool full;            /* stream_room() has been 0: DRAINED is owed */
    bool finishing, sent; /* sent: SENT was told */
    bool ended;           /* the peer has fetched all, and the end */
    bool broken, gone;    /* broken: GONE is owed; gone: it was told */
    bool freed;
};

static struct mem *mem_of(const struct stream *stream) { return (struct mem *)stream; }

static void on_later(struct defer *defer);

/* NULL is fine. */
static void later(struct mem *mem)
{
    if (mem != NULL && !mem->freed) loop_defer(mem->loop, &mem->later, on_later);
}

/* False when the owner freed the stream, or it is gone: nothing more is told. */
static bool tell(struct mem *mem, enum stream_event event)
{
    assert(mem->stream.fn != NULL && !mem->gone && !mem->freed);
    mem->gone = event == STREAM_GONE;
    mem->stream.fn(mem->stream.owner, event);
    return !mem->freed && !mem->gone;
}

static void break_off(struct mem *mem, enum err err, const char *detail)
{
    if (mem->broken) return;
    mem->broken = true;
    mem->stream.err = err;
    mem->stream.detail = detail;
    buf_clear(&mem->out);
    later(mem);
}

/* Moves what the peer has written, as far as there is room. */
static void fetch(struct mem *mem)
{
    struct span waiting = mem->peer != NULL ? buf_span(&mem->peer->out) : (struct span){0};
    struct span data = span_first(waiting, STREAM_INPUT_MAX - buf_len(&mem->in));

    if (data.len == 0) return;
    if (buf_add(&mem->in, data) != ERR_OK) {
        break_off(mem, ERR_NOMEM, NULL);
        return;
    }
    buf_consume(&mem->peer->out, data.len);
    mem->retell = true;
    later(mem->peer);
}

static bool tell_input(struct mem *mem)
{
    if (mem->retell && !mem->paused) {
        mem->retell = false;
        if (!tell(mem, STREAM_DATA)) return false;
    }
    if (mem->stream.eof || mem->peer == NULL || !mem->peer->finishing || buf_len(&mem->peer->out) > 0) return true;
    mem->stream.eof = mem->peer->ended = true;
    later(mem->peer);
    return tell(mem, STREAM_EOF);
}

static bool tell_output(struct mem *mem)
{
    if (mem->full && buf_len(&mem->out) <= STREAM_OUTPUT_LOW) {
        mem->full = false;
        if (!tell(mem, STREAM_DRAINED)) return false;
    }
    if (mem->sent || !mem->ended) return true;
    mem->sent = true;
    return tell(mem, STREAM_SENT);
}

static void on_later(struct defer *defer)
{
    struct mem *mem = CONTAINER_OF(defer, struct mem, later);

    if (mem->gone) return;
    if (!mem->broken) fetch(mem);
    if (mem->broken)
        (void)tell(mem, STREAM_GONE);
    else if (tell_input(mem))
        (void)tell_output(mem);
}

static struct span mem_input(struct stream *stream) { return buf_span(&mem_of(stream)->in); }

static void mem_consume(struct stream *stream, size_t len)
{
    struct mem *mem = mem_of(stream);

    buf_consume(&mem->in, len);
    if (mem->peer != NULL && buf_len(&mem->peer->out) > 0) later(mem);
}

static void mem_pause(struct stream *stream, bool paused)
{
    struct mem *mem = mem_of(stream);

    if (mem->paused && !paused && buf_len(&mem->in) > 0) {
        mem->retell = true;
        later(mem);
    }
    mem->paused = paused;
}

static enum err mem_write(struct stream *stream, struct span data)
{
    struct mem *mem = mem_of(stream);

    if (mem->broken || mem->finishing) return ERR_PEER;
    if (mem->peer == NULL) { /* as TCP: the first write after the peer has closed brings the reset */
        break_off(mem, ERR_PEER, "Broken pipe");
        return ERR_OK;
    }
    if (data.len > STREAM_OUTPUT_MAX - buf_len(&mem->out)) return ERR_LIMIT;
    TRY(buf_add(&mem->out, data));
    mem->full = mem->full || buf_len(&mem->out) >= STREAM_OUTPUT_HIGH;
    later(mem->peer);
    return ERR_OK;
}

static size_t mem_queued(const struct stream *stream) { return buf_len(&mem_of(stream)->out); }

static void mem_finish(struct stream *stream)
{
    struct mem *mem = mem_of(stream);

    if (mem->broken) return;
    mem->finishing = true;
    later(mem->peer);
}

static void on_free(struct defer *defer) { mem_free(CONTAINER_OF(defer, struct mem, later)); }

static void mem_close(struct stream *stream)
{
    struct mem *mem = mem_of(stream);

    if (mem->peer != NULL) {
        mem->peer->peer = NULL;
        if (!mem->ended) break_off(mem->peer, ERR_PEER, "Connection reset by peer");
    }
    buf_clear(&mem->in);
    buf_clear(&mem->out);
    mem->freed = true;
    loop_defer_cancel(&mem->later);
    loop_defer(mem->loop, &mem->later, on_free); /* this may be inside one of its own events */
}

static const struct stream_ops mem_ops = {mem_input,  mem_consume, mem_pause, mem_write,
                                          mem_queued, mem_finish,  mem_close};

enum err stream_mem_pair(struct loop *loop, struct stream **one_out, struct stream **other_out)
{
    struct mem *one = mem_new(sizeof *one), *other = mem_new(sizeof *other);

    if (one == NULL || other == NULL) {
        mem_free(one);
        mem_free(other);
        return ERR_NOMEM;
    }
    *one = (struct mem){.stream.ops = &mem_ops, .loop = loop, .peer = other};
    *other = (struct mem){.stream.ops = &mem_ops, .loop = loop, .peer = one};
    *one_out = &one->stream;
    *other_out = &other->stream;
    return ERR_OK;
}
