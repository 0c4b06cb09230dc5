/* verify.c — is the audit whole?  Every row in its place and by our hand, up to the anchor, and the states what it
 * says. */
#include "queue/store_type.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

#define UNKNOWN 0xff /* no proposal has this number */

struct reading {
    struct store *store;
    uint8_t *states; /* by number */
    uint64_t count;  /* of them */
    struct audit_fault fault;
};

static void fail(struct reading *r, enum audit_fault_kind kind, uint64_t number)
{
    if (r->fault.kind == AUDIT_SOUND) r->fault = (struct audit_fault){kind, number, r->fault.last};
}

static void take_state(struct reading *r, const struct audit_row *row)
{
    enum audit_event state;

    if (row->event == AUDIT_PROPOSED)
        r->states[row->number] = AUDIT_PROPOSED;
    else if (row->proposal >= row->number || r->states[row->proposal] == UNKNOWN ||
             audit_step((enum audit_event)r->states[row->proposal], row->event, &state) != ERR_OK)
        fail(r, AUDIT_STATE, row->proposal);
    else
        r->states[row->proposal] = (uint8_t)state;
}

static void on_row(void *owner, const struct audit_row *row)
{
    struct reading *r = owner;
    struct span key = {r->store->key, sizeof r->store->key};

    if (r->fault.kind != AUDIT_SOUND) return;
    if (row->number != r->fault.last.number + 1 || row->number >= r->count)
        fail(r, row->number >= r->count ? AUDIT_CHANGED : AUDIT_GAP, row->number);
    else if (!mem_same(row->before, r->fault.last.mac, DIGEST_BYTES) || audit_check_row(key, row) != ERR_OK)
        fail(r, AUDIT_CHANGED, row->number);
    else {
        take_state(r, row);
        r->fault.last.number = row->number;
        memcpy(r->fault.last.mac, row->mac, DIGEST_BYTES);
    }
}

static void on_entry(void *owner, const struct store_entry *entry)
{
    struct reading *r = owner;

    if (entry->id >= r->count || r->states[entry->id] != entry->state) fail(r, AUDIT_STATE, entry->id);
    if (entry->id < r->count) r->states[entry->id] = UNKNOWN; /* seen */
    r->fault.number = r->fault.kind == AUDIT_SOUND ? entry->id : r->fault.number;
}

static enum store_err read_rows(struct reading *r)
{
    uint64_t before;

    do {
        before = r->fault.last.number;
        STORE_TRY(r->store->type->rows(r->store, false, before, on_row, r));
    } while (r->fault.last.number != before && r->fault.kind == AUDIT_SOUND);
    return STORE_OK;
}

static enum store_err read_states(struct reading *r)
{
    uint64_t from = 0, before;

    do {
        before = from;
        STORE_TRY(r->store->type->entries(r->store, STORE_HISTORY, from, on_entry, r));
        from = r->fault.number;
    } while (from != before && r->fault.kind == AUDIT_SOUND);
    for (uint64_t id = 0; id < r->count && r->fault.kind == AUDIT_SOUND; id++)
        if (r->states[id] != UNKNOWN) fail(r, AUDIT_STATE, id);
    return STORE_OK;
}

static enum store_err read_all(struct reading *r)
{
    struct audit_anchor anchor;

    STORE_TRY(r->store->type->anchor(r->store, &anchor));
    if (audit_check_anchor((struct span){r->store->key, DIGEST_BYTES}, &anchor) != ERR_OK) {
        fail(r, AUDIT_UNSEALED, anchor.number);
        return STORE_OK;
    }
    if (anchor.number >= SIZE_MAX - 1) return STORE_CORRUPT;
    r->count = anchor.number + 1;
    r->states = mem_new(r->count);
    if (r->states == NULL) return STORE_NOMEM;
    memset(r->states, UNKNOWN, r->count);
    STORE_TRY(read_rows(r));
    if (r->fault.last.number != anchor.number || !mem_same(r->fault.last.mac, anchor.mac, DIGEST_BYTES))
        fail(r, AUDIT_CUT, r->fault.last.number);
    if (r->fault.kind != AUDIT_SOUND) return STORE_OK;
    return read_states(r);
}

enum store_err store_audit_verify(struct store *store, struct audit_fault *fault_out)
{
    struct reading r = {.store = store};
    enum store_err err;

    STORE_TRY(store->type->freeze(store, true));
    err = read_all(&r);
    mem_free(r.states);
    enum store_err thawed = store->type->freeze(store, false);
    if (err == STORE_OK) err = thawed;
    if (err == STORE_OK) *fault_out = r.fault;
    return err;
}
