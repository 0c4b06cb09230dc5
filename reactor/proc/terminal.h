/* terminal.h — between our 0, 1, 2 and the bottle's.
 *
 *   ours                       the bottle's
 *   0 and 1 are terminals      a terminal of its own (pty.h): ours is raw until terminal_free(), or our death
 *                              (guard.h); a 2 that is none stays what it is
 *   one of them is not         each that is a terminal: a pipe; each that is not (file, pipe, socket): the same
 *
 * A terminal of ours is never the bottle's: whoever holds one can read what is typed on it and type into it.
 * Bytes move on the loop; each side waits for the other.  Our terminal is opened anew for that, so that the shell's
 * descriptors never become non-blocking.
 */
#pragma once
#include "reactor/loop/loop.h"

struct terminal;

/* Everything the bottle wrote has been passed on, and no more can come: its side is closed everywhere, or ours is. */
typedef void terminal_fn(void *owner);

/* Before this process holds secrets (guard.h).  ours are the caller's, and outlive it.  errors: ERR_NOMEM, ERR_SYS */
MUST_CHECK enum err terminal_new(struct loop *loop, const int ours[3], terminal_fn *ended, void *owner,
                                 struct terminal **terminal_out);

/* What the child gets as 0, 1 and 2; borrowed until terminal_begin(). */
const int *terminal_fds(const struct terminal *terminal);
bool terminal_is_pty(const struct terminal *terminal);

/* The child has been spawned: closes our copies of its side, makes ours raw, relays.  errors: ERR_NOMEM, ERR_SYS */
MUST_CHECK enum err terminal_begin(struct terminal *terminal);
bool terminal_has_ended(const struct terminal *terminal);
void terminal_free(struct terminal **terminal);
