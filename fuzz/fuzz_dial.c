/* fuzz_dial.c — claim: whatever names resolve to and whoever answers, a dial ends once, in time, and connects to no
 * address that was refused.
 *
 * Input: the first byte is the number of addresses and what the resolver does; then one byte an address: its manner
 * (listens, refuses, swallows, private); then one byte an event: time passes, the server speaks or leaves, or the owner
 * gives up.
 * Reaches: dial_check, dial_choose, dial_connect, dial_pass_over, dial_expire, on_answer.
 * Seeds: fuzz/corpus/dial. */
#include <stdlib.h>

#include "reactor/base/limits.h"
#include "reactor/net/dial.h"
#include "tests/world/world.h"

static unsigned answers;
static struct dial_result result;

static void on_stream(void *owner, enum stream_event event) { (void)owner, (void)event; }

static void on_answer(void *owner, const struct dial_result *answer)
{
    (void)owner;
    answers++;
    result = *answer;
    if ((answer->err == ERR_OK) != (answer->stream != NULL)) abort();
    if (answer->stream != NULL) stream_own(answer->stream, on_stream, NULL);
}

static struct addr address(size_t i, uint8_t manner)
{
    struct addr addr = {.family = 4, .port = 443, .ip = {93, 184, 216, (uint8_t)i}};

    if (manner % 8 == 7) addr.ip[0] = 10; /* private: refused */
    if (manner % 3 == 0) world_listen(&addr);
    if (manner % 3 == 1) world_refuse(&addr);
    if (manner % 3 == 2) world_blackhole(&addr);
    return addr;
}

static void play(const uint8_t *events, size_t len, struct dial **dial)
{
    for (size_t i = 0; i < len && *dial != NULL; i++) {
        struct stream *server = events[i] % 4 == 2 || events[i] % 4 == 3 ? world_accept() : NULL;

        if (events[i] % 4 == 0) world_pass(events[i] * 50u);
        if (events[i] % 4 == 1 && events[i] > 200) dial_free(dial);
        if (server != NULL && events[i] % 4 == 2 && stream_write(server, SPAN_LIT("hi")) != ERR_OK) abort();
        if (events[i] % 4 == 3) world_turn();
        stream_free(&server);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const struct addr_rules rules = {0};
    const struct dial_target target = {.host = SPAN_LIT("a.test"), .port = 443, .rules = &rules};
    struct addr addrs[DIAL_ADDRS_MAX];
    size_t count = len > 0 ? bytes[0] % (DIAL_ADDRS_MAX + 1) : 0;
    bool given_up;
    struct resolver *resolver;
    struct dial *dial = NULL;

    world_begin();
    answers = 0;
    result = (struct dial_result){0};
    for (size_t i = 0; i < count; i++) addrs[i] = address(i, i + 1 < len ? bytes[i + 1] : 0);
    world_name("a.test", addrs, count);
    if (len > 0 && bytes[0] > 240) world_silent("a.test");
    if (resolver_new(world.loop, &(struct resolver_options){0}, &resolver) != ERR_OK) abort();
    if (dial_start(world.loop, resolver, &target, on_answer, NULL, &dial) != ERR_OK) abort();
    if (len > count + 1) play(bytes + count + 1, len - count - 1, &dial);
    given_up = dial == NULL;
    world_pass(DIAL_MS + CONNECT_MS);
    if (answers != (given_up && answers == 0 ? 0 : 1)) abort();
    for (size_t i = 0; i < world.connect_count; i++)
        if (addr_refused(&world.connects[i], &rules) != NULL) abort();
    stream_free(&result.stream);
    dial_free(&dial);
    resolver_free(&resolver);
    world_end();
    return 0;
}
