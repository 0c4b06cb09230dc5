#include "queue/cmd_queue.h"

#include <getopt.h>
#include <stdio.h>

#include "queue/cmd_queue_int.h"
#include "reactor/base/own.h"

static const char help[] =
    "bottled queue VERB [ID...] [OPTIONS]\n"
    "\n"
    "What bottles ask for and people answer.  A request in which the scan found what looks like a secret is held, and\n"
    "a proposal stands here until somebody answers it, or its time is over.  It says what was found, where, and where\n"
    "it was going; the value itself is not in it.  Run it outside of every bottle: whoever can, can approve.\n"
    "\n"
    "  list                  what waits for an answer\n"
    "  show ID...            all that is known of a proposal\n"
    "  approve ID...         let it go: this value, from now on, wherever the bottle's routes let it\n"
    "  reject ID...          it does not leave; the same value to the same host is refused from now on\n"
    "  history               the latest proposals, whatever became of them\n"
    "  remembered            what proxies that run remember: values that may leave, and that may not\n"
    "  forget ID...          take an answer back: the next time it is asked about again\n"
    "  watch                 what waits, and then what is proposed, answered and given up, as it happens\n"
    "  audit                 every row of the record\n"
    "\n"
    "  --scope SCOPE         of approve: value, at this host alone (host), or this very request alone (once)\n"
    "  --reason WHY          of approve and reject: used-in-tests, false-positive, legitimate-use, fix-later, or "
    "words\n"
    "                        of your own\n"
    "  --methods \"GET HEAD\"  of approve, for a new host: only these\n"
    "  --path GLOB           of approve, for a new host: only there, /v1/** or the like\n"
    "  --operator NAME       who answers (default: your login name)\n"
    "  --bottle NAME         speak only of this bottle\n"
    "  --count N             of watch: end after so many lines; of history: so many (default: 256)\n"
    "  --timeout SECONDS     of watch: end after so long\n"
    "  --verify              of audit: is every row there and as it was written?\n"
    "  --json                an object a line, for programs; what is not done is one with an error\n"
    "  --root DIR            the manifests' tree, whose queue/ it is (default: ~/.bottled)\n"
    "\n"
    "  bottled queue list\n"
    "  bottled queue approve 17 --scope host --reason \"the deploy key, it is rotated tonight\"\n"
    "  bottled queue reject 18 19 --reason fix-later\n"
    "  bottled queue watch --json --count 1\n"
    "\n"
    "Exit codes: 0 done; 1 not: there is no such proposal, it is decided already, nobody asks any more, the record is\n"
    "not sound, or watch's time was over first; 2 usage, or that answer does not fit; 3 the queue can't be had.\n";

/* --- options ----------------------------------------------------------------------------------------------- */

/* clang-format off */
/*    id                its name    what it takes; NULL: nothing */
#define OPTION_LIST(O)                                                                                       \
    O(OPTION_ROOT,     "root",     "takes a folder")                                                         \
    O(OPTION_JSON,     "json",     NULL)                                                                     \
    O(OPTION_HELP,     "help",     NULL)                                                                     \
    O(OPTION_BOTTLE,   "bottle",   "takes a name")                                                           \
    O(OPTION_OPERATOR, "operator", "takes a name of 1 to 512 bytes")                                         \
    O(OPTION_SCOPE,    "scope",    "takes value, host or once; `bottled queue reject` says no")              \
    O(OPTION_REASON,   "reason",                                                                             \
      "takes used-in-tests, false-positive, legitimate-use, fix-later, or 1 to 512 bytes of your own")       \
    O(OPTION_METHODS,  "methods",  "takes \"GET HEAD\" or the like")                                         \
    O(OPTION_PATH,     "path",     "takes /v1/** or the like")                                               \
    O(OPTION_COUNT,    "count",    "takes a number")                                                         \
    O(OPTION_TIMEOUT,  "timeout",  "takes seconds")                                                          \
    O(OPTION_VERIFY,   "verify",   NULL)
/* clang-format on */

#define OPTION_ENUM_(id, name, takes)  id,
#define OPTION_TAKES_(id, name, takes) [id] = takes,
#define OPTION_LONG_(id, name, takes)  {name, (takes) != NULL ? required_argument : no_argument, NULL, id},
enum option_id { OPTION_LIST(OPTION_ENUM_) OPTION_ID_COUNT };
static const char *const option_takes[] = {OPTION_LIST(OPTION_TAKES_)};
static const struct option long_options[] = {OPTION_LIST(OPTION_LONG_){0, 0, 0, 0}};

enum err queue_number(const char *text, uint64_t *number_out)
{
    *number_out = 0;
    if (*text == '\0' || strlen(text) > 18) return ERR_SYNTAX; /* more digits are more than any queue holds */
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') return ERR_SYNTAX;
        *number_out = *number_out * 10 + (uint64_t)(*text - '0');
    }
    return *number_out > 0 ? ERR_OK : ERR_SYNTAX;
}

/* A word that stands for a reason, or words. */
static bool take_reason(struct decision *decision, struct span text)
{
    decision->words = (struct span){0};
    if (why_of(text, &decision->why) == ERR_OK && decision->why != WHY_OTHER) return true;
    decision->why = WHY_OTHER;
    decision->words = text;
    return text.len > 0 && text.len <= PROPOSAL_TEXT_MAX;
}

