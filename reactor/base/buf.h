/* buf.h — bytes on their way: appended behind, taken in front, never past a bound.
 *
 * Owns     its memory; an empty buffer holds none once buf_consume() has taken the last byte.
 * Secret   memory that is given back is wiped: a buffer may have held a credential.
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/span.h"

struct buf {
    uint8_t *at;     /* NULL when empty-handed */
    size_t from, to; /* the bytes are at[from..to) */
    size_t size;     /* of the memory */
};

/* Copies data behind what is there.  errors: ERR_NOMEM (nothing was appended). */
MUST_CHECK enum err buf_add(struct buf *buf, struct span data);
MUST_CHECK enum err buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for len more bytes to be written at *at_out; buf_added() says how many were. */
MUST_CHECK enum err buf_room(struct buf *buf, size_t len, uint8_t **at_out);
void buf_added(struct buf *buf, size_t len);

/* What is there; borrowed until the next call that is not buf_span(). */
static inline struct span buf_span(const struct buf *buf)
{
    return (struct span){buf->at == NULL ? NULL : buf->at + buf->from, buf->to - buf->from};
}
static inline size_t buf_len(const struct buf *buf) { return buf->to - buf->from; }

/* Takes back what was appended behind the first len bytes, and wipes it. */
void buf_cut(struct buf *buf, size_t len);

void buf_consume(struct buf *buf, size_t len);
void buf_clear(struct buf *buf);
