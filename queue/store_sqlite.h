/* store_sqlite.h — what the store in a file is made of: store_sqlite.c (statements), store_sqlite_open.c (the file). */
#pragma once
#include <sqlite3.h>
#include <sys/stat.h>

#include "queue/store_type.h"

enum statement {
    BEGIN,
    FREEZE,
    COMMIT,
    ROLLBACK,
    ANCHOR,
    SET_ANCHOR,
    ADD_ROW,
    ADD_ENTRY,
    SET_STATE,
    SET_WAITING,
    LIST_OPEN,
    LIST_KEPT,
    LIST_ALL,
    LIST_ONE,
    ROWS,
    HEARD,
    NEXT_RUN,
    LEFT_BY,
    VERSION,
    STATEMENT_COUNT
};

struct sqlite_store {
    struct store store;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    char *folder, *path;
    dev_t device;
    ino_t inode;
    int64_t seen; /* data_version */
    int log_fd;
};

extern const struct store_type sqlite_store_type;

enum store_err sqlite_store_err(int code); /* of SQLite, in our words */

/* The file is where it was when it was opened: one that was deleted or replaced would go on being written by whoever
 * has it open. */
enum store_err sqlite_store_place(const struct sqlite_store *s);

/* Runs one that gives no row; whatever it says it can be run again. */
enum store_err sqlite_run(sqlite3_stmt *statement);
enum store_err sqlite_run_number(sqlite3_stmt *statement, uint64_t *number_out); /* the first column of its one row */
void sqlite_bind_bytes(sqlite3_stmt *statement, int at, struct span bytes);