static bool take_text(struct span *text_out, const char *value)
{
    *text_out = span_of(value);
    return text_out->len > 0 && text_out->len <= PROPOSAL_TEXT_MAX;
}

static bool take_option(struct queue *queue, enum option_id option, const char *value)
{
    struct decision *decision = &queue->decision;

    switch (option) {
    case OPTION_ROOT: queue->op.root = value; return true;
    case OPTION_JSON: return queue->json = true;
    case OPTION_VERIFY: return queue->verify = true;
    case OPTION_BOTTLE: queue->bottle = value; return true;
    case OPTION_OPERATOR: queue->op.name = value; return take_text(&decision->operator, value);
    case OPTION_SCOPE: return scope_of(span_of(value), &decision->scope) == ERR_OK && decision->scope != SCOPE_NO;
    case OPTION_REASON: return take_reason(decision, span_of(value));
    case OPTION_METHODS: return take_text(&decision->route_methods, value);
    case OPTION_PATH: return take_text(&decision->route_path, value);
    case OPTION_COUNT: return queue_number(value, &queue->count) == ERR_OK;
    case OPTION_TIMEOUT: return queue_number(value, &queue->timeout_s) == ERR_OK && queue->timeout_s <= UINT32_MAX;
    case OPTION_HELP:
    case OPTION_ID_COUNT: break;
    }
    return false;
}

/* --- verbs ------------------------------------------------------------------------------------------------- */

#define TAKES(option) (1u << OPTION_##option)
#define TAKES_ALL     (TAKES(ROOT) | TAKES(JSON))

/* clang-format off */
static const struct queue_verb {
    const char *name;
    int (*run)(struct queue *queue);
    bool takes_ids;
    unsigned takes; /* beside TAKES_ALL */
} verbs[] = {
    {"list",       queue_list,       false, TAKES(BOTTLE)},
    {"show",       queue_show,       true,  TAKES(BOTTLE)},
    {"approve",    queue_approve,    true,  TAKES(BOTTLE) | TAKES(OPERATOR) | TAKES(REASON) | TAKES(SCOPE) |
                                            TAKES(METHODS) | TAKES(PATH)},
    {"reject",     queue_reject,     true,  TAKES(BOTTLE) | TAKES(OPERATOR) | TAKES(REASON)},
    {"history",    queue_history,    false, TAKES(BOTTLE) | TAKES(COUNT)},
    {"remembered", queue_remembered, false, TAKES(BOTTLE)},
    {"forget",     queue_forget,     true,  TAKES(BOTTLE) | TAKES(OPERATOR)},
    {"watch",      queue_watch,      false, TAKES(BOTTLE) | TAKES(COUNT) | TAKES(TIMEOUT)},
    {"audit",      queue_audit,      false, TAKES(VERIFY)},
};
/* clang-format on */

static int usage(const char *dashes, const char *what, const char *why)
{
    fprintf(stderr, "bottled queue: %s%s: %s (`bottled queue --help` tells more)\n", dashes, what, why);
    return EXIT_USAGE;
}

static int run(struct queue *queue, const struct queue_verb *verb)
{
    const char *why = "";
    enum store_err err = operator_open(&queue->op, &why);
    int code = EXIT_BROKEN;

    if (err == STORE_OK)
        code = verb->run(queue);
    else
        (void)queue_fail(queue, 0, err, span_of(why));
    queue_flush(queue);
    operator_end(&queue->op);
    return queue->broken ? EXIT_BROKEN : code;
}

/* given: the options that were said. */
static int check(struct queue *queue, const struct queue_verb *verb, unsigned given)
{
    uint64_t id;

    for (enum option_id option = 0; option < OPTION_ID_COUNT; option++)
        if ((given & ~(verb->takes | TAKES_ALL) & 1u << option) != 0)
            return usage("--", long_options[option].name, "this verb does not take it");
    if (verb->takes_ids && queue->id_count == 0) return usage("", verb->name, "the number of a proposal is missing");
    if (!verb->takes_ids && queue->id_count > 0) return usage("", queue->ids[0], "this verb takes no number");
    for (size_t i = 0; i < queue->id_count; i++)
        if (queue_number(queue->ids[i], &id) != ERR_OK)
            return usage("", queue->ids[i], "a proposal has a number; `bottled queue list` shows them");
    return run(queue, verb);
}

static int dispatch(struct queue *queue, char **words, unsigned given)
{
    if (*words == NULL)
        return usage("", "say", "list, show, approve, reject, history, remembered, forget, watch or audit");
    queue->ids = words + 1;
    while (queue->ids[queue->id_count] != NULL) queue->id_count++;
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (strcmp(verbs[i].name, *words) == 0) return check(queue, &verbs[i], given);
    return usage("", *words, "there is no such verb");
}

int cmd_queue(int argc, char **argv)
{
    struct queue queue = {.decision = {.why = WHY_OTHER}};
    unsigned given = 0;

    optind = 0;
    for (int option; (option = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        if (option == OPTION_HELP || option == 'h') {
            fputs(help, stdout);
            return EXIT_OK;
        }
        if (option < 0 || option >= OPTION_ID_COUNT) return EXIT_USAGE; /* it was told what is wrong */
        given |= 1u << option;
        if (!take_option(&queue, (enum option_id)option, optarg))
            return usage("--", long_options[option].name, option_takes[option]);
    }
    return dispatch(&queue, argv + optind, given);
}
