#include "fsm/access.h"

#include <unistd.h>

#include "reactor/base/json.h"

static void put_names(struct json *json, const struct access *a)
{
    struct span withheld = SPAN_LIT("(withheld)");

    json_text(json, "method", a->withheld ? withheld : a->method);
    json_text(json, "scheme", a->scheme);
    json_text(json, "host", a->withheld ? withheld : a->authority->host);
    json_number(json, "port", a->authority->port);
    json_text(json, "path", a->withheld ? withheld : a->path);
}

static void put_finding(struct json *json, const struct access *a, const struct finding *finding)
{
    json_open(json, NULL, '{');
    json_text(json, "rule", span_of(finding->rule));
    json_text(json, "rung", span_of(rung_name(finding->rung)));
    json_text(json, "ruling", span_of(ruling_name(finding->ruling)));
    json_text(json, "where", span_of(finding->where));
    if (finding->encoding[0] != '\0') json_text(json, "encoding", span_of(finding->encoding));
    if (finding->rung == RUNG_KNOWN) json_text(json, "secret", policy_secret_name(a->policy, finding->slot));
    if (finding->shown[0] != '\0') json_text(json, "shown", span_of(finding->shown));
    json_close(json, '}');
}

static void put_verdict(struct json *json, const struct access *a)
{
    enum reason reason = a->verdict->reason;

    json_text(json, "verdict", reason == REASON_NONE ? SPAN_LIT("allowed") : SPAN_LIT("refused"));
    json_text(json, "reason", span_of(reason_slug(reason)));
    if (a->detail != NULL) json_text(json, "detail", span_of(a->detail));
    if (a->verdict->route != NULL) json_number(json, "route", a->verdict->route->line);
    if (a->unscanned) json_bool(json, "body_unscanned", true);
    if (a->findings == NULL || a->findings->count == 0) return;
    json_open(json, "findings", '[');
    for (size_t i = 0; i < a->findings->count; i++) put_finding(json, a, &a->findings->list[i]);
    json_close(json, ']');
    if (a->findings->more) json_bool(json, "more_findings", true);
}

static void put_upstream(struct json *json, const struct access *a)
{
    char text[ADDR_TEXT_MAX];

    if (a->upstream.family == 0) return;
    json_text(json, "upstream", span_of(addr_text(&a->upstream, text)));
    json_bool(json, "reused", a->reused);
}

static void put_times(struct json *json, const struct access *a)
{
    json_open(json, "ms", '{');
    for (size_t i = 0; i < ACCESS_PHASE_MAX && a->phases[i].name != NULL; i++)
        json_number(json, a->phases[i].name, a->phases[i].ms);
    json_number(json, "total", loop_now_ms(a->machine->timer.loop) - a->born_ms);
    json_close(json, '}');
}

static enum err put_line(struct buf *line, const struct access *a)
{
    struct json json = json_begin(line);

    json_open(&json, NULL, '{');
    json_number(&json, "at", (uint64_t)loop_wall_s(a->machine->timer.loop));
    json_text(&json, "bottle", a->bottle);
    json_number(&json, "id", a->machine->id);
    json_number(&json, "conn", a->conn_id);
    put_names(&json, a);
    put_verdict(&json, a);
    put_upstream(&json, a);
    if (a->proposal != 0) json_number(&json, "proposal", a->proposal);
    json_number(&json, "status", a->status);
    json_number(&json, "up_bytes", a->up_bytes);
    json_number(&json, "down_bytes", a->down_bytes);
    put_times(&json, a);
    json_text(&json, "state", span_of(fsm_state_name(a->machine)));
    json_text(&json, "by", span_of(fsm_event_name(a->machine)));
    json_close(&json, '}');
    return json.err == ERR_OK ? buf_add(line, SPAN_LIT("\n")) : json.err;
}

/* A full disk must not stop egress that was allowed: lines that can't be written are lost. */
void access_flush(struct access_log *log)
{
    struct span lines = buf_span(&log->lines);

    loop_defer_cancel(&log->flush);
    while (lines.len > 0) {
        ssize_t wrote = write(log->fd, lines.at, lines.len);
        if (wrote <= 0) break;
        lines = span_from(lines, (size_t)wrote);
    }
    buf_clear(&log->lines);
}

static void flush_later(struct defer *defer) { access_flush(CONTAINER_OF(defer, struct access_log, flush)); }

void access_write(struct access_log *log, const struct access *access)
{
    size_t before = buf_len(&log->lines);

    if (log->fd < 0) return;
    if (put_line(&log->lines, access) != ERR_OK) buf_cut(&log->lines, before);
    if (buf_len(&log->lines) >= ACCESS_FLUSH_BYTES)
        access_flush(log);
    else
        loop_defer(log->loop, &log->flush, flush_later);
}
