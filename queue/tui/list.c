#include "queue/tui/list.h"

#include <inttypes.h>
#include <stdio.h>

#include "queue/show.h"
#include "queue/tui/cells.h"
#include "reactor/base/own.h"

#define MARGIN     2 /* "> " */
#define CELL_BYTES 300

/* --- cells: what stands in them is clean, or ours ----------------------------------------------------------------- */

typedef struct span cell_fn(const struct tui_row *row, uint64_t now_ms, char text[CELL_BYTES]);

static struct span age_of(uint64_t from_ms, uint64_t to_ms, char text[CELL_BYTES])
{
    show_age(text, to_ms > from_ms ? to_ms - from_ms : 0);
    return span_of(text);
}

static struct span id(const struct tui_row *row, uint64_t now_ms, char text[CELL_BYTES])
{
    (void)now_ms;
    snprintf(text, CELL_BYTES, "%" PRIu64, row->id);
    return span_of(text);
}

static struct span age(const struct tui_row *row, uint64_t now_ms, char text[CELL_BYTES])
{
    return age_of(row->created_ms, now_ms, text);
}

static struct span left(const struct tui_row *row, uint64_t now_ms, char text[CELL_BYTES])
{
    return row->deadline_ms > now_ms ? age_of(now_ms, row->deadline_ms, text) : SPAN_LIT("over");
}

static struct span ago(const struct tui_row *row, uint64_t now_ms, char text[CELL_BYTES])
{
    return age_of(row->decided_ms, now_ms, text);
}

static struct span waiting(const struct tui_row *row, uint64_t now_ms, char text[CELL_BYTES])
{
    (void)now_ms;
    snprintf(text, CELL_BYTES, "%" PRIu32, row->waiting);
    return span_of(text);
}

static struct span state(const struct tui_row *row, uint64_t now_ms, char text[CELL_BYTES])
{
    (void)now_ms;
    if (row->state == AUDIT_PROPOSED) return SPAN_LIT("waiting");
    if (row->state != AUDIT_DECIDED) return span_of(audit_event_name(row->state));
    snprintf(text, CELL_BYTES, row->scope == SCOPE_NO ? "%s" : "yes %s", scope_name(row->scope));
    return span_of(text);
}

static struct span scope(const struct tui_row *row, uint64_t now_ms, char text[CELL_BYTES])
{
    (void)now_ms, (void)text;
    return span_of(scope_name(row->scope));
}

static struct span value(const struct tui_row *row, uint64_t now_ms, char text[CELL_BYTES])
{
    (void)now_ms;
    for (size_t i = 0; i < sizeof row->fingerprint; i++) snprintf(text + 2 * i, 3, "%02x", row->fingerprint[i]);
    return row->tool == TOOL_ROUTE ? SPAN_LIT("-") : span_of(text);
}

static struct span tool(const struct tui_row *row, uint64_t now_ms, char text[CELL_BYTES])
{
    static const char *const names[] = {[TOOL_TOKEN] = "token", [TOOL_GITLEAKS] = "git", [TOOL_ROUTE] = "route"};

    (void)now_ms, (void)text;
    return span_of(names[row->tool]);
}

static struct span request(const struct tui_row *row, uint64_t now_ms, char text[CELL_BYTES])
{
    (void)now_ms;
    snprintf(text, CELL_BYTES, "%s %s", row->method, row->path);
    return row->method[0] != '\0' ? span_of(text) : SPAN_LIT("withheld");
}

#define CELL_(name)                                                                                                    \
    static struct span name(const struct tui_row *row, uint64_t now_ms, char text[CELL_BYTES])                         \
    {                                                                                                                  \
        (void)now_ms, (void)text;                                                                                      \
        return span_of(row->name);                                                                                     \
    }
CELL_(bottle)
CELL_(rule)
CELL_(host)
CELL_(who)

/* --- columns ------------------------------------------------------------------------------------------------------ */

