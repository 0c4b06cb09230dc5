/* base.h — the libevent base under the loop, for the files of reactor/ that wait for a descriptor.
 *
 * Nothing outside reactor/ includes it, and no machine: what they need is in timer.h, stream.h and child.h.
 */
#pragma once
#include "reactor/loop/loop.h"

/* libevent has a LIST_ENTRY of its own inside. */
#pragma push_macro("LIST_ENTRY")
#undef LIST_ENTRY
#include <event2/event.h>
#include <event2/event_struct.h>
#pragma pop_macro("LIST_ENTRY")

/* Borrowed; lives as long as the loop. */
struct event_base *loop_base(const struct loop *loop);
