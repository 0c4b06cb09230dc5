#include "queue/cmd_queue.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "queue/operator.h"
#include "queue/show.h"
#include "reactor/base/encode.h"
#include "reactor/base/own.h"
#include "reactor/base/verb.h"

static const char help[] =
    "bottled queue VERB [ID...] [OPTIONS]\n"
    "\n"
    "What bottles ask for and people answer.  A request in which the scan found what looks like a secret is held, and\n"
    "a proposal stands here until somebody answers it.  Run it outside of every bottle: whoever can, can approve.\n"
    "\n"
    "  list                  what waits for an answer\n"
    "  show ID...            all that is known of a proposal\n"
    "  approve ID...         let it go: this value, from now on, wherever the bottle's routes let it\n"
    "  reject ID...          it does not leave; the same value to the same host is refused from now on\n"
    "  history               the latest proposals, whatever became of them\n"
    "  remembered            what proxies that run remember: values that may leave, and that may not\n"
    "  forget ID...          take an answer back: the next time it is asked about again\n"
    "  watch                 prints what is proposed and answered as it happens, until interrupted\n"
    "  audit                 every row of the record\n"
    "\n"
    "  --scope SCOPE         of approve: value, at this host alone (host), or this very request alone (once)\n"
    "  --reason WHY          used-in-tests, false-positive, legitimate-use, fix-later, or words of your own\n"
    "  --methods \"GET HEAD\"  of approve, for a new host: only these\n"
    "  --path GLOB           of approve, for a new host: only there, /v1/** or the like\n"
    "  --bottle NAME         speak only of this bottle\n"
    "  --operator NAME       who answers (default: your login name)\n"
    "  --verify              of audit: is every row there and as it was written?\n"
    "  --count N             of watch: end after so many lines\n"
    "  --timeout SECONDS     of watch: end after so long\n"
    "  --json                an object a line, for programs\n"
    "  --root DIR            the manifests' tree, whose queue/ it is (default: ~/.bottled)\n"
    "\n"
    "  bottled queue list\n"
    "  bottled queue approve 17 --scope host --reason \"the deploy key, it is rotated tonight\"\n"
    "  bottled queue reject 18 --reason fix-later\n"
    "\n"
    "Exit codes: 0 done, 1 it could not be answered so, or the record is not sound, 2 usage, 3 the queue can't be "
    "had.\n";

enum {
    OPTION_ROOT = 1000,
    OPTION_JSON,
    OPTION_BOTTLE,
    OPTION_SCOPE,
    OPTION_REASON,
    OPTION_METHODS,
    OPTION_PATH,
    OPTION_OPERATOR,
    OPTION_VERIFY,
    OPTION_COUNT,
    OPTION_TIMEOUT,
    OPTION_HELP
};

struct queue {
    struct operator operator;
    struct decision decision;
    const char *bottle;
    bool json, verify, has_scope;
    uint64_t count, timeout_s;
    char **ids;
    int id_count;

    /* of what is listed */
    uint64_t last;
    size_t listed;
    size_t printed;
};

/* --- printed ------------------------------------------------------------------------------------------------------ */

static void flush(struct buf *out)
{
    fwrite(buf_span(out).at, 1, buf_len(out), stdout);
    fflush(stdout);
    buf_clear(out);
}

static enum err put_item(struct buf *out, const struct queue *queue, const struct store_item *item, bool whole)
{
    struct json json = json_begin(out);

    if (!queue->json) {
        TRY((whole ? show_detail : show_line)(out, item, operator_now_ms()));
        return buf_add(out, SPAN_LIT("\n"));
    }
    show_json(&json, item, operator_now_ms());
    return json.err == ERR_OK ? buf_add(out, SPAN_LIT("\n")) : json.err;
}

static void print_item(struct queue *queue, const struct store_item *item, bool whole)
{
    struct buf out = {0};

    queue->last = item->proposal.id;
    queue->listed++;
    if (queue->bottle != NULL && !span_is(item->proposal.bottle, span_of(queue->bottle))) return;
    queue->printed++;
    if (put_item(&out, queue, item, whole) == ERR_OK) flush(&out);
    buf_clear(&out);
}

static void on_line(void *owner, const struct store_item *item) { print_item(owner, item, false); }
static void on_detail(void *owner, const struct store_item *item) { print_item(owner, item, true); }

