#include "queue/tui/model.h"

#include <stdarg.h>
#include <stdio.h>

#include "queue/show.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

typedef struct tui_wish action_fn(struct tui *tui);

static const struct tui_wish nothing = {.kind = TUI_NOTHING};

static action_fn up, down, page_up, page_down, open_detail, approve, reject, modify, history, remembered, filter, help,
    back, quit, scope_value, scope_host, scope_once, why_tests, why_false, why_legitimate, why_later, why_words,
    words_done, methods_done, path_done, forget;

/* clang-format off */
#define MOVES(mode)                                                                                                    \
    {mode, TUI_KEY_UP, NULL, NULL},       {mode, 'k', "j/k", "move"},   {mode, TUI_KEY_DOWN, NULL, NULL},              \
    {mode, 'j', NULL, NULL},              {mode, TUI_KEY_PAGE_UP, NULL, NULL}, {mode, TUI_KEY_PAGE_DOWN, NULL, NULL}
#define MOVE_ACTIONS up, up, down, down, page_up, page_down
#define OPENS(mode)                                                                                                    \
    {mode, TUI_KEY_ENTER, "enter", "details"}, {mode, 'a', "a", "approve"}, {mode, 'r', "r", "reject"},                \
    {mode, 'm', "m", "modify a route"}
#define OPEN_ACTIONS open_detail, approve, reject, modify
#define LEAVES(mode) {mode, TUI_KEY_ESCAPE, "esc", "back"}, {mode, 'q', NULL, NULL}
#define LEAVE_ACTIONS back, back
const struct tui_binding tui_bindings[] = {
    MOVES(TUI_WAITING), OPENS(TUI_WAITING),
    {TUI_WAITING, 'h', "h", "history"}, {TUI_WAITING, 'R', "R", "remembered"}, {TUI_WAITING, 'f', "f", "bottle"},
    {TUI_WAITING, '?', "?", "help"},    {TUI_WAITING, 'q', "q", "quit"},
    MOVES(TUI_HISTORY), {TUI_HISTORY, TUI_KEY_ENTER, "enter", "details"}, {TUI_HISTORY, 'f', "f", "bottle"},
    LEAVES(TUI_HISTORY),
    MOVES(TUI_REMEMBERED), {TUI_REMEMBERED, TUI_KEY_ENTER, "enter", "details"}, {TUI_REMEMBERED, 'x', "x", "forget"},
    {TUI_REMEMBERED, 'f', "f", "bottle"}, LEAVES(TUI_REMEMBERED),
    MOVES(TUI_DETAIL), {TUI_DETAIL, 'a', "a", "approve"}, {TUI_DETAIL, 'r', "r", "reject"},
    {TUI_DETAIL, 'm', "m", "modify a route"}, LEAVES(TUI_DETAIL),
    {TUI_SCOPE, '1', "1", "this value"}, {TUI_SCOPE, '2', "2", "at this host only"}, {TUI_SCOPE, '3', "3", "once"},
    LEAVES(TUI_SCOPE),
    {TUI_WHY, '1', "1", "used in tests"},  {TUI_WHY, '2', "2", "false positive"}, {TUI_WHY, '3', "3", "legitimate use"},
    {TUI_WHY, '4', "4", "fix later"},      {TUI_WHY, '5', "5", "in words"},       LEAVES(TUI_WHY),
    {TUI_WORDS, TUI_KEY_ENTER, "enter", "done"},   {TUI_WORDS, TUI_KEY_ESCAPE, "esc", "back"},
    {TUI_METHODS, TUI_KEY_ENTER, "enter", "next"}, {TUI_METHODS, TUI_KEY_ESCAPE, "esc", "back"},
    {TUI_PATH, TUI_KEY_ENTER, "enter", "next"},    {TUI_PATH, TUI_KEY_ESCAPE, "esc", "back"},
    MOVES(TUI_HELP), LEAVES(TUI_HELP),
};
static action_fn *const actions[] = {
    MOVE_ACTIONS, OPEN_ACTIONS, history, remembered, filter, help, quit,
    MOVE_ACTIONS, open_detail, filter, LEAVE_ACTIONS,
    MOVE_ACTIONS, open_detail, forget, filter, LEAVE_ACTIONS,
    MOVE_ACTIONS, approve, reject, modify, LEAVE_ACTIONS,
    scope_value, scope_host, scope_once, LEAVE_ACTIONS,
    why_tests, why_false, why_legitimate, why_later, why_words, LEAVE_ACTIONS,
    words_done, back, methods_done, back, path_done, back,
    MOVE_ACTIONS, LEAVE_ACTIONS,
};
/* clang-format on */
_Static_assert(COUNT_OF(actions) == COUNT_OF(tui_bindings), "an action a key");
const size_t tui_binding_count = COUNT_OF(tui_bindings);

