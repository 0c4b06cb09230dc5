#include "backends/origin/upstream_int.h"

#include <assert.h>

#include "reactor/base/mem.h"

static fsm_action_fn upstream_make_room, upstream_shake, upstream_ready, upstream_rest, upstream_wake, upstream_late,
    upstream_close, upstream_fail;
FSM_TYPE(upstream_type, "upstream", UPSTREAM_STATES, UPSTREAM_EVENTS, UPSTREAM_ROWS);

static struct upstream *of(struct fsm *machine) { return CONTAINER_OF(machine, struct upstream, machine); }

static void tell(struct upstream *up, enum upstream_event event)
{
    if (up->fn != NULL) up->fn(up->owner, event);
}

static void fail_with(struct upstream *up, enum reason reason, const char *detail)
{
    if (up->failure.reason == REASON_NONE) up->failure = (struct upstream_failure){.reason = reason, .detail = detail};
    fsm_post(&up->machine, UP_EV_GONE);
}

/* --- the response ---------------------------------------------------------------------------------------- */

/* One for all: a head is 8 KiB and looked at in the event that tells it, by one owner at a time. */
static struct head head_here;

static bool read_head(struct upstream *up, struct span in)
{
    struct http1_fault fault = {0};
    struct span copy;
    size_t len;
    enum err err = http1_find_head(in, &up->scanned, &len);

    if (err == ERR_AGAIN) return false;
    if (err != ERR_OK) {
        fail_with(up, REASON_UPSTREAM_MALFORMED,
                  err == ERR_LIMIT ? "response head too large" : "response head malformed");
        return false;
    }
    copy = arena_copy(up->arena, span_first(in, len));
    if (copy.at == NULL) {
        fail_with(up, REASON_UPSTREAM_MALFORMED, "response heads too large");
        return false;
    }
    stream_consume(up->stream, len);
    up->scanned = 0;
    if (http1_parse_response(copy, up->method, &head_here, &fault) != ERR_OK) {
        fail_with(up, REASON_UPSTREAM_MALFORMED, fault.detail);
        return false;
    }
    return true;
}

/* One head: interim or final.  True when there may be more to read. */
static bool take_head(struct upstream *up, struct span in)
{
    if (!read_head(up, in)) return false;
    if (head_here.status == 101) {
        fail_with(up, REASON_UPSTREAM_MALFORMED, "switching protocols was not asked for");
        return false;
    }
    if (head_here.status < 200) {
        if (++up->interim_count > INTERIM_COUNT_MAX) {
            fail_with(up, REASON_UPSTREAM_MALFORMED, "too many interim responses");
            return false;
        }
        tell(up, UPSTREAM_INTERIM);
        return true;
    }
    http1_body_begin(&up->body, &head_here);
    up->reusable = head_here.keep_alive && up->body.kind != BODY_UNTIL_CLOSE;
    up->part = EXCHANGE_BODY;
    tell(up, UPSTREAM_HEAD);
    return true;
}

/* Trailers that frame, route or authenticate are dropped, not refused: the response is whole without them. */
static bool keep_trailers(struct upstream *up)
{
    struct span copy;
    enum err err;

    if (up->body.trailers.len == 0) return true;
    copy = arena_copy(up->arena, up->body.trailers);
    up->trailers = arena_new(up->arena, HEAD_FIELDS_MAX * sizeof *up->trailers);
    if (copy.at == NULL || up->trailers == NULL) return false;
    err = http1_parse_trailers(copy, up->trailers, HEAD_FIELDS_MAX, &up->trailer_count);
    if (err == ERR_DENIED) up->trailer_count = 0;
    return err == ERR_OK || err == ERR_DENIED;
}

static void end_exchange(struct upstream *up)
{
    up->part = EXCHANGE_OVER;
    if (stream_input(up->stream).len > 0 || up->stream->eof) up->reusable = false; /* more than was announced */
    tell(up, UPSTREAM_END);
}

