#include "queue/tui/view.h"

#include <assert.h>
#include <stdio.h>

#include "queue/tui/cells.h"
#include "queue/tui/list.h"
#include "reactor/base/own.h"

struct canvas {
    view_fn *fn;
    void *owner;
    size_t row, rows, columns; /* rows: where what is drawn now ends */
};

static void put(struct canvas *canvas, enum look look, struct span text)
{
    if (canvas->row >= canvas->rows) return;
    canvas->fn(canvas->owner, (int)canvas->row++, look, cells_first(text, canvas->columns));
}

static void fill(struct canvas *canvas)
{
    while (canvas->row < canvas->rows) put(canvas, LOOK_PLAIN, SPAN_LIT(""));
}

/* --- text that is wrapped ----------------------------------------------------------------------------------------- */

/* Takes the first part of *text that fits on a row: up to a blank, where there is one in its second half. */
static struct span take_row(struct span *text, size_t columns)
{
    struct span part = cells_first(*text, columns);

    if (part.len < text->len)
        for (size_t i = part.len; i > part.len / 2; i--)
            if (text->at[i] == ' ') {
                part.len = i;
                break;
            }
    *text = span_from(*text, part.len);
    if (text->len > 0 && text->at[0] == ' ') *text = span_from(*text, 1);
    return part;
}

/* The rows behind the first `skip`; returns how many there are in all.  canvas NULL: just counts. */
static size_t put_wrapped(struct canvas *canvas, enum look look, struct span text, size_t columns, size_t skip)
{
    size_t count = 0;

    do {
        struct span part = take_row(&text, columns);
        if (canvas != NULL && count >= skip) put(canvas, look, part);
        count++;
    } while (text.len > 0);
    return count;
}

static size_t put_lines(struct canvas *canvas, struct span text, size_t columns, size_t skip)
{
    size_t count = 0;

    assert(text.len == 0 || text.at != NULL);
    for (size_t at = 0; at < text.len;) {
        size_t end = span_find(text, '\n', at);
        struct span line = {text.at + at, end - at};
        count += put_wrapped(canvas, LOOK_PLAIN, line, columns, skip > count ? skip - count : 0);
        at = end + 1;
    }
    return count;
}

