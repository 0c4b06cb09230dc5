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
    "is granted, h is the history, R what is remembered, ? all keys, q quits.  An answer always has a reason.\n"
    "For scripts there is `bottled queue`.\n"
    "Exit codes: 0 quit, 2 usage, 3 no terminal, or the queue can't be had at the start.\n";

struct supervise {
    struct operator operator;
    struct tui tui;
    struct loop *loop;
    struct timer timer;
    struct watch *keys;
    struct signal_watch *signals[3];
    uint64_t retry_ms; /* when a queue that was lost is opened again */
    const char *bottle;
};

/* --- the queue --------------------------------------------------------------------------------------------------- */

static void lose(struct supervise *s, const char *why)
{
    snprintf(s->tui.banner, sizeof s->tui.banner, "the queue can't be had: %s", why);
    tui_list_begin(&s->tui);
    store_free(&s->operator.store);
    s->retry_ms = operator_now_ms() + POLL_LOST_MS;
}

static void on_item(void *owner, const struct store_item *item)
{
    tui_list_add(&((struct supervise *)owner)->tui, item, operator_now_ms());
}

struct last {
    struct supervise *supervise;
    uint64_t id;
    size_t count;
};

static void on_listed(void *owner, const struct store_item *item)
{
    struct last *last = owner;

    last->id = item->proposal.id;
    last->count++;
    on_item(last->supervise, item);
}

static enum store_err read_list(struct supervise *s)
{
    struct last last = {.supervise = s};
    enum store_view view = tui_view(&s->tui);

    tui_list_begin(&s->tui);
    do {
        last.count = 0;
        STORE_TRY(store_list(s->operator.store, view, last.id, on_listed, &last));
    } while (last.count > 0 && s->tui.row_count < TUI_ROWS_MAX);
    tui_list_end(&s->tui);
    return STORE_OK;
}

static void look(struct supervise *s)
{
    const char *why = "";

    if (s->operator.store == NULL && operator_now_ms() >= s->retry_ms &&
        store_open(s->operator.root, 0, &s->operator.arena, &why, &s->operator.store) != STORE_OK) {
        lose(s, why);
        s->operator.store = NULL;
    }
    if (s->operator.store == NULL) return;
    enum store_err err = read_list(s);
    if (err == STORE_OK)
        s->tui.banner[0] = '\0';
    else if (err != STORE_BUSY)
        lose(s, store_err_meaning(err));
}

static void draw(struct supervise *s)
{
    if (s->tui.bell) screen_bell();
    s->tui.bell = false;
    screen_draw(&s->tui);
}

static void on_timer(struct timer *timer)
{
    struct supervise *s = CONTAINER_OF(timer, struct supervise, timer);

    look(s);
    draw(s);
    timer_arm(timer, loop_now_ms(s->loop) + TUI_LOOK_MS);
}

/* --- what a key asked for ---------------------------------------------------------------------------------------- */

static void tell_standing(struct supervise *s, uint64_t id, const struct decision *stands)
{
    struct buf words = {0};

    if (show_decision(&words, stands, operator_now_ms()) == ERR_OK)
        tui_say(&s->tui, "%" PRIu64 ": another was faster: %.*s", id, SPAN_FMT(buf_span(&words)));
    buf_clear(&words);
}

static void decide(struct supervise *s, const struct tui_wish *wish)
{
    struct decision stands, decision = wish->decision;
    struct arena arena = arena_begin(KIB(8));

    decision.operator= span_of(s->operator.name);
    decision.at_ms = operator_now_ms();
    enum store_err err = OPERATOR_TRY_AGAIN(store_decide(s->operator.store, wish->id, &decision, &arena, &stands));
    if (err == STORE_OK)
        tui_say(&s->tui, "%" PRIu64 ": %s", wish->id, decision.scope == SCOPE_NO ? "rejected" : "approved");
    else if (err == STORE_DECIDED)
        tell_standing(s, wish->id, &stands);
    else
        tui_say(&s->tui, "%" PRIu64 ": not answered: %s", wish->id, store_err_meaning(err));
    arena_end(&arena);
}

static void on_detail(void *owner, const struct store_item *item)
{
    struct supervise *s = owner;

    if (show_detail(&s->tui.detail, item, operator_now_ms()) != ERR_OK) buf_clear(&s->tui.detail);
}

static void forget(struct supervise *s, uint64_t id)
{
    enum store_err err =
        OPERATOR_TRY_AGAIN(store_forget(s->operator.store, id, span_of(s->operator.name), operator_now_ms()));

    tui_say(&s->tui, "%" PRIu64 ": %s", id, err == STORE_OK ? "forgotten" : store_err_meaning(err));
}

static void fulfil(struct supervise *s, const struct tui_wish *wish)
{
    if (wish->kind == TUI_QUIT) loop_stop(s->loop);
    if (wish->kind == TUI_QUIT || wish->kind == TUI_NOTHING) return;
    if (s->operator.store == NULL) {
        tui_say(&s->tui, "the queue can't be had: nothing was answered");
        return;
    }
    if (wish->kind == TUI_DECIDE) decide(s, wish);
    if (wish->kind == TUI_FORGET) forget(s, wish->id);
    if (wish->kind == TUI_SHOW && store_list(s->operator.store, STORE_ONE, wish->id, on_detail, s) != STORE_OK)
        tui_say(&s->tui, "%" PRIu64 " can't be read", wish->id);
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
    static const int numbers[] = {SIGTERM, SIGINT, SIGWINCH};

    TRY(tui_begin(&s->tui));
    if (s->bottle != NULL) snprintf(s->tui.bottle, sizeof s->tui.bottle, "%s", s->bottle);
    TRY(loop_new(&s->loop));
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        TRY(signal_watch_new(s->loop, numbers[i], on_signal, s, &s->signals[i]));
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
