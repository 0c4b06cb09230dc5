/* store_mem.c — a store in memory, for tests: what a process's stores share is a hall that they stand in. */
#include "queue/store_type.h"
#include "reactor/base/list.h"
#include "reactor/base/mem.h"

struct kept_entry {
    uint64_t id, run, answer;
    enum audit_event state;
    uint32_t waiting;
};

struct hall {
    struct audit_row *rows; /* row n is the (n-1)-th; bodies are owned */
    size_t row_count, row_room;
    struct kept_entry *entries;
    size_t entry_count, entry_room;
    struct audit_anchor anchor;
    struct list stores;
    uint64_t writes;
    bool taken; /* between begin() and end() */
    size_t rows_before, entries_before;
    struct audit_anchor anchor_before;
    uint8_t key[DIGEST_BYTES];
};

struct mem_store {
    struct store store;
    struct list node;
    struct hall *hall;
    struct store_mem_faults faults;
    uint64_t seen;
};

static struct mem_store *of(struct store *store) { return CONTAINER_OF(store, struct mem_store, store); }

/* What a full disk says to a writer a reader does not hear. */
#define FAULT(store)                                                                                                   \
    do {                                                                                                               \
        enum store_err fault_ = of(store)->faults.next;                                                                \
        if (fault_ != STORE_OK && fault_ != STORE_FULL && fault_ != STORE_READ_ONLY) return fault_;                    \
    } while (0)

/* Room for one more of what has that size. */
static void *grown(void *old, size_t count, size_t *room, size_t size)
{
    void *more;

    if (count < *room) return old;
    more = mem_new((*room * 2 + 16) * size);
    if (more == NULL) return NULL;
    if (count > 0) memcpy(more, old, count * size);
    mem_free(old);
    *room = *room * 2 + 16;
    return more;
}

static enum store_err hall_begin(struct store *store)
{
    struct hall *hall = of(store)->hall;

    if (of(store)->faults.next != STORE_OK) return of(store)->faults.next;
    if (hall->taken) return STORE_BUSY;
    hall->taken = true;
    hall->rows_before = hall->row_count;
    hall->entries_before = hall->entry_count;
    hall->anchor_before = hall->anchor;
    return STORE_OK;
}

/* States are set behind all that may fail, so there are none to be taken back. */
static enum store_err hall_end(struct store *store, bool kept)
{
    struct hall *hall = of(store)->hall;

    hall->taken = false;
    hall->writes++;
    if (kept) return STORE_OK;
    while (hall->row_count > hall->rows_before) mem_free((void *)(uintptr_t)hall->rows[--hall->row_count].body.at);
    hall->entry_count = hall->entries_before;
    hall->anchor = hall->anchor_before;
    return STORE_OK;
}

static enum store_err hall_freeze(struct store *store, bool frozen)
{
    (void)frozen;
    FAULT(store);
    return STORE_OK;
}

static enum store_err hall_anchor(struct store *store, struct audit_anchor *anchor_out)
{
    FAULT(store);
    *anchor_out = of(store)->hall->anchor;
    return STORE_OK;
}

static enum store_err hall_set_anchor(struct store *store, const struct audit_anchor *anchor)
{
    of(store)->hall->anchor = *anchor;
    return STORE_OK;
}

static enum store_err hall_add_row(struct store *store, const struct audit_row *row)
{
    struct hall *hall = of(store)->hall;
    struct audit_row *rows = grown(hall->rows, hall->row_count, &hall->row_room, sizeof *rows);
    char *body = rows != NULL ? mem_text(row->body) : NULL;

    if (rows != NULL) hall->rows = rows;
    if (body == NULL) return STORE_NOMEM;
    rows[hall->row_count] = *row;
    rows[hall->row_count++].body.at = (const uint8_t *)body;
    return STORE_OK;
}

static enum store_err hall_add_entry(struct store *store, uint64_t id)
{
    struct hall *hall = of(store)->hall;
    struct kept_entry *entries = grown(hall->entries, hall->entry_count, &hall->entry_room, sizeof *entries);

    if (entries == NULL) return STORE_NOMEM;
    hall->entries = entries;
    entries[hall->entry_count++] = (struct kept_entry){.id = id, .run = store->run, .waiting = 1};
    return STORE_OK;
}

static struct kept_entry *entry_of(const struct hall *hall, uint64_t id)
{
    for (size_t i = 0; i < hall->entry_count; i++)
        if (hall->entries[i].id == id) return &hall->entries[i];
    return NULL;
}

static enum store_err hall_set_state(struct store *store, uint64_t id, enum audit_event state, uint64_t answer)
{
    struct kept_entry *entry = entry_of(of(store)->hall, id);

    if (entry == NULL) return STORE_UNKNOWN;
    entry->state = state;
    if (answer != 0) entry->answer = answer;
    return STORE_OK;
}

static enum store_err hall_set_waiting(struct store *store, uint64_t id, uint32_t count)
{
    struct kept_entry *entry = entry_of(of(store)->hall, id);

    if (entry == NULL || entry->run != store->run || entry->state != AUDIT_PROPOSED) return STORE_UNKNOWN;
    entry->waiting = count;
    return STORE_OK;
}

static bool is_in_view(const struct kept_entry *entry, enum store_view view, uint64_t from)
{
    switch (view) {
    case STORE_OPEN: return entry->state == AUDIT_PROPOSED && entry->id > from;
    case STORE_REMEMBERED: return entry->state == AUDIT_DECIDED && entry->id > from;
    case STORE_HISTORY: return from == 0 || entry->id < from;
    case STORE_ONE: return entry->id == from;
    case STORE_VIEW_COUNT: break;
    }
    return false;
}

