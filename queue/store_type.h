/* store_type.h — what an implementation of a store provides: bytes and states, no judgement; store.c is the rest. */
#pragma once
#include "queue/store.h"

/* One proposal and where it stands; lent. */
struct store_entry {
    uint64_t id, created_ms, decided_ms, run;
    enum audit_event state;
    uint32_t waiting;
    struct span proposal, decision; /* payloads (payload.h); decision: empty until there is one */
};

typedef void store_entry_fn(void *owner, const struct store_entry *entry);

struct store_type {
    /* Writes the rows and what follows from them, or nothing.  Of a row its run, number and MAC are the store's to fill
     * in; its proposal is 0 for AUDIT_PROPOSED. */
    enum store_err (*append)(struct store *store, struct audit_row *rows, size_t count);
    enum store_err (*set_waiting)(struct store *store, uint64_t id, uint32_t count);
    /* Each at most STORE_BATCH. */
    enum store_err (*entries)(struct store *store, enum store_view view, uint64_t from, store_entry_fn *fn,
                              void *owner);
    /* Rows above `after`, all or the answers to this run alone; before_out is the MAC of the row in front of each. */
    enum store_err (*rows)(struct store *store, bool answers, uint64_t after, store_row_fn *fn, void *owner);
    enum store_err (*anchor)(struct store *store, struct audit_anchor *anchor_out);
    enum store_err (*rest)(struct store *store, uint64_t at_ms);
    enum store_err (*freeze)(struct store *store, bool frozen); /* readers see one moment until it thaws */
    void (*free)(struct store *store);
};

/* The first member of an implementation's own. */
struct store {
    const struct store_type *type;
    uint64_t run; /* a random name of this proxy; 0: an operator's */
    uint8_t key[DIGEST_BYTES];
};
