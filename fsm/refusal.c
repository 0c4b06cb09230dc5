/* refusal.c — no, and why: RFC 9457 problem details, and the slug in X-Bottled-Reason. */
#include "fsm/request_int.h"
#include "reactor/base/json.h"

static enum err write_problem(const struct request *req, struct buf *out)
{
    enum reason reason = req->verdict.reason;
    struct json json = json_begin(out);

    json_open(&json, NULL, '{');
    json_text(&json, "type", SPAN_LIT("about:blank"));
    json_text(&json, "title", span_of(reason_slug(reason)));
    json_number(&json, "status", reason_status(reason));
    json_text(&json, "detail", span_of(reason_detail(reason)));
    json_text(&json, "bottle", span_of(req->egress->name));
    if (req->proposal != 0)
        json_number(&json, "proposal", req->proposal);
    else
        json_null(&json, "proposal");
    json_bool(&json, "retryable", reason_retryable(reason));
    json_close(&json, '}');
    return json.err == ERR_OK ? buf_add(out, SPAN_LIT("\n")) : json.err;
}

static enum err add_fields(struct head *head, enum reason reason)
{
    _Static_assert(RETRY_AFTER_S == 5, "what is written below");
    TRY(head_add(head, SPAN_LIT("Content-Type"), SPAN_LIT("application/problem+json")));
    TRY(head_add(head, SPAN_LIT("Cache-Control"), SPAN_LIT("no-store")));
    TRY(head_add(head, SPAN_LIT("X-Bottled-Reason"), span_of(reason_slug(reason))));
    if (reason == REASON_UPGRADE) TRY(head_add(head, SPAN_LIT("Upgrade"), SPAN_LIT("HTTP/1.1")));
    return reason_retryable(reason) ? head_add(head, SPAN_LIT("Retry-After"), SPAN_LIT("5")) : ERR_OK;
}

void request_tell_refusal(struct request *req)
{
    struct buf body = {0};
    struct head head = {.minor = 1, .body = BODY_LENGTH, .reason = SPAN_LIT("Refused")};
    bool is_head = span_is(req->head.method, SPAN_LIT("HEAD"));

    head.status = req->status = reason_status(req->verdict.reason);
    if (write_problem(req, &body) != ERR_OK || add_fields(&head, req->verdict.reason) != ERR_OK) {
        req->client->ops->cut(req->client);
        buf_clear(&body);
        return;
    }
    head.length = buf_len(&body);
    req->client->ops->head(req->client, &head);
    if (!is_head) req->client->ops->body(req->client, buf_span(&body));
    req->client->ops->end(req->client, NULL, 0);
    buf_clear(&body);
}