static enum store_err hall_entries(struct store *store, enum store_view view, uint64_t from, store_entry_fn *fn,
                                   void *owner)
{
    const struct hall *hall = of(store)->hall;
    size_t told = 0;

    FAULT(store);
    for (size_t i = 0; i < hall->entry_count && told < STORE_BATCH; i++) {
        const struct kept_entry *kept = &hall->entries[view == STORE_HISTORY ? hall->entry_count - 1 - i : i];
        if (!is_in_view(kept, view, from)) continue;
        struct store_entry entry = {.id = kept->id, .run = kept->run, .state = kept->state, .waiting = kept->waiting};
        entry.proposal = hall->rows[kept->id - 1].body;
        entry.answer = kept->answer;
        if (kept->answer != 0) entry.decision = hall->rows[kept->answer - 1].body;
        fn(owner, &entry);
        told++;
    }
    return STORE_OK;
}

static enum store_err hall_rows(struct store *store, bool heard_by_us, uint64_t after, store_row_fn *fn, void *owner)
{
    const struct hall *hall = of(store)->hall;
    size_t told = 0;

    FAULT(store);
    for (size_t i = after; i < hall->row_count && told < STORE_BATCH; i++) {
        const struct audit_row *row = &hall->rows[i];
        bool is_news = row->event == AUDIT_DECIDED || row->event == AUDIT_FORGOTTEN;
        if (heard_by_us && (!is_news || row->run != store->run)) continue;
        fn(owner, row);
        told++;
    }
    return STORE_OK;
}

static enum store_err hall_next_run(struct store *store, uint64_t after, uint64_t *run_out)
{
    const struct hall *hall = of(store)->hall;

    FAULT(store);
    *run_out = 0;
    for (size_t i = 0; i < hall->entry_count; i++) {
        const struct kept_entry *entry = &hall->entries[i];
        if (entry->state != AUDIT_PROPOSED || entry->run <= after) continue;
        if (*run_out == 0 || entry->run < *run_out) *run_out = entry->run;
    }
    return STORE_OK;
}

static enum store_err hall_left_by(struct store *store, uint64_t run, struct store_left *left_out)
{
    const struct hall *hall = of(store)->hall;

    FAULT(store);
    left_out->count = 0;
    for (size_t i = 0; i < hall->entry_count && left_out->count < STORE_BATCH; i++) {
        const struct kept_entry *entry = &hall->entries[i];
        if (entry->state == AUDIT_PROPOSED && entry->run == run) left_out->ids[left_out->count++] = entry->id;
    }
    return STORE_OK;
}

static bool hall_lives(struct store *store, uint64_t run)
{
    LIST_EACH (&of(store)->hall->stores, node)
        if (LIST_ENTRY(node, struct mem_store, node)->store.run == run) return true;
    return false;
}

static enum store_err hall_look(struct store *store, bool *changed_out)
{
    struct mem_store *mem = of(store);

    FAULT(store);
    *changed_out = mem->seen != mem->hall->writes;
    mem->seen = mem->hall->writes;
    return STORE_OK;
}

static void hall_ring(struct store *store, uint64_t run) { (void)store, (void)run; }
static void hall_log(struct store *store, struct span line) { (void)store, (void)line; }

static enum store_err hall_rest(struct store *store)
{
    FAULT(store);
    return STORE_OK;
}

static void hall_free(struct store *store)
{
    struct mem_store *mem = of(store);
    struct hall *hall = mem->hall;

    list_remove(&mem->node);
    mem_free(mem);
    if (!list_empty(&hall->stores)) return;
    for (size_t i = 0; i < hall->row_count; i++) mem_free((void *)(uintptr_t)hall->rows[i].body.at);
    mem_free(hall->rows);
    mem_free(hall->entries);
    mem_free(hall);
}

static const struct store_type mem_type = {
    hall_begin,     hall_end,         hall_freeze,  hall_anchor, hall_set_anchor, hall_add_row, hall_add_entry,
    hall_set_state, hall_set_waiting, hall_entries, hall_rows,   hall_next_run,   hall_left_by, hall_lives,
    hall_look,      hall_ring,        hall_log,     hall_rest,   hall_free};

static struct hall *hall_new(void)
{
    struct hall *hall = mem_new(sizeof *hall);

    if (hall == NULL) return NULL;
    list_init(&hall->stores);
    digest_random(hall->key, sizeof hall->key);
    if (audit_seal((struct span){hall->key, sizeof hall->key}, &hall->anchor) == ERR_OK) return hall;
    mem_free(hall);
    return NULL;
}

enum store_err store_mem_new(struct store *shared, uint64_t run, struct store **store_out)
{
    struct mem_store *mem = mem_new(sizeof *mem);
    struct hall *hall = shared != NULL ? of(shared)->hall : hall_new();
    enum store_err err;

    if (mem == NULL || hall == NULL) {
        mem_free(mem);
        if (shared == NULL) mem_free(hall);
        return STORE_NOMEM;
    }
    mem->store.type = &mem_type;
    mem->store.run = run;
    mem->hall = hall;
    memcpy(mem->store.key, hall->key, sizeof hall->key);
    list_push(&hall->stores, &mem->node);
    err = store_begin(&mem->store, 0);
    if (err == STORE_OK)
        *store_out = &mem->store;
    else
        store_free(&(struct store *){&mem->store});
    return err;
}

struct store_mem_faults *store_mem_faults(struct store *store) { return &of(store)->faults; }
