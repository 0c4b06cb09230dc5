/* sim_test.c — a simulated day: random clients, origins, approvers, names, delays, resets and reloads over fake time,
 * of one seed.
 *
 * BOTTLED_SEED=N plays another day, BOTTLED_EVENTS=N a longer one.  After every event:
 *   - no origin has heard the vault's secret, or a token that nobody allowed, and neither stands in a log;
 *   - every connect went to an address that a route allows;
 *   - every request and every tunnel that ended has one access line;
 * and at the end of the day nothing is left: no connection, no pooled one, no timer, no question, no request without
 * its line. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fsm/tunnel_fsm.h"
#include "queue/asker.h"
#include "reactor/base/own.h"
#include "reactor/machine/trace.h"
#include "tests/story.h"

#define CLIENTS 24
#define PASSED  4 /* clients that are passed through: nothing secret is said on those, as they are not scanned */
#define ORIGINS 40
#define EVENTS  60000

#define ALLOWED   "ghp_Zq3vX8nLw2RtY6uBc1Kd9MfH4sJg7Pe5Ao0W" /* to whoever asks for it */
#define FORBIDDEN "ghp_Rt6vX8nLw2ZqY3uBc1Kd9MfH4sJg7Pe5Ao0W"

static uint64_t seed, state_of_chance;
static size_t events;

/* Below n.  xorshift64*, so that a seed means the same day everywhere. */
static size_t chance(size_t n)
{
    state_of_chance ^= state_of_chance >> 12;
    state_of_chance ^= state_of_chance << 25;
    state_of_chance ^= state_of_chance >> 27;
    return (size_t)((state_of_chance * 2685821657736338717u) >> 33) % n;
}

#define ONE_OF(list) ((list)[chance(COUNT_OF(list))])

static void broken(const char *what)
{
    fprintf(stderr, "BOTTLED_SEED=%llu, after %zu events: %s\n", (unsigned long long)seed, events, what);
    abort();
}

/* --- what is counted ------------------------------------------------------------------------------------- */

static struct {
    size_t sessions, begun, ended, lines, answered;
    off_t read_to;
    size_t connects;
} day;

static void count_machines(const struct fsm *machine, enum fsm_note note, uint8_t from, uint8_t event)
{
    bool is_request = strcmp(machine->type->name, "request") == 0;
    bool is_tunnel = strcmp(machine->type->name, "tunnel") == 0;

    (void)event;
    if (note != FSM_MOVED || machine->state == from || (!is_request && !is_tunnel)) return;
    day.begun += from == 0;
    if (!fsm_is_final(machine)) return;
    if (is_tunnel && machine->state == TUNNEL_REFUSED) /* which a request tells */
        day.begun--;
    else
        day.ended++;
}

/* Whole lines that are new; those of requests and tunnels are JSON. */
static void read_log(void)
{
    static char text[KIB(64)];
    ssize_t len = pread(proxy.access.fd, text, sizeof text - 1, day.read_to);
    char *end;

    for (char *line = text; len > 0 && (end = memchr(line, '\n', (size_t)(text + len - line))) != NULL;
         line = end + 1) {
        *end = '\0';
        if (strstr(line, EGRESS_SECRET) != NULL) broken("the secret stands in the log");
        if (strstr(line, ALLOWED) != NULL || strstr(line, FORBIDDEN) != NULL) broken("a token stands in the log");
        day.lines += line[0] == '{';
        day.read_to += end + 1 - line;
    }
}

/* --- who is there ---------------------------------------------------------------------------------------- */

static struct talker clients[CLIENTS], passed[PASSED], origins[ORIGINS];

static void check_origin(struct talker *o)
{
    if (strstr(talker_heard(o), EGRESS_SECRET) != NULL) broken("an origin heard the secret");
    if (strstr(talker_heard(o), FORBIDDEN) != NULL) broken("an origin heard what nobody allowed");
    if (buf_len(&o->heard) > KIB(64)) talker_forget(o);
}

static void check_connects(void)
{
    for (; day.connects < world.connect_count; day.connects++)
        if (world.connects[day.connects % WORLD_CONNECTS_MAX].ip[0] != 10)
            broken("an address was dialled that no route allows");
}

static struct talker *free_place(struct talker *talkers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (talkers[i].stream == NULL) return &talkers[i];
    return NULL;
}

/* Somebody who is there, or NULL. */
static struct talker *somebody(struct talker *talkers, size_t count)
{
    size_t first = chance(count);

    for (size_t i = 0; i < count; i++) {
        struct talker *talker = &talkers[(first + i) % count];
        if (talker->stream != NULL) return talker;
    }
    return NULL;
}

static void leave(struct talker *talker)
{
    if (strstr(talker_heard(talker), "HTTP/1.1 200 OK") != NULL) day.answered++;
    talker_leave(talker);
}

