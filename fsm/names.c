#include "fsm/names.h"

#include "fsm/names_fsm.h"
#include "reactor/base/log.h"
#include "reactor/base/mem.h"
#include "reactor/wire/dns.h"

#define LENGTH_BYTES 2u /* in front of a message over TCP, RFC 1035 section 4.2.2 */

struct names {
    struct fsm machine;
    struct egress *egress;
    struct stream *stream;
    struct defer freed;
};

static fsm_action_fn names_read, names_answer, names_end;
FSM_TYPE(names_type, "names", NAMES_STATES, NAMES_EVENTS, NAMES_ROWS);

static struct names *of(struct fsm *machine) { return CONTAINER_OF(machine, struct names, machine); }

static void log_question(struct egress *egress, const struct dns_question *question)
{
    struct span name = span_of(question->name);

    if (!rules_find_nothing(egress->rules, name)) name = SPAN_LIT("(withheld)");
    LOG(INFO, "names.asked", F_TEXT("bottle", egress->name), F_STR("name", name), F_NUM("type", question->type));
}

size_t names_datagram(void *owner, struct span in, uint8_t *answer, size_t answer_size)
{
    struct dns_question question;

    if (answer_size < DNS_ANSWER_MAX) return 0;
    if (dns_read(in, &question) != ERR_OK) return dns_refuse(in, answer);
    log_question(owner, &question);
    return dns_answer(in, &question, answer);
}

static void on_stream(void *owner, enum stream_event event)
{
    static const uint8_t events[] = {
        [STREAM_OPEN] = NAMES_EV_DATA,    [STREAM_DATA] = NAMES_EV_DATA, [STREAM_EOF] = NAMES_EV_DATA,
        [STREAM_DRAINED] = NAMES_EV_DATA, [STREAM_SENT] = NAMES_EV_SENT, [STREAM_GONE] = NAMES_EV_GONE};
    struct names *names = owner;

    fsm_post(&names->machine, events[event]);
}

static void names_read(struct fsm *machine)
{
    struct stream *stream = of(machine)->stream;
    struct span in = stream_input(stream);

    if (in.len >= LENGTH_BYTES && in.len - LENGTH_BYTES >= (size_t)(in.at[0] << 8 | in.at[1]))
        fsm_post(machine, NAMES_EV_READ);
    else if (stream->eof)
        fsm_post(machine, NAMES_EV_GONE);
}

static void names_answer(struct fsm *machine)
{
    struct names *names = of(machine);
    struct span in = stream_input(names->stream);
    uint8_t out[LENGTH_BYTES + DNS_ANSWER_MAX];
    struct span question = {in.at + LENGTH_BYTES, (size_t)(in.at[0] << 8 | in.at[1])};
    size_t len = names_datagram(names->egress, question, out + LENGTH_BYTES, DNS_ANSWER_MAX);

    out[0] = (uint8_t)(len >> 8);
    out[1] = (uint8_t)len;
    if (len == 0 || stream_write(names->stream, (struct span){out, len + LENGTH_BYTES}) != ERR_OK)
        fsm_post(machine, NAMES_EV_GONE);
    else
        stream_finish(names->stream);
}

static void free_now(struct defer *defer)
{
    struct names *names = CONTAINER_OF(defer, struct names, freed);

    fsm_stop(&names->machine);
    stream_free(&names->stream);
    names->egress->names_count--;
    mem_free(names);
}

static void names_end(struct fsm *machine)
{
    loop_defer(of(machine)->egress->proxy->loop, &of(machine)->freed, free_now);
}

void names_accept(void *owner, struct stream *stream)
{
    struct egress *egress = owner;
    struct names *names = egress->names_count < NAMES_COUNT_MAX ? mem_new(sizeof *names) : NULL;

    if (names == NULL) {
        stream_free(&stream);
        return;
    }
    egress->names_count++;
    names->egress = egress;
    names->stream = stream;
    stream_own(stream, on_stream, names);
    fsm_start(&names->machine, &names_type, egress->proxy->loop, proxy_id(egress->proxy));
}
