/* store.h — where proposals and decisions are kept: the contract of every store.
 *
 * All that happens is a row of the audit, which only grows: what was proposed, decided, let go, given up.  A proposal's
 * id is the number of its row, and its state is the last event of those that change one.  Rows are chained by a MAC
 * (audit.h), and so is an answer: one that was written past the chain is no answer.
 *
 * Who      a proxy proposes and ends what it proposed, and hears the answers to it; an operator decides; both read.
 * Life     a proxy that is gone answers nobody: when a store is opened, and when it rests, what such a one left open is
 *          abandoned.
 * Blocks   never for a lock: STORE_BUSY means that nothing was done, to be tried again by the caller's timer.  A call
 *          writes or reads at most STORE_BATCH rows; store_open_*(), store_audit_verify() and store_free() may take
 *          longer.
 * Tells    a proxy by its bell (reactor/net/poke.h) that there is an answer, once it is written.
 * Log      each row is also a line of JSON in ROOT/queue/audit.jsonl, for whoever ships logs: appended once the row is
 *          written, and of no weight for what is decided.
 * Fails    closed: on anything but STORE_OK a call has changed nothing, and who waits for an answer has none.  No store
 *          repairs, replaces or removes what it can't read.
 * Time     is handed in, in milliseconds since 1970.
 */
#pragma once
#include "queue/audit.h"
#include "queue/proposal.h"
#include "reactor/base/arena.h"
#include "reactor/base/limits.h"

/* clang-format off */
#define STORE_ERR_LIST(E)                                                                                    \
    E(STORE_OK,        "done")                                                                               \
    E(STORE_BUSY,      "another process is at the queue just now; try again")                                \
    E(STORE_UNKNOWN,   "there is no such proposal")                                                          \
    E(STORE_DECIDED,   "it is decided already")                                                              \
    E(STORE_ABANDONED, "the proxy that asked is gone")                                                       \
    E(STORE_REFUSED,   "that can't be said to this proposal, not by this side, or not any more")             \
    E(STORE_MISSING,   "the queue's file was deleted or replaced while it was open")                         \
    E(STORE_FOREIGN,   "the file is no queue: another program's, or its first page is damaged")              \
    E(STORE_NEWER,     "the queue was written by a newer version of this program")                           \
    E(STORE_CORRUPT,   "the queue's file is damaged")                                                        \
    E(STORE_FORGED,    "the queue does not fit its audit key: the key was lost or replaced, or rows were")   \
    E(STORE_READ_ONLY, "the queue's file can't be written")                                                  \
    E(STORE_FULL,      "the disk is full, or the queue has reached its bound")                               \
    E(STORE_DENIED,    "the queue's folder or a file in it is not ours alone, or is no plain file")          \
    E(STORE_NOMEM,     "the allocator said no")                                                              \
    E(STORE_IO,        "the disk said no")
/* clang-format on */

enum store_err { STORE_ERR_LIST(PROPOSAL_ENUM_) STORE_ERR_COUNT };
const char *store_err_name(enum store_err err); /* "STORE_BUSY" */
const char *store_err_meaning(enum store_err err);
const char *store_err_remedy(enum store_err err); /* behind the meaning: what a person may do about it; or "" */

#define STORE_TRY(call)                                                                                                \
    do {                                                                                                               \
        enum store_err store_try_ = (call);                                                                            \
        if (store_try_ != STORE_OK) return store_try_;                                                                 \
    } while (0)

struct store;
void store_free(struct store **store);

/* Which entries: STORE_OPEN those that wait, from the oldest with an id above `from`; STORE_REMEMBERED those that are
 * decided for more than once by a proxy that lives, likewise; STORE_HISTORY all, from the newest with an id below it
 * (0: the newest there is); STORE_ONE the one of that id. */
enum store_view { STORE_OPEN, STORE_REMEMBERED, STORE_HISTORY, STORE_ONE, STORE_VIEW_COUNT };

/* Opens ROOT/queue/queue.db, making it (0600, the folder 0700) where there is none.  run: as poke.h names this proxy,
 * 0 for an operator; a proxy whose poke socket nobody answers is gone.
 *   why_out  where it was the file: its path and what to do, for a person; static or in the arena
 *   errors   those of the file; STORE_NOMEM */
MUST_CHECK enum store_err store_open(const char *root, uint64_t run, struct arena *arena, const char **why_out,
                                     struct store **store_out);

