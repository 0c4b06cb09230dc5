/* store.c — the judgement over any store: what may follow what, who answers first, and the chain of it all. */
#include "queue/payload.h"
#include "queue/store_type.h"
#include "reactor/base/json.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

#define NAME_(id, meaning)    [id] = #id,
#define MEANING_(id, meaning) [id] = meaning,
static const char *const names[STORE_ERR_COUNT] = {STORE_ERR_LIST(NAME_)};
static const char *const meanings[STORE_ERR_COUNT] = {STORE_ERR_LIST(MEANING_)};

const char *store_err_name(enum store_err err) { return names[err]; }
const char *store_err_meaning(enum store_err err) { return meanings[err]; }

/* What a person may do about it. */
static const char *const remedies[STORE_ERR_COUNT] = {
    [STORE_BUSY] = " (fuser -v says which one it is)",
    [STORE_FOREIGN] = "; move the file away, and a new queue is made",
    [STORE_NEWER] = "; use the newer program, or move the folder away",
    [STORE_CORRUPT] = "; what can be read is in audit.jsonl beside it; move the folder away, and a new queue is made",
    [STORE_FORGED] = "; put audit.key back, or move the folder away, and a new queue is made",
    [STORE_READ_ONLY] = "; it, its folder or its disk is read-only",
    [STORE_FULL] = "; make room, or move the folder away, and a new queue is made",
    [STORE_IO] = "; SQLite can't open a path of more than 500 bytes, or without a free descriptor",
    [STORE_DENIED] = "; it must be this user's alone: chmod -R go= on the folder, and chown it",
};

const char *store_err_remedy(enum store_err err) { return remedies[err] != NULL ? remedies[err] : ""; }

void store_free(struct store **held)
{
    struct store *store = MOVE(*held);

    if (store == NULL) return;
    buf_clear(&store->lines);
    mem_wipe(store->key, sizeof store->key);
    store->type->free(store);
}

/* --- rows, chained --------------------------------------------------------------------------------------------- */

static struct span key_of(const struct store *store) { return (struct span){store->key, sizeof store->key}; }

static enum store_err of_err(enum err err)
{
    if (err == ERR_OK) return STORE_OK;
    return err == ERR_TRUST ? STORE_FORGED : STORE_NOMEM;
}

/* Kept until the row is; a line that does not fit in memory is missing in the log, not in the queue. */
static void note_line(struct store *store, const struct audit_row *row)
{
    size_t before = buf_len(&store->lines);
    struct json json = json_begin(&store->lines);

    audit_json(&json, row);
    if (json.err != ERR_OK || buf_add(&store->lines, SPAN_LIT("\n")) != ERR_OK) buf_cut(&store->lines, before);
}

static enum store_err add_row(struct store *store, struct audit_row *row)
{
    struct audit_anchor anchor;

    STORE_TRY(store->type->anchor(store, &anchor));
    STORE_TRY(of_err(audit_chain(key_of(store), row, &anchor)));
    STORE_TRY(store->type->add_row(store, row));
    STORE_TRY(store->type->set_anchor(store, &anchor));
    note_line(store, row);
    return STORE_OK;
}

static enum store_err end(struct store *store, enum store_err err)
{
    enum store_err ended = store->type->end(store, err == STORE_OK);

    if (err == STORE_OK) err = ended;
    if (err == STORE_OK && buf_len(&store->lines) > 0) store->type->log(store, buf_span(&store->lines));
    buf_clear(&store->lines);
    return err;
}

/* --- one proposal ---------------------------------------------------------------------------------------------- */

/* What of it is needed, copied: an entry is lent. */
struct found {
    bool is_there;
    uint64_t run;
    enum audit_event state;
    struct buf proposal, decision;
    enum err err;
};

static void on_found(void *owner, const struct store_entry *entry)
{
    struct found *found = owner;

    found->is_there = true;
    found->run = entry->run;
    found->state = entry->state;
    found->err = buf_add(&found->proposal, entry->proposal);
    if (found->err == ERR_OK) found->err = buf_add(&found->decision, entry->decision);
}

static void found_end(struct found *found)
{
    buf_clear(&found->proposal);
    buf_clear(&found->decision);
}

