#include "queue/tui/model.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "queue/show.h"
#include "queue/tui/cells.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

const char *tui_mode_name(enum tui_mode mode)
{
    static const char *const names[] = {
#define NAME_(id, name) [id] = name,
        TUI_MODE_LIST(NAME_)};

    return names[mode];
}

enum err tui_begin(struct tui *tui)
{
    *tui = (struct tui){.mode = TUI_WAITING, .list = TUI_WAITING, .changed = true};
    tui->rows = mem_new(TUI_ROWS_MAX * sizeof *tui->rows);
    return tui->rows != NULL ? ERR_OK : ERR_NOMEM;
}

void tui_end(struct tui *tui)
{
    buf_clear(&tui->detail);
    mem_free(tui->rows);
    tui->rows = NULL;
}

/* Ages are told in seconds. */
void tui_at(struct tui *tui, uint64_t now_ms)
{
    if (now_ms / 1000 != tui->now_ms / 1000) tui->changed = true;
    tui->now_ms = now_ms;
    if (now_ms - tui->said_ms >= TUI_MESSAGE_MS) tui->message[0] = '\0';
}

void tui_say(struct tui *tui, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(tui->message, sizeof tui->message, format, args);
    va_end(args);
    tui->said_ms = tui->now_ms;
    tui->changed = true;
}

/* --- a row -------------------------------------------------------------------------------------------------------- */

/* Cleaned into cell[size], which has four bytes a column, and its end. */
static void keep(char *cell, size_t size, struct span text, bool its_end)
{
    struct buf clean = {0};
    size_t columns = (size - 1) / 4;

    if (show_clean(&clean, text, its_end ? 0 : columns) == ERR_OK) {
        struct span kept = its_end ? cells_last(buf_span(&clean), columns) : buf_span(&clean);
        snprintf(cell, size, "%.*s", SPAN_FMT(kept));
    }
    buf_clear(&clean);
}

/* Of a host the end is kept: it says whose it is. */
static void fill_row(struct tui_row *row, const struct store_item *item)
{
    const struct proposal *proposal = &item->proposal;

    memset(row, 0, sizeof *row);
    row->id = proposal->id;
    row->created_ms = proposal->created_ms;
    row->deadline_ms = proposal->deadline_ms;
    row->tool = proposal->tool;
    row->state = item->state;
    row->waiting = item->waiting;
    memcpy(row->fingerprint, proposal->fingerprint, sizeof row->fingerprint);
    keep(row->bottle, sizeof row->bottle, proposal->bottle, false);
    keep(row->rule, sizeof row->rule, proposal->tool == TOOL_ROUTE ? SPAN_LIT("new host") : proposal->rule, false);
    keep(row->method, sizeof row->method, proposal->method, false);
    keep(row->host, sizeof row->host, proposal->host, true);
    keep(row->path, sizeof row->path, proposal->path, false);
    if (item->decision == NULL) return;
    row->scope = item->decision->scope;
    row->decided_ms = item->decision->at_ms;
    keep(row->who, sizeof row->who, item->decision->operator, false);
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

enum store_view tui_view(const struct tui *tui)
{
    static const enum store_view views[] = {
        [TUI_WAITING] = STORE_OPEN, [TUI_HISTORY] = STORE_HISTORY, [TUI_REMEMBERED] = STORE_REMEMBERED};

    return views[tui->list];
}

void tui_list_begin(struct tui *tui)
{
    tui->filled = 0;
    tui->more = false;
}

/* Can a bottle be called that?  What can't is shown, cleaned, and is nothing to look for. */
static bool is_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] <= ' ' || name.at[i] > '~' || name.at[i] == '\\') return false;
    return name.len > 0 && name.len <= MANIFEST_NAME_MAX;
}

enum err tui_filter(struct tui *tui, const char *bottle)
{
    if (!is_name(span_of(bottle))) return ERR_SYNTAX;
    snprintf(tui->bottle, sizeof tui->bottle, "%s", bottle);
    return ERR_OK;
}

static void know_bottle(struct tui *tui, struct span name)
{
    for (size_t i = 0; i < tui->bottle_count; i++)
        if (span_is(name, span_of(tui->bottles[i]))) return;
    if (tui->bottle_count == COUNT_OF(tui->bottles) || !is_name(name)) return;
    memcpy(tui->bottles[tui->bottle_count], name.at, name.len);
    tui->bottles[tui->bottle_count++][name.len] = '\0';
}

