#include "reactor/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "reactor/base/mem.h"

#define BUF_SIZE_MIN 512u

static enum err grow(struct buf *buf, size_t need)
{
    size_t size = buf->size < BUF_SIZE_MIN ? BUF_SIZE_MIN : buf->size;
    uint8_t *bigger;

    while (size < need) size *= 2;
    bigger = mem_room(size);
    if (bigger == NULL) return ERR_NOMEM;
    if (buf->at != NULL) {
        memcpy(bigger, buf->at + buf->from, buf_len(buf));
        mem_wipe(buf->at, buf->to);
        mem_free(buf->at);
    }
    *buf = (struct buf){.at = bigger, .to = buf_len(buf), .size = size};
    return ERR_OK;
}

enum err buf_room(struct buf *buf, size_t len, uint8_t **at_out)
{
    if (buf->size - buf->to < len && buf->from > 0) { /* move to the front before asking for more */
        memmove(buf->at, buf->at + buf->from, buf_len(buf));
        mem_wipe(buf->at + buf_len(buf), buf->from); /* buf_clear() will not look behind buf->to */
        buf->to -= buf->from;
        buf->from = 0;
    }
    if (buf->size - buf->to < len) TRY(grow(buf, buf->to + len));
    *at_out = buf->at + buf->to;
    return ERR_OK;
}

void buf_added(struct buf *buf, size_t len)
{
    assert(len <= buf->size - buf->to);
    buf->to += len;
}

enum err buf_add(struct buf *buf, struct span data)
{
    uint8_t *at;

    if (data.len == 0) return ERR_OK;
    TRY(buf_room(buf, data.len, &at));
    memcpy(at, data.at, data.len);
    buf_added(buf, data.len);
    return ERR_OK;
}

enum err buf_printf(struct buf *buf, const char *format, ...)
{
    size_t room = buf->size - buf->to;
    va_list args;
    uint8_t *at = buf->at == NULL ? NULL : buf->at + buf->to;
    int len;

    va_start(args, format);
    len = vsnprintf((char *)at, room, format, args);
    va_end(args);
    assert(len >= 0);
    if ((size_t)len >= room) { /* it was cut, but now its length is known */
        if (room > 0) mem_wipe(at, room);
        TRY(buf_room(buf, (size_t)len + 1, &at));
        va_start(args, format);
        vsnprintf((char *)at, (size_t)len + 1, format, args);
        va_end(args);
    }
    buf_added(buf, (size_t)len);
    return ERR_OK;
}

void buf_cut(struct buf *buf, size_t len)
{
    assert(len <= buf_len(buf));
    if (buf->at != NULL) mem_wipe(buf->at + buf->from + len, buf_len(buf) - len);
    buf->to = buf->from + len;
    if (len == 0) buf_clear(buf);
}

void buf_consume(struct buf *buf, size_t len)
{
    assert(len <= buf_len(buf));
    buf->from += len;
    if (buf->from == buf->to) buf_clear(buf);
}

void buf_clear(struct buf *buf)
{
    if (buf->at != NULL) mem_wipe(buf->at, buf->to);
    mem_free(buf->at);
    *buf = (struct buf){0};
}