static enum store_err find(struct store *store, uint64_t id, struct found *found)
{
    *found = (struct found){.err = ERR_OK};
    STORE_TRY(store->type->entries(store, STORE_ONE, id, on_found, found));
    if (!found->is_there) return STORE_UNKNOWN;
    return of_err(found->err);
}

/* The row, and the state it leads to. */
static enum store_err step(struct store *store, const struct found *found, struct audit_row *row)
{
    enum audit_event state;

    if (audit_step(found->state, row->event, &state) != ERR_OK) return STORE_REFUSED;
    row->run = found->run;
    STORE_TRY(add_row(store, row));
    if (state == found->state) return STORE_OK;
    return store->type->set_state(store, row->proposal, state, row->event == AUDIT_DECIDED ? row->number : 0);
}

/* --- a proxy --------------------------------------------------------------------------------------------------- */

static enum store_err propose(struct store *store, const struct proposal *proposal, struct span body, uint64_t *id_out)
{
    struct audit_row row = {.at_ms = proposal->created_ms, .run = store->run, .event = AUDIT_PROPOSED, .body = body};

    STORE_TRY(add_row(store, &row));
    STORE_TRY(store->type->add_entry(store, row.number));
    *id_out = row.number;
    return STORE_OK;
}

enum store_err store_propose(struct store *store, const struct proposal *proposal, uint64_t *id_out)
{
    struct buf body = {0};
    enum store_err err;
    uint64_t id = 0;

    if (store->run == 0 || proposal->bottle.len == 0 || proposal->host.len == 0) return STORE_REFUSED;
    if (payload_put_proposal(&body, proposal) != ERR_OK) return STORE_NOMEM;
    err = store->type->begin(store);
    if (err == STORE_OK) err = end(store, propose(store, proposal, buf_span(&body), &id));
    buf_clear(&body);
    if (err == STORE_OK) *id_out = id;
    return err;
}

enum store_err store_set_waiting(struct store *store, uint64_t id, uint32_t count)
{
    STORE_TRY(store->type->begin(store));
    return end(store, store->type->set_waiting(store, id, count));
}

static enum store_err end_one(struct store *store, uint64_t id, enum audit_event how, uint64_t at_ms)
{
    struct audit_row row = {.at_ms = at_ms, .proposal = id, .event = how};
    struct found found;
    enum store_err err = find(store, id, &found);

    if (err == STORE_OK && found.run != store->run) err = STORE_UNKNOWN;
    if (err == STORE_OK && found.state == AUDIT_DECIDED) err = STORE_DECIDED;
    if (err == STORE_OK) err = step(store, &found, &row);
    found_end(&found);
    return err;
}

enum store_err store_end(struct store *store, uint64_t id, enum audit_event how, uint64_t at_ms)
{
    STORE_TRY(store->type->begin(store));
    return end(store, end_one(store, id, how, at_ms));
}

static bool is_yes(const struct found *found)
{
    struct decision decision;

    return found->state == AUDIT_DECIDED && payload_read_decision(buf_span(&found->decision), &decision) == ERR_OK &&
           decision.scope != SCOPE_NO;
}

static enum store_err pass_one(struct store *store, const struct store_pass *pass, uint64_t at_ms)
{
    struct audit_row row = {.at_ms = at_ms, .proposal = pass->id, .event = pass->how};
    struct buf body = {0};
    struct found found;
    enum store_err err = find(store, pass->id, &found);

    if (err == STORE_UNKNOWN || (err == STORE_OK && (found.run != store->run || !is_yes(&found)))) err = STORE_REFUSED;
    if (err == STORE_OK && payload_put_pass(&body, pass) != ERR_OK) err = STORE_NOMEM;
    row.body = buf_span(&body);
    if (err == STORE_OK) err = step(store, &found, &row);
    buf_clear(&body);
    found_end(&found);
    return err;
}

enum store_err store_pass(struct store *store, const struct store_pass *passes, size_t count, uint64_t at_ms)
{
    enum store_err err = STORE_OK;

    STORE_TRY(store->type->begin(store));
    for (size_t i = 0; i < count && err == STORE_OK; i++) err = pass_one(store, &passes[i], at_ms);
    return end(store, err);
}

struct hearing {
    struct store *store;
    uint64_t *since;
    store_answer_fn *fn;
    void *owner;
};