static int broken(enum store_err err)
{
    fprintf(stderr, "the queue can't be had: %s\n", store_err_meaning(err));
    return EXIT_BROKEN;
}

/* --- read --------------------------------------------------------------------------------------------------------- */

static int list_all(struct queue *queue, enum store_view view, size_t most)
{
    queue->last = 0;
    do {
        queue->listed = 0;
        enum store_err err = OPERATOR_TRY_AGAIN(store_list(queue->operator.store, view, queue->last, on_line, queue));
        if (err != STORE_OK) return broken(err);
    } while (queue->listed > 0 && queue->printed < most);
    return EXIT_OK;
}

static int cmd_list(struct queue *queue) { return list_all(queue, STORE_OPEN, SIZE_MAX); }
static int cmd_remembered(struct queue *queue) { return list_all(queue, STORE_REMEMBERED, SIZE_MAX); }
static int cmd_history(struct queue *queue) { return list_all(queue, STORE_HISTORY, STORE_BATCH); }

/* --- by number ---------------------------------------------------------------------------------------------------- */

typedef enum store_err one_fn(struct queue *queue, uint64_t id);

/* What a call said of one; a queue that can't be had ends it all. */
static int tell(uint64_t id, enum store_err err)
{
    switch (err) {
    case STORE_OK: return EXIT_OK;
    case STORE_UNKNOWN:
    case STORE_DECIDED:
    case STORE_ABANDONED:
    case STORE_REFUSED:
        if (err != STORE_DECIDED) fprintf(stderr, "%" PRIu64 ": %s\n", id, store_err_meaning(err));
        return EXIT_FOUND;
    default: return broken(err);
    }
}

static int each_id(struct queue *queue, one_fn *fn)
{
    int code = EXIT_OK;

    for (int i = 0; i < queue->id_count && code != EXIT_BROKEN; i++) {
        char *end;
        uint64_t id = strtoull(queue->ids[i], &end, 10);
        if (*end != '\0' || id == 0) {
            fprintf(stderr, "%s: a proposal has a number; `bottled queue list` shows them\n", queue->ids[i]);
            return EXIT_USAGE;
        }
        int said = tell(id, fn(queue, id));
        if (said != EXIT_OK) code = said;
    }
    return code;
}

static enum store_err show_one(struct queue *queue, uint64_t id)
{
    return OPERATOR_TRY_AGAIN(store_list(queue->operator.store, STORE_ONE, id, on_detail, queue));
}

static enum store_err forget_one(struct queue *queue, uint64_t id)
{
    return OPERATOR_TRY_AGAIN(
        store_forget(queue->operator.store, id, span_of(queue->operator.name), operator_now_ms()));
}

struct fitting {
    const struct decision *decision;
    const char *why;
};

static void on_fitting(void *owner, const struct store_item *item)
{
    struct fitting *fitting = owner;

    if (decision_fits(fitting->decision, &item->proposal, &fitting->why) == ERR_OK) fitting->why = NULL;
}

static void tell_standing(uint64_t id, const struct decision *stands)
{
    struct buf out = {0};

    if (show_decision(&out, stands, operator_now_ms()) == ERR_OK)
        fprintf(stderr, "%" PRIu64 ": it is decided already: %.*s\n", id, SPAN_FMT(buf_span(&out)));
    buf_clear(&out);
}

static enum store_err decide_one(struct queue *queue, uint64_t id)
{
    struct decision stands, decision = queue->decision;
    struct fitting fitting = {.decision = &decision};
    struct store *store = queue->operator.store;

    decision.operator= span_of(queue->operator.name);
    decision.at_ms = operator_now_ms();
    STORE_TRY(OPERATOR_TRY_AGAIN(store_list(store, STORE_ONE, id, on_fitting, &fitting)));
    if (fitting.why != NULL) {
        fprintf(stderr, "%" PRIu64 ": %s\n", id, fitting.why);
        return STORE_DECIDED; /* told already */
    }
    enum store_err err = OPERATOR_TRY_AGAIN(store_decide(store, id, &decision, &queue->operator.arena, &stands));
    if (err == STORE_DECIDED) tell_standing(id, &stands);
    return err;
}

static int cmd_show(struct queue *queue) { return each_id(queue, show_one); }
static int cmd_forget(struct queue *queue) { return each_id(queue, forget_one); }

