/* stream_mem.h — two streams that are each other's peer, in memory: what one writes the other reads, a turn later.
 *
 * The bounds and events are those of TCP.  Freed before STREAM_SENT it is a reset: the peer is told STREAM_GONE.
 * Freed after it, the peer has had STREAM_EOF and only its next write fails.
 */
#pragma once
#include "reactor/loop/loop.h"
#include "reactor/net/stream.h"

MUST_CHECK enum err stream_mem_pair(struct loop *loop, struct stream **one_out, struct stream **other_out);