static void on_heard(void *owner, const struct audit_row *row)
{
    struct hearing *hearing = owner;
    struct decision decision;
    bool good = audit_check_row(key_of(hearing->store), row) == ERR_OK && row->event == AUDIT_DECIDED &&
                payload_read_decision(row->body, &decision) == ERR_OK;

    *hearing->since = row->number;
    hearing->fn(hearing->owner, row->proposal, good ? &decision : NULL);
}

enum store_err store_answers(struct store *store, uint64_t *since, store_answer_fn *fn, void *owner)
{
    struct hearing hearing = {store, since, fn, owner};
    uint64_t before = *since;
    bool changed;

    STORE_TRY(store->type->look(store, &changed));
    store->unheard = store->unheard || changed;
    if (!store->unheard) return STORE_OK;
    STORE_TRY(store->type->rows(store, true, *since, on_heard, &hearing));
    if (*since == before) store->unheard = false;
    return STORE_OK;
}

/* --- what gone proxies left ------------------------------------------------------------------------------------ */

static enum store_err abandon(struct store *store, uint64_t run, uint64_t at_ms)
{
    const struct found found = {.run = run, .state = AUDIT_PROPOSED};
    struct store_left left = {.count = 0};

    STORE_TRY(store->type->left_by(store, run, &left));
    for (size_t i = 0; i < left.count; i++) {
        struct audit_row row = {.at_ms = at_ms, .proposal = left.ids[i], .event = AUDIT_ABANDONED};
        STORE_TRY(step(store, &found, &row));
    }
    return STORE_OK;
}

/* Some of what one of them left. */
static enum store_err abandon_some(struct store *store, uint64_t at_ms, bool *more_out)
{
    uint64_t run = 0;

    *more_out = false;
    do {
        STORE_TRY(store->type->next_run(store, run, &run));
        if (run == 0) return STORE_OK;
    } while (run == store->run || store->type->lives(store, run));
    *more_out = true;
    STORE_TRY(store->type->begin(store));
    return end(store, abandon(store, run, at_ms));
}

enum store_err store_begin(struct store *store, uint64_t now_ms)
{
    struct audit_anchor anchor;
    bool more;

    store->unheard = true;
    STORE_TRY(store->type->anchor(store, &anchor));
    STORE_TRY(of_err(audit_check_anchor(key_of(store), &anchor)));
    do {
        STORE_TRY(abandon_some(store, now_ms, &more));
    } while (more);
    return STORE_OK;
}

enum store_err store_rest(struct store *store, uint64_t at_ms)
{
    bool more;

    STORE_TRY(abandon_some(store, at_ms, &more));
    return store->type->rest(store);
}

/* --- an operator ----------------------------------------------------------------------------------------------- */

static struct span keep(struct arena *arena, struct span text)
{
    struct span copy = arena_copy(arena, text);

    return copy.at != NULL ? copy : (struct span){0};
}

static enum store_err tell_standing(const struct found *found, struct arena *arena, struct decision *stands)
{
    if (payload_read_decision(buf_span(&found->decision), stands) != ERR_OK) return STORE_CORRUPT;
    stands->operator= keep(arena, stands->operator);
    stands->words = keep(arena, stands->words);
    stands->route_methods = keep(arena, stands->route_methods);
    stands->route_path = keep(arena, stands->route_path);
    return STORE_DECIDED;
}

static enum store_err judge(struct store *store, const struct found *found, const struct decision *decision,
                            struct arena *arena, struct decision *stands)
{
    struct proposal proposal;
    const char *why;

    if (found->state == AUDIT_DECIDED || found->state == AUDIT_FORGOTTEN) return tell_standing(found, arena, stands);
    if (found->state == AUDIT_ABANDONED || !store->type->lives(store, found->run)) return STORE_ABANDONED;
    if (payload_read_proposal(buf_span(&found->proposal), &proposal) != ERR_OK) return STORE_CORRUPT;
    return decision_fits(decision, &proposal, &why) == ERR_OK ? STORE_OK : STORE_REFUSED;
}