static int cmd_approve(struct queue *queue)
{
    if (!queue->has_scope) queue->decision.scope = SCOPE_VALUE;
    if (queue->decision.scope != SCOPE_NO) return each_id(queue, decide_one);
    fputs("--scope takes value, host or once; `bottled queue reject` says no\n", stderr);
    return EXIT_USAGE;
}

static int cmd_reject(struct queue *queue)
{
    queue->decision.scope = SCOPE_NO;
    return each_id(queue, decide_one);
}

/* --- the record --------------------------------------------------------------------------------------------------- */

static void on_row(void *owner, const struct audit_row *row)
{
    struct queue *queue = owner;
    struct buf out = {0};
    struct json json = json_begin(&out);

    queue->last = row->number;
    queue->listed++;
    if (queue->json)
        audit_json(&json, row);
    else
        json.err = buf_printf(&out, "%" PRIu64 "  %" PRIu64 ".%03u  %-9s  %" PRIu64, row->number, row->at_ms / 1000,
                              (unsigned)(row->at_ms % 1000), audit_event_name(row->event), row->proposal);
    if (json.err == ERR_OK && buf_add(&out, SPAN_LIT("\n")) == ERR_OK) flush(&out);
    buf_clear(&out);
}

static int verify(struct queue *queue)
{
    struct audit_fault fault;
    struct buf mac = {0};
    enum store_err err = OPERATOR_TRY_AGAIN(store_audit_verify(queue->operator.store, &fault));

    if (err != STORE_OK) return broken(err);
    if (encode_hex(&mac, (struct span){fault.last.mac, DIGEST_BYTES}) != ERR_OK) return EXIT_BROKEN;
    if (fault.kind == AUDIT_SOUND)
        printf("sound: %" PRIu64 " rows, the last one's MAC is %.*s\n", fault.last.number, SPAN_FMT(buf_span(&mac)));
    else
        printf("not sound: %s: %" PRIu64 "; %" PRIu64 " rows before it are\n", audit_fault_meaning(fault.kind),
               fault.number, fault.last.number);
    buf_clear(&mac);
    return fault.kind == AUDIT_SOUND ? EXIT_OK : EXIT_FOUND;
}

static int cmd_audit(struct queue *queue)
{
    if (queue->verify) return verify(queue);
    do {
        queue->listed = 0;
        enum store_err err = OPERATOR_TRY_AGAIN(store_audit(queue->operator.store, queue->last, on_row, queue));
        if (err != STORE_OK) return broken(err);
    } while (queue->listed > 0);
    return EXIT_OK;
}

/* --- watched ------------------------------------------------------------------------------------------------------ */

struct watching {
    struct queue *queue;
    uint64_t row, id; /* id: of the proposal that is to be shown now */
};

static void on_news(void *owner, const struct audit_row *row)
{
    struct watching *watching = owner;

    watching->row = row->number;
    if (row->event == AUDIT_PROPOSED || row->event == AUDIT_DECIDED || row->event == AUDIT_EXPIRED ||
        row->event == AUDIT_RETRACTED)
        watching->id = row->proposal;
}

static void on_last(void *owner, const struct audit_row *row) { ((struct watching *)owner)->row = row->number; }

/* The rows behind the last one, each proposal that they name as it stands now. */
static enum store_err watch_once(struct watching *watching, store_row_fn *fn)
{
    uint64_t before;

    do {
        before = watching->row;
        watching->id = 0;
        STORE_TRY(store_audit(watching->queue->operator.store, watching->row, fn, watching));
        if (watching->id == 0) continue;
        STORE_TRY(store_list(watching->queue->operator.store, STORE_ONE, watching->id, on_line, watching->queue));
    } while (watching->row != before);
    return STORE_OK;
}

static int cmd_watch(struct queue *queue)
{
    struct watching watching = {.queue = queue};
    uint64_t end_ms = queue->timeout_s == 0 ? UINT64_MAX : operator_now_ms() + queue->timeout_s * 1000;
    enum store_err err = watch_once(&watching, on_last);

    while ((err == STORE_OK || err == STORE_BUSY) && operator_now_ms() < end_ms &&
           (queue->count == 0 || queue->printed < queue->count)) {
        operator_waits(0);
        err = watch_once(&watching, on_news);
    }
    return err == STORE_OK || err == STORE_BUSY ? EXIT_OK : broken(err);
}

