#include "fsm/request_int.h"

#include <inttypes.h>

#include "dlp/secrets/inject.h"
#include "reactor/base/log.h"
#include "reactor/base/mem.h"

static fsm_action_fn request_scan, request_renew, request_judge, request_redial, request_send, request_await,
    request_relay, request_finish, request_cut, request_late;
FSM_TYPE(request_type, "request", REQUEST_STATES, REQUEST_EVENTS, REQUEST_ROWS);

static struct request *of(struct fsm *machine) { return CONTAINER_OF(machine, struct request, machine); }

void request_say_no(struct request *req, enum reason reason, const char *detail)
{
    req->verdict.reason = reason;
    if (detail != NULL) req->detail = detail;
    fsm_post(&req->machine, REQ_EV_NO);
}

/* --- scanned --------------------------------------------------------------------------------------------- */

static struct span value_of(const struct head *head, struct span name)
{
    const struct field *field = head_find(head, name);

    return field != NULL ? field->value : (struct span){0};
}

/* Several fields are one list (RFC 9110 section 5.3). */
static enum err list_codings(struct request *req, struct span *codings)
{
    for (size_t i = 0; i < req->head.field_count; i++) {
        const struct field *field = &req->head.fields[i];
        if (!span_is_nocase(field->name, SPAN_LIT("content-encoding"))) continue;
        if (codings->len == 0) {
            *codings = field->value;
            continue;
        }
        *codings = arena_printf(&req->arena, "%.*s, %.*s", SPAN_FMT(*codings), SPAN_FMT(field->value));
        if (codings->at == NULL) return ERR_LIMIT;
    }
    return ERR_OK;
}

static enum err begin_body(struct request *req)
{
    struct scan_unit unit = {.place = SCAN_BODY, .content_type = value_of(&req->head, SPAN_LIT("content-type"))};
    const struct route *route = req->verdict.route;

    TRY(list_codings(req, &unit.content_encoding));
    if (!route->body_unscanned) TRY(scan_new(req->rules->scanner, &unit, &req->scan));
    return spool_new(request_body_max(route), &req->spool);
}

static void say_continue(struct request *req)
{
    if (!req->head.expect_continue || req->head.minor == 0) return;
    struct head go_on = {.status = 100, .reason = SPAN_LIT("Continue"), .minor = 1};
    req->client->ops->head(req->client, &go_on);
}

static void request_scan(struct fsm *machine)
{
    struct request *req = of(machine);

    request_mark(req);
    if (scan_fields(req->rules->scanner, SCAN_FIELD, req->head.fields, req->head.field_count, &req->findings) !=
        ERR_OK) {
        request_say_no(req, REASON_SCAN_FAILED, "the head could not be scanned");
        return;
    }
    if (request_is_stopped(req)) {
        request_say_no(req, REASON_SECRET, NULL);
        return;
    }
    if (req->head.body == BODY_NONE || (req->head.body == BODY_LENGTH && req->head.length == 0)) {
        fsm_post(machine, REQ_EV_WHOLE);
        return;
    }
    enum err err = begin_body(req);
    if (err == ERR_DENIED)
        request_say_no(req, REASON_CODING, NULL);
    else if (err != ERR_OK)
        request_say_no(req, REASON_SCAN_FAILED, "no room for a body");
    else if (say_continue(req), req->granted != NULL)
        req->client->ops->more(req->client);
}

static void say_unscanned(struct request *req, enum err err)
{
    if (err == ERR_SYNTAX)
        request_say_no(req, REASON_CODING, "the body is not coded as its head says");
    else if (err == ERR_LIMIT)
        request_say_no(req, REASON_BODY_TOO_LARGE, "the body is too large with its codings undone");
    else
        request_say_no(req, REASON_SCAN_FAILED, "the body could not be scanned");
}

bool request_takes_body(const struct request *req) { return req->machine.state != REQ_PROPOSED; }

