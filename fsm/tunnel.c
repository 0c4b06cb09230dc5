#include "fsm/tunnel.h"

#include "fsm/access.h"
#include "fsm/tunnel_fsm.h"
#include "reactor/base/mem.h"
#include "reactor/net/dial.h"
#include "reactor/tls/hello.h"

struct tunnel {
    struct fsm machine;
    struct egress *egress;
    struct rules *rules;
    struct tunnel_plan plan;
    struct verdict verdict;
    struct stream *client, *upstream;
    struct dial *dial;
    struct dial_result facts;
    tunnel_over_fn *fn;
    void *owner;
    struct defer over;
    const char *why;
    uint64_t born_ms, up_bytes, down_bytes;
    bool up_ended, down_ended, up_sent, down_sent;
};

static fsm_action_fn tunnel_dial, tunnel_greet, tunnel_check, tunnel_pump, tunnel_end, tunnel_late;
FSM_TYPE(tunnel_type, "tunnel", TUNNEL_STATES, TUNNEL_EVENTS, TUNNEL_ROWS);

static struct tunnel *of(struct fsm *machine) { return CONTAINER_OF(machine, struct tunnel, machine); }

static void say_no(struct tunnel *tunnel, enum reason reason, const char *why)
{
    tunnel->verdict.reason = reason;
    tunnel->why = why;
    fsm_post(&tunnel->machine, TUNNEL_EV_NO);
}

static void on_stream(struct tunnel *tunnel, struct stream *stream, enum stream_event event)
{
    if (event == STREAM_GONE) {
        tunnel->why = stream == tunnel->client ? "the client is gone" : "the upstream is gone";
        fsm_post(&tunnel->machine, TUNNEL_EV_GONE);
        return;
    }
    if (event == STREAM_SENT) *(stream == tunnel->client ? &tunnel->down_sent : &tunnel->up_sent) = true;
    fsm_post(&tunnel->machine, TUNNEL_EV_DATA); /* data, an end, room: look at both ways */
}

static void on_client(void *owner, enum stream_event event)
{
    struct tunnel *tunnel = owner;

    on_stream(tunnel, tunnel->client, event);
}

static void on_upstream(void *owner, enum stream_event event)
{
    struct tunnel *tunnel = owner;

    on_stream(tunnel, tunnel->upstream, event);
}

static void on_dial(void *owner, const struct dial_result *result)
{
    struct tunnel *tunnel = owner;

    tunnel->facts = *result;
    if (result->err != ERR_OK) {
        say_no(tunnel, dial_reason(result), result->detail);
        return;
    }
    tunnel->upstream = result->stream;
    stream_own(tunnel->upstream, on_upstream, tunnel);
    fsm_post(&tunnel->machine, TUNNEL_EV_DIALLED);
}

static void tunnel_dial(struct fsm *machine)
{
    struct tunnel *tunnel = of(machine);
    struct proxy *proxy = tunnel->egress->proxy;
    struct dial_target target = {.host = tunnel->plan.authority->host,
                                 .port = tunnel->plan.authority->port,
                                 .rules = &tunnel->verdict.route->addrs};

    if (dial_start(proxy->loop, proxy->resolver, &target, on_dial, tunnel, &tunnel->dial) != ERR_OK)
        say_no(tunnel, REASON_BUSY, "no dial could be started");
}

static void tunnel_greet(struct fsm *machine)
{
    struct tunnel *tunnel = of(machine);
    static const char established[] = "HTTP/1.1 200 Connection established\r\n\r\n";

    if (tunnel->plan.greet && stream_write(tunnel->client, span_of(established)) != ERR_OK)
        fsm_post(machine, TUNNEL_EV_GONE);
    else
        tunnel_check(machine);
}

/* An address is never named in a hello (RFC 6066 section 3); a host that is not named is whatever is at its address. */
static bool names_host(const struct hello *hello, const struct authority *authority)
{
    struct span name = span_of((const char *)hello->name);

    return authority->is_ip ? name.len == 0 : span_is(name, authority->host);
}

static void tunnel_check(struct fsm *machine)
{
    struct tunnel *tunnel = of(machine);
    struct hello hello;
    enum err err = hello_peek(stream_input(tunnel->client), &hello);

    if (err == ERR_AGAIN) return;
    if (err != ERR_OK)
        say_no(tunnel, REASON_MALFORMED, "not a ClientHello");
    else if (hello.has_ech)
        say_no(tunnel, REASON_NAME_MISMATCH, "an encrypted ClientHello hides its name");
    else if (!names_host(&hello, tunnel->plan.authority))
        say_no(tunnel, REASON_NAME_MISMATCH, "the ClientHello does not name the host");
    else
        fsm_post(machine, TUNNEL_EV_AGREED);
}