/* --- called ------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int (*run)(struct queue *queue);
    bool takes_ids;
} verbs[] = {
    {"list", cmd_list, false},    {"show", cmd_show, true},        {"approve", cmd_approve, true},
    {"reject", cmd_reject, true}, {"history", cmd_history, false}, {"remembered", cmd_remembered, false},
    {"forget", cmd_forget, true}, {"watch", cmd_watch, false},     {"audit", cmd_audit, false},
};

static bool take_number(const char *value, uint64_t *number_out)
{
    char *end;

    *number_out = strtoull(value, &end, 10);
    return *end == '\0' && *value != '-';
}

static bool take_option(struct queue *queue, int option, const char *value)
{
    switch (option) {
    case OPTION_ROOT: queue->operator.root = value; return true;
    case OPTION_OPERATOR: queue->operator.name = value; return value[0] != '\0';
    case OPTION_JSON: return queue->json = true;
    case OPTION_VERIFY: return queue->verify = true;
    case OPTION_BOTTLE: queue->bottle = value; return true;
    case OPTION_SCOPE: queue->has_scope = true; return scope_of(span_of(value), &queue->decision.scope) == ERR_OK;
    case OPTION_METHODS: queue->decision.route_methods = span_of(value); return true;
    case OPTION_PATH: queue->decision.route_path = span_of(value); return true;
    case OPTION_COUNT: return take_number(value, &queue->count);
    case OPTION_TIMEOUT: return take_number(value, &queue->timeout_s);
    case OPTION_REASON:
        if (why_of(span_of(value), &queue->decision.why) == ERR_OK && queue->decision.why != WHY_OTHER) return true;
        queue->decision.why = WHY_OTHER;
        queue->decision.words = span_of(value);
        return true;
    default: return false;
    }
}

static int run(struct queue *queue, size_t verb)
{
    const char *why;
    enum store_err err = operator_open(&queue->operator, & why);
    int code = EXIT_BROKEN;

    if (err == STORE_OK)
        code = verbs[verb].run(queue);
    else
        fprintf(stderr, "%s\n", why);
    operator_end(&queue->operator);
    return code;
}

static int usage(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s (bottled queue --help tells more)\n", what, why);
    return EXIT_USAGE;
}

static int dispatch(struct queue *queue, int argc, char **argv)
{
    if (optind == argc)
        return usage("queue", "list, show, approve, reject, history, remembered, forget, watch or audit");
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (strcmp(verbs[i].name, argv[optind]) != 0) continue;
        queue->ids = argv + optind + 1;
        queue->id_count = argc - optind - 1;
        if (verbs[i].takes_ids != (queue->id_count > 0))
            return usage(argv[optind], verbs[i].takes_ids ? "the number of a proposal is missing" : "takes no number");
        return run(queue, i);
    }
    return usage(argv[optind], "there is no such verb");
}

int cmd_queue(int argc, char **argv)
{
    static const struct option long_options[] = {{"root", 1, 0, OPTION_ROOT},
                                                 {"json", 0, 0, OPTION_JSON},
                                                 {"bottle", 1, 0, OPTION_BOTTLE},
                                                 {"scope", 1, 0, OPTION_SCOPE},
                                                 {"reason", 1, 0, OPTION_REASON},
                                                 {"methods", 1, 0, OPTION_METHODS},
                                                 {"path", 1, 0, OPTION_PATH},
                                                 {"operator", 1, 0, OPTION_OPERATOR},
                                                 {"verify", 0, 0, OPTION_VERIFY},
                                                 {"count", 1, 0, OPTION_COUNT},
                                                 {"timeout", 1, 0, OPTION_TIMEOUT},
                                                 {"help", 0, 0, OPTION_HELP},
                                                 {0, 0, 0, 0}};
    struct queue queue = {.decision = {.why = WHY_OTHER}};
    int option;

    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (option == OPTION_HELP || option == 'h') {
            fputs(help, stdout);
            return EXIT_OK;
        }
        if (option == '?') return EXIT_USAGE; /* told */
        if (!take_option(&queue, option, optarg)) return usage(optarg, "is not what this option takes");
    }
    return dispatch(&queue, argc, argv);
}
