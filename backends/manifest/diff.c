#include "backends/manifest/diff.h"

#include <stdio.h>

#include "reactor/base/own.h"

bool diff_begins(struct span line)
{
    static const char *const begins[] = {"diff --git ", "--- ", "commit ", "From ", "Index: "};

    for (size_t i = 0; i < COUNT_OF(begins); i++)
        if (span_starts(line, span_of(begins[i]))) return true;
    return false;
}

/* "+++ b/src/x.c", and a tab and a date behind the name that other programs write. */
static void take_path(struct diff *diff, struct span line)
{
    struct span path = span_from(line, 4);

    while (path.len > 0 && (path.at[path.len - 1] == '\n' || path.at[path.len - 1] == '\r')) path.len--;
    path = span_first(path, span_find(path, '\t', 0));
    if (span_starts(path, SPAN_LIT("b/"))) path = span_from(path, 2);
    path = span_first(path, sizeof diff->path - 1);
    memcpy(diff->path, path.at, path.len);
    diff->path[path.len] = '\0';
}

static bool take_number(struct span *rest, uint64_t *number)
{
    size_t len = 0;

    *number = 0;
    for (; len < rest->len && rest->at[len] >= '0' && rest->at[len] <= '9'; len++) {
        if (*number > UINT32_MAX) return false;
        *number = *number * 10 + rest->at[len] - '0';
    }
    *rest = span_from(*rest, len);
    return len > 0;
}

static bool take_text(struct span *rest, struct span text)
{
    if (!span_starts(*rest, text)) return false;
    *rest = span_from(*rest, text.len);
    return true;
}

/* "12,3", and "12" for "12,1". */
static bool take_range(struct span *rest, uint64_t *first, uint64_t *count)
{
    *count = 1;
    if (!take_number(rest, first)) return false;
    return !take_text(rest, SPAN_LIT(",")) || take_number(rest, count);
}

static void take_hunk(struct diff *diff, struct span line)
{
    struct span rest = span_from(line, 4);
    uint64_t old_first, old_count, new_first, new_count;

    if (!take_range(&rest, &old_first, &old_count) || !take_text(&rest, SPAN_LIT(" +")) ||
        !take_range(&rest, &new_first, &new_count) || !take_text(&rest, SPAN_LIT(" @@")))
        return;
    diff->number = new_first;
    diff->old_left = old_count;
    diff->new_left = new_count;
}

static enum diff_line take_outside(struct diff *diff, struct span line)
{
    if (span_starts(line, SPAN_LIT("+++ "))) take_path(diff, line);
    if (span_starts(line, SPAN_LIT("@@ -"))) take_hunk(diff, line);
    return DIFF_TEXT;
}

enum diff_line diff_take(struct diff *diff, struct span line)
{
    uint8_t mark = line.len > 0 ? line.at[0] : ' ';

    if (diff->old_left == 0 && diff->new_left == 0) return take_outside(diff, line);
    if (mark == '\\') return DIFF_OTHER; /* "\ No newline at end of file": of no count */
    if (mark == '+' && diff->new_left > 0) {
        diff->new_left--;
        diff->number++;
        return DIFF_ADDED;
    }
    if (mark == '-' && diff->old_left > 0) {
        diff->old_left--;
        return DIFF_OTHER;
    }
    if ((mark == ' ' || mark == '\n' || mark == '\r') && diff->old_left > 0 && diff->new_left > 0) {
        diff->old_left--;
        diff->new_left--;
        diff->number++;
        return DIFF_OTHER;
    }
    diff->old_left = diff->new_left = 0; /* no hunk after all */
    return take_outside(diff, line);
}