static void take_origins(void)
{
    struct talker arrived;

    while (talker_accept(&arrived)) {
        struct talker *place = free_place(origins, ORIGINS);
        if (place == NULL) {
            check_origin(&arrived);
            talker_leave(&arrived);
            continue;
        }
        *place = arrived;
        stream_own(place->stream, place->stream->fn, place);
    }
}

/* --- who is asked ---------------------------------------------------------------------------------------- */

static struct {
    answer_fn *fn;
    void *owner;
    bool may_go;
} questions[2 * CLIENTS]; /* owner NULL: a free place */
static size_t asked, allowed;

/* Everything that stops it is the one token that is allowed. */
static bool may_go(const struct findings *findings)
{
    struct fingerprint good;

    assert_int_equal(fingerprint_of(SPAN_LIT(ALLOWED), &good), ERR_OK);
    for (size_t i = 0; i < findings->count; i++)
        if (findings->list[i].ruling == RULING_STOPS && memcmp(&findings->list[i].fingerprint, &good, sizeof good) != 0)
            return false;
    return true;
}

static void tell(answer_fn *fn, void *owner, enum answer answer)
{
    struct reply reply = {.answer = answer};

    fn(owner, &reply);
}

/* Allowed by now, or before. */
static enum answer judge(const struct question *question)
{
    return may_go(question->findings) ? ANSWER_YES : ANSWER_NO;
}

static void *day_ask(struct asker *self, const struct question *question, answer_fn *fn, void *owner)
{
    static const enum answer failures[] = {ANSWER_UNREACHED, ANSWER_FULL, ANSWER_ENDING};

    (void)self;
    asked++;
    if (chance(8) == 0) return tell(fn, owner, ONE_OF(failures)), NULL;
    if (chance(8) == 0) return tell(fn, owner, judge(question)), NULL;
    if (question->digest == NULL && chance(2) == 0) return tell(fn, owner, ANSWER_DIGEST), NULL;
    for (size_t i = 0; i < COUNT_OF(questions); i++) {
        if (questions[i].owner != NULL) continue;
        questions[i].fn = fn;
        questions[i].owner = owner;
        questions[i].may_go = may_go(question->findings);
        return &questions[i];
    }
    broken("more questions than clients");
    return NULL;
}

static uint64_t day_withdraw(struct asker *self, void *ticket, bool late)
{
    (void)self, (void)late;
    for (size_t i = 0; i < COUNT_OF(questions); i++)
        if (&questions[i] == ticket && questions[i].owner != NULL) {
            questions[i].owner = NULL;
            return i + 1;
        }
    broken("a question is withdrawn that nobody asked");
    return 0;
}

static struct asker approvers = {day_ask, day_withdraw};

static void an_approver_answers(void)
{
    size_t i = chance(COUNT_OF(questions));

    for (size_t n = 0; n < COUNT_OF(questions) && questions[i].owner == NULL; n++) i = (i + 1) % COUNT_OF(questions);
    if (questions[i].owner == NULL) return;
    allowed += questions[i].may_go;
    tell(questions[i].fn, MOVE(questions[i].owner), questions[i].may_go ? ANSWER_YES : ANSWER_NO);
    world_turn();
}

/* --- what may happen ------------------------------------------------------------------------------------- */

static void a_client_comes(void)
{
    struct talker *place = free_place(clients, CLIENTS);

    if (place == NULL) return;
    day.sessions++;
    talker_connect(place, chance(5) == 0 ? CONN_DIRECT : CONN_PROXY);
}

#define TO(host) "http://" host "/ok/x HTTP/1.1\r\nHost: " host "\r\n"

