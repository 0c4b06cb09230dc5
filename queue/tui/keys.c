#include <assert.h>
#include <limits.h>
#include <stdio.h>

#include "queue/tui/model.h"
#include "reactor/base/own.h"

static const struct tui_wish nothing = {.kind = TUI_NOTHING};

static tui_action_fn move, open_detail, approve, reject, modify, forget, show_list, filter, help, back, quit,
    choose_scope, choose_why, choose_words, input_done;

#define IN(mode) (1u << TUI_##mode)
#define LISTS    (IN(WAITING) | IN(HISTORY) | IN(REMEMBERED))
#define READ     (LISTS | IN(DETAIL) | IN(HELP))
#define INPUTS   (IN(WORDS) | IN(METHODS) | IN(PATH))
#define MENUS    (IN(SCOPE) | IN(GRANT) | IN(ONCE) | IN(WHY))

/* The first ones of a mode are the last to go from the last line of a small screen.  A number means the same in every
 * menu of scopes. */
/* clang-format off */
const struct tui_binding tui_bindings[] = {
    {LISTS,               TUI_KEY_ENTER,     "enter", "details",                  open_detail,  0},
    {LISTS | IN(DETAIL),  'a',               "a",     "approve",                  approve,      0},
    {LISTS | IN(DETAIL),  'r',               "r",     "reject",                   reject,       0},
    {LISTS | IN(DETAIL),  'm',               "m",     "modify",                   modify,       0},
    {(LISTS & ~IN(WAITING)) | IN(DETAIL), 'x', "x",   "forget",                   forget,       0},

    {IN(SCOPE),           '1',               "1",     "this value",               choose_scope, SCOPE_VALUE},
    {IN(SCOPE),           '2',               "2",     "at this host only",        choose_scope, SCOPE_HOST},
    {IN(SCOPE),           '3',               "3",     "once",                     choose_scope, SCOPE_ONCE},
    {IN(GRANT),           '1',               "1",     "until proxy ends",         choose_scope, SCOPE_VALUE},
    {IN(GRANT),           '3',               "3",     "once",                     choose_scope, SCOPE_ONCE},
    {IN(ONCE),            '3',               "3",     "once",                     choose_scope, SCOPE_ONCE},
    {IN(WHY),             '1',               "1",     "used in tests",            choose_why,   WHY_TESTS},
    {IN(WHY),             '2',               "2",     "false positive",           choose_why,   WHY_FALSE},
    {IN(WHY),             '3',               "3",     "legitimate use",           choose_why,   WHY_LEGITIMATE},
    {IN(WHY),             '4',               "4",     "fix later",                choose_why,   WHY_LATER},
    {IN(WHY),             '5',               "5",     "in words",                 choose_words, 0},
    {INPUTS,              TUI_KEY_ENTER,     "enter", "done",                     input_done,   0},

    {READ & ~LISTS,       TUI_KEY_ESCAPE,    "esc",   "back",                     back,         0},
    {MENUS | INPUTS,      TUI_KEY_ESCAPE,    "esc",   "cancel",                   back,         0},
    {READ,                'j',               "j/k",   "move",                     move,         1},
    {READ,                'k',               NULL,    NULL,                       move,         -1},
    {READ,                TUI_KEY_DOWN,      NULL,    NULL,                       move,         1},
    {READ,                TUI_KEY_UP,        NULL,    NULL,                       move,         -1},
    {READ,                TUI_KEY_PAGE_DOWN, NULL,    NULL,                       move,         SHRT_MAX},
    {READ,                TUI_KEY_PAGE_UP,   NULL,    NULL,                       move,         SHRT_MIN},
    {READ,                'G',               NULL,    NULL,                       move,         INT_MAX},
    {READ,                'g',               NULL,    NULL,                       move,         INT_MIN},
    {READ,                TUI_KEY_END,       NULL,    NULL,                       move,         INT_MAX},
    {READ,                TUI_KEY_HOME,      NULL,    NULL,                       move,         INT_MIN},

    {LISTS & ~IN(WAITING), TUI_KEY_ESCAPE,   "esc",   "what waits",               show_list,    TUI_WAITING},
    {LISTS & ~IN(HISTORY), 'h',              "h",     "history",                  show_list,    TUI_HISTORY},
    {LISTS & ~IN(REMEMBERED), 'R',           "R",     "remembered",               show_list,    TUI_REMEMBERED},
    {LISTS,               'f',               "f",     "filter: bottle",           filter,       0},
    {READ & ~IN(HELP),    '?',               "?",     "help",                     help,         0},
    {IN(WAITING),         'q',               "q",     "quit",                     quit,         0},
    {LISTS & ~IN(WAITING), 'q',              NULL,    NULL,                       show_list,    TUI_WAITING},
    {IN(DETAIL) | IN(HELP) | MENUS, 'q',     NULL,    NULL,                       back,         0},
};
/* clang-format on */
const size_t tui_binding_count = COUNT_OF(tui_bindings);

static struct tui_wish go(struct tui *tui, enum tui_mode mode)
{
    tui->mode = mode;
    tui->top = 0;
    return nothing;
}

