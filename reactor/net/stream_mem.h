/* stream_mem.h — two streams that are each other's peer, in memory: what one writes the other reads, a turn later. */
#pragma once
#include "reactor/loop/loop.h"
#include "reactor/net/stream.h"

MUST_CHECK enum err stream_mem_pair(struct loop *loop, struct stream **one_out, struct stream **other_out);
