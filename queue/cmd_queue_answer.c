#include "queue/cmd_queue_int.h"

/* One proposal that is spoken of. */
struct subject {
    struct queue *queue;
    uint64_t id;
    bool wanted;
    const char *why; /* the decision does not fit it; NULL: it does */
};

typedef int subject_fn(struct subject *subject);

static void on_found(void *owner, const struct store_item *item)
{
    struct subject *subject = owner;

    subject->wanted = queue_wants(subject->queue, item);
    if (decision_fits(&subject->queue->decision, &item->proposal, &subject->why) == ERR_OK) subject->why = NULL;
}

static enum store_err find(struct subject *subject)
{
    STORE_TRY(OPERATOR_TRY_AGAIN(store_list(subject->queue->op.store, STORE_ONE, subject->id, on_found, subject)));
    return subject->wanted ? STORE_OK : STORE_UNKNOWN;
}

/* The worst of what came of each; a queue that can't be had ends it. */
static int each(struct queue *queue, subject_fn *fn)
{
    int worst = EXIT_OK;

    for (size_t i = 0; i < queue->id_count && worst != EXIT_BROKEN && !queue->broken; i++) {
        struct subject subject = {.queue = queue};
        if (queue_number(queue->ids[i], &subject.id) != ERR_OK) return EXIT_USAGE;
        enum store_err err = find(&subject);
        int code = err == STORE_OK ? fn(&subject) : queue_fail(queue, subject.id, err, QUEUE_WHY);
        if (code > worst) worst = code;
        queue_flush(queue);
    }
    return worst;
}

struct putting {
    struct queue *queue;
    queue_put_fn *fn;
};

static void on_put(void *owner, const struct store_item *item)
{
    const struct putting *putting = owner;

    putting->fn(putting->queue, item);
}

static int put(struct subject *subject, queue_put_fn *fn)
{
    struct putting putting = {subject->queue, fn};
    struct store *store = subject->queue->op.store;
    enum store_err err = OPERATOR_TRY_AGAIN(store_list(store, STORE_ONE, subject->id, on_put, &putting));

    return err == STORE_OK ? EXIT_OK : queue_fail(subject->queue, subject->id, err, QUEUE_WHY);
}

static int show(struct subject *subject) { return put(subject, queue_put_detail); }
int queue_show(struct queue *queue) { return each(queue, show); }

/* --- answered ---------------------------------------------------------------------------------------------- */

/* Another was faster: who, and when. */
static int fail_decided(struct subject *subject, const struct decision *stands)
{
    struct buf words = {0};
    enum err err = buf_printf(&words, "%s: ", store_err_meaning(STORE_DECIDED));

    if (err == ERR_OK) err = show_decision(&words, stands, operator_now_ms());
    if (err != ERR_OK) buf_clear(&words);
    int code = queue_fail(subject->queue, subject->id, STORE_DECIDED, buf_span(&words));
    buf_clear(&words);
    return code;
}

static int decide(struct subject *subject)
{
    struct queue *queue = subject->queue;
    struct decision stands, decision = queue->decision;

    if (subject->why != NULL) {
        (void)queue_fail(queue, subject->id, STORE_REFUSED, span_of(subject->why));
        return EXIT_USAGE;
    }
    decision.at_ms = operator_now_ms();
    enum store_err err =
        OPERATOR_TRY_AGAIN(store_decide(queue->op.store, subject->id, &decision, &queue->op.arena, &stands));
    if (err == STORE_DECIDED) return fail_decided(subject, &stands);
    if (err != STORE_OK) return queue_fail(queue, subject->id, err, QUEUE_WHY);
    return put(subject, queue_put_answer);
}

static int answer(struct queue *queue, enum scope scope)
{
    queue->decision.scope = scope;
    queue->decision.operator= span_of(queue->op.name);
    return each(queue, decide);
}

int queue_approve(struct queue *queue)
{
    return answer(queue, queue->decision.scope == SCOPE_NO ? SCOPE_VALUE : queue->decision.scope);
}

int queue_reject(struct queue *queue) { return answer(queue, SCOPE_NO); }

static int forget(struct subject *subject)
{
    struct queue *queue = subject->queue;
    enum store_err err =
        OPERATOR_TRY_AGAIN(store_forget(queue->op.store, subject->id, span_of(queue->op.name), operator_now_ms()));

    if (err != STORE_OK) return queue_fail(queue, subject->id, err, QUEUE_WHY);
    return put(subject, queue_put_answer);
}

int queue_forget(struct queue *queue) { return each(queue, forget); }