enum err tui_begin(struct tui *tui)
{
    *tui = (struct tui){.mode = TUI_WAITING, .list = TUI_WAITING};
    tui->rows = mem_new(TUI_ROWS_MAX * sizeof *tui->rows);
    return tui->rows != NULL ? ERR_OK : ERR_NOMEM;
}

void tui_end(struct tui *tui)
{
    buf_clear(&tui->detail);
    mem_free(tui->rows);
    tui->rows = NULL;
}

void tui_say(struct tui *tui, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(tui->message, sizeof tui->message, format, args);
    va_end(args);
}

/* --- the list ---------------------------------------------------------------------------------------------------- */

enum store_view tui_view(const struct tui *tui)
{
    static const enum store_view views[] = {
        [TUI_WAITING] = STORE_OPEN, [TUI_HISTORY] = STORE_HISTORY, [TUI_REMEMBERED] = STORE_REMEMBERED};

    return views[tui->list];
}

void tui_list_begin(struct tui *tui) { tui->row_count = tui->more = 0; }

static void know_bottle(struct tui *tui, struct span name)
{
    for (size_t i = 0; i < tui->bottle_count; i++)
        if (span_is(name, span_of(tui->bottles[i]))) return;
    if (tui->bottle_count == COUNT_OF(tui->bottles) || name.len > MANIFEST_NAME_MAX) return;
    memcpy(tui->bottles[tui->bottle_count], name.at, name.len);
    tui->bottles[tui->bottle_count++][name.len] = '\0';
}

static bool is_once_only(const struct proposal *proposal)
{
    static const uint8_t none[sizeof proposal->fingerprint];

    return proposal->tool != TOOL_ROUTE && memcmp(proposal->fingerprint, none, sizeof none) == 0;
}

void tui_list_add(struct tui *tui, const struct store_item *item, uint64_t now_ms)
{
    const struct proposal *proposal = &item->proposal;
    struct buf line = {0};

    know_bottle(tui, proposal->bottle);
    if (tui->bottle[0] != '\0' && !span_is(proposal->bottle, span_of(tui->bottle))) return;
    if (item->state == AUDIT_PROPOSED && proposal->id > tui->newest) {
        tui->bell = true;
        tui->newest = proposal->id;
    }
    if (tui->row_count == TUI_ROWS_MAX) {
        tui->more++;
        return;
    }
    struct tui_row *row = &tui->rows[tui->row_count++];
    *row = (struct tui_row){.id = proposal->id, .tool = proposal->tool, .once_only = is_once_only(proposal)};
    if (show_line(&line, item, now_ms) == ERR_OK)
        snprintf(row->line, sizeof row->line, "%.*s", SPAN_FMT(buf_span(&line)));
    buf_clear(&line);
}

static size_t index_of(const struct tui *tui, uint64_t id)
{
    size_t i = 0;

    while (i < tui->row_count && tui->rows[i].id != id) i++;
    return i;
}

static const struct tui_row *selected_row(const struct tui *tui)
{
    size_t i = index_of(tui, tui->selected);

    return tui->selected != 0 && i < tui->row_count ? &tui->rows[i] : NULL;
}

/* What a person was about to answer is gone: what stands in its place was not what they saw. */
void tui_list_end(struct tui *tui)
{
    bool is_answering = tui->mode == TUI_SCOPE || tui->mode == TUI_WHY || tui->mode == TUI_WORDS ||
                        tui->mode == TUI_METHODS || tui->mode == TUI_PATH;

    if (tui->selected == 0 || selected_row(tui) != NULL || tui->list != TUI_WAITING) return;
    if (tui->message[0] == '\0') tui_say(tui, "%llu no longer waits", (unsigned long long)tui->selected);
    tui->selected = 0;
    if (is_answering) tui->mode = TUI_WAITING;
}