void request_body(struct request *req, struct span data)
{
    enum err err;

    if (req->machine.state != REQ_SCAN) return; /* refused already: it is read and dropped */
    req->up_bytes += data.len;
    err = req->scan != NULL ? scan_feed(req->scan, data, &req->findings) : ERR_OK;
    if (err != ERR_OK) {
        say_unscanned(req, err);
        return;
    }
    err = spool_append(req->spool, data);
    if (err == ERR_OK)
        fsm_post(&req->machine, REQ_EV_PROGRESS);
    else if (err == ERR_LIMIT)
        request_say_no(req, REASON_BODY_TOO_LARGE, NULL);
    else
        request_say_no(req, REASON_SCAN_FAILED, "the spool failed");
}

static enum err keep_trailers(struct request *req, const struct field *trailers, size_t count)
{
    req->trailers = arena_new(&req->arena, count * sizeof *trailers);
    if (req->trailers == NULL) return ERR_LIMIT;
    for (size_t i = 0; i < count; i++) {
        struct field *kept = &req->trailers[req->trailer_count];
        if (inject_owns(req->verdict.route, trailers[i].name)) continue; /* origins may merge it with the head */
        kept->name = arena_copy(&req->arena, trailers[i].name);
        kept->value = arena_copy(&req->arena, trailers[i].value);
        if (kept->name.at == NULL || kept->value.at == NULL) return ERR_LIMIT;
        req->trailer_count++;
    }
    return scan_fields(req->rules->scanner, SCAN_TRAILER, req->trailers, req->trailer_count, &req->findings);
}

void request_end(struct request *req, const struct field *trailers, size_t trailer_count)
{
    if (req->machine.state != REQ_SCAN) return;
    if (trailer_count > 0 && keep_trailers(req, trailers, trailer_count) != ERR_OK)
        request_say_no(req, REASON_SCAN_FAILED, "the trailers could not be scanned");
    else
        fsm_post(&req->machine, REQ_EV_WHOLE);
}

void request_broken(struct request *req, const char *detail) { request_say_no(req, REASON_MALFORMED, detail); }

static void request_judge(struct fsm *machine)
{
    struct request *req = of(machine);
    enum err err = req->scan != NULL ? scan_end(req->scan, &req->findings) : ERR_OK;

    if (err != ERR_OK)
        say_unscanned(req, err);
    else if (request_is_stopped(req))
        request_say_no(req, REASON_SECRET, NULL);
    else
        fsm_post(machine, request_needs_asking(req) ? REQ_EV_ASK : REQ_EV_PASS);
    scan_free(&req->scan);
}

/* Progress: the idle limit starts anew, under a cap on the whole. */
static void request_renew(struct fsm *machine)
{
    struct request *req = of(machine);
    uint64_t spent_ms = loop_now_ms(machine->timer.loop) - req->entered_ms[machine->state];

    fsm_touch(machine);
    if (machine->state == REQ_SCAN)
        fsm_limit(machine, spent_ms < BODY_TOTAL_MS ? (uint32_t)(BODY_TOTAL_MS - spent_ms) : 0);
}

/* --- sent ------------------------------------------------------------------------------------------------ */

static void on_upstream(void *owner, enum upstream_event event);

static void open_upstream(struct request *req, bool fresh)
{
    const struct route *route = req->verdict.route;
    struct span key = arena_printf(&req->arena, "%" PRIu64 "|%zu|%d|%.*s|%u", req->rules->generation,
                                   rules_route_number(req->rules, route), req->tls, SPAN_FMT(req->authority.host),
                                   req->authority.port);
    struct upstream_target target = {.key = key,
                                     .host = req->authority.host,
                                     .port = req->authority.port,
                                     .rules = &route->addrs,
                                     .tls = req->tls ? rules_tls(req->rules, route) : NULL,
                                     .fresh = fresh};

    request_mark(req);
    upstream_free(&req->upstream);
    if (key.at == NULL ||
        upstream_open(req->egress->proxy->pool, &target, &req->arena, on_upstream, req, &req->upstream) != ERR_OK)
        request_say_no(req, REASON_BUSY, "no upstream connection could be started");
}

void request_dial(struct fsm *machine) { open_upstream(of(machine), false); }

