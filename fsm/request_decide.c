/* request_decide.c — may it be: its names must agree, its line must carry no secret, a route must allow it. */
#include "dlp/secrets/inject.h"
#include "fsm/request_int.h"

/* A handshake that could succeed (RFC 6455 section 4.1).  Any other Upgrade is dropped, as RFC 9110 section 7.8
 * allows. */
static bool is_websocket(const struct head *head)
{
    const struct field *version = head_find(head, SPAN_LIT("sec-websocket-version"));

    return version != NULL && span_is(version->value, SPAN_LIT("13")) &&
           head_has_token(head, SPAN_LIT("upgrade"), SPAN_LIT("websocket"));
}

/* CONNECT inside a connection; TRACE and its old sibling, which echo a credential.  Some origins ignore case. */
static bool is_forbidden(struct span method)
{
    static const char *const methods[] = {"CONNECT", "TRACE", "TRACK"};

    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (span_is_nocase(method, span_of(methods[i]))) return true;
    return false;
}

/* What no route can allow. */
static enum reason check_method(struct request *req)
{
    if (is_forbidden(req->head.method)) {
        req->detail = "CONNECT inside a connection, or TRACE, which would echo a credential";
        return REASON_METHOD_UNKNOWN;
    }
    return is_websocket(&req->head) ? REASON_UPGRADE : REASON_NONE;
}

/* The target as it is, and with its escapes undone: for the origin they are what they stand for. */
static enum err scan_target(struct request *req)
{
    struct span text = req->head.target, layer = {0};

    for (unsigned i = 0; i <= URL_LAYERS_MAX && text.len != layer.len; i++) {
        layer = text;
        req->judge.query_at = span_find(layer, '?', 0);
        TRY(scan_block(req->rules->scanner, SCAN_TARGET, (struct span){0}, layer, &req->findings));
        TRY(url_unescape(layer, &req->arena, &text));
    }
    return ERR_OK;
}

/* What is normal in a query is in no line of the log: the query is in none. */
static bool is_in_line(const struct request *req)
{
    size_t query_at = span_find(req->head.target, '?', 0);

    for (size_t i = 0; i < req->findings.count; i++)
        if (req->findings.list[i].ruling != RULING_BOUND || req->findings.list[i].byte < query_at) return true;
    return false;
}

/* The method is any word the agent likes, so it is looked at as well; nothing belongs there. */
static enum reason scan_line(struct request *req)
{
    enum err err = scan_block(req->rules->scanner, SCAN_TARGET, SPAN_LIT("method"), req->head.method, &req->findings);

    req->findings.judge = &req->judge.judge;
    if (err == ERR_OK) err = scan_target(req);
    if (err != ERR_OK) return REASON_SCAN_FAILED;
    req->secret_in_line = is_in_line(req);
    return request_is_stopped(req) ? REASON_SECRET : REASON_NONE;
}

static enum reason ask_policy(struct request *req)
{
    struct ask ask = {.host = req->authority.host,
                      .port = req->authority.port,
                      .tls = req->tls,
                      .method = req->head.method,
                      .path = req->target.path};

    req->verdict = policy_decide(req->rules->policy, &ask);
    if (req->verdict.reason == REASON_NO_ROUTE && req->granted != NULL)
        req->verdict = policy_decide(req->granted, &ask);
    if (req->verdict.reason != REASON_NONE) return req->verdict.reason;
    return req->head.body == BODY_LENGTH && req->head.length > request_body_max(req->verdict.route)
               ? REASON_BODY_TOO_LARGE
               : REASON_NONE;
}

/* Asked about again, as its host was allowed, it begins anew. */
static enum reason decide(struct request *req)
{
    enum reason reason, names;
    const char *detail;

    if (req->granted == NULL && req->verdict.reason != REASON_NONE) return req->verdict.reason;
    names = request_name_judge(req);
    detail = MOVE(req->detail); /* of names */
    if ((reason = scan_line(req)) != REASON_NONE) return reason;
    if ((reason = check_method(req)) != REASON_NONE) return reason;
    req->detail = detail;
    return names != REASON_NONE ? names : ask_policy(req);
}

/* Fields by which some origins let a request be another than its first line says: where that line was what decided,
 * they do not go out. */
static void drop_overrides(struct request *req)
{
    static const char *const names[] = {"x-http-method-override", "x-http-method", "x-method-override",
                                        "x-original-url",         "x-rewrite-url", "x-original-uri"};
    const struct route *route = req->verdict.route;

    if (route->method_count == 0 && route->path_count == 0) return;
    for (size_t i = 0; i < COUNT_OF(names); i++) head_remove(&req->head, span_of(names[i]));
}

/* What is for us alone, and what origins that read '_' as '-' would take for framing. */
static void drop_fields(struct request *req)
{
    static const char *const names[] = {"expect", "content-length", "content_length", "transfer_encoding",
                                        "content_encoding"};

    drop_overrides(req);
    inject_drop(req->verdict.route, &req->head);
    head_drop_hop_fields(&req->head);
    for (size_t i = 0; i < COUNT_OF(names); i++) head_remove(&req->head, span_of(names[i]));
}

void request_decide(struct fsm *machine)
{
    struct request *req = CONTAINER_OF(machine, struct request, machine);
    enum reason reason = req->egress->proxy->draining ? REASON_DRAINING : REASON_NONE;

    request_mark(req);
    if (reason == REASON_NONE) reason = decide(req);
    if (reason == REASON_NO_ROUTE && req->granted == NULL && request_may_propose(req)) {
        fsm_post(machine, REQ_EV_ASK);
        return;
    }
    if (reason != REASON_NONE) {
        request_say_no(req, reason, NULL);
        return;
    }
    drop_fields(req);
    req->digested = false; /* it was of the head alone */
    fsm_post(machine, REQ_EV_PASS);
}