/* The last row is never above the screen. */
static void put_scrolled(struct canvas *canvas, struct tui *tui, struct span text)
{
    size_t room = canvas->rows - canvas->row, count = put_lines(NULL, text, canvas->columns, 0);

    tui->page = room > 1 ? room - 1 : 1;
    if (tui->top + room > count) tui->top = count > room ? count - room : 0;
    put_lines(canvas, text, canvas->columns, tui->top);
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

static bool is_of(const struct tui_binding *binding, enum tui_mode mode)
{
    return binding->shown != NULL && (binding->modes >> mode & 1) != 0;
}

/* "a approve  r reject": as many as fit, and then where the others are told. */
static void put_keys(struct canvas *canvas, enum tui_mode mode)
{
    static const char more[] = "  ? help";
    char text[400] = "";
    size_t used = 0, room = canvas->columns < sizeof text ? canvas->columns : sizeof text - 1;

    for (size_t i = 0; i < tui_binding_count; i++) {
        const struct tui_binding *b = &tui_bindings[i];
        if (!is_of(b, mode)) continue;
        size_t len = strlen(b->shown) + 1 + strlen(b->does) + (used > 0 ? 2 : 0);
        bool fits = used + len + sizeof more - 1 <= room;
        if (!fits && mode <= TUI_DETAIL) {
            snprintf(text + used, sizeof text - used, "%s", more + (used > 0 ? 0 : 2));
            break;
        }
        if (used + len > room) break;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s", used > 0 ? "  " : "", b->shown, b->does);
    }
    put(canvas, LOOK_PLAIN, span_of(text));
}

static enum err help_line(struct buf *text, const struct tui_binding *binding)
{
    TRY(buf_printf(text, "%-6s %-17s", binding->shown, binding->does));
    const char *before = NULL;
    for (enum tui_mode mode = 0; mode < TUI_MODE_COUNT; mode++) {
        const char *name = tui_mode_name(mode);
        if (!is_of(binding, mode) || (before != NULL && strcmp(name, before) == 0)) continue;
        TRY(buf_printf(text, "%s%s", before != NULL ? ", " : " in ", name));
        before = name;
    }
    return buf_add(text, SPAN_LIT("\n"));
}

static void put_help(struct canvas *canvas, struct tui *tui)
{
    struct buf text = {0};
    enum err err = buf_add(&text, SPAN_LIT("What the scan stopped is held until somebody answers, or its time is over. "
                                           "No single key lets anything go: a yes asks how far, and why.\n\n"));

    for (size_t i = 0; i < tui_binding_count && err == ERR_OK; i++)
        if (tui_bindings[i].shown != NULL) err = help_line(&text, &tui_bindings[i]);
    put_scrolled(canvas, tui, buf_span(&text));
    buf_clear(&text);
}

/* --- the middle --------------------------------------------------------------------------------------------------- */

static void put_row(struct canvas *canvas, const struct tui *tui, const struct tui_row *row)
{
    struct buf line = {0};
    enum look look = row == NULL ? LOOK_STRONG : row->id == tui->selected ? LOOK_SELECTED : LOOK_PLAIN;

    if (list_line(tui, row, canvas->columns, &line) != ERR_OK) buf_cut(&line, 0);
    put(canvas, look, buf_span(&line));
    buf_clear(&line);
}

/* The selected row is always in sight. */
static void put_list(struct canvas *canvas, struct tui *tui)
{
    size_t place = tui_place(tui, tui->selected);

    if (tui->row_count == 0) {
        put(canvas, LOOK_PLAIN, tui->list == TUI_WAITING ? SPAN_LIT("  nothing waits") : SPAN_LIT("  nothing"));
        return;
    }
    if (canvas->rows - canvas->row > 4) put_row(canvas, tui, NULL);
    tui->page = canvas->rows - canvas->row;
    for (size_t i = place < tui->row_count && place >= tui->page ? place - tui->page + 1 : 0;
         i < tui->row_count && canvas->row < canvas->rows; i++)
        put_row(canvas, tui, &tui->rows[i]);
}

/* A choice of keys, one a row. */
static void put_menu(struct canvas *canvas, enum tui_mode mode)
{
    for (size_t i = 0; i < tui_binding_count; i++) {
        char text[80];
        if (!is_of(&tui_bindings[i], mode)) continue;
        snprintf(text, sizeof text, "%-2s %s", tui_bindings[i].shown, tui_bindings[i].does);
        put(canvas, LOOK_PLAIN, span_of(text));
    }
}

/* Its end is in sight. */
static void put_input(struct canvas *canvas, const char *what, const struct tui_input *input)
{
    struct span text = cells_last((struct span){(const uint8_t *)input->text, input->len}, canvas->columns - 3);
    char line[TUI_TEXT_MAX + 4];

    put_wrapped(canvas, LOOK_PLAIN, span_of(what), canvas->columns, 0);
    snprintf(line, sizeof line, "> %.*s_", SPAN_FMT(text));
    put(canvas, LOOK_STRONG, span_of(line));
}

static void put_body(struct canvas *canvas, struct tui *tui)
{
    switch (tui->mode) {
    case TUI_WAITING:
    case TUI_HISTORY:
    case TUI_REMEMBERED: put_list(canvas, tui); return;
    case TUI_DETAIL: put_scrolled(canvas, tui, buf_span(&tui->detail)); return;
    case TUI_HELP: put_help(canvas, tui); return;
    case TUI_SCOPE:
    case TUI_GRANT:
    case TUI_ONCE:
    case TUI_WHY: put_menu(canvas, tui->mode); return;
    case TUI_WORDS: put_input(canvas, "a few words", &tui->words); return;
    case TUI_METHODS: put_input(canvas, "methods; none: all", &tui->methods); return;
    case TUI_PATH: put_input(canvas, "path, /v1/**; none: all", &tui->path); return;
    case TUI_MODE_COUNT: return;
    }
}

/* --- above and below ---------------------------------------------------------------------------------------------- */

static const char *question(const struct tui *tui)
{
    if (tui->mode == TUI_METHODS || tui->mode == TUI_PATH) return "yes, but to what of it?";
    if (tui->mode == TUI_ONCE) return "yes? It stands for no value, so";
    if (tui->mode < TUI_WHY) return "yes, how far?";
    return tui->draft.scope == SCOPE_NO ? "no, why?" : "yes, why?";
}

/* What is answered: "3: yes, why?  github-pat  api.example.com". */
static void draft_title(const struct tui *tui, char *text, size_t size)
{
    size_t place = tui_place(tui, tui->draft_id);
    const struct tui_row *row = place < tui->row_count ? &tui->rows[place] : NULL;

    snprintf(text, size, "%llu: %s  %s  %s", (unsigned long long)tui->draft_id, question(tui),
             row != NULL ? row->rule : "", row != NULL ? row->host : "");
}

static void put_title(struct canvas *canvas, const struct tui *tui)
{
    char text[512];

    if (tui->mode >= TUI_SCOPE && tui->mode <= TUI_PATH)
        draft_title(tui, text, sizeof text);
    else
        snprintf(text, sizeof text, "bottled  %s  %zu%s%s%s%s", tui_mode_name(tui->mode), tui->row_count,
                 tui->more ? "+" : "", tui->list == TUI_WAITING ? " wait" : "",
                 tui->bottle[0] != '\0' ? "  bottle " : "", tui->bottle);
    put(canvas, LOOK_STRONG, span_of(text));
    if (tui->banner[0] == '\0') return;
    canvas->rows = canvas->row + (canvas->rows > 9 ? 2 : 1);
    put_wrapped(canvas, LOOK_ALARM, span_of(tui->banner), canvas->columns, 0);
}

/* Of the rows below the middle: a menu needs five rows, and is its own list of keys. */
static size_t foot_rows(const struct tui *tui, size_t rows, size_t columns)
{
    size_t wanted = tui->message[0] != '\0' ? put_wrapped(NULL, LOOK_ALARM, span_of(tui->message), columns, 0) : 0;
    bool is_menu = tui->mode >= TUI_SCOPE && tui->mode <= TUI_WHY;

    if (wanted == 0) return is_menu && rows < 8 ? 0 : 1;
    return wanted < rows / 3 ? wanted : rows / 3;
}

static void put_foot(struct canvas *canvas, const struct tui *tui)
{
    if (canvas->row >= canvas->rows) return;
    if (tui->message[0] != '\0')
        put_wrapped(canvas, LOOK_ALARM, span_of(tui->message), canvas->columns, 0);
    else
        put_keys(canvas, tui->mode);
}

void view_draw(struct tui *tui, int rows, int columns, view_fn *fn, void *owner)
{
    struct canvas canvas = {fn, owner, 0, (size_t)rows, (size_t)columns};
    bool is_why = tui->mode == TUI_WHY && rows < 6; /* five reasons, and no room for more */

    if (rows < VIEW_ROWS_MIN || columns < VIEW_COLUMNS_MIN) {
        put(&canvas, LOOK_PLAIN, SPAN_LIT("too small"));
        fill(&canvas);
        return;
    }
    if (!is_why) put_title(&canvas, tui);
    canvas.rows = (size_t)rows - foot_rows(tui, (size_t)rows, (size_t)columns);
    put_body(&canvas, tui);
    fill(&canvas);
    canvas.rows = (size_t)rows;
    put_foot(&canvas, tui);
    fill(&canvas);
}
