/* store_sqlite_open.c — the file of a queue: made, checked, migrated, opened; and what is wrong with it, for a
 * person. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "queue/store_sqlite.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

#define APPLICATION_ID 0x626f7471 /* "botq" */
#define PAGE_BYTES     4096

/* clang-format off */
/* What each version of the schema adds to the one before; user_version is how many a file has. */
static const char *const migrations[] = {
    "CREATE TABLE rows(number INTEGER PRIMARY KEY, at INTEGER NOT NULL, proposal INTEGER NOT NULL,"
    " run INTEGER NOT NULL, event INTEGER NOT NULL, body BLOB NOT NULL, before BLOB NOT NULL, mac BLOB NOT NULL);"
    "CREATE INDEX heard ON rows(run, number) WHERE event IN (1, 5);"
    "CREATE TABLE proposals(id INTEGER PRIMARY KEY, run INTEGER NOT NULL, state INTEGER NOT NULL,"
    " waiting INTEGER NOT NULL, answer INTEGER NOT NULL);"
    "CREATE INDEX standing ON proposals(state, id);"
    "CREATE INDEX asked ON proposals(run) WHERE state = 0;"
    "CREATE TABLE anchor(one INTEGER PRIMARY KEY CHECK(one = 1), number INTEGER NOT NULL, mac BLOB NOT NULL,"
    " seal BLOB NOT NULL);",
};
_Static_assert(AUDIT_PROPOSED == 0 && AUDIT_DECIDED == 1 && AUDIT_FORGOTTEN == 5, "they stand in the file");
/* clang-format on */

#define BYTES(array) ((struct span){(array), sizeof(array)})

static enum store_err run_text(struct sqlite_store *s, const char *sql)
{
    return sqlite_store_err(sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

static enum store_err ask_number(struct sqlite_store *s, const char *sql, uint64_t *number_out)
{
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
    enum store_err err = sqlite_store_err(code);

    if (code == SQLITE_OK) err = sqlite_run_number(statement, number_out);
    sqlite3_finalize(statement);
    return err;
}

/* The file is data: what somebody has added to its schema does not run. */
static enum store_err disarm(struct sqlite_store *s)
{
    static const struct {
        int option, value;
    } options[] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},
                   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                   {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                   {SQLITE_DBCONFIG_ENABLE_VIEW, 0}};

    for (size_t i = 0; i < COUNT_OF(options); i++)
        STORE_TRY(sqlite_store_err(sqlite3_db_config(s->db, options[i].option, options[i].value, NULL)));
    return STORE_OK;
}

static enum store_err set_up(struct sqlite_store *s)
{
    char sql[100];

    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, 0);
    STORE_TRY(disarm(s));
    sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, (int)KIB(64));
    snprintf(sql, sizeof sql, "PRAGMA max_page_count = %llu", STORE_BYTES_MAX / PAGE_BYTES);
    STORE_TRY(run_text(s, "PRAGMA cell_size_check = ON; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0"));
    return run_text(s, sql);
}

static enum store_err put_first_anchor(struct sqlite_store *s)
{
    struct audit_anchor anchor = {0};
    sqlite3_stmt *statement;
    int code;

    if (audit_seal((struct span){s->store.key, DIGEST_BYTES}, &anchor) != ERR_OK) return STORE_NOMEM;
    code = sqlite3_prepare_v2(s->db, "INSERT INTO anchor VALUES(1, 0, ?1, ?2)", -1, &statement, NULL);
    if (code != SQLITE_OK) return sqlite_store_err(code);
    sqlite_bind_bytes(statement, 1, BYTES(anchor.mac));
    sqlite_bind_bytes(statement, 2, BYTES(anchor.seal));
    enum store_err err = sqlite_run(statement);
    sqlite3_finalize(statement);
    return err;
}

static enum store_err migrate(struct sqlite_store *s, uint64_t version)
{
    char sql[100];

    for (size_t i = version; i < COUNT_OF(migrations); i++) STORE_TRY(run_text(s, migrations[i]));
    if (version == 0) STORE_TRY(put_first_anchor(s));
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %zu", APPLICATION_ID,
             COUNT_OF(migrations));
    return run_text(s, sql);
}

/* Ours, or empty.  A file of others is never written to. */
static enum store_err check_schema(struct sqlite_store *s)
{
    uint64_t application = 0, version = 0, tables = 0;

    STORE_TRY(ask_number(s, "PRAGMA application_id", &application));
    STORE_TRY(ask_number(s, "PRAGMA user_version", &version));
    STORE_TRY(ask_number(s, "SELECT count(*) FROM sqlite_master", &tables));
    if (application != APPLICATION_ID && (application != 0 || version != 0 || tables != 0)) return STORE_FOREIGN;
    if (version > COUNT_OF(migrations)) return STORE_NEWER;
    if (version == COUNT_OF(migrations)) return STORE_OK;
    STORE_TRY(run_text(s, "BEGIN IMMEDIATE"));
    STORE_TRY(ask_number(s, "PRAGMA user_version", &version)); /* another may have been faster */
    enum store_err err = version < COUNT_OF(migrations) ? migrate(s, version) : STORE_OK;
    enum store_err ended = run_text(s, err == STORE_OK ? "COMMIT" : "ROLLBACK");
    return err == STORE_OK ? ended : err;
}