/* One way; its end is passed on once, behind the last byte. */
static void pump(struct tunnel *tunnel, struct stream *from, struct stream *to, uint64_t *count, bool *ended)
{
    struct span in = span_first(stream_input(from), stream_room(to));

    if (in.len > 0 && stream_write(to, in) != ERR_OK) {
        fsm_post(&tunnel->machine, TUNNEL_EV_GONE);
        return;
    }
    stream_consume(from, in.len);
    *count += in.len;
    stream_pause(from, stream_room(to) == 0);
    if (!*ended && from->eof && stream_input(from).len == 0) {
        *ended = true;
        stream_finish(to);
    }
}

static void tunnel_pump(struct fsm *machine)
{
    struct tunnel *tunnel = of(machine);

    fsm_touch(machine);
    pump(tunnel, tunnel->client, tunnel->upstream, &tunnel->up_bytes, &tunnel->up_ended);
    pump(tunnel, tunnel->upstream, tunnel->client, &tunnel->down_bytes, &tunnel->down_ended);
    if (tunnel->up_sent && tunnel->down_sent) fsm_post(machine, TUNNEL_EV_DONE);
}

static void write_line(struct tunnel *tunnel)
{
    struct access access = {.bottle = span_of(tunnel->egress->name),
                            .machine = &tunnel->machine,
                            .status = tunnel->upstream != NULL ? 200 : 0,
                            .conn_id = tunnel->plan.conn_id,
                            .method = SPAN_LIT("CONNECT"),
                            .scheme = SPAN_LIT("tunnel"),
                            .authority = tunnel->plan.authority,
                            .verdict = &tunnel->verdict,
                            .detail = tunnel->why,
                            .upstream = tunnel->facts.addr,
                            .up_bytes = tunnel->up_bytes,
                            .down_bytes = tunnel->down_bytes,
                            .born_ms = tunnel->born_ms};

    access_write(&tunnel->egress->proxy->access, &access);
}

static void tell_over(struct defer *defer)
{
    struct tunnel *tunnel = CONTAINER_OF(defer, struct tunnel, over);
    bool refused = tunnel->machine.state == TUNNEL_REFUSED;

    tunnel->fn(tunnel->owner, refused ? tunnel->verdict.reason : REASON_NONE, tunnel->why);
}

/* A refusal that the client can be told is a request's, with its own line.  Else the client sees an end, not a reset
 * that takes the last bytes with it: whether it is a cut, the TLS inside tells. */
static void tunnel_end(struct fsm *machine)
{
    struct tunnel *tunnel = of(machine);

    if (machine->state != TUNNEL_REFUSED) {
        write_line(tunnel);
        stream_finish(tunnel->client);
    }
    loop_defer(tunnel->egress->proxy->loop, &tunnel->over, tell_over);
}

static void tunnel_late(struct fsm *machine)
{
    of(machine)->verdict.reason = REASON_UPSTREAM_TIMEOUT;
    tunnel_end(machine);
}

enum err tunnel_new(struct egress *egress, const struct tunnel_plan *plan, struct stream *client, tunnel_over_fn *fn,
                    void *owner, struct tunnel **tunnel_out)
{
    struct tunnel *tunnel = mem_new(sizeof *tunnel);

    if (tunnel == NULL) return ERR_NOMEM;
    tunnel->egress = egress;
    tunnel->rules = rules_hold(egress->rules);
    tunnel->plan = *plan;
    tunnel->verdict = policy_reach(tunnel->rules->policy, plan->authority->host, plan->authority->port);
    tunnel->client = client;
    tunnel->fn = fn;
    tunnel->owner = owner;
    tunnel->born_ms = loop_now_ms(egress->proxy->loop);
    fsm_start(&tunnel->machine, &tunnel_type, egress->proxy->loop, proxy_id(egress->proxy));
    stream_own(client, on_client, tunnel);
    *tunnel_out = tunnel;
    fsm_post(&tunnel->machine, TUNNEL_EV_BEGIN);
    return ERR_OK;
}

void tunnel_cut(struct tunnel *tunnel)
{
    if (tunnel->why == NULL) tunnel->why = "cut";
    fsm_post(&tunnel->machine, TUNNEL_EV_GONE);
}

void tunnel_free(struct tunnel **held)
{
    struct tunnel *tunnel = *held;

    if (tunnel == NULL) return;
    *held = NULL;
    loop_defer_cancel(&tunnel->over);
    fsm_stop(&tunnel->machine);
    dial_free(&tunnel->dial);
    stream_free(&tunnel->upstream);
    rules_free(&tunnel->rules);
    mem_free(tunnel);
}
