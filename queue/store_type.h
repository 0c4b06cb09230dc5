/* store_type.h — what an implementation of a store provides: a place for rows and states, no judgement; store.c is the
 * rest. */
#pragma once
#include "queue/store.h"
#include "reactor/base/buf.h"

/* One proposal and where it stands; lent. */
struct store_entry {
    uint64_t id, run, answer; /* answer: the number of its decision's row; 0: none */
    enum audit_event state;
    uint32_t waiting;
    struct span proposal, decision; /* payloads (payload.h); decision: empty until there is one */
};

/* Some of a run's proposals that wait: all, or as many as there is room for. */
struct store_left {
    uint64_t ids[STORE_BATCH];
    size_t count;
};

typedef void store_entry_fn(void *owner, const struct store_entry *entry);

struct store_type {
    /* From begin() to end() this store alone writes, and what it reads is of one moment.  end(): keep, or all was for
     * nothing; a keep that fails has kept nothing. */
    enum store_err (*begin)(struct store *store);
    enum store_err (*end)(struct store *store, bool keep);
    enum store_err (*freeze)(struct store *store, bool frozen); /* what is read is of one moment; others may write */

    enum store_err (*anchor)(struct store *store, struct audit_anchor *anchor_out);
    enum store_err (*set_anchor)(struct store *store, const struct audit_anchor *anchor);
    enum store_err (*add_row)(struct store *store, const struct audit_row *row);
    enum store_err (*add_entry)(struct store *store, uint64_t id); /* of this run, AUDIT_PROPOSED */
    /* answer: the row of the decision, or 0: as it was */
    enum store_err (*set_state)(struct store *store, uint64_t id, enum audit_event state, uint64_t answer);
    enum store_err (*set_waiting)(struct store *store, uint64_t id, uint32_t count);

    /* Each at most STORE_BATCH; STORE_REMEMBERED is all that are AUDIT_DECIDED.  STORE_CORRUPT: one of them
     * can't be read, and the others were told. */
    enum store_err (*entries)(struct store *store, enum store_view view, uint64_t from, store_entry_fn *fn,
                              void *owner);
    /* Rows above `after`: all, or what this run has to hear.  STORE_CORRUPT: one of them can't be read, and was told
     * without its MAC. */
    enum store_err (*rows)(struct store *store, bool heard_by_us, uint64_t after, store_row_fn *fn, void *owner);
    /* The run of some proposal that waits, behind `after` (0: the first there is); 0: no more. */
    enum store_err (*next_run)(struct store *store, uint64_t after, uint64_t *run_out);
    enum store_err (*left_by)(struct store *store, uint64_t run, struct store_left *left_out);
    bool (*lives)(struct store *store, uint64_t run);
    /* STORE_OK: the place is there; *changed_out: somebody has written since the last time. */
    enum store_err (*look)(struct store *store, bool *changed_out);

    void (*ring)(struct store *store, uint64_t run); /* there is something to hear */
    void (*log)(struct store *store, struct span line);
    enum store_err (*rest)(struct store *store);
    void (*free)(struct store *store);
};

/* The first member of an implementation's own. */
struct store {
    const struct store_type *type;
    uint64_t run; /* a random name of this proxy; 0: an operator's */
    uint8_t key[DIGEST_BYTES];
    bool unheard;     /* a look has said that there is something, which was not read yet */
    struct buf lines; /* for the log, once they are kept */
};

/* Where an implementation is open: what is wrong with its anchor, and what gone proxies left. */
MUST_CHECK enum store_err store_begin(struct store *store, uint64_t now_ms);
