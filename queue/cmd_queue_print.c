#include <inttypes.h>
#include <stdio.h>

#include "queue/cmd_queue_int.h"

bool queue_wants(const struct queue *queue, const struct store_item *item)
{
    return queue->bottle == NULL || span_is(item->proposal.bottle, span_of(queue->bottle));
}

bool queue_has_enough(const struct queue *queue)
{
    return queue->broken || (queue->count > 0 && queue->printed >= queue->count);
}

void queue_end_line(struct queue *queue, enum err err)
{
    if (err == ERR_OK) err = buf_add(&queue->out, SPAN_LIT("\n"));
    if (err != ERR_OK) queue->broken = true;
}

void queue_flush(struct queue *queue)
{
    struct span text = buf_span(&queue->out);

    if (text.len == 0) return;
    if (!queue->broken) queue->broken = fwrite(text.at, 1, text.len, stdout) != text.len || fflush(stdout) != 0;
    buf_clear(&queue->out);
}

/* --- an item ----------------------------------------------------------------------------------------------- */

typedef enum err form_fn(struct buf *out, const struct store_item *item, uint64_t now_ms);

static void put_item(struct queue *queue, const struct store_item *item, form_fn *form)
{
    struct json json = json_begin(&queue->out);

    queue->printed++;
    if (queue->json)
        show_json(&json, item, operator_now_ms());
    else
        json.err = form(&queue->out, item, operator_now_ms());
    queue_end_line(queue, json.err);
}

static enum err put_answer(struct buf *out, const struct store_item *item, uint64_t now_ms)
{
    if (item->decision == NULL || item->state != AUDIT_DECIDED) return show_line(out, item, now_ms);
    TRY(buf_printf(out, "%" PRIu64 "  ", item->proposal.id));
    return show_decision(out, item->decision, now_ms);
}

void queue_put_line(struct queue *queue, const struct store_item *item) { put_item(queue, item, show_line); }
void queue_put_detail(struct queue *queue, const struct store_item *item) { put_item(queue, item, show_detail); }
void queue_put_answer(struct queue *queue, const struct store_item *item) { put_item(queue, item, put_answer); }

/* --- what is not done -------------------------------------------------------------------------------------- */

/* What is about one proposal; the others are about the queue. */
static const bool is_answer[STORE_ERR_COUNT] = {
    [STORE_UNKNOWN] = true, [STORE_DECIDED] = true, [STORE_ABANDONED] = true, [STORE_REFUSED] = true};

static enum err put_why(struct buf *out, const struct queue *queue, enum store_err err)
{
    if (is_answer[err]) return buf_printf(out, "%s", store_err_meaning(err));
    return buf_printf(out, "%s/queue/queue.db: %s%s", queue->op.root, store_err_meaning(err), store_err_remedy(err));
}

static void put_failure(struct queue *queue, uint64_t id, enum store_err err, struct span why)
{
    struct json json = json_begin(&queue->out);

    json_open(&json, NULL, '{');
    if (id > 0) json_number(&json, "id", id);
    json_text(&json, "error", span_of(store_err_name(err)));
    json_text(&json, "why", why);
    json_close(&json, '}');
    queue_end_line(queue, json.err);
}

int queue_fail(struct queue *queue, uint64_t id, enum store_err err, struct span why)
{
    struct buf words = {0};

    if (why.len == 0 && put_why(&words, queue, err) == ERR_OK) why = buf_span(&words);
    if (queue->json)
        put_failure(queue, id, err, why);
    else if (id > 0)
        fprintf(stderr, "bottled queue: %" PRIu64 ": %.*s\n", id, SPAN_FMT(why));
    else
        fprintf(stderr, "bottled queue: %.*s\n", SPAN_FMT(why));
    buf_clear(&words);
    return is_answer[err] ? EXIT_FOUND : EXIT_BROKEN;
}
