#include "queue/cmd_supervise.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "queue/operator.h"
#include "queue/show.h"
#include "queue/tui/screen.h"
#include "reactor/base/own.h"
#include "reactor/base/verb.h"
#include "reactor/loop/signal.h"
#include "reactor/loop/timer.h"
#include "reactor/loop/watch.h"

static const char help[] =
    "bottled supervise [--root DIR] [--bottle NAME] [--operator NAME]\n"
    "\n"
    "Shows in this terminal what bottles ask for, and takes your answers.  A request in which the scan found what "
    "looks\n"
    "like a secret is held until somebody answers, or its time is over; a bell tells that one has come.  Several "
    "people\n"
    "may look at once: the first answer stands.\n"
    "\n"
    "  --root DIR         the manifests' tree, whose queue/ it is (default: ~/.bottled)\n"
    "  --bottle NAME      begin with this bottle alone; f goes on to others\n"
    "  --operator NAME    who answers (default: your login name)\n"
    "\n"
    "Keys: j and k or the arrows move, enter shows all of a proposal, a approves, r rejects, m narrows a route before "
    "it\n"
    "is granted, h is the history, R what is remembered, ? all keys, q quits.  No single key lets anything go: a yes\n"
    "asks how far it goes (this value, at this host only, once), and why.\n"
    "Where NO_COLOR is set there are no colours.  For scripts there is `bottled queue`.\n"
    "Exit codes: 0 quit, 2 usage, 3 no terminal, or the queue can't be had at the start.\n";

/* All but the last end it. */
static const int signal_numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGWINCH};

struct supervise {
    struct operator operator;
    struct tui tui;
    struct loop *loop;
    struct timer timer;
    struct watch *keys;
    struct signal_watch *signals[COUNT_OF(signal_numbers)];
    const char *bottle;
    uint64_t reopen_ms, busy_ms; /* a queue that was lost is opened again; since when it has been busy: 0, it is not */
    bool damaged;                /* something in it can't be read; the rest is shown */
    uint64_t rest_ms;            /* when what gone proxies left is looked for again */
    enum store_err rest_err;
    struct tui_wish pending; /* what is to be written, until it is, or until: */
    uint64_t give_up_ms;
};

/* --- the queue --------------------------------------------------------------------------------------------------- */

static void lose(struct supervise *s, const char *why)
{
    tui_lost(&s->tui, why);
    store_free(&s->operator.store);
    s->pending.kind = TUI_NOTHING;
    s->rest_err = STORE_OK;
    s->reopen_ms = loop_now_ms(s->loop) + POLL_LOST_MS;
}

static void reopen(struct supervise *s)
{
    struct arena arena = arena_begin(KIB(64));
    const char *why;

    if (store_open(s->operator.root, 0, &arena, &why, &s->operator.store) != STORE_OK) {
        s->operator.store = NULL;
        lose(s, why);
    }
    arena_end(&arena);
}

struct page {
    struct supervise *supervise;
    void (*each)(struct tui *tui, const struct store_item *item);
    uint64_t last;
    size_t count;
};

static void on_item(void *owner, const struct store_item *item)
{
    struct page *page = owner;

    page->last = item->proposal.id;
    page->count++;
    page->each(&page->supervise->tui, item);
}

/* Each of a view, TUI_PAGES_MAX calls at most: a look may not take long. */
static enum store_err for_each(struct supervise *s, enum store_view view, uint64_t from,
                               void (*each)(struct tui *tui, const struct store_item *item))
{
    struct page page = {.supervise = s, .each = each, .last = from, .count = STORE_BATCH};

    for (size_t i = 0; i < TUI_PAGES_MAX && page.count == STORE_BATCH && !s->tui.more; i++) {
        page.count = 0;
        enum store_err err = store_list(s->operator.store, view, page.last, on_item, &page);
        if (err == STORE_CORRUPT) s->damaged = true;
        if (err != STORE_OK) return err == STORE_CORRUPT ? STORE_OK : err;
    }
    s->tui.more |= page.count == STORE_BATCH;
    return STORE_OK;
}

static enum store_err for_one(struct supervise *s, uint64_t id,
                              void (*each)(struct tui *tui, const struct store_item *item))
{
    struct page page = {.supervise = s, .each = each};

    return store_list(s->operator.store, STORE_ONE, id, on_item, &page);
}