static void request_redial(struct fsm *machine)
{
    struct request *req = of(machine);

    req->retried = true;
    req->entered_ms[REQ_SEND] = req->entered_ms[REQ_WAIT] = 0; /* the phases of what has failed are the dial's */
    if (req->spool != NULL) spool_rewind(req->spool);
    open_upstream(req, true);
}

static void go_on_sending(struct request *req)
{
    bool whole;

    if (request_pump_body(req, &whole) != ERR_OK)
        request_say_no(req, REASON_INTERNAL, "the body could not be sent");
    else
        fsm_post(&req->machine, whole ? REQ_EV_SENT : REQ_EV_PROGRESS);
}

static void request_send(struct fsm *machine)
{
    struct request *req = of(machine);
    enum err err;

    request_mark(req);
    req->facts = *upstream_facts(req->upstream);
    err = request_write_head(req);
    if (err == ERR_NOT_FOUND)
        request_say_no(req, REASON_CREDENTIAL, NULL);
    else if (err != ERR_OK)
        request_say_no(req, REASON_INTERNAL, "the head could not be written");
    else
        go_on_sending(req);
}

static void request_await(struct fsm *machine) { request_mark(of(machine)); }

/* --- answered -------------------------------------------------------------------------------------------- */

static void relay_head(struct request *req)
{
    struct head *head = upstream_head();

    head_drop_hop_fields(head);
    head_remove(head, SPAN_LIT("content-length")); /* the writer says it again, from head->body and head->length */
    head_remove(head, SPAN_LIT("alt-svc"));        /* another way to the origin would lead around us */
    req->client->ops->head(req->client, head);
}

static void request_relay(struct fsm *machine)
{
    struct request *req = of(machine);

    request_mark(req);
    req->status = upstream_head()->status;
    relay_head(req);
}

static void relay_body(struct request *req)
{
    struct span data = upstream_data(req->upstream);

    req->down_bytes += data.len;
    req->client->ops->body(req->client, data);
    if (req->upstream != NULL && req->client->ops->room(req->client) == 0) upstream_pause(req->upstream, true);
    fsm_post(&req->machine, REQ_EV_PROGRESS);
}

static void relay_end(struct request *req)
{
    size_t count;
    const struct field *trailers = upstream_trailers(req->upstream, &count);

    req->client->ops->end(req->client, trailers, count);
    fsm_post(&req->machine, REQ_EV_END);
}

static bool is_idempotent(struct span method) /* RFC 9110 section 9.2.2 */
{
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"};

    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (span_is(method, span_of(methods[i]))) return true;
    return false;
}

static void on_failed(struct request *req)
{
    const struct upstream_failure *failure = upstream_failure(req->upstream);

    req->facts = *upstream_facts(req->upstream);
    if (failure->stale && !req->retried && is_idempotent(req->head.method) && req->machine.state != REQ_RELAY) {
        fsm_post(&req->machine, REQ_EV_STALE);
        return;
    }
    req->detail = failure->detail;
    if (req->machine.state != REQ_RELAY) req->verdict.reason = failure->reason;
    fsm_post(&req->machine, REQ_EV_UPSTREAM_GONE);
}

static void on_upstream(void *owner, enum upstream_event event)
{
    struct request *req = owner;

    switch (event) {
    case UPSTREAM_READY: fsm_post(&req->machine, REQ_EV_CONNECTED); return;
    case UPSTREAM_DRAINED:
        if (req->machine.state == REQ_SEND) go_on_sending(req);
        return;
    case UPSTREAM_INTERIM:
        if (req->head.minor >= 1 && upstream_head()->status != 100) relay_head(req);
        return;
    case UPSTREAM_HEAD: fsm_post(&req->machine, REQ_EV_RESPONSE); return;
    case UPSTREAM_BODY: relay_body(req); return;
    case UPSTREAM_END: relay_end(req); return;
    case UPSTREAM_FAILED: on_failed(req); return;
    }
}

void request_drained(struct request *req)
{
    if (req->machine.state == REQ_RELAY) upstream_pause(req->upstream, false);
}

/* --- ended ----------------------------------------------------------------------------------------------- */

static void tell_over(struct defer *defer)
{
    struct request *req = CONTAINER_OF(defer, struct request, over);

    req->fn(req->owner, req->clean);
}

