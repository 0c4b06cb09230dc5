/* diff.h — which lines a unified diff adds, and where they stand in the new file.
 *
 * A hunk's head says how many lines it has, and so many are its own, whatever they look like: a line `+++ b/x` inside
 * of one is an added line.  What stands outside of hunks is text: a commit's message, a file's name.
 * Limits   DIFF_PATH_MAX bytes of a path; the rest is cut.
 */
#pragma once
#include <stdbool.h>
#include "reactor/base/limits.h"
#include "reactor/base/span.h"

struct diff {
    char path[DIFF_PATH_MAX]; /* of the new file, without git's b/ */
    uint64_t number;          /* of the line of it that comes next */
    uint64_t old_left, new_left;
};

enum diff_line {
    DIFF_TEXT,  /* outside of hunks */
    DIFF_ADDED, /* with a `+` in front; it is line number - 1 of path */
    DIFF_OTHER, /* removed, or there before */
};

/* Does a text that begins with this line hold a diff? */
bool diff_begins(struct span line);

/* Takes the next line, its end included or not; of a long one the beginning will do. */
enum diff_line diff_take(struct diff *diff, struct span line);