/* --- moving ------------------------------------------------------------------------------------------------------- */

static size_t moved(size_t at, int by, size_t count)
{
    if (by < 0) return at < (size_t) - (long)by ? 0 : at - (size_t) - (long)by;
    return (size_t)by >= count - at ? count - 1 : at + (size_t)by;
}

/* Lines are scrolled, and view.c knows where they end; rows are selected, and where none is, the one nearest to the
 * last that was. */
static struct tui_wish move(struct tui *tui, int by)
{
    if (by == SHRT_MAX || by == SHRT_MIN) by = (by > 0 ? 1 : -1) * (int)tui->page;
    if (((1u << tui->mode) & LISTS) == 0) {
        tui->top = moved(tui->top, by, INT_MAX);
        return nothing;
    }
    if (tui->row_count == 0) return nothing;
    assert(tui->rows != NULL);
    size_t place = tui_place(tui, tui->selected);
    if (tui->selected != 0 && place < tui->row_count)
        tui->place = moved(place, by, tui->row_count);
    else if (tui->place >= tui->row_count)
        tui->place = tui->row_count - 1;
    tui->selected = tui->rows[tui->place].id;
    return nothing;
}

static struct tui_wish show_list(struct tui *tui, int list)
{
    if (tui->list != (enum tui_mode)list) tui->selected = tui->place = tui->row_count = 0;
    tui->list = (enum tui_mode)list;
    return go(tui, tui->list);
}

static struct tui_wish back(struct tui *tui, int with)
{
    enum tui_mode to = tui->mode == TUI_DETAIL ? tui->list : tui->before;

    (void)with;
    return go(tui, to);
}

static struct tui_wish help(struct tui *tui, int with)
{
    (void)with;
    tui->before = tui->mode;
    return go(tui, TUI_HELP);
}

static struct tui_wish quit(struct tui *tui, int with)
{
    (void)tui, (void)with;
    return (struct tui_wish){.kind = TUI_QUIT};
}

/* Every bottle, then each by itself. */
static struct tui_wish filter(struct tui *tui, int with)
{
    size_t next = 0;

    (void)with;
    for (size_t i = 0; i < tui->bottle_count; i++)
        if (strcmp(tui->bottle, tui->bottles[i]) == 0) next = i + 1;
    if (next < tui->bottle_count)
        memcpy(tui->bottle, tui->bottles[next], sizeof tui->bottle);
    else
        tui->bottle[0] = '\0';
    tui->selected = tui->place = tui->row_count = 0;
    return nothing;
}

/* --- one of them -------------------------------------------------------------------------------------------------- */

static const struct tui_row *selected_row(const struct tui *tui)
{
    size_t place = tui_place(tui, tui->selected);

    return tui->selected != 0 && place < tui->row_count ? &tui->rows[place] : NULL;
}

/* Answers nothing, so it may take the nearest one where none is selected. */
static struct tui_wish open_detail(struct tui *tui, int with)
{
    (void)with;
    if (selected_row(tui) == NULL) move(tui, 0);
    if (selected_row(tui) == NULL) return nothing;
    buf_clear(&tui->detail);
    tui->shown = tui->selected;
    return go(tui, TUI_DETAIL);
}

/* The selected row, if that may happen to it now; a new draft. */
static const struct tui_row *begin(struct tui *tui, enum audit_event event)
{
    const struct tui_row *row = selected_row(tui);
    enum audit_event next;

    if (tui->writing)
        tui_say(tui, "%llu is still being written; one moment", (unsigned long long)tui->draft_id);
    else if (row == NULL)
        tui_say(tui, tui->mode == TUI_DETAIL ? "it is not on the list any more"
                                             : "select one first: j and k, or the arrows");
    else if (audit_step(row->state, event, &next) != ERR_OK)
        tui_say(tui, "%llu: %s", (unsigned long long)row->id,
                event == AUDIT_FORGOTTEN        ? "there is nothing to forget"
                : row->state == AUDIT_ABANDONED ? "the proxy that asked is gone"
                                                : "it is decided already");
    else {
        tui->draft = (struct decision){.operator= SPAN_LIT("?")};
        tui->draft_id = row->id;
        tui->before = tui->mode;
        tui->words = tui->methods = tui->path = (struct tui_input){0};
        return row;
    }
    return NULL;
}

static struct tui_wish forget(struct tui *tui, int with)
{
    (void)with;
    if (begin(tui, AUDIT_FORGOTTEN) == NULL) return nothing;
    tui->writing = true;
    return (struct tui_wish){.kind = TUI_FORGET, .id = tui->draft_id};
}

/* --- an answer ---------------------------------------------------------------------------------------------------- */

/* What is left of the row is enough to judge an answer by.  The store judges again. */
static struct proposal as_proposal(const struct tui_row *row)
{
    struct proposal proposal = {.id = row->id, .tool = row->tool};

    memcpy(proposal.fingerprint, row->fingerprint, sizeof proposal.fingerprint);
    return proposal;
}

