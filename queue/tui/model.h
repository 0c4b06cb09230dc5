/* model.h — what `bottled supervise` knows and shows: no terminal, no store, no clock.
 *
 * Fed with what stands in the queue, with time and with keys; says what it wants done (struct tui_wish) and what is to
 * be drawn (view.h).
 * Safe     a key acts on the proposal that was selected when it was pressed: the selection stays with its number, and
 *          is nothing at all once that one is gone.  No key by itself lets anything go.
 * Texts    of a proposal are cleaned (show.h) as they come in: all that is kept here may stand on a terminal.
 */
#pragma once
#include "queue/store.h"
#include "reactor/base/buf.h"
#include "reactor/base/limits.h"

/* clang-format off */
/*    id              shown as        what it is */
/* From TUI_SCOPE to TUI_PATH an answer is being made. */
#define TUI_MODE_LIST(M)                                                                                     \
    M(TUI_WAITING,    "waiting")      /* what waits for an answer */                                         \
    M(TUI_HISTORY,    "history")                                                                             \
    M(TUI_REMEMBERED, "remembered")                                                                          \
    M(TUI_DETAIL,     "proposal")     /* one of them */                                                      \
    M(TUI_SCOPE,      "approve")      /* how far the yes goes */                                             \
    M(TUI_GRANT,      "approve")      /* ...of a route */                                                    \
    M(TUI_ONCE,       "approve")      /* ...of what stands for no value */                                   \
    M(TUI_WHY,        "why")                                                                                 \
    M(TUI_WORDS,      "why")          /* ...in words */                                                      \
    M(TUI_METHODS,    "modify")       /* a route: which methods */                                           \
    M(TUI_PATH,       "modify")       /* ...and where */                                                     \
    M(TUI_HELP,       "help")
/* clang-format on */

#define TUI_MODE_ENUM_(id, name) id,
enum tui_mode { TUI_MODE_LIST(TUI_MODE_ENUM_) TUI_MODE_COUNT };
const char *tui_mode_name(enum tui_mode mode);

/* Keys that are no character. */
enum {
    TUI_KEY_UP = 0x100,
    TUI_KEY_DOWN,
    TUI_KEY_ENTER,
    TUI_KEY_ESCAPE,
    TUI_KEY_BACKSPACE,
    TUI_KEY_PAGE_UP,
    TUI_KEY_PAGE_DOWN,
    TUI_KEY_HOME,
    TUI_KEY_END
};

/* TELL: how that one ended, by tui_tell(). */
enum tui_wish_kind { TUI_NOTHING, TUI_DECIDE, TUI_FORGET, TUI_TELL, TUI_QUIT };
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

/* Rows are compared as bytes: there is no hole in one. */
struct tui_row {
    uint64_t id, created_ms, deadline_ms, decided_ms; /* decided: 0, it is not */
    enum tool tool;
    enum audit_event state;
    enum scope scope; /* of the decision */
    uint32_t waiting;
    uint8_t fingerprint[8];
    char bottle[81], rule[161], method[41], who[81], host[241], path[243]; /* at four bytes a column */
};

struct tui {
    enum tui_mode mode, list; /* list: which one is behind the others */
    enum tui_mode before;     /* where an answer, or the help, goes back to */
    uint64_t now_ms;          /* since 1970 */
    bool changed;             /* what is on the screen is old; whoever draws clears it */
    bool bell;                /* one has come; whoever rings clears it */

    struct tui_row *rows; /* of the list, TUI_ROWS_MAX */
    size_t row_count, filled;
    bool more;         /* that there was no room for */
    uint64_t selected; /* 0: none */
    size_t place;      /* where it was, among the rows */
    uint64_t newest;   /* the highest number that was heard of */
    size_t top, page;  /* of lines: the first that is shown, and how many were */
    struct buf detail; /* of the one that is shown, lines */
    uint64_t shown;
    char bottle[MANIFEST_NAME_MAX + 1]; /* just this one's; "": every */
    char bottles[16][MANIFEST_NAME_MAX + 1];
    size_t bottle_count;

    char message[400], banner[400]; /* banner: what is wrong with the queue */
    uint64_t said_ms;               /* the message, which does not stay for ever */
    struct decision draft;
    uint64_t draft_id;
    bool writing; /* the draft is on its way into the queue: nothing else is begun */
    struct tui_input words, methods, path;
};

MUST_CHECK enum err tui_begin(struct tui *tui);
void tui_end(struct tui *tui);
void tui_at(struct tui *tui, uint64_t now_ms);                       /* it is later */
MUST_CHECK enum err tui_filter(struct tui *tui, const char *bottle); /* errors: ERR_SYNTAX: no bottle has that name */

/* What stands in the view of tui_view(), anew: begin, each, end.  The wish is TUI_TELL where the selected one is gone.
 * Where it breaks off before the end, the old rows stand. */
enum store_view tui_view(const struct tui *tui);
void tui_list_begin(struct tui *tui);
void tui_list_add(struct tui *tui, const struct store_item *item);
struct tui_wish tui_list_end(struct tui *tui);

/* One that waits, and is newer than tui->newest: whatever is shown, a person hears of it. */
void tui_hear(struct tui *tui, const struct store_item *item);

void tui_show(struct tui *tui, const struct store_item *item); /* tui->shown, in TUI_DETAIL */
void tui_tell(struct tui *tui, const struct store_item *item); /* in the message: how it stands */
void tui_say(struct tui *tui, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The wish TUI_DECIDE or TUI_FORGET has been done, or not. */
void tui_written(struct tui *tui, bool done);

/* What is wrong with the queue; NULL: nothing is. */
void tui_warn(struct tui *tui, const char *why);
/* It can't be had: nothing of it is shown, and in the one that is there next no number means what it did. */
void tui_lost(struct tui *tui, const char *why);

/* One key.  The wish's texts are good until tui_written(). */
struct tui_wish tui_key(struct tui *tui, int key);

/* What a key does in some of the modes: (1 << mode) | ... */
typedef struct tui_wish tui_action_fn(struct tui *tui, int with);
struct tui_binding {
    unsigned modes;
    int key;
    const char *shown, *does; /* NULL: one more key for the same */
    tui_action_fn *action;
    int with;
};
extern const struct tui_binding tui_bindings[];
extern const size_t tui_binding_count;

/* The place of that number among the rows; row_count: it is not there. */
size_t tui_place(const struct tui *tui, uint64_t id);