static bool take_body(struct upstream *up, struct span in)
{
    size_t used = 0;

    up->data = (struct span){0};
    if (!up->body.done && http1_body_feed(&up->body, in, &used, &up->data) != ERR_OK) {
        fail_with(up, REASON_UPSTREAM_MALFORMED, "chunked framing broken");
        return false;
    }
    if (up->body.done && !keep_trailers(up)) {
        fail_with(up, REASON_UPSTREAM_MALFORMED, "trailers malformed");
        return false;
    }
    if (up->data.len > 0) tell(up, UPSTREAM_BODY);
    if (up->stream == NULL || up->part != EXCHANGE_BODY) return false; /* let go of meanwhile */
    stream_consume(up->stream, used);
    up->data = (struct span){0};
    if (up->body.done) end_exchange(up);
    return used > 0 && !up->body.done;
}

/* Reads what is there, as far as the owner takes it. */
static void read_response(struct upstream *up)
{
    bool more = true;

    if (up->reading) return;
    up->reading = true;
    while (more && up->fn != NULL && !up->paused && up->stream != NULL) {
        struct span in = stream_input(up->stream);
        more = false;
        switch (up->part) {
        case EXCHANGE_NONE:
            if (in.len > 0) fail_with(up, REASON_UPSTREAM_MALFORMED, "answered before it was asked");
            break;
        case EXCHANGE_HEAD:
            up->heard = up->heard || in.len > 0;
            more = in.len > 0 && take_head(up, in);
            break;
        case EXCHANGE_BODY: more = (in.len > 0 || up->body.done) && take_body(up, in); break;
        case EXCHANGE_OVER: break;
        }
    }
    up->reading = false;
}

static void on_eof(struct upstream *up)
{
    if (up->paused) return; /* looked at again when the pause ends */
    if (up->part == EXCHANGE_BODY && up->body.kind == BODY_UNTIL_CLOSE && stream_input(up->stream).len == 0) {
        end_exchange(up);
        return;
    }
    if (up->part == EXCHANGE_OVER) return;
    fail_with(up, REASON_UPSTREAM_CLOSED, "ended before its response did");
}

static void on_stream(void *owner, enum stream_event event)
{
    struct upstream *up = owner;

    if (up->machine.state == UP_IDLE) { /* an idle connection has nothing to say: whatever it is, it is not for us */
        fsm_post(&up->machine, UP_EV_DROPPED);
        return;
    }
    switch (event) {
    case STREAM_OPEN: fsm_post(&up->machine, UP_EV_SHAKEN); return;
    case STREAM_DATA: read_response(up); return;
    case STREAM_EOF:
        read_response(up);
        if (up->stream != NULL && up->machine.state == UP_BUSY) on_eof(up);
        return;
    case STREAM_DRAINED: tell(up, UPSTREAM_DRAINED); return;
    case STREAM_SENT: return;
    case STREAM_GONE:
        fail_with(up, up->machine.state == UP_SHAKING ? REASON_UPSTREAM_TLS : REASON_UPSTREAM_CLOSED,
                  up->stream->detail);
        return;
    }
}

/* --- making and ending ----------------------------------------------------------------------------------- */

enum reason dial_reason(const struct dial_result *result)
{
    bool named = result->addr.family != 0; /* it got as far as an address */

    if (result->err == ERR_DENIED) return REASON_ADDRESS;
    if (result->err == ERR_SYS || result->err == ERR_NOMEM) return REASON_BUSY;
    if (result->err == ERR_TIMEOUT) return named ? REASON_UPSTREAM_TIMEOUT : REASON_DNS_TIMEOUT;
    return named ? REASON_CONNECT : REASON_DNS;
}