static void a_client_speaks(void)
{
    static const char *const good[] = {
        "GET " TO("api.example.com") "\r\n",
        "GET " TO("a.example.org") "\r\n",
        "GET " TO("a.example.org") "Connection: close\r\n\r\n",
        "POST " TO("api.example.com") "Content-Length: 5\r\n\r\nhello",
        "POST " TO("api.example.com") "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n",
    };
    static const char *const odd[] = {
        "GET " TO("deep.example.com") "\r\n",
        "GET " TO("evil.example.net") "\r\n",
        "GET " TO("nowhere.example.org") "\r\n",
        "HEAD " TO("api.example.com") "\r\n",
        "GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n",
        "GET http://api.example.com/ HTTP/1.0\r\n\r\n",
        "POST " TO("api.example.com") "Content-Length: 5\r\n\r\nhe",
        "POST " TO("api.example.com") "Content-Length: 35\r\n\r\n",
        "POST " TO("api.example.com") "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n",
        "POST " TO("api.example.com") "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "0\r\n\r\n",
        "0\r\nX-Sum: " EGRESS_SECRET "\r\n\r\n",
        "GET http://api.example.com/" EGRESS_SECRET " HTTP/1.1\r\nHost: api.example.com\r\n\r\n",
        "GET " TO("api.example.com") "X: " EGRESS_SECRET "\r\n\r\n",
        "GET " TO("api.example.com") "X: " ALLOWED "\r\n\r\n",
        "GET " TO("a.example.org") "X: " ALLOWED "\r\n\r\n",
        "POST " TO("api.example.com") "Content-Length: 40\r\n\r\n" ALLOWED,
        "POST " TO("api.example.com") "Content-Length: 40\r\n\r\n" FORBIDDEN,
        "POST " TO("api.example.com") "X: " ALLOWED "\r\nContent-Length: 40\r\n\r\n" FORBIDDEN,
        EGRESS_SECRET,
        "GET http://api.exa",
        "CONNECT api.example.com:80 HTTP/1.1\r\nHost: api.example.com:80\r\n\r\n",
        "CONNECT secure.example.com:443 HTTP/1.1\r\nHost: secure.example.com:443\r\n\r\n",
        "CONNECT " EGRESS_SECRET ".example.org:80 HTTP/1.1\r\nHost: " EGRESS_SECRET ".example.org:80\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "\x16\x03\x01\x02",
        "\r\n",
        "x",
    };
    struct talker *who = somebody(clients, CLIENTS);

    if (who == NULL) return;
    struct span said = span_of(chance(3) > 0 ? ONE_OF(good) : ONE_OF(odd));
    if (chance(12) == 0) said = span_first(said, chance(said.len + 1));
    talker_say_bytes(who, said);
}

static void a_client_passes_through(void)
{
    static const char hello[] = "\x16\x03\x01\0\x2d\x01\0\0\x29\x03\x03"
                                "0123456789abcdef0123456789abcdef\0\0\x02\x13\x01\x01\0";
    struct talker *who = &passed[chance(PASSED)];

    if (who->stream == NULL) {
        day.sessions++;
        talker_connect(who, CONN_PROXY);
        talker_say(who, "CONNECT pass.example.com:443 HTTP/1.1\r\nHost: pass.example.com:443\r\n\r\n");
        if (chance(4) > 0) talker_say_bytes(who, (struct span){(const uint8_t *)hello, sizeof hello - 1});
        return;
    }
    switch (chance(5)) {
    case 0: leave(who); break;
    case 1: talker_finish(who); break;
    default: talker_say(who, "whatever"); break;
    }
}

static void a_client_ends(void)
{
    struct talker *who = somebody(clients, CLIENTS);

    if (who == NULL) return;
    switch (chance(who->eof || who->gone ? 1 : 5)) {
    case 0: leave(who); break;
    case 1: talker_finish(who); break;
    case 2: stream_pause(who->stream, true); break;
    default: stream_pause(who->stream, false); break;
    }
}

static void an_origin_speaks(void)
{
    static char large[KIB(48)];
    static const char *const words[] = {
        OK,
        OK,
        OK,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "0\r\nX-Trailer: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nuntil the end",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1and more",
        "HTTP/1.1 200 OK\r\nContent-Length: 49152\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
        "HTTP/1.1 2",
        "garbage\r\n\r\n",
        "",
    };
    struct talker *who = somebody(origins, ORIGINS);

    if (who == NULL) return;
    check_origin(who);
    talker_forget(who); /* what comes behind an answer is another request's: a value cut in two is not in either */
    if (chance(12) == 0)
        talker_say_bytes(who, (struct span){(const uint8_t *)large, sizeof large});
    else
        talker_say(who, ONE_OF(words));
}

static void an_origin_ends(void)
{
    struct talker *who = somebody(origins, ORIGINS);

    if (who == NULL) return;
    check_origin(who);
    if (chance(3) == 0 && !who->gone)
        talker_finish(who);
    else
        talker_leave(who);
}

static void time_passes(void)
{
    static const uint64_t spans_ms[] = {1,   1,   1,          1,          10,         10,          10,         100,
                                        100, 100, SECONDS(1), SECONDS(1), SECONDS(6), SECONDS(31), MINUTES(11)};

    world_pass(ONE_OF(spans_ms));
}

static void a_name_moves(void)
{
    static const char *const names[] = {"api.example.com", "a.example.org", "deep.example.com", "pass.example.com"};
    static const char *const bad[] = {"10.0.0.2", "10.0.0.3",        "127.0.0.1", "192.168.0.1",
                                      "0.0.0.0",  "169.254.169.254", "::1"};
    const char *name = ONE_OF(names);
    struct addr addrs[2];

    if (chance(8) == 0) {
        world_silent(name);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(addrs); i++)
        assert_int_equal(addr_parse(span_of(chance(4) == 0 ? ONE_OF(bad) : EGRESS_ORIGIN), &addrs[i]), ERR_OK);
    world_name(name, addrs, chance(3) == 0 ? 2 : 1);
}

