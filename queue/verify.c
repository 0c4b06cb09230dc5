/* verify.c — is the audit whole?  Every row in its place and by our hand, up to the anchor, and the states what it
 * says. */
#include "queue/store_type.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

/* Where a proposal stands by what the rows say. */
struct standing {
    uint64_t run, answer;
    enum audit_event state;
    bool is_there; /* it was proposed, and its entry was not met yet */
};

struct reading {
    struct store *store;
    struct standing *standings; /* by number */
    uint64_t count;             /* of them */
    uint64_t last_entry;
    struct audit_fault fault;
};

static void fail(struct reading *r, enum audit_fault_kind kind, uint64_t number)
{
    if (r->fault.kind == AUDIT_SOUND) r->fault = (struct audit_fault){kind, number, r->fault.last};
}

static void take_state(struct reading *r, const struct audit_row *row)
{
    struct standing *s = row->proposal <= row->number ? &r->standings[row->proposal] : NULL;

    if (row->event == AUDIT_PROPOSED)
        r->standings[row->number] = (struct standing){.run = row->run, .is_there = true};
    else if (s == NULL || !s->is_there || audit_step(s->state, row->event, &s->state) != ERR_OK)
        fail(r, AUDIT_STATE, row->proposal);
    else if (row->event == AUDIT_DECIDED)
        s->answer = row->number;
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
    struct standing *s = entry->id < r->count ? &r->standings[entry->id] : NULL;

    r->last_entry = entry->id;
    if (s == NULL || !s->is_there || s->state != entry->state || s->run != entry->run || s->answer != entry->answer)
        fail(r, AUDIT_STATE, entry->id);
    else
        s->is_there = false;
}

static enum store_err read_rows(struct reading *r)
{
    enum store_err err;
    uint64_t before;

    do {
        before = r->fault.last.number;
        err = r->store->type->rows(r->store, false, before, on_row, r);
        if (err == STORE_CORRUPT)
            fail(r, AUDIT_CHANGED, r->fault.last.number + 1); /* its page, where it was not told */
        else if (err != STORE_OK)
            return err;
    } while (r->fault.last.number != before && r->fault.kind == AUDIT_SOUND);
    return STORE_OK;
}

/* An entry that can't be read is not met. */
static enum store_err read_states(struct reading *r)
{
    enum store_err err;
    uint64_t before;

    do {
        before = r->last_entry;
        err = r->store->type->entries(r->store, STORE_HISTORY, before, on_entry, r);
        if (err != STORE_OK && err != STORE_CORRUPT) return err;
    } while (r->last_entry != before && r->fault.kind == AUDIT_SOUND);
    for (uint64_t id = 0; id < r->count && r->fault.kind == AUDIT_SOUND; id++)
        if (r->standings[id].is_there) fail(r, AUDIT_STATE, id);
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
    if (anchor.number >= STORE_BYTES_MAX) return STORE_CORRUPT; /* a row has more than a byte */
    r->count = anchor.number + 1;
    r->standings = mem_new(r->count * sizeof *r->standings);
    if (r->standings == NULL) return STORE_NOMEM;
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
    mem_free(r.standings);
    enum store_err thawed = store->type->freeze(store, false);
    if (err == STORE_OK) err = thawed;
    if (err == STORE_OK) *fault_out = r.fault;
    return err;
}