/* --- moving ------------------------------------------------------------------------------------------------------ */

static bool is_list(enum tui_mode mode) { return mode <= TUI_REMEMBERED; }

static struct tui_wish move_by(struct tui *tui, int by)
{
    size_t at = index_of(tui, tui->selected);

    if (!is_list(tui->mode)) {
        tui->top = by < 0 && tui->top < (size_t)-by ? 0 : tui->top + (size_t)by;
        return nothing;
    }
    if (tui->row_count == 0) return nothing;
    if (tui->selected == 0 || at == tui->row_count)
        at = 0;
    else if (by < 0)
        at = at < (size_t)-by ? 0 : at - (size_t)-by;
    else
        at = at + (size_t)by >= tui->row_count ? tui->row_count - 1 : at + (size_t)by;
    tui->selected = tui->rows[at].id;
    return nothing;
}

static struct tui_wish up(struct tui *tui) { return move_by(tui, -1); }
static struct tui_wish down(struct tui *tui) { return move_by(tui, 1); }
static struct tui_wish page_up(struct tui *tui) { return move_by(tui, -10); }
static struct tui_wish page_down(struct tui *tui) { return move_by(tui, 10); }

static struct tui_wish go(struct tui *tui, enum tui_mode mode)
{
    tui->mode = mode;
    tui->top = 0;
    if (is_list(mode) && tui->list != mode) {
        tui->list = mode;
        tui->selected = 0;
    }
    return nothing;
}

static struct tui_wish back(struct tui *tui)
{
    bool from_list = is_list(tui->mode) || tui->mode == TUI_HELP;

    return go(tui, from_list ? TUI_WAITING : tui->list);
}

static struct tui_wish history(struct tui *tui) { return go(tui, TUI_HISTORY); }
static struct tui_wish remembered(struct tui *tui) { return go(tui, TUI_REMEMBERED); }
static struct tui_wish help(struct tui *tui) { return go(tui, TUI_HELP); }
static struct tui_wish quit(struct tui *tui)
{
    (void)tui;
    return (struct tui_wish){.kind = TUI_QUIT};
}

/* Every bottle, then each by itself. */
static struct tui_wish filter(struct tui *tui)
{
    size_t next = 0;

    for (size_t i = 0; i < tui->bottle_count; i++)
        if (strcmp(tui->bottle, tui->bottles[i]) == 0) next = i + 1;
    if (tui->bottle[0] != '\0' && next == tui->bottle_count)
        tui->bottle[0] = '\0';
    else if (next < tui->bottle_count)
        memcpy(tui->bottle, tui->bottles[next], sizeof tui->bottle);
    tui->selected = 0;
    return nothing;
}

static const struct tui_row *need_row(struct tui *tui)
{
    const struct tui_row *row = selected_row(tui);

    if (row == NULL) tui_say(tui, "select one first: j and k, or the arrows");
    return row;
}

static struct tui_wish open_detail(struct tui *tui)
{
    if (need_row(tui) == NULL) return nothing;
    buf_clear(&tui->detail);
    go(tui, TUI_DETAIL);
    return (struct tui_wish){.kind = TUI_SHOW, .id = tui->selected};
}

static struct tui_wish forget(struct tui *tui)
{
    if (need_row(tui) == NULL) return nothing;
    return (struct tui_wish){.kind = TUI_FORGET, .id = tui->selected};
}

/* --- an answer --------------------------------------------------------------------------------------------------- */

static const struct tui_row *begin_draft(struct tui *tui)
{
    const struct tui_row *row = tui->list == TUI_WAITING ? need_row(tui) : NULL;

    if (tui->list != TUI_WAITING) tui_say(tui, "that is answered, or over");
    if (row == NULL) return NULL;
    tui->draft = (struct decision){0};
    tui->draft_id = row->id;
    tui->words = tui->methods = tui->path = (struct tui_input){0};
    return row;
}

static struct tui_wish approve(struct tui *tui) { return begin_draft(tui) != NULL ? go(tui, TUI_SCOPE) : nothing; }