#define IN(mode) (1u << TUI_##mode)
#define EVERY    (IN(WAITING) | IN(HISTORY) | IN(REMEMBERED))

/* From left to right: each on screens at least so wide, where all that are there have their least.  What is left over
 * makes them wider, up to their most; a host comes first in that. */
/* clang-format off */
static const struct column {
    const char *title;
    unsigned lists;
    uint8_t from, least, most;
    bool is_host; /* is cut in front: its end says whose it is */
    cell_fn *cell;
} table[] = {
    {"ID",      EVERY,                         72,  4,  7,  false, id},
    {"AGE",     IN(WAITING) | IN(HISTORY),     68,  7,  7,  false, age},
    {"LEFT",    IN(WAITING),                   20,  7,  7,  false, left},
    {"AGO",     IN(REMEMBERED),                20,  7,  7,  false, ago},
    {"WAIT",    IN(WAITING),                   40,  4,  4,  false, waiting},
    {"STATE",   IN(HISTORY),                   24,  9,  9,  false, state},
    {"SCOPE",   IN(REMEMBERED),                40,  5,  5,  false, scope},
    {"VALUE",   IN(REMEMBERED),                78,  16, 16, false, value},
    {"BY",      IN(HISTORY) | IN(REMEMBERED),  48,  8,  20, false, who},
    {"BOTTLE",  EVERY,                         56,  8,  20, false, bottle},
    {"TOOL",    IN(WAITING) | IN(HISTORY),     76,  5,  5,  false, tool},
    {"RULE",    EVERY,                         34,  10, 40, false, rule},
    {"TO",      EVERY,                         0,   10, 60, true,  host},
    {"REQUEST", IN(WAITING) | IN(HISTORY),     120, 28, 60, false, request},
};
/* clang-format on */

/* width[i]: of table[i]; 0: it is not there. */
static void lay_out(const struct tui *tui, size_t columns, size_t width[COUNT_OF(table)])
{
    size_t sum = MARGIN - 1, before = 0; /* a blank in front of each but the first */

    for (size_t i = 0; i < COUNT_OF(table); i++) {
        bool has = (table[i].lists >> tui->list & 1) != 0 && columns >= table[i].from;
        width[i] = has ? table[i].least : 0;
        sum += has ? width[i] + 1 : 0;
    }
    while (sum != before) {
        before = sum;
        for (size_t i = 0; i < COUNT_OF(table); i++)
            for (int by = table[i].is_host ? 3 : 1; by > 0 && sum < columns; by--) {
                if (width[i] == 0 || width[i] == table[i].most) break;
                width[i]++;
                sum++;
            }
    }
}

static enum err put_cell(struct buf *line, const struct column *column, struct span text, size_t width)
{
    size_t count = cells_count(text);

    if (count <= width) {
        TRY(buf_add(line, text));
        return buf_printf(line, "%*s", (int)(width - count), "");
    }
    if (column->is_host) TRY(buf_add(line, SPAN_LIT(CELLS_MARK)));
    TRY(buf_add(line, (column->is_host ? cells_last : cells_first)(text, width - 1)));
    return column->is_host ? ERR_OK : buf_add(line, SPAN_LIT(CELLS_MARK));
}

enum err list_line(const struct tui *tui, const struct tui_row *row, size_t columns, struct buf *line)
{
    size_t width[COUNT_OF(table)];
    const char *between = "";

    lay_out(tui, columns, width);
    TRY(buf_add(line, span_of(row != NULL && row->id == tui->selected ? "> " : "  ")));
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char text[CELL_BYTES];
        if (width[i] == 0) continue;
        TRY(buf_add(line, span_of(between)));
        TRY(put_cell(line, &table[i], row != NULL ? table[i].cell(row, tui->now_ms, text) : span_of(table[i].title),
                     width[i]));
        between = " ";
    }
    return ERR_OK;
}
