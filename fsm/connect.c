/* connect.c — whom a connection is for: CONNECT's target, the name in a ClientHello. */
#include "fsm/conn_int.h"
#include "reactor/base/mem.h"
#include "reactor/tls/hello.h"

/* Reads CONNECT's head.  REASON_NONE, or why not; the head is 8 KiB, so it stands on the stack of nobody else. */
static enum reason read_connect(struct conn *conn, struct span bytes, const char **detail_out)
{
    struct http1_fault fault = {0};
    struct authority named;
    struct head head;

    if (http1_parse_request(bytes, &head, &fault) != ERR_OK) {
        *detail_out = fault.detail;
        return fault.status == 505 ? REASON_VERSION : fault.status == 431 ? REASON_HEAD_TOO_LARGE : REASON_MALFORMED;
    }
    *detail_out = "CONNECT takes host:port";
    enum err err = url_authority(head.target, 0, &conn->names, &conn->fixed);
    if (err != ERR_OK) return err == ERR_DENIED ? REASON_NO_ROUTE : REASON_TARGET;
    const struct field *host = head_find(&head, SPAN_LIT("host"));
    if (host != NULL) { /* with or without the port: clients differ */
        *detail_out = "the Host field names another host than CONNECT";
        if (url_authority(host->value, conn->fixed.port, &conn->names, &named) != ERR_OK) return REASON_MALFORMED;
        if (!span_is(named.host, conn->fixed.host)) return REASON_NAME_MISMATCH;
        if (named.port != conn->fixed.port) return REASON_NAME_MISMATCH;
    }
    *detail_out = NULL;
    return REASON_NONE;
}

/* A name is looked up, so it leaves: it is scanned before anybody is asked for it. */
static struct verdict reach(const struct conn *conn)
{
    const struct rules *rules = conn->egress->rules;
    struct findings findings = {0};

    if (scan_block(rules->scanner, SCAN_TARGET, SPAN_LIT("host"), conn->fixed.host, &findings) != ERR_OK)
        return (struct verdict){.reason = REASON_SCAN_FAILED};
    if (findings_stop(&findings)) return (struct verdict){.reason = REASON_SECRET};
    return policy_reach(rules->policy, conn->fixed.host, conn->fixed.port);
}

void conn_connect(struct conn *conn, struct span head)
{
    static const char established[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    const char *detail = NULL;
    struct verdict verdict = {0};
    enum reason reason = conn->egress->proxy->draining ? REASON_DRAINING : read_connect(conn, head, &detail);

    conn->has_fixed = reason == REASON_NONE; /* from here on it is for that origin, also in the log of a refusal */
    if (reason == REASON_NONE) {
        verdict = reach(conn);
        reason = verdict.reason;
    }
    bool may_propose = reason == REASON_NO_ROUTE && conn->has_fixed && conn->egress->asker != NULL &&
                       conn->egress->rules->policy->supervise.routes; /* the request inside is what is asked about */
    if (reason != REASON_NONE && !may_propose) {
        conn_refuse(conn, head, reason, detail);
        return;
    }
    stream_consume(conn->stream, head.len);
    if (verdict.route != NULL && verdict.route->tls_passthrough)
        fsm_post(&conn->machine, CONN_EV_PASS);
    else if (stream_write(conn->stream, span_of(established)) == ERR_OK)
        fsm_post(&conn->machine, CONN_EV_TUNNELLED);
    else
        fsm_post(&conn->machine, CONN_EV_GONE);
}

/* A port that was dialled directly: the hello names the origin; without a name it is the address itself. */
static enum err name_origin(struct conn *conn, const struct hello *hello)
{
    char text[ADDR_TEXT_MAX];
    struct addr local = conn->stream->local;
    struct span name = span_of((const char *)hello->name);

    local.port = 0;
    if (name.len == 0) name = span_of(addr_text(&local, text));
    return url_authority(name, conn->stream->local.port, &conn->names, &conn->fixed);
}

static enum err check_name(struct conn *conn, const struct hello *hello)
{
    struct span name = span_of((const char *)hello->name);

    if (!conn->has_fixed) return name_origin(conn, hello);
    return name.len == 0 || span_is(name, conn->fixed.host) ? ERR_OK : ERR_TRUST;
}

/* RFC 8446 section 6: a fatal alert in the clear, as the handshake has not begun. */
static void send_alert(struct conn *conn, uint8_t description)
{
    uint8_t alert[] = {21, 3, 1, 0, 2, 2, description};

    if (stream_write(conn->stream, (struct span){alert, sizeof alert}) != ERR_OK)
        return; /* it is closed all the same */
}

enum { ALERT_DECODE_ERROR = 50, ALERT_UNRECOGNIZED_NAME = 112 };

static void refuse_hello(struct conn *conn, uint8_t alert, enum reason reason, const char *why)
{
    send_alert(conn, alert);
    conn->refused = reason;
    conn->refused_why = why;
    fsm_post(&conn->machine, CONN_EV_REQUEST);
}

void conn_peek_hello(struct conn *conn)
{
    struct hello hello;
    enum err err = hello_peek(stream_input(conn->stream), &hello);

    if (err == ERR_AGAIN) return;
    if (err == ERR_OK) err = check_name(conn, &hello);
    if (err != ERR_OK) {
        refuse_hello(conn, err == ERR_TRUST ? ALERT_UNRECOGNIZED_NAME : ALERT_DECODE_ERROR,
                     err == ERR_TRUST ? REASON_NAME_MISMATCH : REASON_MALFORMED,
                     err == ERR_TRUST ? "the ClientHello names another host" : "not a ClientHello");
        return;
    }
    struct verdict verdict = reach(conn);
    if (verdict.reason != REASON_NONE && verdict.reason != REASON_NO_ROUTE) { /* no leaf, no log line has that name */
        refuse_hello(conn, ALERT_UNRECOGNIZED_NAME, verdict.reason, "the name in the ClientHello");
        return;
    }
    conn->has_fixed = true;
    /* Without a route the handshake is done all the same, so that the 403 can be read. */
    bool pass = verdict.reason == REASON_NONE && verdict.route->tls_passthrough;
    fsm_post(&conn->machine, pass ? CONN_EV_PASS : CONN_EV_NAMED);
}