/* The same in memory, for tests; stores made from one another share what they hold. */
struct store_mem_faults {
    enum store_err next; /* what each call returns while it is not STORE_OK */
};
MUST_CHECK enum store_err store_mem_new(struct store *shared, uint64_t run, struct store **store_out);
struct store_mem_faults *store_mem_faults(struct store *store);

/* --- a proxy -------------------------------------------------------------------------------------------- */

/* errors: STORE_REFUSED it is not whole, or an operator's store; those of the file */
MUST_CHECK enum store_err store_propose(struct store *store, const struct proposal *proposal, uint64_t *id_out);

/* How many requests wait for it now; no row.  errors: STORE_UNKNOWN not open or not ours */
MUST_CHECK enum store_err store_set_waiting(struct store *store, uint64_t id, uint32_t count);

/* AUDIT_RETRACTED: nobody waits any more; AUDIT_EXPIRED: nobody answered in time.  Either may still be decided, for the
 * next try.  errors: STORE_DECIDED: an answer was faster */
MUST_CHECK enum store_err store_end(struct store *store, uint64_t id, enum audit_event how, uint64_t at_ms);

/* One request that goes by a yes. */
struct store_pass {
    uint64_t id;          /* of the proposal */
    enum audit_event how; /* AUDIT_RELEASED: it waited; AUDIT_USED: it did not have to, what it carries is remembered */
    uint64_t request;     /* its number in the logs */
    struct span method, host, path; /* method, path: empty where they are withheld */
    uint8_t digest[DIGEST_BYTES];   /* zeros where it was not asked for */
};

/* A row each, or none; STORE_BATCH at most.
 * errors: STORE_REFUSED: there is no yes to one of them, or it was forgotten */
MUST_CHECK enum store_err store_pass(struct store *store, const struct store_pass *passes, size_t count,
                                     uint64_t at_ms);

/* decision: NULL where it is taken back (AUDIT_FORGOTTEN), or where its bytes are not what a decision is, or its row is
 * not of the chain: that is a no. */
typedef void store_answer_fn(void *owner, uint64_t id, const struct decision *decision);

/* What was decided, or taken back, of this proxy's proposals behind row *since, in order; *since is then the last one
 * that was told.  It has moved: there may be more.  On a failure as well, for those that were told.  Costs no more than
 * a look while nobody has written. */
MUST_CHECK enum store_err store_answers(struct store *store, uint64_t *since, store_answer_fn *fn, void *owner);

/* To be called when nothing waits, and every few seconds: what gone proxies left open is abandoned, STORE_BATCH with a
 * call, and what is in the log goes into the file, which may take the disk some milliseconds. */
MUST_CHECK enum store_err store_rest(struct store *store, uint64_t at_ms);

/* --- an operator ---------------------------------------------------------------------------------------- */

/* The first one stands.  On STORE_DECIDED *stands_out is the one that does, its texts in the arena.
 * errors: STORE_REFUSED it is not whole or does not fit, STORE_ABANDONED, STORE_UNKNOWN, those of the file */
MUST_CHECK enum store_err store_decide(struct store *store, uint64_t id, const struct decision *decision,
                                       struct arena *arena, struct decision *stands_out);

/* Takes a decision back: its proxy asks again when it meets the value.  errors: STORE_REFUSED: there is nothing to take
 * back; STORE_ABANDONED, STORE_UNKNOWN, those of the file */
MUST_CHECK enum store_err store_forget(struct store *store, uint64_t id, struct span operator, uint64_t at_ms);

/* --- both ----------------------------------------------------------------------------------------------- */

/* decision: NULL where there is none. */
struct store_item {
    struct proposal proposal;
    const struct decision *decision;
    enum audit_event state;
    uint32_t waiting; /* requests, as was last said */
};
typedef void store_item_fn(void *owner, const struct store_item *item);

/* STORE_BATCH at most; go on from the last one's id.  What can't be read is left out, and STORE_CORRUPT is returned
 * behind the rest.  errors: STORE_UNKNOWN for STORE_ONE */
MUST_CHECK enum store_err store_list(struct store *store, enum store_view view, uint64_t from, store_item_fn *fn,
                                     void *owner);

typedef void store_row_fn(void *owner, const struct audit_row *row);

/* Rows above `after`, STORE_BATCH at most. */
MUST_CHECK enum store_err store_audit(struct store *store, uint64_t after, store_row_fn *fn, void *owner);

/* All of it, and whether the states are what the rows say.  *fault_out: AUDIT_SOUND or the first fault; set on STORE_OK
 * alone.  Not for the loop: some 100,000 rows a second. */
MUST_CHECK enum store_err store_audit_verify(struct store *store, struct audit_fault *fault_out);
