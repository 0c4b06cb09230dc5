/* store_sqlite.c — a store in a file of SQLite, shared by every process of this user.
 *
 * WAL: readers never wait, writers hear STORE_BUSY.  Nothing is checkpointed but in rest(), as that waits for the disk.
 * The file is never opened but through SQLite: closing another descriptor of it would drop SQLite's locks. */
#include <sys/stat.h>
#include <unistd.h>

#include "queue/store_sqlite.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/net/poke.h"

/* clang-format off */
#define ENTRY "SELECT p.id, p.run, p.state, p.waiting, p.answer, r.body, a.body FROM proposals p" \
              " LEFT JOIN rows r ON r.number = p.id" \
              " LEFT JOIN rows a ON a.number = p.answer AND a.proposal = p.id AND a.event = 1 "
#define ROW   "SELECT number, at, proposal, run, event, body, before, mac FROM rows "
#define STATEMENT_LIST(S)                                                                                              \
    S(BEGIN,       "BEGIN IMMEDIATE")                                                                                  \
    S(FREEZE,      "BEGIN")                                                                                            \
    S(COMMIT,      "COMMIT")                                                                                           \
    S(ROLLBACK,    "ROLLBACK")                                                                                         \
    S(ANCHOR,      "SELECT number, mac, seal FROM anchor")                                                             \
    S(SET_ANCHOR,  "UPDATE anchor SET number = ?1, mac = ?2, seal = ?3")                                               \
    S(ADD_ROW,     "INSERT INTO rows VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")                                          \
    S(ADD_ENTRY,   "INSERT INTO proposals VALUES(?1, ?2, 0, 1, 0)")                                                    \
    S(SET_STATE,   "UPDATE proposals SET state = ?2, answer = CASE ?3 WHEN 0 THEN answer ELSE ?3 END WHERE id = ?1")   \
    S(SET_WAITING, "UPDATE proposals SET waiting = ?2 WHERE id = ?1 AND run = ?3 AND state = 0")                       \
    S(LIST_OPEN,   ENTRY "WHERE p.state = 0 AND p.id > ?1 ORDER BY p.id LIMIT ?2")                                     \
    S(LIST_KEPT,   ENTRY "WHERE p.state = 1 AND p.id > ?1 ORDER BY p.id LIMIT ?2")                                     \
    S(LIST_ALL,    ENTRY "WHERE p.id < ?1 ORDER BY p.id DESC LIMIT ?2")                                                \
    S(LIST_ONE,    ENTRY "WHERE p.id = ?1 LIMIT ?2")                                                                   \
    S(ROWS,        ROW "WHERE number > ?1 ORDER BY number LIMIT ?2")                                                   \
    S(HEARD,       ROW "WHERE run = ?3 AND event IN (1, 5) AND number > ?1 ORDER BY number LIMIT ?2")                  \
    S(NEXT_RUN,    "SELECT run FROM proposals INDEXED BY asked WHERE state = 0 AND run > ?1 ORDER BY run LIMIT 1")     \
    S(LEFT_BY,     "SELECT id FROM proposals WHERE state = 0 AND run = ?1 LIMIT ?2")                                   \
    S(VERSION,     "PRAGMA data_version")
/* clang-format on */

#define SQL_(id, sql) [id] = sql,
static const char *const sqls[STATEMENT_COUNT] = {STATEMENT_LIST(SQL_)};

static struct sqlite_store *of(struct store *store) { return CONTAINER_OF(store, struct sqlite_store, store); }

/* SQLite has signed numbers; ours are random in all 64 bits, and come back as they went. */
static int64_t as_signed(uint64_t number) { return (int64_t)number; }

enum store_err sqlite_store_err(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return STORE_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return STORE_BUSY;
    case SQLITE_NOTADB: return STORE_FOREIGN;
    case SQLITE_CORRUPT:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
    case SQLITE_ERROR: /* a table or a column is not there */
    case SQLITE_SCHEMA: return STORE_CORRUPT;
    case SQLITE_FULL: return STORE_FULL;
    case SQLITE_READONLY: return code == SQLITE_READONLY_DBMOVED ? STORE_MISSING : STORE_READ_ONLY;
    case SQLITE_PERM:
    case SQLITE_AUTH: return STORE_DENIED;
    case SQLITE_NOMEM: return STORE_NOMEM;
    default: return STORE_IO;
    }
}

