/* model.h — what `bottled supervise` knows and shows: no terminal, no store, no clock.
 *
 * Fed with what stands in the queue and with keys; says what it wants done (struct tui_wish) and what is to be drawn
 * (view.h).
 * Safe     a key acts on the proposal that was selected when it was pressed: the selection stays with its number, and
 *          is nothing at all once that one is gone.  No key by itself lets anything go.
 */
#pragma once
#include "queue/store.h"
#include "reactor/base/buf.h"
#include "reactor/base/limits.h"

/* clang-format off */
/*    id              shown as        what it is */
#define TUI_MODE_LIST(M)                                                                                     \
    M(TUI_WAITING,    "waiting")      /* what waits for an answer */                                         \
    M(TUI_HISTORY,    "history")                                                                             \
    M(TUI_REMEMBERED, "remembered")                                                                          \
    M(TUI_DETAIL,     "proposal")     /* one of them */                                                      \
    M(TUI_SCOPE,      "approve")      /* how far the yes goes */                                             \
    M(TUI_WHY,        "why")                                                                                 \
    M(TUI_WORDS,      "why")          /* ...in words */                                                      \
    M(TUI_METHODS,    "modify")       /* a route: which methods */                                           \
    M(TUI_PATH,       "modify")       /* ...and where */                                                     \
    M(TUI_HELP,       "help")
/* clang-format on */

#define TUI_MODE_ENUM_(id, name) id,
enum tui_mode { TUI_MODE_LIST(TUI_MODE_ENUM_) TUI_MODE_COUNT };

/* Keys that are no character. */
enum {
    TUI_KEY_UP = 0x100,
    TUI_KEY_DOWN,
    TUI_KEY_ENTER,
    TUI_KEY_ESCAPE,
    TUI_KEY_BACKSPACE,
    TUI_KEY_PAGE_UP,
    TUI_KEY_PAGE_DOWN
};

enum tui_wish_kind { TUI_NOTHING, TUI_DECIDE, TUI_FORGET, TUI_SHOW, TUI_QUIT };
struct tui_wish {
    enum tui_wish_kind kind;
    uint64_t id;
    struct decision decision; /* of TUI_DECIDE, without operator and time; its texts are the model's */
};

#define TUI_TEXT_MAX 200
struct tui_input {
    char text[TUI_TEXT_MAX];
    size_t len;
};

struct tui_row {
    uint64_t id;
    enum tool tool;
    bool once_only; /* it stands for no value */
    char line[PROPOSAL_TEXT_MAX];
};

struct tui {
    enum tui_mode mode, list; /* list: which one is behind the others */
    struct tui_row *rows;     /* of the list, TUI_ROWS_MAX */
    size_t row_count;
    size_t more;                        /* that there was no room for */
    uint64_t selected;                  /* 0: none */
    uint64_t newest;                    /* the highest number that was seen waiting */
    bool bell;                          /* one has come; whoever rings clears it */
    size_t top;                         /* the first row, or line, that is shown */
    struct buf detail;                  /* of the selected one, lines */
    char bottle[MANIFEST_NAME_MAX + 1]; /* just this one's; "": every */
    char bottles[16][MANIFEST_NAME_MAX + 1];
    size_t bottle_count;
    char message[200], banner[300]; /* banner: what is wrong with the queue */
    struct decision draft;
    uint64_t draft_id;
    struct tui_input words, methods, path;
};

MUST_CHECK enum err tui_begin(struct tui *tui);
void tui_end(struct tui *tui);

/* What stands in the view of tui_view(), anew: begin, each, end. */
enum store_view tui_view(const struct tui *tui);
void tui_list_begin(struct tui *tui);
void tui_list_add(struct tui *tui, const struct store_item *item, uint64_t now_ms);
void tui_list_end(struct tui *tui);

/* One key.  The wish's texts are good until the next one. */
struct tui_wish tui_key(struct tui *tui, int key);

void tui_say(struct tui *tui, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The keys of a mode as `a approve  r reject  ...`, and of all modes for the help. */
struct tui_binding {
    enum tui_mode mode;
    int key;
    const char *shown, *does; /* shown NULL: a second key for the same */
};
extern const struct tui_binding tui_bindings[];
extern const size_t tui_binding_count;
