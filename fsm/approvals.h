/* approvals.h — the queue as an asker (queue/asker.h): every bottle's questions go into one queue, and its answers are
 * remembered for the life of this process.
 *
 * Owns     the store, while it can be had; a hold (hold_fsm.h) for each question that waits in it; the machine that
 *          looks (poll_fsm.h).
 * Shares   one question a value and host: all requests that carry it wait for one proposal, and go together.
 * Answers  a yes that was written in the audit, or no.
 * Lives    longer than the bottles' requests.
 */
#pragma once
#include "fsm/proxy.h"
#include "queue/store.h"

struct approvals;

/* Opens the queue under the name of this process; called again when it failed, a while later. */
typedef enum store_err approvals_open_fn(void *owner, uint64_t run, struct store **store_out);

/* folder: of the bell, or NULL: none is rung.  errors: ERR_NOMEM */
MUST_CHECK enum err approvals_new(struct loop *loop, const char *folder, approvals_open_fn *open, void *owner,
                                  struct approvals **approvals_out);
void approvals_free(struct approvals **approvals);

/* Sets egress->asker.  errors: ERR_NOMEM */
MUST_CHECK enum err approvals_serve(struct approvals *approvals, struct egress *egress);

/* Opens the queue now, so that what is wrong with it is told at the start, and what a process left in it that is gone
 * is told to be abandoned. */
void approvals_open(struct approvals *approvals);

/* The program ends: whoever waits is told, and so is who asks. */
void approvals_end(struct approvals *approvals);