/* --- statements ------------------------------------------------------------------------------------------------ */

/* Prepared when first used. */
static enum store_err prepare(struct sqlite_store *s, enum statement id, sqlite3_stmt **out)
{
    *out = NULL;
    if (s->statements[id] == NULL) {
        int code = sqlite3_prepare_v3(s->db, sqls[id], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[id], NULL);
        if (code != SQLITE_OK) return sqlite_store_err(code);
    }
    *out = s->statements[id];
    return STORE_OK;
}

static void bind_number(sqlite3_stmt *statement, int at, uint64_t number)
{
    if (sqlite3_bind_int64(statement, at, as_signed(number)) != SQLITE_OK)
        return; /* it then steps with NULL: refused */
}

void sqlite_bind_bytes(sqlite3_stmt *statement, int at, struct span bytes)
{
    sqlite3_bind_blob(statement, at, bytes.at != NULL ? (const void *)bytes.at : "", (int)bytes.len, SQLITE_STATIC);
}

static uint64_t number_in(sqlite3_stmt *statement, int column)
{
    return (uint64_t)sqlite3_column_int64(statement, column);
}

static struct span bytes_in(sqlite3_stmt *statement, int column)
{
    const uint8_t *at = sqlite3_column_blob(statement, column);

    return (struct span){at, at != NULL ? (size_t)sqlite3_column_bytes(statement, column) : 0};
}

enum store_err sqlite_run(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);

    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return sqlite_store_err(code);
}

static enum store_err run_plain(struct sqlite_store *s, enum statement id)
{
    sqlite3_stmt *statement;

    STORE_TRY(prepare(s, id, &statement));
    return sqlite_run(statement);
}

typedef bool take_row_fn(void *owner, sqlite3_stmt *statement); /* false: it is not what we wrote; the others may be */

static enum store_err each_row(sqlite3_stmt *statement, take_row_fn *take, void *owner)
{
    int code;
    bool good = true;

    while ((code = sqlite3_step(statement)) == SQLITE_ROW) good = take(owner, statement) && good;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    STORE_TRY(sqlite_store_err(code));
    return good ? STORE_OK : STORE_CORRUPT;
}

/* --- transactions ---------------------------------------------------------------------------------------------- */

enum store_err sqlite_store_place(const struct sqlite_store *s)
{
    struct stat now;

    if (stat(s->path, &now) != 0 || now.st_ino != s->inode || now.st_dev != s->device) return STORE_MISSING;
    return STORE_OK;
}

static enum store_err file_begin(struct store *store)
{
    STORE_TRY(sqlite_store_place(of(store)));
    return run_plain(of(store), BEGIN);
}

static enum store_err file_end(struct store *store, bool keep)
{
    enum store_err err = keep ? run_plain(of(store), COMMIT) : STORE_OK;

    if (keep && err == STORE_OK) return STORE_OK;
    if (!sqlite3_get_autocommit(of(store)->db) && run_plain(of(store), ROLLBACK) != STORE_OK) return STORE_IO;
    return err;
}

static enum store_err file_freeze(struct store *store, bool frozen)
{
    if (frozen) STORE_TRY(sqlite_store_place(of(store)));
    return run_plain(of(store), frozen ? FREEZE : COMMIT);
}

/* --- the anchor and the rows ----------------------------------------------------------------------------------- */

static bool take_digest(sqlite3_stmt *statement, int column, uint8_t out[DIGEST_BYTES])
{
    struct span bytes = bytes_in(statement, column);

    if (bytes.len != DIGEST_BYTES) return false;
    memcpy(out, bytes.at, DIGEST_BYTES);
    return true;
}

struct anchor_read {
    struct audit_anchor anchor;
    bool found;
};

static bool take_anchor(void *owner, sqlite3_stmt *statement)
{
    struct anchor_read *read = owner;

    read->anchor.number = number_in(statement, 0);
    read->found = take_digest(statement, 1, read->anchor.mac) && take_digest(statement, 2, read->anchor.seal);
    return read->found;
}

static enum store_err file_anchor(struct store *store, struct audit_anchor *anchor_out)
{
    struct anchor_read read = {.found = false};
    sqlite3_stmt *statement;

    STORE_TRY(prepare(of(store), ANCHOR, &statement));
    STORE_TRY(each_row(statement, take_anchor, &read));
    *anchor_out = read.anchor;
    return read.found ? STORE_OK : STORE_CORRUPT;
}