static bool fits(struct tui *tui, const struct decision *decision)
{
    const struct tui_row *row = selected_row(tui);
    const char *why = "it is gone";

    if (row != NULL && row->id == tui->draft_id) {
        struct proposal proposal = as_proposal(row);
        if (decision_fits(decision, &proposal, &why) == ERR_OK) return true;
    }
    tui_say(tui, "%s", why);
    return false;
}

static struct tui_wish approve(struct tui *tui, int with)
{
    const struct tui_row *row = begin(tui, AUDIT_DECIDED);
    struct decision value = {.operator= SPAN_LIT("?"), .scope = SCOPE_VALUE, .why = WHY_TESTS};
    const char *why;

    (void)with;
    if (row == NULL) return nothing;
    if (row->tool == TOOL_ROUTE) return go(tui, TUI_GRANT);
    struct proposal proposal = as_proposal(row);
    return go(tui, decision_fits(&value, &proposal, &why) == ERR_OK ? TUI_SCOPE : TUI_ONCE);
}

static struct tui_wish reject(struct tui *tui, int with)
{
    (void)with;
    if (begin(tui, AUDIT_DECIDED) == NULL) return nothing;
    tui->draft.scope = SCOPE_NO;
    return go(tui, TUI_WHY);
}

/* What was asked for is the narrowest that could be granted: it is there to begin with, where it is plain. */
static void begin_with(struct tui_input *input, const char *text, const char *plain)
{
    size_t len = strlen(text);

    if (len != strspn(text, plain) || len > sizeof input->text) return;
    memcpy(input->text, text, len);
    input->len = len;
}

static struct tui_wish modify(struct tui *tui, int with)
{
    const struct tui_row *row = begin(tui, AUDIT_DECIDED);

    (void)with;
    if (row == NULL) return nothing;
    if (row->tool != TOOL_ROUTE) {
        tui_say(tui, "modify is not available: this reports what was found, it can be approved or rejected as it is");
        return nothing;
    }
    tui->draft.scope = SCOPE_VALUE;
    begin_with(&tui->methods, row->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-");
    begin_with(&tui->path, row->path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-._~");
    return go(tui, TUI_METHODS);
}

static struct tui_wish choose_scope(struct tui *tui, int scope)
{
    tui->draft.scope = (enum scope)scope;
    return go(tui, TUI_WHY);
}

static struct span typed(const struct tui_input *input)
{
    return (struct span){(const uint8_t *)input->text, input->len};
}

static struct tui_wish choose_why(struct tui *tui, int why)
{
    tui->draft.why = (enum why)why;
    tui->draft.words = typed(&tui->words);
    tui->draft.route_methods = typed(&tui->methods);
    tui->draft.route_path = typed(&tui->path);
    tui->writing = true;
    go(tui, tui->list);
    return (struct tui_wish){.kind = TUI_DECIDE, .id = tui->draft_id, .decision = tui->draft};
}

static struct tui_wish choose_words(struct tui *tui, int with)
{
    (void)with;
    return go(tui, TUI_WORDS);
}

/* Each is judged by itself, so that a person reads at once what is wrong with it. */
static struct tui_wish input_done(struct tui *tui, int with)
{
    struct decision part = tui->draft;

    (void)with;
    if (tui->mode == TUI_WORDS && tui->words.len == 0) {
        tui_say(tui, "say why in a few words, or esc");
        return nothing;
    }
    if (tui->mode == TUI_WORDS) return choose_why(tui, WHY_OTHER);
    part.why = WHY_TESTS;
    if (tui->mode == TUI_METHODS) part.route_methods = typed(&tui->methods);
    if (tui->mode == TUI_PATH) part.route_path = typed(&tui->path);
    if (!fits(tui, &part)) return nothing;
    return go(tui, tui->mode == TUI_METHODS ? TUI_PATH : TUI_WHY);
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

static struct tui_input *input_of(struct tui *tui)
{
    if (tui->mode == TUI_WORDS) return &tui->words;
    if (tui->mode == TUI_METHODS) return &tui->methods;
    return tui->mode == TUI_PATH ? &tui->path : NULL;
}

static void type(struct tui *tui, struct tui_input *input, int key)
{
    if (key == TUI_KEY_BACKSPACE && input->len > 0)
        input->len--;
    else if (key >= ' ' && key <= '~' && input->len < TUI_TEXT_MAX)
        input->text[input->len++] = (char)key;
    else if (key >= 0x80 && key < 0x100)
        tui_say(tui, "only ASCII can be typed here");
}

struct tui_wish tui_key(struct tui *tui, int key)
{
    struct tui_input *input = input_of(tui);

    tui->message[0] = '\0';
    tui->changed = true;
    for (size_t i = 0; i < COUNT_OF(tui_bindings); i++) {
        const struct tui_binding *binding = &tui_bindings[i];
        if ((binding->modes >> tui->mode & 1) != 0 && binding->key == key) return binding->action(tui, binding->with);
    }
    if (input != NULL) type(tui, input, key);
    return nothing;
}