static void something_rare_happens(void)
{
    switch (chance(60)) {
    case 0: egress_reload(); break;
    case 1: pool_clear(proxy.pool); break;
    default: world.starved = (unsigned)chance(3); break;
    }
}

static void one_event(void)
{
    static const struct {
        void (*happens)(void);
        size_t weight;
    } rows[] = {{a_client_comes, 14},    {a_client_speaks, 30},  {a_client_passes_through, 4},
                {a_client_ends, 5},      {an_origin_speaks, 24}, {an_origin_ends, 5},
                {time_passes, 8},        {a_name_moves, 2},      {something_rare_happens, 1},
                {an_approver_answers, 3}};
    size_t total = 0, at;

    for (size_t i = 0; i < COUNT_OF(rows); i++) total += rows[i].weight;
    at = chance(total);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (at < rows[i].weight) {
            rows[i].happens();
            return;
        }
        at -= rows[i].weight;
    }
}

/* Who has been hung up on makes room. */
static void bury_the_dead(void)
{
    for (size_t i = 0; i < CLIENTS; i++)
        if (clients[i].stream != NULL && clients[i].gone) leave(&clients[i]);
    for (size_t i = 0; i < PASSED; i++)
        if (passed[i].stream != NULL && passed[i].gone) leave(&passed[i]);
    for (size_t i = 0; i < ORIGINS; i++)
        if (origins[i].stream != NULL && origins[i].gone) check_origin(&origins[i]), talker_leave(&origins[i]);
}

static void check(void)
{
    check_connects();
    for (size_t i = 0; i < ORIGINS; i++)
        if (origins[i].stream != NULL) check_origin(&origins[i]);
    read_log();
    if (day.lines != day.ended) broken("a request ended without its one line");
    if (egress.conn_count > CLIENTS * 2) broken("connections stay");
}

/* --- the day --------------------------------------------------------------------------------------------- */

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void the_day_ends(void)
{
    proxy.draining = true;
    conn_drain_all(&egress, false);
    world_pass(DRAIN_MS);
    check();
    conn_drain_all(&egress, true);
    world_turn();
    take_origins();
    check();
    for (size_t i = 0; i < CLIENTS; i++)
        if (clients[i].stream != NULL) leave(&clients[i]);
    for (size_t i = 0; i < PASSED; i++)
        if (passed[i].stream != NULL) leave(&passed[i]);
    for (size_t i = 0; i < ORIGINS; i++)
        if (origins[i].stream != NULL) talker_leave(&origins[i]);
    world_pass(POOL_IDLE_MS);
    check();
    if (egress.conn_count != 0 || pool_idle(proxy.pool) != 0) broken("connections are left");
    for (size_t i = 0; i < COUNT_OF(questions); i++)
        if (questions[i].owner != NULL) broken("a question is left");
    if (world_armed() != 0) broken("a timer is left");
    if (day.begun != day.ended) broken("a request never ended");
}

static void whatever_happens_in_a_day_the_promises_hold(void **state)
{
    size_t count = (size_t)number_of("BOTTLED_EVENTS", EVENTS);
    struct addr gone, mute;

    (void)state;
    seed = number_of("BOTTLED_SEED", 20261125);
    state_of_chance = seed * 0x9e3779b97f4a7c15u + 1;
    trace_watch(count_machines);
    egress.asker = &approvers;
    assert_int_equal(addr_parse(SPAN_LIT("10.0.0.2"), &gone), ERR_OK);
    assert_int_equal(addr_parse(SPAN_LIT("10.0.0.3"), &mute), ERR_OK);
    mute.port = 80;
    world_blackhole(&mute);
    for (events = 0; events < count; events++) {
        one_event();
        take_origins();
        check();
        bury_the_dead();
    }
    the_day_ends();
    print_message("  seed %llu: %zu events in %llu hours, %zu sessions, %zu requests and tunnels, %zu answered "
                  "sessions, %zu dials, %zu questions, %zu allowed\n",
                  (unsigned long long)seed, events, (unsigned long long)(world.now_ms / 3600000), day.sessions,
                  day.ended, day.answered, day.connects, asked, allowed);
    assert_true(day.sessions > count / 20 && day.answered > count / 100);
    assert_true(asked > count / 500 && allowed > count / 5000);
}

int main(void)
{
    const struct CMUnitTest stories[] = {STORY(whatever_happens_in_a_day_the_promises_hold)};

    return cmocka_run_group_tests(stories, NULL, NULL);
}
