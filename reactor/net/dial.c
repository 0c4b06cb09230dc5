#include "reactor/net/dial.h"

#include <assert.h>

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/net/dial_fsm.h"
#include "reactor/net/stream_tcp.h"

struct dial {
    struct fsm machine;
    struct loop *loop;
    struct resolve *resolve;
    const struct addr_rules *rules;
    dial_fn *fn;
    void *owner;
    struct defer answering;
    struct dial_result result; /* as it stands: the last failure, until something opens */
    struct addr addrs[DIAL_ADDRS_MAX];
    size_t count, next; /* next: the first one not tried yet */
    uint64_t started_ms, resolved_ms;
    uint16_t port;
};

static struct dial *dial_of(struct fsm *machine) { return CONTAINER_OF(machine, struct dial, machine); }

static void failed(struct dial *dial, enum err err, const char *detail)
{
    stream_free(&dial->result.stream);
    dial->result.err = err;
    dial->result.detail = detail;
}

/* --- what the machine is told --------------------------------------------------------------------------- */

static const char *why_unresolved(enum err err)
{
    if (err == ERR_NOT_FOUND) return "the name has no address";
    if (err == ERR_TIMEOUT) return "no name server answered in time";
    return "the name servers answered with an error, or nonsense";
}

static void on_resolved(void *owner, enum err err, const struct addr *addrs, size_t count)
{
    struct dial *dial = owner;

    if (err != ERR_OK) {
        failed(dial, err, why_unresolved(err));
        fsm_post(&dial->machine, DIAL_EV_NOT_FOUND);
        return;
    }
    assert(count > 0 && count <= DIAL_ADDRS_MAX);
    memcpy(dial->addrs, addrs, count * sizeof *addrs);
    dial->count = count;
    fsm_post(&dial->machine, DIAL_EV_FOUND);
}

static void on_stream(void *owner, enum stream_event event)
{
    struct dial *dial = owner;

    if (event == STREAM_OPEN) {
        dial->result.err = ERR_OK;
        dial->result.detail = NULL;
        stream_pause(dial->result.stream, true); /* what a server says first is told to the next owner */
        fsm_post(&dial->machine, DIAL_EV_CONNECTED);
    } else if (event == STREAM_GONE) {
        failed(dial, dial->result.stream->err, dial->result.stream->detail);
        if (dial->machine.state == DIAL_CONNECTING) fsm_post(&dial->machine, DIAL_EV_BROKEN);
    }
}

/* --- actions -------------------------------------------------------------------------------------------- */

static void dial_check(struct fsm *machine)
{
    struct dial *dial = dial_of(machine);

    dial->resolved_ms = loop_now_ms(dial->loop);
    for (size_t i = 0; i < dial->count; i++) {
        const char *why;

        dial->addrs[i].port = dial->port;
        why = addr_refused(&dial->addrs[i], dial->rules);
        if (why == NULL) continue;
        dial->result.addr = dial->addrs[i];
        failed(dial, ERR_DENIED, why);
        fsm_post(machine, DIAL_EV_REFUSED);
        return;
    }
    fsm_post(machine, DIAL_EV_ALLOWED);
}

static bool time_is_left(const struct dial *dial) { return loop_now_ms(dial->loop) < dial->started_ms + DIAL_MS; }

static void dial_choose(struct fsm *machine)
{
    struct dial *dial = dial_of(machine);
    bool chosen = dial->next < dial->count && time_is_left(dial);

    fsm_post(machine, chosen ? DIAL_EV_NEXT : DIAL_EV_NONE_LEFT);
}

static void dial_connect(struct fsm *machine)
{
    struct dial *dial = dial_of(machine);
    enum err err;

    fsm_limit(machine, (uint32_t)(dial->started_ms + DIAL_MS - loop_now_ms(dial->loop)));
    dial->result.addr = dial->addrs[dial->next++];
    err = stream_tcp_connect(dial->loop, &dial->result.addr, on_stream, dial, &dial->result.stream);
    if (err == ERR_OK) return;
    failed(dial, err, "no descriptor or memory for a socket");
    fsm_post(machine, DIAL_EV_BROKEN);
}

static void dial_pass_over(struct fsm *machine)
{
    failed(dial_of(machine), ERR_TIMEOUT, "the address did not answer in time");
    dial_choose(machine);
}

static void on_answer(struct defer *defer)
{
    struct dial *dial = CONTAINER_OF(defer, struct dial, answering);
    struct dial_result result = dial->result;

    dial->result.stream = NULL;
    if (result.stream != NULL) {
        stream_own(result.stream, NULL, NULL); /* the callee owns it inside the call, or meets an assertion */
        stream_pause(result.stream, false);
    }
    dial->fn(dial->owner, &result);
}

static void dial_answer(struct fsm *machine)
{
    struct dial *dial = dial_of(machine);
    uint64_t now_ms = loop_now_ms(dial->loop);

    resolve_free(&dial->resolve);
    if (dial->count == 0) dial->resolved_ms = now_ms; /* the name never was */
    dial->result.resolve_ms = (uint32_t)(dial->resolved_ms - dial->started_ms);
    dial->result.connect_ms = (uint32_t)(now_ms - dial->resolved_ms);
    loop_defer(dial->loop, &dial->answering, on_answer);
}

static void dial_expire(struct fsm *machine)
{
    failed(dial_of(machine), ERR_TIMEOUT, "a dial took too long");
    dial_answer(machine);
}

static void dial_fault(struct fsm *machine)
{
    failed(dial_of(machine), ERR_PEER, "a dial met what it does not know");
    dial_answer(machine);
}

FSM_TYPE(dial_type, "dial", DIAL_STATES, DIAL_EVENTS, DIAL_ROWS);

/* --- the owner's calls ---------------------------------------------------------------------------------- */

enum err dial_start(struct loop *loop, struct resolver *resolver, const struct dial_target *target, dial_fn *fn,
                    void *owner, struct dial **dial_out)
{
    static uint64_t last_id;
    AUTO(dial) dial = mem_new(sizeof *dial);

    if (dial == NULL) return ERR_NOMEM;
    dial->loop = loop;
    dial->rules = target->rules;
    dial->fn = fn;
    dial->owner = owner;
    dial->port = target->port;
    dial->started_ms = loop_now_ms(loop);
    fsm_start(&dial->machine, &dial_type, loop, ++last_id);
    if (addr_parse(target->host, &dial->addrs[0]) == ERR_OK) {
        dial->count = 1;
        fsm_post(&dial->machine, DIAL_EV_FOUND);
    } else {
        TRY(resolve_start(resolver, target->host, on_resolved, dial, &dial->resolve));
    }
    *dial_out = MOVE(dial);
    return ERR_OK;
}

void dial_free(struct dial **dial)
{
    if (*dial == NULL) return;
    resolve_free(&(*dial)->resolve);
    stream_free(&(*dial)->result.stream);
    loop_defer_cancel(&(*dial)->answering);
    fsm_stop(&(*dial)->machine);
    mem_free(*dial);
    *dial = NULL;
}
