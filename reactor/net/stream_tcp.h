/* stream_tcp.h — a stream over a connected or connecting socket (TCP or unix). */
#pragma once
#include "reactor/loop/loop.h"
#include "reactor/net/stream.h"

/* Takes a connected socket (closed on failure too). */
MUST_CHECK enum err stream_tcp_adopt(struct loop *loop, int fd, struct stream **stream_out);

/* Starts a connect; STREAM_OPEN or STREAM_GONE follows.  No deadline of its own: dial has one. */
MUST_CHECK enum err stream_tcp_connect(struct loop *loop, const struct addr *addr, stream_fn *fn, void *owner,
                                       struct stream **stream_out);