static void on_dial(void *owner, const struct dial_result *result)
{
    struct upstream *up = owner;

    up->facts.addr = result->addr;
    up->facts.resolve_ms = result->resolve_ms;
    up->facts.connect_ms = result->connect_ms;
    if (result->err == ERR_SYS && pool_idle(up->pool) > 0) {
        fsm_post(&up->machine, UP_EV_STARVED);
        return;
    }
    if (result->err != ERR_OK) {
        fail_with(up, dial_reason(result), result->detail);
        return;
    }
    up->stream = result->stream;
    stream_own(up->stream, on_stream, up);
    fsm_post(&up->machine, UP_EV_DIALLED);
}

static enum err start_dial(struct upstream *up)
{
    struct dial_target to = {.host = span_of(up->host), .port = up->port, .rules = up->rules};

    dial_free(&up->dial);
    return dial_start(up->pool->loop, up->pool->resolver, &to, on_dial, up, &up->dial);
}

/* No descriptor was left: idle connections are worth less than a request.  Each time some must have been idle, so it
 * ends. */
static void upstream_make_room(struct fsm *machine)
{
    struct upstream *up = of(machine);

    pool_clear(up->pool);
    if (start_dial(up) != ERR_OK) fail_with(up, REASON_BUSY, "no dial could be started");
}

static void upstream_shake(struct fsm *machine)
{
    struct upstream *up = of(machine);
    struct tls_target target = {.host = span_of(up->host), .session_key = span_of(up->key)};

    dial_free(&up->dial);
    if (up->tls == NULL)
        fsm_post(machine, UP_EV_SHAKEN);
    else if (stream_tls_connect(up->tls, &up->stream, &target, on_stream, up, &up->stream) != ERR_OK)
        fail_with(up, REASON_UPSTREAM_TLS, "TLS could not be started");
}

static void upstream_ready(struct fsm *machine)
{
    struct upstream *up = of(machine);

    up->facts.tls_ms = up->tls == NULL ? 0 : (uint32_t)(loop_now_ms(up->pool->loop) - machine->entered_ms);
    up->facts.tls_resumed = up->tls != NULL && stream_tls_resumed(up->stream);
    tell(up, UPSTREAM_READY);
}

static void tell_ready(struct defer *defer)
{
    struct upstream *up = CONTAINER_OF(defer, struct upstream, told);

    if (up->machine.state == UP_BUSY) tell(up, UPSTREAM_READY);
}

static void upstream_wake(struct fsm *machine)
{
    struct upstream *up = of(machine);

    up->facts = (struct upstream_facts){.addr = up->facts.addr, .reused = true, .tls_resumed = up->facts.tls_resumed};
    loop_defer(up->pool->loop, &up->told, tell_ready);
}

/* A client that was full at the last byte has left it paused. */
static void upstream_rest(struct fsm *machine)
{
    stream_pause(of(machine)->stream, false);
    pool_put(of(machine));
}

static void free_now(struct defer *defer)
{
    struct upstream *up = CONTAINER_OF(defer, struct upstream, freed);

    loop_defer_cancel(&up->told);
    fsm_stop(&up->machine);
    dial_free(&up->dial);
    stream_free(&up->stream);
    mem_free(up->key);
    mem_free(up->host);
    mem_free(up);
}

static void upstream_close(struct fsm *machine)
{
    struct upstream *up = of(machine);

    pool_forget(up);
    dial_free(&up->dial);
    if (up->stream != NULL && up->part == EXCHANGE_OVER) stream_finish(up->stream); /* else: a reset, it may stop */
    stream_free(&up->stream);
    if (up->fn == NULL) loop_defer(up->pool->loop, &up->freed, free_now);
}

static void upstream_fail(struct fsm *machine)
{
    struct upstream *up = of(machine);

    if (up->failure.reason == REASON_NONE) up->failure.reason = REASON_INTERNAL;
    up->failure.stale = up->facts.reused && !up->heard;
    upstream_close(machine);
    tell(up, UPSTREAM_FAILED);
}

static void upstream_late(struct fsm *machine)
{
    struct upstream *up = of(machine);

    up->failure = (struct upstream_failure){.reason = REASON_UPSTREAM_TIMEOUT, .detail = "no connection in time"};
    upstream_fail(machine);
}