static bool is_looked_for(const struct tui *tui, const struct proposal *proposal)
{
    return tui->bottle[0] == '\0' || span_is(proposal->bottle, span_of(tui->bottle));
}

void tui_list_add(struct tui *tui, const struct store_item *item)
{
    struct tui_row row;

    know_bottle(tui, item->proposal.bottle);
    if (!is_looked_for(tui, &item->proposal)) return;
    if (tui->filled == TUI_ROWS_MAX) {
        tui->more = true;
        return;
    }
    fill_row(&row, item);
    struct tui_row *old = &tui->rows[tui->filled++];
    if (memcmp(old, &row, sizeof row) == 0) return;
    *old = row;
    tui->changed = true;
}

size_t tui_place(const struct tui *tui, uint64_t id)
{
    size_t i = 0;

    while (i < tui->row_count && tui->rows[i].id != id) i++;
    return i;
}

static bool is_answering(const struct tui *tui) { return tui->mode >= TUI_SCOPE && tui->mode <= TUI_PATH; }

/* What a person was about to answer is gone: what stands in its place was not what they saw.  The detail of one that is
 * gone stays, and says so. */
struct tui_wish tui_list_end(struct tui *tui)
{
    uint64_t gone = tui->selected;

    if (tui->row_count != tui->filled) tui->changed = true;
    tui->row_count = tui->filled;
    size_t place = tui_place(tui, gone);
    if (gone == 0 || place < tui->row_count || tui->writing) {
        if (place < tui->row_count) tui->place = place;
        return (struct tui_wish){.kind = TUI_NOTHING};
    }
    tui->selected = 0;
    tui->changed = true;
    if (is_answering(tui)) tui->mode = tui->list;
    return (struct tui_wish){.kind = TUI_TELL, .id = gone};
}

void tui_hear(struct tui *tui, const struct store_item *item)
{
    struct tui_row row;

    tui->newest = item->proposal.id;
    if (!is_looked_for(tui, &item->proposal)) return;
    tui->bell = true;
    if (tui->mode == TUI_WAITING) return;
    fill_row(&row, item);
    tui_say(tui, "%llu has come: %s, to %s", (unsigned long long)row.id, row.rule, row.host);
}

/* --- one of them -------------------------------------------------------------------------------------------------- */

void tui_show(struct tui *tui, const struct store_item *item)
{
    struct buf now = {0};

    if (show_detail(&now, item, tui->now_ms) != ERR_OK) buf_cut(&now, 0);
    struct span text = buf_span(&now), before = buf_span(&tui->detail);
    assert(text.len == 0 || text.at != NULL);
    assert(before.len == 0 || before.at != NULL);
    if (span_is(text, before)) {
        buf_clear(&now);
        return;
    }
    buf_clear(&tui->detail);
    tui->detail = now;
    tui->changed = true;
}

void tui_tell(struct tui *tui, const struct store_item *item)
{
    unsigned long long id = item->proposal.id;
    struct buf words = {0};

    if (item->decision == NULL)
        tui_say(tui, "%llu: %s", id, audit_event_name(item->state));
    else if (show_decision(&words, item->decision, tui->now_ms) == ERR_OK)
        tui_say(tui, "%llu: %s%.*s", id, item->state == AUDIT_FORGOTTEN ? "taken back; it was " : "",
                SPAN_FMT(buf_span(&words)));
    buf_clear(&words);
}

void tui_written(struct tui *tui, bool done)
{
    tui->writing = false;
    tui->changed = true;
    if (done && tui->selected == tui->draft_id) tui->selected = 0;
}

void tui_warn(struct tui *tui, const char *why)
{
    struct buf clean = {0};

    if (why != NULL && show_clean(&clean, span_of(why), sizeof tui->banner / 4 - 1) != ERR_OK) buf_cut(&clean, 0);
    struct span text = buf_span(&clean);
    assert(text.len == 0 || text.at != NULL);
    if (!span_is(text, span_of(tui->banner))) tui->changed = true;
    snprintf(tui->banner, sizeof tui->banner, "%.*s", SPAN_FMT(text));
    buf_clear(&clean);
}

void tui_lost(struct tui *tui, const char *why)
{
    tui_warn(tui, why);
    tui->row_count = tui->selected = tui->place = tui->newest = 0;
    tui->writing = false;
    tui->before = tui->list;
    if (is_answering(tui) || tui->mode == TUI_DETAIL) tui->mode = tui->list;
}