static enum store_err read_all(struct supervise *s)
{
    s->damaged = s->tui.more = false;
    STORE_TRY(for_each(s, STORE_OPEN, s->tui.newest, tui_hear));
    tui_list_begin(&s->tui);
    STORE_TRY(for_each(s, tui_view(&s->tui), 0, tui_list_add));
    struct tui_wish wish = tui_list_end(&s->tui);
    if (wish.kind == TUI_TELL) STORE_TRY(for_one(s, wish.id, tui_tell));
    return s->tui.mode == TUI_DETAIL ? for_one(s, s->tui.shown, tui_show) : STORE_OK;
}

/* Nobody is to be asked about what a proxy left that is gone: where no other rests, it would stand here for ever. */
static void rest(struct supervise *s)
{
    uint64_t now_ms = loop_now_ms(s->loop);

    if (s->tui.list != TUI_WAITING || s->tui.row_count == 0 || now_ms < s->rest_ms) return;
    s->rest_ms = now_ms + TUI_REST_MS;
    s->rest_err = store_rest(s->operator.store, s->tui.now_ms);
    if (s->rest_err == STORE_BUSY) s->rest_err = STORE_OK; /* the next time, then */
}

static const char *warning(const struct supervise *s)
{
    if (s->damaged) return "some of the queue can't be read";
    return s->rest_err != STORE_OK ? store_err_meaning(s->rest_err) : NULL;
}

/* A queue that is busy for a moment is as it was. */
static void look(struct supervise *s)
{
    uint64_t now_ms = loop_now_ms(s->loop);

    tui_at(&s->tui, operator_now_ms());
    if (s->operator.store == NULL && now_ms >= s->reopen_ms) reopen(s);
    if (s->operator.store == NULL) return;
    enum store_err err = read_all(s);
    if (err != STORE_BUSY)
        s->busy_ms = 0;
    else if (s->busy_ms == 0)
        s->busy_ms = now_ms;
    if (err == STORE_OK) {
        rest(s);
        tui_warn(&s->tui, warning(s));
    } else if (err != STORE_BUSY)
        lose(s, store_err_meaning(err));
    else if (now_ms - s->busy_ms >= TUI_BUSY_MS)
        tui_warn(&s->tui, store_err_meaning(err));
}

static void draw(struct supervise *s)
{
    if (s->tui.bell) screen_bell();
    s->tui.bell = false;
    if (s->tui.changed) screen_draw(&s->tui);
    s->tui.changed = false;
}

/* --- what a key asked for ---------------------------------------------------------------------------------------- */

static void tell_standing(struct supervise *s, uint64_t id, const struct decision *stands)
{
    struct buf words = {0};

    if (show_decision(&words, stands, operator_now_ms()) == ERR_OK)
        tui_say(&s->tui, "%" PRIu64 ": another was faster: %.*s", id, SPAN_FMT(buf_span(&words)));
    buf_clear(&words);
}

static enum store_err decide(struct supervise *s, const struct tui_wish *wish)
{
    struct decision stands, decision = wish->decision;
    struct arena arena = arena_begin(KIB(8));

    decision.operator= span_of(s->operator.name);
    decision.at_ms = operator_now_ms();
    enum store_err err = store_decide(s->operator.store, wish->id, &decision, &arena, &stands);
    if (err == STORE_DECIDED) tell_standing(s, wish->id, &stands);
    arena_end(&arena);
    return err;
}

/* A queue that is busy is tried again, and the loop goes on meanwhile. */
static void try_pending(struct supervise *s)
{
    const struct tui_wish *wish = &s->pending;
    enum store_err err = STORE_MISSING;

    if (s->operator.store != NULL)
        err = wish->kind == TUI_DECIDE
                  ? decide(s, wish)
                  : store_forget(s->operator.store, wish->id, span_of(s->operator.name), operator_now_ms());
    if (err == STORE_BUSY && loop_now_ms(s->loop) < s->give_up_ms) {
        tui_say(&s->tui, "%" PRIu64 ": the queue is busy, trying again", wish->id);
        return;
    }
    s->pending.kind = TUI_NOTHING;
    tui_written(&s->tui, err == STORE_OK || err == STORE_DECIDED);
    if (err == STORE_OK) err = for_one(s, wish->id, tui_tell);
    if (err != STORE_OK && err != STORE_DECIDED)
        tui_say(&s->tui, "%" PRIu64 ": nothing was written: %s", wish->id, store_err_meaning(err));
}