#define BYTES(array) ((struct span){(array), sizeof(array)})

static enum store_err file_set_anchor(struct store *store, const struct audit_anchor *anchor)
{
    sqlite3_stmt *statement;

    STORE_TRY(prepare(of(store), SET_ANCHOR, &statement));
    bind_number(statement, 1, anchor->number);
    sqlite_bind_bytes(statement, 2, BYTES(anchor->mac));
    sqlite_bind_bytes(statement, 3, BYTES(anchor->seal));
    return sqlite_run(statement);
}

static enum store_err file_add_row(struct store *store, const struct audit_row *row)
{
    sqlite3_stmt *statement;

    STORE_TRY(prepare(of(store), ADD_ROW, &statement));
    bind_number(statement, 1, row->number);
    bind_number(statement, 2, row->at_ms);
    bind_number(statement, 3, row->proposal);
    bind_number(statement, 4, row->run);
    bind_number(statement, 5, row->event);
    sqlite_bind_bytes(statement, 6, row->body);
    sqlite_bind_bytes(statement, 7, BYTES(row->before));
    sqlite_bind_bytes(statement, 8, BYTES(row->mac));
    return sqlite_run(statement);
}

struct reading {
    void *fn, *owner;
};

static bool take_row(void *owner, sqlite3_stmt *statement)
{
    struct reading *reading = owner;
    struct audit_row row = {.number = number_in(statement, 0),
                            .at_ms = number_in(statement, 1),
                            .proposal = number_in(statement, 2),
                            .run = number_in(statement, 3),
                            .event = (enum audit_event)number_in(statement, 4),
                            .body = bytes_in(statement, 5)};
    bool good = number_in(statement, 4) < AUDIT_EVENT_COUNT && take_digest(statement, 6, row.before) &&
                take_digest(statement, 7, row.mac);

    if (!good) {
        row.event = AUDIT_PROPOSED; /* some event: without its MAC it is no row of ours */
        memset(row.mac, 0, sizeof row.mac);
    }
    ((store_row_fn *)reading->fn)(reading->owner, &row);
    return good;
}

static enum store_err file_rows(struct store *store, bool heard_by_us, uint64_t after, store_row_fn *fn, void *owner)
{
    struct reading reading = {(void *)fn, owner};
    sqlite3_stmt *statement;

    STORE_TRY(sqlite_store_place(of(store)));
    STORE_TRY(prepare(of(store), heard_by_us ? HEARD : ROWS, &statement));
    bind_number(statement, 1, after);
    bind_number(statement, 2, STORE_BATCH);
    if (heard_by_us) bind_number(statement, 3, store->run);
    return each_row(statement, take_row, &reading);
}

/* --- proposals ------------------------------------------------------------------------------------------------- */

static enum store_err file_add_entry(struct store *store, uint64_t id)
{
    sqlite3_stmt *statement;

    STORE_TRY(prepare(of(store), ADD_ENTRY, &statement));
    bind_number(statement, 1, id);
    bind_number(statement, 2, store->run);
    return sqlite_run(statement);
}

static enum store_err file_set_state(struct store *store, uint64_t id, enum audit_event state, uint64_t answer)
{
    sqlite3_stmt *statement;

    STORE_TRY(prepare(of(store), SET_STATE, &statement));
    bind_number(statement, 1, id);
    bind_number(statement, 2, state);
    bind_number(statement, 3, answer);
    STORE_TRY(sqlite_run(statement));
    return sqlite3_changes(of(store)->db) == 1 ? STORE_OK : STORE_UNKNOWN;
}

static enum store_err file_set_waiting(struct store *store, uint64_t id, uint32_t count)
{
    sqlite3_stmt *statement;

    STORE_TRY(prepare(of(store), SET_WAITING, &statement));
    bind_number(statement, 1, id);
    bind_number(statement, 2, count);
    bind_number(statement, 3, store->run);
    STORE_TRY(sqlite_run(statement));
    return sqlite3_changes(of(store)->db) == 1 ? STORE_OK : STORE_UNKNOWN;
}

static bool take_entry(void *owner, sqlite3_stmt *statement)
{
    struct reading *reading = owner;
    struct store_entry entry = {.id = number_in(statement, 0),
                                .run = number_in(statement, 1),
                                .state = (enum audit_event)number_in(statement, 2),
                                .waiting = (uint32_t)number_in(statement, 3),
                                .answer = number_in(statement, 4),
                                .proposal = bytes_in(statement, 5),
                                .decision = bytes_in(statement, 6)};

    if (number_in(statement, 2) >= AUDIT_EVENT_COUNT) return false;
    ((store_entry_fn *)reading->fn)(reading->owner, &entry);
    return true;
}

