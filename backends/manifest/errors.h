/* errors.h — what is wrong with a manifest, where, and what to write instead.  Errors are data, all of them are shown.
 *
 *   bottles/dev.md:7:3: unknown key `hots`; did you mean `host`?
 *
 * Memory   the list has its own arena.  At MANIFEST_ERRORS_MAX, or without memory, an error is counted and not kept: a
 *          manifest with a fault never passes for a good one.
 */
#pragma once
#include "reactor/base/arena.h"
#include "reactor/base/buf.h"

struct manifest_error {
    const char *path;       /* below the root: "bottles/dev.md" */
    unsigned line, column;  /* from 1, the column in characters; 0: the file as a whole */
    struct span what, hint; /* the hint may be empty */
    struct manifest_error *next;
};

struct manifest_errors {
    struct arena arena;
    struct manifest_error *first, **end;
    size_t count;
};

struct manifest_errors manifest_errors_begin(void);
void manifest_errors_end(struct manifest_errors *errors);

/* Who reads what: handed down through every parser of one file. */
struct reader {
    const char *path;   /* for errors; outlives them */
    const char *folder; /* what relative file names start from */
    struct manifest_errors *errors;
    struct arena *arena; /* where the result lives */
};

struct place {
    unsigned line, column;
};

/* hint: looked at, copied; may be NULL. */
void complain(struct reader *reader, struct place place, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A value of the manifest as it may stand in a message: cut at 60 bytes, printable ASCII.  Static storage, good for the
 * next four calls. */
const char *quoted(struct span text);

/* One line, with its end. */
MUST_CHECK enum err manifest_error_print(struct buf *out, const struct manifest_error *error);