/* Ours alone, and a plain file; made when it is not there. */
static enum store_err make_file(const char *path, int flags, int *fd_out)
{
    struct stat is;
    int fd = open(path, flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

    if (fd < 0)
        return errno == ENOSPC || errno == EDQUOT ? STORE_FULL : errno == EROFS ? STORE_READ_ONLY : STORE_DENIED;
    if (fstat(fd, &is) != 0 || !S_ISREG(is.st_mode) || is.st_uid != geteuid() || (is.st_mode & 077) != 0) {
        close(fd);
        return STORE_DENIED;
    }
    *fd_out = fd;
    return STORE_OK;
}

/* A key is made for a queue that is not there yet, and linked to its name whole: two who come at once have one. */
static enum store_err make_key(const char *path)
{
    uint8_t key[DIGEST_BYTES];
    char fresh[4200];
    int fd;

    snprintf(fresh, sizeof fresh, "%s.%d", path, (int)getpid());
    unlink(fresh);
    digest_random(key, sizeof key);
    STORE_TRY(make_file(fresh, O_WRONLY | O_EXCL, &fd));
    bool whole = write(fd, key, sizeof key) == (ssize_t)sizeof key && fsync(fd) == 0;
    close(fd);
    if (whole && link(fresh, path) != 0 && errno != EEXIST) whole = false;
    unlink(fresh);
    mem_wipe(key, sizeof key);
    return whole ? STORE_OK : STORE_FULL;
}

static enum store_err read_key(struct sqlite_store *s)
{
    char path[4160];
    struct stat is;
    int fd;

    snprintf(path, sizeof path, "%s/audit.key", s->folder);
    if (stat(path, &is) != 0 && errno == ENOENT) {
        if (stat(s->path, &is) == 0 && is.st_size > 0) return STORE_FORGED;
        STORE_TRY(make_key(path));
    }
    STORE_TRY(make_file(path, O_RDONLY, &fd));
    bool whole = read(fd, s->store.key, DIGEST_BYTES) == DIGEST_BYTES;
    close(fd);
    return whole ? STORE_OK : STORE_FORGED;
}

static enum store_err check_folder(const char *root, const char *folder)
{
    struct stat is;

    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        if (errno != ENOENT || mkdir(root, 0700) != 0 || mkdir(folder, 0700) != 0)
            return errno == EROFS ? STORE_READ_ONLY : errno == ENOSPC ? STORE_FULL : STORE_DENIED;
    }
    if (lstat(folder, &is) != 0 || !S_ISDIR(is.st_mode) || is.st_uid != geteuid() || (is.st_mode & 077) != 0)
        return STORE_DENIED;
    return faccessat(AT_FDCWD, folder, W_OK, AT_EACCESS) == 0 ? STORE_OK : STORE_READ_ONLY;
}

/* Made by us, so that it is ours alone from its first moment; nobody has it open through SQLite then. */
static enum store_err make_database(struct sqlite_store *s)
{
    struct stat is;
    int fd;

    if (lstat(s->path, &is) != 0 && errno == ENOENT) {
        fd = open(s->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 && errno != EEXIST)
            return errno == ENOSPC || errno == EDQUOT ? STORE_FULL : errno == EROFS ? STORE_READ_ONLY : STORE_DENIED;
        if (fd >= 0) close(fd);
    }
    if (lstat(s->path, &is) != 0) return STORE_MISSING;
    if (!S_ISREG(is.st_mode) || is.st_uid != geteuid() || (is.st_mode & 077) != 0) return STORE_DENIED;
    s->inode = is.st_ino;
    s->device = is.st_dev;
    return STORE_OK;
}

/* NOFOLLOW refuses a link anywhere in the path, and the root may stand behind one; what is ours was looked at. */
static enum store_err open_database(struct sqlite_store *s)
{
    sqlite3_stmt *statement;
    char path[PATH_MAX];

    if (realpath(s->path, path) == NULL) return STORE_MISSING;
    STORE_TRY(sqlite_store_err(
        sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX, NULL)));
    STORE_TRY(set_up(s));
    STORE_TRY(check_schema(s));
    int code = sqlite3_prepare_v2(s->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    sqlite3_finalize(statement);
    STORE_TRY(sqlite_store_err(code));
    if (sqlite3_db_readonly(s->db, "main") == 1) return STORE_READ_ONLY;
    return sqlite_store_place(s);
}

static enum store_err open_all(struct sqlite_store *s, const char *root)
{
    char path[4160];

    STORE_TRY(check_folder(root, s->folder));
    STORE_TRY(read_key(s));
    STORE_TRY(make_database(s));
    STORE_TRY(open_database(s));
    snprintf(path, sizeof path, "%s/audit.jsonl", s->folder);
    STORE_TRY(make_file(path, O_WRONLY | O_APPEND, &s->log_fd));
    return store_begin(&s->store, (uint64_t)time(NULL) * 1000);
}

enum store_err store_open(const char *root, uint64_t run, struct arena *arena, const char **why_out,
                          struct store **store_out)
{
    struct sqlite_store *s = mem_new(sizeof *s);
    char path[4160];
    enum store_err err = STORE_NOMEM;

    *why_out = "no memory";
    if (s == NULL) return STORE_NOMEM;
    s->store.type = &sqlite_store_type;
    s->store.run = run;
    s->log_fd = -1;
    snprintf(path, sizeof path, "%.4096s/queue", root);
    s->folder = mem_text(span_of(path));
    snprintf(path, sizeof path, "%.4096s/queue/queue.db", root);
    s->path = mem_text(span_of(path));
    if (s->folder != NULL && s->path != NULL) err = open_all(s, root);
    if (err == STORE_OK) {
        *store_out = &s->store;
        return STORE_OK;
    }
    struct span why = arena_printf(arena, "%s: %s%s", path, store_err_meaning(err), store_err_remedy(err));
    if (why.at != NULL) *why_out = (const char *)why.at;
    store_free(&(struct store *){&s->store});
    return err;
}
