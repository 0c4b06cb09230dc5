/* listener.h — accepts connections, backs off when descriptors run out.
 *
 * Rests    ACCEPT_PAUSE_MS at a time, while half of the process's descriptors or more are taken: each client that was
 *          let in may need another one for its origin.  Clients wait in the kernel meanwhile.
 */
#pragma once
#include "reactor/loop/loop.h"
#include "reactor/net/stream.h"

struct listener;

/* The stream is the callee's.  stream->local is the address the client dialled (its original destination in a
 * bottle). */
typedef void accept_fn(void *owner, struct stream *stream);

/* Binds and listens.  errors: ERR_SYS */
MUST_CHECK enum err listener_new(struct loop *loop, const struct addr *addr, accept_fn *fn, void *owner,
                                 struct listener **listener_out);
/* Takes a listening socket made elsewhere (inside a bottle's network namespace); closed on failure too. */
MUST_CHECK enum err listener_adopt(struct loop *loop, int fd, accept_fn *fn, void *owner,
                                   struct listener **listener_out);

struct addr listener_addr(const struct listener *listener); /* with the port the kernel chose */

/* Stops accepting for a while: the table of connections is full, or the program is draining. */
void listener_pause(struct listener *listener, bool paused);
void listener_free(struct listener **listener);