static enum store_err decide_one(struct store *store, uint64_t id, const struct decision *decision, uint64_t *run_out,
                                 struct arena *arena, struct decision *stands)
{
    struct audit_row row = {.at_ms = decision->at_ms, .proposal = id, .event = AUDIT_DECIDED};
    struct buf body = {0};
    struct found found;
    enum store_err err = find(store, id, &found);

    *run_out = found.run;
    if (err == STORE_OK) err = judge(store, &found, decision, arena, stands);
    if (err == STORE_OK && payload_put_decision(&body, decision) != ERR_OK) err = STORE_NOMEM;
    row.body = buf_span(&body);
    if (err == STORE_OK) err = step(store, &found, &row);
    buf_clear(&body);
    found_end(&found);
    return err;
}

enum store_err store_decide(struct store *store, uint64_t id, const struct decision *decision, struct arena *arena,
                            struct decision *stands_out)
{
    uint64_t run;

    STORE_TRY(store->type->begin(store));
    STORE_TRY(end(store, decide_one(store, id, decision, &run, arena, stands_out)));
    store->type->ring(store, run);
    return STORE_OK;
}

static enum store_err forget_one(struct store *store, uint64_t id, struct span operator, uint64_t at_ms,
                                 uint64_t *run_out)
{
    struct audit_row row = {.at_ms = at_ms, .proposal = id, .event = AUDIT_FORGOTTEN, .body = operator};
    struct found found;
    enum store_err err = find(store, id, &found);

    *run_out = found.run;
    if (err == STORE_OK && (found.state == AUDIT_ABANDONED || !store->type->lives(store, found.run)))
        err = STORE_ABANDONED;
    if (err == STORE_OK) err = step(store, &found, &row);
    found_end(&found);
    return err;
}

enum store_err store_forget(struct store *store, uint64_t id, struct span operator, uint64_t at_ms)
{
    uint64_t run;

    if (operator.len == 0 || operator.len> PROPOSAL_TEXT_MAX) return STORE_REFUSED;
    STORE_TRY(store->type->begin(store));
    STORE_TRY(end(store, forget_one(store, id, operator, at_ms, &run)));
    store->type->ring(store, run);
    return STORE_OK;
}

/* --- both ------------------------------------------------------------------------------------------------------ */

struct listing {
    struct store *store;
    enum store_view view;
    store_item_fn *fn;
    void *owner;
    uint64_t last, run; /* run: who was last asked whether it lives */
    size_t seen;
    bool told, damaged, lives;
};

/* Of those that are remembered: by a proxy that lives, for more than once. */
static bool is_remembered(struct listing *listing, const struct store_entry *entry, const struct decision *decision)
{
    if (decision == NULL || decision->scope == SCOPE_ONCE) return false;
    if (listing->run != entry->run) listing->lives = listing->store->type->lives(listing->store, entry->run);
    listing->run = entry->run;
    return listing->lives;
}

static void on_entry(void *owner, const struct store_entry *entry)
{
    struct listing *listing = owner;
    struct store_item item = {.state = entry->state, .waiting = entry->waiting};
    struct decision decision;

    listing->last = entry->id;
    listing->seen++;
    if (payload_read_proposal(entry->proposal, &item.proposal) != ERR_OK) {
        listing->damaged = true;
        return;
    }
    item.proposal.id = entry->id;
    if (entry->decision.len > 0 && payload_read_decision(entry->decision, &decision) == ERR_OK)
        item.decision = &decision;
    if (listing->view == STORE_REMEMBERED && !is_remembered(listing, entry, item.decision)) return;
    listing->told = true;
    listing->fn(listing->owner, &item);
}

enum store_err store_list(struct store *store, enum store_view view, uint64_t from, store_item_fn *fn, void *owner)
{
    struct listing listing = {.store = store, .view = view, .fn = fn, .owner = owner, .last = from};

    do {
        listing.seen = 0;
        STORE_TRY(store->type->entries(store, view, listing.last, on_entry, &listing));
    } while (view == STORE_REMEMBERED && !listing.told && listing.seen == STORE_BATCH);
    if (view == STORE_ONE && listing.seen == 0) return STORE_UNKNOWN;
    return listing.damaged ? STORE_CORRUPT : STORE_OK;
}

enum store_err store_audit(struct store *store, uint64_t after, store_row_fn *fn, void *owner)
{
    return store->type->rows(store, false, after, fn, owner);
}
