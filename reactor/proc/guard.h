/* guard.h — a terminal in raw mode, and who puts it back.
 *
 * A child process remembers how the terminal was and waits for the end of a pipe whose other end only this process
 * holds: after a kill -9, which no handler sees, the child restores it.  It has left our session, so neither a
 * hang-up nor a ^C reaches it first.
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/span.h"

struct guard;

/* Remembers how the terminal at tty is, and posts the child, which is a copy of this process: before it holds secrets.
 * tty stays the caller's and outlives the guard.
 *   farewell  what it then writes to the terminal: to leave another screen, say; borrowed until guard_free()
 *   errors    ERR_NOMEM, ERR_SYS */
MUST_CHECK enum err guard_new(int tty, struct span farewell, struct guard **guard_out);

/* Every key is a byte from here on.  errors: ERR_SYS */
MUST_CHECK enum err guard_raw(struct guard *guard);

/* Restores the terminal where it was made raw, and waits for the child to be gone, so that it touches nothing later. */
void guard_free(struct guard **guard);
