/* agree.c — the target, the Host field, the tunnel and the TLS hello must name one and the same authority. */
#include "fsm/request_int.h"

#define MAX_FORWARDS_MAX 1000000u /* larger ones are as good as this */

static bool same(const struct authority *a, const struct authority *b)
{
    return a->port == b->port && span_is(a->host, b->host);
}

static uint16_t default_port(bool tls) { return tls ? 443 : 80; }

/* On the proxy port a request names its origin itself. */
static enum reason from_target(struct request *req)
{
    if (!req->target.absolute || req->target.tls) { /* https in the clear: what was meant to be private is not */
        req->detail = "the proxy port takes http:// targets and CONNECT";
        return REASON_TARGET;
    }
    req->authority = req->target.authority;
    req->tls = req->target.tls;
    return REASON_NONE;
}

/* In a tunnel, or on a port that was dialled directly, the origin is known already. */
static enum reason from_connection(struct request *req)
{
    req->authority = *req->origin.fixed;
    req->tls = req->origin.tls;
    if (!req->target.absolute) return REASON_NONE;
    if (same(&req->target.authority, &req->authority) && req->target.tls == req->tls) return REASON_NONE;
    req->detail = "the target names another origin than the connection";
    return REASON_NAME_MISMATCH;
}

/* On a port that was dialled directly, without TLS, the Host field is all there is. */
static enum reason from_host(struct request *req)
{
    const struct field *host = head_find(&req->head, SPAN_LIT("host"));

    if (req->target.absolute) return from_target(req);
    if (host == NULL || url_authority(host->value, 80, &req->arena, &req->authority) != ERR_OK) {
        req->detail = "the Host field is not an authority";
        return REASON_MALFORMED;
    }
    if (req->authority.port == req->origin.direct_port) return REASON_NONE;
    req->detail = "the Host field names another port than the connection";
    return REASON_NAME_MISMATCH;
}

static enum reason check_host(struct request *req)
{
    const struct field *host = head_find(&req->head, SPAN_LIT("host"));
    struct authority named;

    if (host == NULL) return REASON_NONE; /* HTTP/1.0; the codec has refused it for 1.1 */
    if (url_authority(host->value, req->authority.port, &req->arena, &named) != ERR_OK) { /* no port: any will do */
        req->detail = "the Host field is not an authority";
        return REASON_MALFORMED;
    }
    if (same(&named, &req->authority)) return REASON_NONE;
    req->detail = "the Host field names another origin";
    return REASON_NAME_MISMATCH;
}

/* What goes upstream says Host once, and as it was checked. */
static enum reason write_host(struct request *req)
{
    bool v6 = req->authority.is_ip && span_find(req->authority.host, ':', 0) < req->authority.host.len;
    const char *open = v6 ? "[" : "", *close = v6 ? "]" : "";
    struct span text;

    if (req->authority.port == default_port(req->tls))
        text = arena_printf(&req->arena, "%s%.*s%s", open, SPAN_FMT(req->authority.host), close);
    else
        text =
            arena_printf(&req->arena, "%s%.*s%s:%u", open, SPAN_FMT(req->authority.host), close, req->authority.port);
    head_remove(&req->head, SPAN_LIT("host"));
    if (text.at == NULL || head_add(&req->head, SPAN_LIT("Host"), text) != ERR_OK) return REASON_HEAD_TOO_LARGE;
    return REASON_NONE;
}

/* RFC 9110 section 7.6.2, for OPTIONS: a proxy that gets 0 does not pass it on. */
static enum reason count_down(struct request *req)
{
    struct field *field = (struct field *)head_find(&req->head, SPAN_LIT("max-forwards"));
    unsigned left = 0;

    if (field == NULL || !span_is(req->head.method, SPAN_LIT("OPTIONS"))) return REASON_NONE;
    for (size_t i = 0; i < field->value.len && left < MAX_FORWARDS_MAX; i++) {
        if (field->value.at[i] < '0' || field->value.at[i] > '9') return REASON_MALFORMED;
        left = left * 10 + field->value.at[i] - '0';
    }
    if (left == 0) {
        req->detail = "Max-Forwards is 0";
        return REASON_METHOD_UNKNOWN;
    }
    field->value = arena_printf(&req->arena, "%u", left - 1);
    return field->value.at == NULL ? REASON_HEAD_TOO_LARGE : REASON_NONE;
}

static bool is_asterisk_for_another_method(const struct request *req)
{
    return span_is(req->target.path, SPAN_LIT("*")) && !span_is(req->head.method, SPAN_LIT("OPTIONS"));
}

enum reason request_read_names(struct request *req)
{
    enum reason reason;
    enum err err = url_target(req->head.target, &req->arena, &req->target);

    if (err == ERR_DENIED) return REASON_NO_ROUTE;
    if (err != ERR_OK || is_asterisk_for_another_method(req)) {
        req->detail = "the target is not a URL that reads in one way";
        return REASON_TARGET;
    }
    reason = req->origin.fixed != NULL      ? from_connection(req)
             : req->origin.direct_port != 0 ? from_host(req)
                                            : from_target(req);
    if (reason == REASON_NONE) reason = check_host(req);
    if (reason == REASON_NONE) reason = count_down(req);
    return reason == REASON_NONE ? write_host(req) : reason;
}
