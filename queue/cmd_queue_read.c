#include <inttypes.h>
#include <time.h>

#include "queue/cmd_queue_int.h"
#include "reactor/base/encode.h"

/* One page of what is printed. */
struct page {
    struct queue *queue;
    uint64_t last; /* the number of its last one */
    size_t count;
};

static void on_line(void *owner, const struct store_item *item)
{
    struct page *page = owner;

    page->last = item->proposal.id;
    page->count++;
    if (!queue_has_enough(page->queue) && queue_wants(page->queue, item)) queue_put_line(page->queue, item);
}

/* What can't be read does not keep back what can. */
static int list_all(struct queue *queue, enum store_view view)
{
    struct page page = {.queue = queue};
    int code = EXIT_OK;

    do {
        page.count = 0;
        enum store_err err = OPERATOR_TRY_AGAIN(store_list(queue->op.store, view, page.last, on_line, &page));
        if (err != STORE_OK) code = queue_fail(queue, 0, err, QUEUE_WHY);
        queue_flush(queue);
        if (err != STORE_OK && err != STORE_CORRUPT) break;
    } while (page.count > 0 && !queue_has_enough(queue));
    return code;
}

int queue_list(struct queue *queue) { return list_all(queue, STORE_OPEN); }
int queue_remembered(struct queue *queue) { return list_all(queue, STORE_REMEMBERED); }

int queue_history(struct queue *queue)
{
    if (queue->count == 0) queue->count = STORE_BATCH;
    return list_all(queue, STORE_HISTORY);
}

/* --- the record -------------------------------------------------------------------------------------------- */

/* RFC 3339 in UTC, to the millisecond. */
static enum err put_time(struct buf *out, uint64_t at_ms)
{
    const time_t at_s = (time_t)(at_ms / 1000);
    char text[32] = "?";
    struct tm tm;

    if (gmtime_r(&at_s, &tm) != NULL) strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    return buf_printf(out, "%s.%03uZ", text, (unsigned)(at_ms % 1000));
}

static enum err put_row(struct buf *out, const struct audit_row *row)
{
    TRY(buf_printf(out, "%-8" PRIu64 " ", row->number));
    TRY(put_time(out, row->at_ms));
    return buf_printf(out, "  %-9s  %" PRIu64, audit_event_name(row->event), row->proposal);
}

static void on_row(void *owner, const struct audit_row *row)
{
    struct page *page = owner;
    struct buf *out = &page->queue->out;
    struct json json = json_begin(out);

    page->last = row->number;
    page->count++;
    if (page->queue->json)
        audit_json(&json, row);
    else
        json.err = put_row(out, row);
    queue_end_line(page->queue, json.err);
}

static enum err put_verdict(struct buf *out, const struct audit_fault *fault)
{
    if (fault->kind == AUDIT_SOUND)
        TRY(buf_printf(out, "sound: %" PRIu64 " rows, the last one's MAC is ", fault->last.number));
    else
        TRY(buf_printf(out, "not sound: %s: %" PRIu64 "; %" PRIu64 " rows before it are, the last one's MAC is ",
                       audit_fault_meaning(fault->kind), fault->number, fault->last.number));
    return encode_hex(out, (struct span){fault->last.mac, DIGEST_BYTES});
}

static void put_verdict_json(struct json *json, const struct audit_fault *fault)
{
    json_open(json, NULL, '{');
    json_bool(json, "sound", fault->kind == AUDIT_SOUND);
    if (fault->kind != AUDIT_SOUND) {
        json_text(json, "why", span_of(audit_fault_meaning(fault->kind)));
        json_number(json, "at", fault->number);
    }
    json_number(json, "rows", fault->last.number);
    json_hex(json, "mac", (struct span){fault->last.mac, DIGEST_BYTES});
    json_close(json, '}');
}

static int verify(struct queue *queue)
{
    struct audit_fault fault;
    struct json json = json_begin(&queue->out);
    enum store_err err = OPERATOR_TRY_AGAIN(store_audit_verify(queue->op.store, &fault));

    if (err != STORE_OK) return queue_fail(queue, 0, err, QUEUE_WHY);
    if (queue->json)
        put_verdict_json(&json, &fault);
    else
        json.err = put_verdict(&queue->out, &fault);
    queue_end_line(queue, json.err);
    return fault.kind == AUDIT_SOUND ? EXIT_OK : EXIT_FOUND;
}

int queue_audit(struct queue *queue)
{
    struct page page = {.queue = queue};

    if (queue->verify) return verify(queue);
    do {
        page.count = 0;
        enum store_err err = OPERATOR_TRY_AGAIN(store_audit(queue->op.store, page.last, on_row, &page));
        queue_flush(queue);
        if (err != STORE_OK) return queue_fail(queue, 0, err, QUEUE_WHY);
    } while (page.count > 0 && !queue->broken);
    return EXIT_OK;
}