static void fulfil(struct supervise *s, const struct tui_wish *wish)
{
    switch (wish->kind) {
    case TUI_NOTHING:
    case TUI_TELL: return;
    case TUI_QUIT: loop_stop(s->loop); return;
    case TUI_DECIDE:
    case TUI_FORGET:
        s->pending = *wish;
        s->give_up_ms = loop_now_ms(s->loop) + OPERATOR_BUSY_MS;
        try_pending(s);
        return;
    }
}

static void on_timer(struct timer *timer)
{
    struct supervise *s = CONTAINER_OF(timer, struct supervise, timer);

    if (s->pending.kind != TUI_NOTHING) try_pending(s);
    look(s);
    draw(s);
    timer_arm(timer, loop_now_ms(s->loop) + TUI_LOOK_MS);
}

static void on_keys(void *context)
{
    struct supervise *s = context;
    int key;

    if ((key = screen_key()) == -1) { /* readable, and nothing there: the terminal has been closed */
        char byte;
        if (read(STDIN_FILENO, &byte, 1) <= 0) loop_stop(s->loop);
        return;
    }
    for (; key != -1; key = screen_key()) {
        struct tui_wish wish = tui_key(&s->tui, key);
        fulfil(s, &wish);
    }
    look(s);
    draw(s);
}

static void on_signal(void *context, int number)
{
    struct supervise *s = context;

    if (number != SIGWINCH) {
        loop_stop(s->loop);
        return;
    }
    screen_resized();
    draw(s);
}

/* --- begun and ended --------------------------------------------------------------------------------------------- */

static enum err begin(struct supervise *s)
{
    TRY(loop_new(&s->loop));
    for (size_t i = 0; i < COUNT_OF(signal_numbers); i++)
        TRY(signal_watch_new(s->loop, signal_numbers[i], on_signal, s, &s->signals[i]));
    TRY(watch_readable(s->loop, STDIN_FILENO, on_keys, s, &s->keys));
    TRY(watch_on(s->keys, true));
    timer_init(&s->timer, s->loop, on_timer);
    timer_arm(&s->timer, loop_now_ms(s->loop));
    return ERR_OK;
}

static void end(struct supervise *s)
{
    screen_end();
    if (s->timer.loop != NULL) timer_disarm(&s->timer);
    watch_free(&s->keys);
    for (size_t i = 0; i < COUNT_OF(s->signals); i++) signal_watch_free(&s->signals[i]);
    loop_free(&s->loop);
    tui_end(&s->tui);
    operator_end(&s->operator);
}

static int run(struct supervise *s)
{
    const char *why;

    if (tui_begin(&s->tui) != ERR_OK) return EXIT_BROKEN;
    if (s->bottle != NULL && tui_filter(&s->tui, s->bottle) != ERR_OK) {
        fputs("--bottle: no bottle can have that name\n", stderr);
        return EXIT_USAGE;
    }
    if (operator_open(&s->operator, & why) != STORE_OK) {
        fprintf(stderr, "%s\n", why);
        return EXIT_BROKEN;
    }
    if (screen_begin() != ERR_OK) {
        fputs("supervise needs a terminal that it knows (TERM); for scripts there is `bottled queue`\n", stderr);
        return EXIT_BROKEN;
    }
    if (begin(s) != ERR_OK) return EXIT_BROKEN;
    loop_run(s->loop);
    return EXIT_OK;
}

int cmd_supervise(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"root", 1, 0, 'r'}, {"bottle", 1, 0, 'b'}, {"operator", 1, 0, 'o'}, {"help", 0, 0, 'h'}, {0, 0, 0, 0}};
    struct supervise supervise = {.loop = NULL};
    int option;

    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) switch (option) {
        case 'r': supervise.operator.root = optarg; break;
        case 'b': supervise.bottle = optarg; break;
        case 'o': supervise.operator.name = optarg; break;
        case 'h': fputs(help, stdout); return EXIT_OK;
        default: return EXIT_USAGE; /* told */
        }
    if (optind < argc) {
        fprintf(stderr, "%s: supervise takes no such argument (--help tells more)\n", argv[optind]);
        return EXIT_USAGE;
    }
    int code = run(&supervise);
    end(&supervise);
    return code;
}