static void end(struct request *req, bool clean)
{
    request_unask(req);
    upstream_free(&req->upstream);
    request_write_line(req);
    req->clean = clean;
    loop_defer(req->machine.timer.loop, &req->over, tell_over);
}

static void request_finish(struct fsm *machine) { end(of(machine), true); }

static void request_cut(struct fsm *machine)
{
    struct request *req = of(machine);

    if (req->detail == NULL && machine->last_event == REQ_EV_CLIENT_GONE) req->detail = "the client left";
    req->client->ops->cut(req->client);
    end(req, false);
}

void request_refuse_now(struct fsm *machine)
{
    struct request *req = of(machine);

    request_mark(req);
    request_unask(req);
    upstream_free(&req->upstream);
    request_tell_refusal(req);
    fsm_post(machine, REQ_EV_END);
}

static void request_late(struct fsm *machine)
{
    struct request *req = of(machine);
    bool sending = req->entered_ms[REQ_DIAL] > 0;

    req->verdict.reason = sending ? REASON_UPSTREAM_TIMEOUT : REASON_CLIENT_SLOW;
    request_refuse_now(machine);
}

void request_client_gone(struct request *req) { fsm_post(&req->machine, REQ_EV_CLIENT_GONE); }

/* --- made and freed -------------------------------------------------------------------------------------- */

static enum reason reason_of_fault(uint16_t status)
{
    switch (status) {
    case 414: return REASON_TARGET_TOO_LONG;
    case 417: return REASON_EXPECTATION;
    case 431: return REASON_HEAD_TOO_LARGE;
    case 501: return REASON_METHOD_UNKNOWN;
    case 505: return REASON_VERSION;
    default: return REASON_MALFORMED;
    }
}

/* A head that breaks the rules is refused when the request begins; its connection then ends, as nothing behind it is
 * sure. */
static void read_head(struct request *req)
{
    struct http1_fault fault = {.status = 400};

    if (http1_parse_request(req->raw, &req->head, &fault) == ERR_OK) return;
    req->head.body = BODY_NONE;
    req->head.keep_alive = false;
    req->verdict.reason = reason_of_fault(fault.status);
    req->detail = fault.detail;
}

enum err request_new(struct egress *egress, struct client *client, const struct request_origin *origin,
                     struct span head, request_over_fn *fn, void *owner, struct request **request_out)
{
    struct request *req = mem_room(sizeof *req);

    if (req == NULL) return ERR_NOMEM;
    memset(req, 0, offsetof(struct request, head.fields));
    req->arena = arena_begin(REQUEST_ARENA_MAX);
    req->raw = arena_copy(&req->arena, head);
    if (req->raw.at == NULL) {
        mem_free(req);
        return ERR_NOMEM;
    }
    req->egress = egress;
    req->rules = rules_hold(egress->rules);
    req->client = client;
    req->origin = *origin;
    req->fn = fn;
    req->owner = owner;
    if (origin->fixed != NULL) req->authority = *origin->fixed;
    req->tls = origin->tls;
    if (head.len > 0) read_head(req);
    req->born_ms = loop_now_ms(egress->proxy->loop);
    fsm_start(&req->machine, &request_type, egress->proxy->loop, proxy_id(egress->proxy));
    *request_out = req;
    return ERR_OK;
}

void request_begin(struct request *req) { fsm_post(&req->machine, REQ_EV_DECIDE); }
void request_refuse(struct request *req, enum reason reason, const char *detail)
{
    request_say_no(req, reason, detail);
}
const struct head *request_head(const struct request *req) { return &req->head; }

void request_free(struct request **request)
{
    struct request *req = *request;

    if (req == NULL) return;
    *request = NULL;
    loop_defer_cancel(&req->over);
    request_unask(req);
    fsm_stop(&req->machine);
    upstream_free(&req->upstream);
    loop_defer_cancel(&req->next_turn);
    mem_free(req->surround);
    scan_free(&req->scan);
    spool_free(&req->spool);
    policy_free(&req->granted);
    rules_free(&req->rules);
    arena_end(&req->arena);
    mem_free(req);
}