static enum store_err file_entries(struct store *store, enum store_view view, uint64_t from, store_entry_fn *fn,
                                   void *owner)
{
    static const enum statement statements[STORE_VIEW_COUNT] = {
        [STORE_OPEN] = LIST_OPEN, [STORE_REMEMBERED] = LIST_KEPT, [STORE_HISTORY] = LIST_ALL, [STORE_ONE] = LIST_ONE};
    struct reading reading = {(void *)fn, owner};
    sqlite3_stmt *statement;

    STORE_TRY(sqlite_store_place(of(store)));
    STORE_TRY(prepare(of(store), statements[view], &statement));
    bind_number(statement, 1, view == STORE_HISTORY && from == 0 ? INT64_MAX : from);
    bind_number(statement, 2, STORE_BATCH);
    return each_row(statement, take_entry, &reading);
}

static bool take_number(void *owner, sqlite3_stmt *statement)
{
    *(uint64_t *)owner = number_in(statement, 0);
    return true;
}

enum store_err sqlite_run_number(sqlite3_stmt *statement, uint64_t *number_out)
{
    return each_row(statement, take_number, number_out);
}

static enum store_err file_next_run(struct store *store, uint64_t after, uint64_t *run_out)
{
    sqlite3_stmt *statement;

    *run_out = 0;
    STORE_TRY(prepare(of(store), NEXT_RUN, &statement));
    bind_number(statement, 1, after == 0 ? (uint64_t)INT64_MIN : after); /* none is 0, and half are negative */
    return sqlite_run_number(statement, run_out);
}

static bool take_left(void *owner, sqlite3_stmt *statement)
{
    struct store_left *left = owner;

    left->ids[left->count++] = number_in(statement, 0);
    return true;
}

static enum store_err file_left_by(struct store *store, uint64_t run, struct store_left *left_out)
{
    sqlite3_stmt *statement;

    STORE_TRY(prepare(of(store), LEFT_BY, &statement));
    bind_number(statement, 1, run);
    bind_number(statement, 2, STORE_BATCH);
    left_out->count = 0;
    return each_row(statement, take_left, left_out);
}

/* --- who else is there ----------------------------------------------------------------------------------------- */

static bool file_lives(struct store *store, uint64_t id)
{
    return id != 0 && (id == store->run || poke_lives(of(store)->folder, id));
}

static enum store_err file_look(struct store *store, bool *changed_out)
{
    struct sqlite_store *s = of(store);
    sqlite3_stmt *statement;
    uint64_t version = 0;

    STORE_TRY(sqlite_store_place(s));
    STORE_TRY(prepare(s, VERSION, &statement));
    STORE_TRY(sqlite_run_number(statement, &version));
    *changed_out = as_signed(version) != s->seen;
    s->seen = as_signed(version);
    return STORE_OK;
}

static void file_ring(struct store *store, uint64_t id)
{
    if (poke_ring(of(store)->folder, id) != ERR_OK) return; /* it looks by itself, if it is there */
}

static void file_log(struct store *store, struct span lines)
{
    if (write(of(store)->log_fd, lines.at, lines.len) < 0) return; /* a copy, for whoever ships logs */
}

static enum store_err file_rest(struct store *store)
{
    int code = sqlite3_wal_checkpoint_v2(of(store)->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

    STORE_TRY(sqlite_store_place(of(store)));
    return sqlite_store_err(code);
}

static void file_free(struct store *store)
{
    struct sqlite_store *s = of(store);

    for (size_t i = 0; i < STATEMENT_COUNT; i++) sqlite3_finalize(s->statements[i]);
    sqlite3_close(s->db);
    if (s->log_fd >= 0) close(s->log_fd);
    mem_free(s->folder);
    mem_free(s->path);
    mem_free(s);
}

const struct store_type sqlite_store_type = {
    file_begin,     file_end,         file_freeze,  file_anchor, file_set_anchor, file_add_row, file_add_entry,
    file_set_state, file_set_waiting, file_entries, file_rows,   file_next_run,   file_left_by, file_lives,
    file_look,      file_ring,        file_log,     file_rest,   file_free};
