#include "queue/tui/view.h"

#include <stdio.h>

#include "queue/show.h"
#include "reactor/base/own.h"

#define ROWS_MIN    4
#define COLUMNS_MIN 16

struct canvas {
    view_fn *fn;
    void *owner;
    int row, rows, columns;
};

/* One row; what does not fit is cut.  text is clean already, or ours. */
static void put(struct canvas *canvas, enum look look, const char *text)
{
    struct buf line = {0};

    if (canvas->row >= canvas->rows) return;
    if (show_clean(&line, span_of(text), (size_t)canvas->columns) != ERR_OK) buf_cut(&line, 0);
    canvas->fn(canvas->owner, canvas->row++, look, buf_span(&line));
    buf_clear(&line);
}

static void put_blank(struct canvas *canvas, int until)
{
    while (canvas->row < until) put(canvas, LOOK_PLAIN, "");
}

/* Keys of a mode: "a approve  r reject". */
static void keys_of(enum tui_mode mode, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < tui_binding_count && used < size; i++) {
        const struct tui_binding *b = &tui_bindings[i];
        if (b->mode != mode || b->shown == NULL) continue;
        used += (size_t)snprintf(text + used, size - used, "%s%s %s", used > 0 ? "  " : "", b->shown, b->does);
    }
}

static const char *const mode_names[] = {
#define NAME_(id, name) [id] = name,
    TUI_MODE_LIST(NAME_)};

static void put_title(struct canvas *canvas, const struct tui *tui)
{
    char text[400];

    snprintf(text, sizeof text, "bottled  %s  %zu%s%s%s", mode_names[tui->mode], tui->row_count + tui->more,
             tui->list == TUI_WAITING ? " wait" : "", tui->bottle[0] != '\0' ? "  bottle " : "", tui->bottle);
    put(canvas, LOOK_STRONG, text);
    if (tui->banner[0] != '\0') put(canvas, LOOK_ALARM, tui->banner);
}

/* The selected row is always in sight. */
static size_t first_shown(const struct tui *tui, size_t room)
{
    size_t at = 0;

    while (at < tui->row_count && tui->rows[at].id != tui->selected) at++;
    return at >= tui->row_count || at < room ? 0 : at - room + 1;
}

/* So many columns of a text that was cleaned: it has one for every character. */
static struct span first_columns(struct span text, size_t columns)
{
    size_t at = 0;

    for (size_t used = 0; at < text.len; at++) {
        if ((text.at[at] & 0xc0) == 0x80) continue;
        if (used++ == columns) break;
    }
    return span_first(text, at);
}

/* The line of a row was cleaned when it was made: what it shows of a backslash is not cleaned again. */
static void put_row(struct canvas *canvas, const struct tui_row *row, bool selected)
{
    struct span line = span_of(row->line);
    char text[PROPOSAL_TEXT_MAX + 2];

    snprintf(text, sizeof text, "%c %.*s", selected ? '>' : ' ', SPAN_FMT(line));
    canvas->fn(canvas->owner, canvas->row++, selected ? LOOK_SELECTED : LOOK_PLAIN,
               first_columns(span_of(text), (size_t)canvas->columns));
}

static void put_list(struct canvas *canvas, const struct tui *tui, int until)
{
    size_t room = (size_t)(until - canvas->row);

    if (tui->row_count == 0) put(canvas, LOOK_PLAIN, tui->list == TUI_WAITING ? "  nothing waits" : "  nothing");
    for (size_t i = first_shown(tui, room); i < tui->row_count && canvas->row < until; i++)
        put_row(canvas, &tui->rows[i], tui->rows[i].id == tui->selected);
}

static void put_lines(struct canvas *canvas, struct tui *tui, struct span text, int until)
{
    size_t count = 0, at = 0;

    for (size_t i = 0; i < text.len; i++) count += text.at[i] == '\n';
    if (tui->top >= count) tui->top = count > 0 ? count - 1 : 0;
    for (size_t line = 0; line < count && canvas->row < until; line++) {
        size_t end = span_find(text, '\n', at);
        struct span shown = first_columns((struct span){text.at + at, end - at}, (size_t)canvas->columns);
        at = end + 1;
        if (line >= tui->top) canvas->fn(canvas->owner, canvas->row++, LOOK_PLAIN, shown);
    }
}

/* A choice of keys, one a line. */
static void put_menu(struct canvas *canvas, const struct tui *tui, const char *question, int until)
{
    put(canvas, LOOK_STRONG, question);
    for (size_t i = 0; i < tui_binding_count && canvas->row < until; i++) {
        const struct tui_binding *b = &tui_bindings[i];
        char text[80];
        if (b->mode != tui->mode || b->shown == NULL) continue;
        snprintf(text, sizeof text, "  %-5s %s", b->shown, b->does);
        put(canvas, LOOK_PLAIN, text);
    }
}

static void put_input(struct canvas *canvas, const char *question, const struct tui_input *input)
{
    char text[TUI_TEXT_MAX + 8];

    put(canvas, LOOK_STRONG, question);
    snprintf(text, sizeof text, "> %.*s_", (int)input->len, input->text);
    put(canvas, LOOK_PLAIN, text);
}

static void put_help(struct canvas *canvas, struct tui *tui, int until)
{
    struct buf text = {0};

    for (enum tui_mode mode = 0; mode < TUI_MODE_COUNT; mode++) {
        char keys[300];
        keys_of(mode, keys, sizeof keys);
        if (buf_printf(&text, "%-11s %s\n", mode_names[mode], keys) != ERR_OK) break;
    }
    put_lines(canvas, tui, buf_span(&text), until);
    buf_clear(&text);
}

static void put_body(struct canvas *canvas, struct tui *tui, int until)
{
    char question[80];

    switch (tui->mode) {
    case TUI_WAITING:
    case TUI_HISTORY:
    case TUI_REMEMBERED: put_list(canvas, tui, until); return;
    case TUI_DETAIL: put_lines(canvas, tui, buf_span(&tui->detail), until); return;
    case TUI_HELP: put_help(canvas, tui, until); return;
    case TUI_SCOPE:
        snprintf(question, sizeof question, "%llu: yes, how far?", (unsigned long long)tui->draft_id);
        put_menu(canvas, tui, question, until);
        return;
    case TUI_WHY:
        snprintf(question, sizeof question, "%llu: %s, why?", (unsigned long long)tui->draft_id,
                 tui->draft.scope == SCOPE_NO ? "no" : "yes");
        put_menu(canvas, tui, question, until);
        return;
    case TUI_WORDS: put_input(canvas, "why, in words", &tui->words); return;
    case TUI_METHODS: put_input(canvas, "methods (GET HEAD; empty: every one)", &tui->methods); return;
    case TUI_PATH: put_input(canvas, "path (a glob, /v1/**; empty: every one)", &tui->path); return;
    case TUI_MODE_COUNT: return;
    }
}

void view_draw(struct tui *tui, int rows, int columns, view_fn *fn, void *owner)
{
    struct canvas canvas = {fn, owner, 0, rows, columns};
    char keys[300];

    if (rows < ROWS_MIN || columns < COLUMNS_MIN) {
        put(&canvas, LOOK_PLAIN, "too small");
        put_blank(&canvas, rows);
        return;
    }
    put_title(&canvas, tui);
    put_body(&canvas, tui, rows - 1);
    put_blank(&canvas, rows - 1);
    keys_of(tui->mode, keys, sizeof keys);
    put(&canvas, tui->message[0] != '\0' ? LOOK_ALARM : LOOK_PLAIN, tui->message[0] != '\0' ? tui->message : keys);
}
