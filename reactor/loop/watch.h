/* watch.h — a descriptor that can be read or written, as a call on the loop: for pipes, terminals and control sockets.
 * Connections are streams (net/stream.h). */
#pragma once
#include "reactor/loop/loop.h"

struct watch;
typedef void watch_fn(void *context);

/* Calls fn whenever fd is readable (or at its end, or broken), or writable, while watch_on() says so; it starts off.
 * The descriptor stays the caller's and outlives the watch.  errors: ERR_NOMEM, ERR_SYS */
MUST_CHECK enum err watch_readable(struct loop *loop, int fd, watch_fn *fn, void *context, struct watch **watch_out);
MUST_CHECK enum err watch_writable(struct loop *loop, int fd, watch_fn *fn, void *context, struct watch **watch_out);

/* errors: ERR_SYS: the kernel cannot wait for this kind of descriptor (a regular file) */
MUST_CHECK enum err watch_on(struct watch *watch, bool on);
void watch_free(struct watch **watch);
