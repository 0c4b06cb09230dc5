/* request_line.c — what the access log says of a request. */
#include "fsm/access.h"
#include "fsm/request_int.h"

/* A phase lasts until the next one that was entered, the last one until now. */
static void put_phases(const struct request *req, struct access *access)
{
    static const struct {
        uint8_t state;
        const char *name;
    } rows[] = {{REQ_PROPOSED, "propose"}, {REQ_SCAN, "scan"}, {REQ_HOLD, "hold"},  {REQ_DIAL, "dial"},
                {REQ_SEND, "send"},        {REQ_WAIT, "wait"}, {REQ_RELAY, "relay"}};
    size_t n = 0;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t entered_ms = req->entered_ms[rows[i].state], end_ms = loop_now_ms(req->machine.timer.loop);
        if (entered_ms == 0) continue;
        for (size_t j = i + 1; j < COUNT_OF(rows); j++)
            if (req->entered_ms[rows[j].state] != 0) {
                end_ms = req->entered_ms[rows[j].state];
                break;
            }
        access->phases[n].name = rows[i].name;
        access->phases[n++].ms = end_ms - entered_ms;
    }
    if (req->facts.tls_ms > 0) {
        access->phases[n].name = "tls";
        access->phases[n++].ms = req->facts.tls_ms;
    }
}

bool request_withholds(const struct request *req)
{
    return req->secret_in_line || !rules_find_nothing(req->rules, req->head.method) ||
           !rules_find_nothing(req->rules, req->target.path) || !rules_find_nothing(req->rules, req->authority.host);
}

void request_write_line(struct request *req)
{
    struct access access = {.machine = &req->machine,
                            .bottle = span_of(req->egress->name),
                            .method = req->head.method,
                            .scheme = req->tls ? SPAN_LIT("https") : SPAN_LIT("http"),
                            .path = req->target.path,
                            .authority = &req->authority,
                            .verdict = &req->verdict,
                            .policy = req->rules->policy,
                            .findings = &req->findings,
                            .detail = req->detail,
                            .proposal = req->proposal,
                            .unscanned = req->spool != NULL && req->verdict.route->body_unscanned,
                            .upstream = req->facts.addr,
                            .reused = req->facts.reused,
                            .status = req->status,
                            .conn_id = req->origin.conn_id,
                            .up_bytes = req->up_bytes,
                            .down_bytes = req->down_bytes,
                            .born_ms = req->born_ms};

    access.withheld = request_withholds(req);
    put_phases(req, &access);
    access_write(&req->egress->proxy->access, &access);
}