static struct tui_wish reject(struct tui *tui)
{
    if (begin_draft(tui) == NULL) return nothing;
    tui->draft.scope = SCOPE_NO;
    return go(tui, TUI_WHY);
}

static struct tui_wish modify(struct tui *tui)
{
    const struct tui_row *row = begin_draft(tui);

    if (row == NULL) return nothing;
    if (row->tool == TOOL_ROUTE) return go(tui, TUI_METHODS);
    tui_say(tui, "modify is not available: this reports what was found, it can be approved or rejected as it is");
    return nothing;
}

static struct tui_wish scope(struct tui *tui, enum scope scope)
{
    const struct tui_row *row = selected_row(tui);

    if (row == NULL || row->id != tui->draft_id) return back(tui);
    if (row->once_only && scope != SCOPE_ONCE) {
        tui_say(tui, "it stands for no value that could be remembered: 3, once");
        return nothing;
    }
    if (row->tool == TOOL_ROUTE && scope == SCOPE_HOST) {
        tui_say(tui, "a route is for its host already: 1, for the proxy's life, or 3, once");
        return nothing;
    }
    tui->draft.scope = scope;
    return go(tui, TUI_WHY);
}

static struct tui_wish scope_value(struct tui *tui) { return scope(tui, SCOPE_VALUE); }
static struct tui_wish scope_host(struct tui *tui) { return scope(tui, SCOPE_HOST); }
static struct tui_wish scope_once(struct tui *tui) { return scope(tui, SCOPE_ONCE); }

static struct tui_wish decide(struct tui *tui, enum why why)
{
    struct tui_wish wish = {.kind = TUI_DECIDE, .id = tui->draft_id, .decision = tui->draft};

    wish.decision.why = why;
    wish.decision.words = (struct span){(const uint8_t *)tui->words.text, tui->words.len};
    wish.decision.route_methods = (struct span){(const uint8_t *)tui->methods.text, tui->methods.len};
    wish.decision.route_path = (struct span){(const uint8_t *)tui->path.text, tui->path.len};
    go(tui, TUI_WAITING);
    return wish;
}

static struct tui_wish why_tests(struct tui *tui) { return decide(tui, WHY_TESTS); }
static struct tui_wish why_false(struct tui *tui) { return decide(tui, WHY_FALSE); }
static struct tui_wish why_legitimate(struct tui *tui) { return decide(tui, WHY_LEGITIMATE); }
static struct tui_wish why_later(struct tui *tui) { return decide(tui, WHY_LATER); }
static struct tui_wish why_words(struct tui *tui) { return go(tui, TUI_WORDS); }

static struct tui_wish words_done(struct tui *tui)
{
    if (tui->words.len > 0) return decide(tui, WHY_OTHER);
    tui_say(tui, "say why in a few words, or esc");
    return nothing;
}

static struct tui_wish methods_done(struct tui *tui) { return go(tui, TUI_PATH); }
static struct tui_wish path_done(struct tui *tui)
{
    tui->draft.scope = SCOPE_VALUE;
    return go(tui, TUI_WHY);
}

/* --- keys -------------------------------------------------------------------------------------------------------- */

static struct tui_input *input_of(struct tui *tui)
{
    switch (tui->mode) {
    case TUI_WORDS: return &tui->words;
    case TUI_METHODS: return &tui->methods;
    case TUI_PATH: return &tui->path;
    case TUI_WAITING:
    case TUI_HISTORY:
    case TUI_REMEMBERED:
    case TUI_DETAIL:
    case TUI_SCOPE:
    case TUI_WHY:
    case TUI_HELP:
    case TUI_MODE_COUNT: break;
    }
    return NULL;
}

static void type(struct tui_input *input, int key)
{
    if (key == TUI_KEY_BACKSPACE && input->len > 0)
        input->len--;
    else if (key >= ' ' && key <= '~' && input->len < TUI_TEXT_MAX)
        input->text[input->len++] = (char)key;
}

struct tui_wish tui_key(struct tui *tui, int key)
{
    struct tui_input *input = input_of(tui);

    tui->message[0] = '\0';
    for (size_t i = 0; i < COUNT_OF(tui_bindings); i++)
        if (tui_bindings[i].mode == tui->mode && tui_bindings[i].key == key) return actions[i](tui);
    if (input != NULL) type(input, key);
    return nothing;
}