static void begin_exchange(struct upstream *up, struct arena *arena, upstream_fn *fn, void *owner)
{
    up->fn = fn;
    up->owner = owner;
    up->arena = arena;
    up->part = EXCHANGE_NONE;
    up->sent = up->paused = up->heard = up->reusable = false;
    up->interim_count = 0;
    up->scanned = up->trailer_count = 0;
    up->trailers = NULL;
    up->failure = (struct upstream_failure){0};
}

static enum err start_new(struct pool *pool, const struct upstream_target *target, struct upstream **up_out)
{
    struct upstream *up = mem_new(sizeof *up);
    enum err err = ERR_NOMEM;

    if (up == NULL) return ERR_NOMEM;
    up->pool = pool;
    up->port = target->port;
    up->rules = target->rules;
    up->tls = target->tls;
    up->key = mem_text(target->key);
    up->host = mem_text(target->host);
    up->key_hash = pool_hash(target->key);
    fsm_start(&up->machine, &upstream_type, pool->loop, ++pool->next_id);
    if (up->key != NULL && up->host != NULL) err = start_dial(up);
    if (err != ERR_OK) {
        free_now(&up->freed);
        return err;
    }
    *up_out = up;
    return ERR_OK;
}

enum err upstream_open(struct pool *pool, const struct upstream_target *target, struct arena *arena, upstream_fn *fn,
                       void *owner, struct upstream **upstream_out)
{
    struct upstream *up = target->fresh ? NULL : pool_take(pool, target->key);
    bool pooled = up != NULL;

    if (!pooled) TRY(start_new(pool, target, &up));
    begin_exchange(up, arena, fn, owner);
    if (pooled) fsm_post(&up->machine, UP_EV_LENT);
    *upstream_out = up;
    return ERR_OK;
}

void upstream_free(struct upstream **upstream)
{
    struct upstream *up = *upstream;
    bool clean;

    if (up == NULL) return;
    *upstream = NULL;
    clean = up->machine.state == UP_BUSY && up->part == EXCHANGE_OVER && up->sent && up->reusable && !up->stream->eof;
    up->fn = NULL;
    up->arena = NULL;
    if (fsm_is_final(&up->machine))
        loop_defer(up->pool->loop, &up->freed, free_now);
    else
        fsm_post(&up->machine, clean ? UP_EV_RETURNED : UP_EV_DROPPED);
}

/* --- the request ----------------------------------------------------------------------------------------- */

enum err upstream_send(struct upstream *up, struct span method, struct span head)
{
    if (up->stream == NULL) return ERR_PEER;
    up->method = method;
    up->part = EXCHANGE_HEAD;
    return stream_write(up->stream, head);
}

enum err upstream_send_body(struct upstream *up, struct span data)
{
    return up->stream == NULL ? ERR_PEER : stream_write(up->stream, data);
}

size_t upstream_room(const struct upstream *up) { return up->stream == NULL ? 0 : stream_room(up->stream); }
void upstream_sent(struct upstream *up) { up->sent = true; }

void upstream_pause(struct upstream *up, bool paused)
{
    if (up->paused == paused || up->stream == NULL) return;
    up->paused = paused;
    stream_pause(up->stream, paused);
    if (paused) return;
    read_response(up);
    if (up->stream != NULL && up->stream->eof && up->machine.state == UP_BUSY && up->fn != NULL) on_eof(up);
}

struct head *upstream_head(void) { return &head_here; }
struct span upstream_data(const struct upstream *up) { return up->data; }
const struct upstream_failure *upstream_failure(const struct upstream *up) { return &up->failure; }
const struct upstream_facts *upstream_facts(const struct upstream *up) { return &up->facts; }

const struct field *upstream_trailers(const struct upstream *up, size_t *count_out)
{
    *count_out = up->trailer_count;
    return up->trailers;
}
