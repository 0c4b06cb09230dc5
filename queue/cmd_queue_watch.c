/* cmd_queue_watch.c — `bottled queue watch`: what waits, and then each row of the record that changes how a proposal
 * stands. */
#include "queue/cmd_queue_int.h"

struct news {
    uint64_t proposal;
    enum audit_event event;
};

struct watching {
    struct queue *queue;
    uint64_t row;   /* the last one that was read */
    uint64_t shown; /* the newest proposal of those that were told because they waited already */
    size_t count;
    struct news news[STORE_BATCH];
};

/* --- before ------------------------------------------------------------------------------------------------ */

static void on_proposal(void *owner, const struct store_item *item)
{
    struct watching *watching = owner;

    if (item->proposal.id > watching->row) watching->row = item->proposal.id;
}

static void on_row(void *owner, const struct audit_row *row)
{
    struct watching *watching = owner;

    watching->row = row->number;
    watching->news[watching->count++] = (struct news){row->proposal, row->event};
}

static enum store_err read_news(struct watching *watching)
{
    watching->count = 0;
    return OPERATOR_TRY_AGAIN(store_audit(watching->queue->op.store, watching->row, on_row, watching));
}

/* News come behind the last row there is now, from which the newest proposal is not far. */
static enum store_err find_end(struct watching *watching)
{
    STORE_TRY(OPERATOR_TRY_AGAIN(store_list(watching->queue->op.store, STORE_HISTORY, 0, on_proposal, watching)));
    do STORE_TRY(read_news(watching));
    while (watching->count > 0);
    return STORE_OK;
}

static void on_waiting(void *owner, const struct store_item *item)
{
    struct watching *watching = owner;

    watching->shown = item->proposal.id;
    watching->count++;
    if (!queue_has_enough(watching->queue) && queue_wants(watching->queue, item)) queue_put_line(watching->queue, item);
}

static enum store_err tell_waiting(struct watching *watching)
{
    struct store *store = watching->queue->op.store;

    do {
        watching->count = 0;
        STORE_TRY(OPERATOR_TRY_AGAIN(store_list(store, STORE_OPEN, watching->shown, on_waiting, watching)));
        queue_flush(watching->queue);
    } while (watching->count > 0 && !queue_has_enough(watching->queue));
    return STORE_OK;
}

/* --- since ------------------------------------------------------------------------------------------------- */

struct telling {
    struct queue *queue;
    enum audit_event event;
};

/* One that has gone on since is told when its last row comes; a row that changes no state is no news. */
static void on_told(void *owner, const struct store_item *item)
{
    struct telling *telling = owner;

    if (item->state == telling->event && queue_wants(telling->queue, item)) queue_put_answer(telling->queue, item);
}

static enum store_err tell_news(struct watching *watching)
{
    struct queue *queue = watching->queue;

    STORE_TRY(read_news(watching));
    for (size_t i = 0; i < watching->count && !queue_has_enough(queue); i++) {
        const struct news *news = &watching->news[i];
        struct telling telling = {queue, news->event};
        if (news->event == AUDIT_PROPOSED && news->proposal <= watching->shown) continue;
        STORE_TRY(OPERATOR_TRY_AGAIN(store_list(queue->op.store, STORE_ONE, news->proposal, on_told, &telling)));
        queue_flush(queue);
    }
    return STORE_OK;
}

int queue_watch(struct queue *queue)
{
    struct watching watching = {.queue = queue};
    uint64_t end_ms = queue->timeout_s == 0 ? UINT64_MAX : operator_now_ms() + queue->timeout_s * 1000;
    enum store_err err = find_end(&watching);

    if (err == STORE_OK) err = tell_waiting(&watching);
    while (err == STORE_OK && !queue_has_enough(queue) && operator_now_ms() < end_ms) {
        operator_sleep(TUI_LOOK_MS);
        err = tell_news(&watching);
    }
    if (err != STORE_OK) return queue_fail(queue, 0, err, QUEUE_WHY);
    return queue->count == 0 || queue_has_enough(queue) ? EXIT_OK : EXIT_FOUND;
}
