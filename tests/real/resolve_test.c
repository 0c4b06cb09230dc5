/* resolve_test.c — names, against a name server of the test's own that lies. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reactor/base/buf.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/loop/base.h"
#include "reactor/net/listener.h"
#include "reactor/net/resolve.h"
#include "reactor/net/sockaddr.h"
#include "tests/real/real.h"

#define QUESTION_MAX 512
#define TYPE_A       1
#define TYPE_AAAA    28
#define RCODE(n)     (n)
#define FLAG_TC      0x0200

/* --- the name server ------------------------------------------------------------------------------------ */

static int udp;
static struct event udp_event;
static struct listener *tcp;
static struct stream *tcp_stream;
static unsigned asked; /* questions that came, both families and both transports */

struct question {
    uint16_t id, type;
    const uint8_t *name; /* as on the wire, with type and class behind it */
    size_t name_len;
    char text[256];
};

static struct question read_question(const uint8_t *wire, size_t len)
{
    struct question q = {.id = (uint16_t)(wire[0] << 8 | wire[1]), .name = wire + 12};
    size_t at = 12;

    while (at < len && wire[at] != 0) {
        strncat(q.text, (const char *)wire + at + 1, wire[at]);
        strcat(q.text, ".");
        at += 1u + wire[at];
    }
    q.name_len = at + 1 - 12;
    q.type = (uint16_t)(wire[at + 1] << 8 | wire[at + 2]);
    return q;
}

static void put16(struct buf *out, unsigned value)
{
    const uint8_t bytes[] = {(uint8_t)(value >> 8), (uint8_t)value};

    assert_int_equal(buf_add(out, (struct span){bytes, 2}), ERR_OK);
}

static void put_head(struct buf *out, unsigned id, unsigned flags, unsigned answers)
{
    put16(out, id), put16(out, 0x8180u | flags), put16(out, 1), put16(out, answers), put16(out, 0), put16(out, 0);
}

static void put_question(struct buf *out, const struct question *q)
{
    assert_int_equal(buf_add(out, (struct span){q->name, q->name_len + 4}), ERR_OK);
}

static void put_record(struct buf *out, unsigned type, unsigned ttl_s, const void *data, size_t len)
{
    put16(out, 0xc00c), put16(out, type), put16(out, 1), put16(out, 0), put16(out, ttl_s), put16(out, (unsigned)len);
    assert_int_equal(buf_add(out, (struct span){data, len}), ERR_OK);
}

static const uint8_t good_ip[4] = {93, 184, 216, 34}, evil_ip[4] = {6, 6, 6, 6};
static const uint8_t good_ip6[16] = {0x26, 0x06, [15] = 1};

/* An answer with one address of the family asked for. */
static void answer_one(struct buf *out, const struct question *q, unsigned id, unsigned ttl_s, const uint8_t ip[4])
{
    put_head(out, id, 0, 1);
    put_question(out, q);
    if (q->type == TYPE_A)
        put_record(out, TYPE_A, ttl_s, ip, 4);
    else
        put_record(out, TYPE_AAAA, ttl_s, good_ip6, 16);
}

static void answer_code(struct buf *out, const struct question *q, unsigned flags)
{
    put_head(out, q->id, flags, 0);
    put_question(out, q);
}

static void answer_many(struct buf *out, const struct question *q)
{
    put_head(out, q->id, 0, 1000);
    put_question(out, q);
    for (unsigned i = 0; i < 1000; i++) {
        const uint8_t ip[16] = {93, 184, (uint8_t)(i >> 8), (uint8_t)i};

        put_record(out, q->type, 60, ip, q->type == TYPE_A ? 4 : 16);
    }
}

static void answer_loop(struct buf *out, const struct question *q)
{
    put_head(out, q->id, 0, 1);
    put_question(out, q);
    put16(out, 0xc000u | (unsigned)buf_len(out)); /* a name that points at itself */
    put16(out, q->type), put16(out, 1), put16(out, 0), put16(out, 60), put16(out, 4);
    assert_int_equal(buf_add(out, (struct span){good_ip, 4}), ERR_OK);
}

/* The answer to an udp question; what must be sent before it goes to *before. */
static void answer_udp(const struct question *q, struct buf *before, struct buf *out)
{
    static const uint8_t other_name[] = "\5other\4test\0\0\1\0\1";
    const struct question other = {.id = q->id, .type = TYPE_A, .name = other_name, .name_len = 12};

    if (strcmp(q->text, "good.test.") == 0) answer_one(out, q, q->id, 300, good_ip);
    if (strcmp(q->text, "short.test.") == 0) answer_one(out, q, q->id, 1, good_ip);
    if (strcmp(q->text, "fleeting.test.") == 0) answer_one(out, q, q->id, 0, good_ip);
    if (strcmp(q->text, "missing.test.") == 0) answer_code(out, q, RCODE(3));
    if (strcmp(q->text, "empty.test.") == 0) answer_code(out, q, RCODE(0));
    if (strstr(q->text, ".search.test.") != NULL) answer_one(out, q, q->id, 300, evil_ip);
    if (strcmp(q->text, "broken.test.") == 0) answer_code(out, q, RCODE(2));
    if (strcmp(q->text, "many.test.") == 0) answer_code(out, q, FLAG_TC);
    if (strcmp(q->text, "loop.test.") == 0) answer_loop(out, q);
    if (strcmp(q->text, "forged-id.test.") == 0) {
        answer_one(before, q, q->id ^ 1u, 300, evil_ip);
        answer_one(out, q, q->id, 300, good_ip);
    }
    if (strcmp(q->text, "forged-name.test.") == 0) {
        answer_one(before, &other, q->id, 300, evil_ip);
        answer_one(out, q, q->id, 300, good_ip);
    }
    if (strcmp(q->text, "only-forged.test.") == 0) answer_one(before, q, q->id ^ 1u, 300, evil_ip);
    if (strcmp(q->text, "mapped.test.") == 0) {
        static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, 93, 184, 216, 34};

        put_head(out, q->id, 0, q->type == TYPE_AAAA);
        put_question(out, q);
        if (q->type == TYPE_AAAA) put_record(out, TYPE_AAAA, 60, mapped, 16);
    }
    if (strcmp(q->text, "four.test.") == 0) {
        if (q->type == TYPE_A)
            answer_one(out, q, q->id, 300, good_ip);
        else
            answer_code(out, q, RCODE(0));
    }
}

static void send_udp(struct buf *out, const struct sockaddr_storage *to, socklen_t len)
{
    struct span bytes = buf_span(out);

    if (bytes.len > 0)
        assert_int_equal(sendto(udp, bytes.at, bytes.len, 0, (const struct sockaddr *)to, len), bytes.len);
    buf_clear(out);
}

static void on_udp(evutil_socket_t fd, short what, void *context)
{
    uint8_t wire[QUESTION_MAX];
    struct sockaddr_storage from;
    socklen_t len = sizeof from;
    ssize_t n = recvfrom(fd, wire, sizeof wire, 0, (struct sockaddr *)&from, &len);
    struct buf before = {0}, out = {0};
    struct question q;

    (void)what, (void)context;
    assert_true(n > 12);
    asked++;
    q = read_question(wire, (size_t)n);
    answer_udp(&q, &before, &out);
    send_udp(&before, &from, len);
    send_udp(&out, &from, len);
}

static void on_tcp(void *owner, enum stream_event event)
{
    (void)owner;
    if (event == STREAM_EOF || event == STREAM_GONE) stream_free(&tcp_stream);
    while (event == STREAM_DATA && stream_input(tcp_stream).len >= 2) {
        struct span input = stream_input(tcp_stream);
        size_t len = (size_t)(input.at[0] << 8 | input.at[1]);
        struct buf out = {0};
        struct question q;
        uint8_t prefix[2];

        if (input.len < 2 + len) return;
        asked++;
        q = read_question(input.at + 2, len);
        answer_many(&out, &q);
        prefix[0] = (uint8_t)(buf_len(&out) >> 8), prefix[1] = (uint8_t)buf_len(&out);
        stream_consume(tcp_stream, 2 + len);
        assert_int_equal(stream_write(tcp_stream, (struct span){prefix, 2}), ERR_OK);
        assert_int_equal(stream_write(tcp_stream, buf_span(&out)), ERR_OK);
        buf_clear(&out);
    }
}

static void on_accept(void *owner, struct stream *stream)
{
    (void)owner;
    stream_free(&tcp_stream);
    tcp_stream = stream;
    stream_own(stream, on_tcp, NULL);
}

static void start_server(void)
{
    struct addr addr = real_loopback(0);
    struct sockaddr_storage name;
    socklen_t len;

    assert_int_equal(listener_new(real.loop, &addr, on_accept, NULL, &tcp), ERR_OK);
    addr = listener_addr(tcp);
    len = addr_to_sockaddr(&addr, &name);
    udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(udp, (struct sockaddr *)&name, len), 0);
    event_assign(&udp_event, loop_base(real.loop), udp, EV_READ | EV_PERSIST, on_udp, NULL);
    event_add(&udp_event, NULL);
}

/* --- the asker ------------------------------------------------------------------------------------------ */

struct asker {
    struct resolve *resolve;
    unsigned answers;
    enum err err;
    size_t count;
    struct addr addrs[DIAL_ADDRS_MAX];
    bool answered, frees;
};
static struct resolver *resolver;
static struct asker ann;

static void on_answer(void *owner, enum err err, const struct addr *addrs, size_t count)
{
    struct asker *asker = owner;

    asker->answers++;
    asker->answered = true;
    asker->err = err;
    asker->count = count;
    assert_true(count <= DIAL_ADDRS_MAX);
    if (count > 0) memcpy(asker->addrs, addrs, count * sizeof *addrs);
    if (asker->frees) resolve_free(&asker->resolve);
}

static void ask(struct asker *asker, const char *name)
{
    *asker = (struct asker){.frees = asker->frees};
    assert_int_equal(resolve_start(resolver, span_of(name), on_answer, asker, &asker->resolve), ERR_OK);
    assert_false(asker->answered);
}

static void resolved(const char *name, enum err err)
{
    ask(&ann, name);
    real_until(&ann.answered);
    assert_int_equal(ann.err, err);
    assert_int_equal(ann.count > 0, err == ERR_OK);
    resolve_free(&ann.resolve);
}

static int begin(void **state)
{
    static const struct addr pinned = {.family = 4, .port = 9, .ip = {192, 0, 2, 7}};
    char servers[64];

    ann = (struct asker){0};
    asked = 0;
    tcp_stream = NULL;
    if (real_begin(state) != 0) return -1;
    setenv("LOCALDOMAIN", "search.test", 1); /* as "search" in resolv.conf */
    start_server();
    snprintf(servers, sizeof servers, "127.0.0.1:%d", listener_addr(tcp).port);
    const struct resolver_pin pin = {SPAN_LIT("pinned.test"), pinned};
    const struct resolver_options options = {.servers = span_of(servers), .pins = &pin, .pin_count = 1};
    return resolver_new(real.loop, &options, &resolver) == ERR_OK ? 0 : -1;
}

static int finish(void **state)
{
    resolve_free(&ann.resolve);
    resolver_free(&resolver);
    stream_free(&tcp_stream);
    listener_free(&tcp);
    event_del(&udp_event);
    close(udp);
    return real_end(state);
}

static void a_name_has_the_addresses_of_both_families_ipv4_first(void **state)
{
    (void)state;
    resolved("good.test", ERR_OK);
    assert_int_equal(ann.count, 2);
    assert_int_equal(ann.addrs[0].family, 4);
    assert_int_equal(ann.addrs[0].port, 0);
    assert_memory_equal(ann.addrs[0].ip, good_ip, 4);
    assert_int_equal(ann.addrs[1].family, 6);
    assert_memory_equal(ann.addrs[1].ip, good_ip6, 16);
    assert_int_equal(asked, 2);
}

static void one_family_is_enough(void **state)
{
    (void)state;
    resolved("four.test", ERR_OK);
    assert_int_equal(ann.count, 1);
}

static void a_mapped_address_stays_ipv6_for_addr_refused_to_see(void **state)
{
    (void)state;
    resolved("mapped.test", ERR_OK);
    assert_int_equal(ann.count, 1);
    assert_int_equal(ann.addrs[0].family, 6);
}

static void an_answer_is_kept_for_its_ttl(void **state)
{
    (void)state;
    resolved("short.test", ERR_OK);
    resolved("short.test", ERR_OK);
    assert_int_equal(asked, 2);
    assert_int_equal(ann.count, 2);
    real_pass(1010);
    resolved("short.test", ERR_OK);
    assert_int_equal(asked, 4);
}

static void an_answer_without_ttl_is_not_kept(void **state)
{
    (void)state;
    resolved("fleeting.test", ERR_OK);
    resolved("fleeting.test", ERR_OK);
    assert_int_equal(asked, 4);
}

static void no_such_name_is_kept_for_a_while(void **state)
{
    unsigned first;

    (void)state;
    resolved("missing.test", ERR_NOT_FOUND);
    first = asked;
    resolved("missing.test", ERR_NOT_FOUND);
    assert_int_equal(asked, first);
    resolved("empty.test", ERR_NOT_FOUND);
}

static void no_search_list_is_tried_behind_a_name(void **state)
{
    (void)state;
    resolved("missing.test", ERR_NOT_FOUND);
    resolved("empty.test", ERR_NOT_FOUND);
    assert_int_equal(asked, 2 + 2); /* each by its own name, for two families */
}

static void servers_that_fail_are_asked_again(void **state)
{
    unsigned first;

    (void)state;
    resolved("broken.test", ERR_PEER);
    first = asked;
    resolved("broken.test", ERR_PEER);
    assert_true(asked > first);
}

static void a_pinned_name_is_not_asked_for(void **state)
{
    (void)state;
    resolved("pinned.test", ERR_OK);
    assert_int_equal(ann.count, 1);
    assert_memory_equal(ann.addrs[0].ip, "\xc0\0\2\7", 4);
    assert_int_equal(ann.addrs[0].port, 0);
    resolved("Pinned.Test", ERR_OK);
    assert_int_equal(asked, 0);
}

static void a_thousand_addresses_come_by_tcp_and_a_few_are_kept(void **state)
{
    (void)state;
    resolved("many.test", ERR_OK);
    assert_int_equal(ann.count, DIAL_ADDRS_MAX);
    for (uint8_t i = 0; i < DIAL_ADDRS_MAX; i++) assert_int_equal(ann.addrs[i].ip[3], i);
}

static void a_forged_answer_is_ignored(void **state)
{
    static const char *const names[] = {"forged-id.test", "forged-name.test"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        resolved(names[i], ERR_OK);
        assert_memory_equal(ann.addrs[0].ip, good_ip, 4);
    }
}

static void a_name_that_points_at_itself_is_nonsense(void **state)
{
    (void)state;
    resolved("loop.test", ERR_PEER);
}

static void silence_and_only_forged_answers_time_out(void **state)
{
    struct asker bob = {0};
    uint64_t start_ms;

    (void)state;
    start_ms = loop_now_ms(real.loop);
    ask(&ann, "silent.test");
    ask(&bob, "only-forged.test");
    real_until(&ann.answered);
    real_until(&bob.answered);
    assert_in_range(loop_now_ms(real.loop) - start_ms, RESOLVE_TRY_MS, RESOLVE_MS + 200);
    assert_int_equal(ann.err, ERR_TIMEOUT);
    assert_int_equal(bob.err, ERR_TIMEOUT);
    resolve_free(&bob.resolve);
}

static void names_that_cannot_be_are_not_found_and_not_asked_for(void **state)
{
    char long_name[300];
    const struct span names[] = {{0}, {(const uint8_t *)"good.test\0.evil", 15}, {(const uint8_t *)long_name, 254}};

    (void)state;
    memset(long_name, 'a', sizeof long_name);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        ann = (struct asker){0};
        assert_int_equal(resolve_start(resolver, names[i], on_answer, &ann, &ann.resolve), ERR_OK);
        real_until(&ann.answered);
        assert_int_equal(ann.err, ERR_NOT_FOUND);
        resolve_free(&ann.resolve);
    }
    assert_int_equal(asked, 0);
}

static void an_asker_may_leave_and_the_answer_is_kept(void **state)
{
    (void)state;
    ask(&ann, "good.test");
    resolve_free(&ann.resolve);
    real_pass(50);
    assert_false(ann.answered);
    resolved("good.test", ERR_OK);
    assert_int_equal(asked, 2);
}

static void an_asker_may_leave_inside_the_answer(void **state)
{
    (void)state;
    ann.frees = true;
    ask(&ann, "good.test");
    real_until(&ann.answered);
    assert_null(ann.resolve);
}

static void the_resolver_may_end_with_questions_open(void **state)
{
    (void)state;
    ask(&ann, "silent.test");
    real_pass(20);
    resolve_free(&ann.resolve);
    assert_false(ann.answered); /* the teardown frees the resolver, and counts memory and descriptors */
}

static void many_names_are_asked_for_at_once(void **state)
{
    static struct asker askers[100];
    const char *names[] = {"good.test", "missing.test", "four.test", "fleeting.test"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(askers); i++) ask(&askers[i], names[i % COUNT_OF(names)]);
    for (size_t i = 0; i < COUNT_OF(askers); i++) {
        real_until(&askers[i].answered);
        assert_int_equal(askers[i].err, i % COUNT_OF(names) == 1 ? ERR_NOT_FOUND : ERR_OK);
        assert_int_equal(askers[i].answers, 1);
        resolve_free(&askers[i].resolve);
    }
}

static void questions_in_flight_are_bounded(void **state)
{
    static struct asker askers[RESOLVE_QUESTIONS_MAX];
    struct resolve *one_more = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(askers); i++) {
        ask(&askers[i], "silent.test");
        resolve_free(&askers[i].resolve); /* leaving does not make room: the question is still out */
    }
    assert_int_equal(resolve_start(resolver, SPAN_LIT("good.test"), on_answer, &ann, &one_more), ERR_LIMIT);
    assert_null(one_more);
}

static void no_allocation_that_fails_leaks_or_hangs(void **state)
{
    (void)state;
    for (size_t n = 1; n < 6; n++) { /* the asker, the question, the watch on the socket, and then none */
        enum err err;

        ann = (struct asker){0};
        mem_fail_at(n);
        err = resolve_start(resolver, SPAN_LIT("fleeting.test"), on_answer, &ann, &ann.resolve);
        mem_fail_at(0);
        assert_int_equal(err, n <= 2 ? ERR_NOMEM : ERR_OK);
        real_pass(30);
        assert_int_equal(ann.answered, n > 3); /* a socket nobody watches is silent */
        resolve_free(&ann.resolve);
        if (n == 3) real_pass(RESOLVE_MS);
    }
}

static void servers_that_cannot_be_read_are_an_error(void **state)
{
    const struct resolver_options options = {.servers = SPAN_LIT("not an address")};
    struct resolver *none = NULL;

    (void)state;
    assert_int_equal(resolver_new(real.loop, &options, &none), ERR_SYNTAX);
    assert_null(none);
}

int main(void)
{
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, begin, finish)
    const struct CMUnitTest promises[] = {
        PROMISE(a_name_has_the_addresses_of_both_families_ipv4_first),
        PROMISE(one_family_is_enough),
        PROMISE(a_mapped_address_stays_ipv6_for_addr_refused_to_see),
        PROMISE(an_answer_is_kept_for_its_ttl),
        PROMISE(an_answer_without_ttl_is_not_kept),
        PROMISE(no_such_name_is_kept_for_a_while),
        PROMISE(no_search_list_is_tried_behind_a_name),
        PROMISE(servers_that_fail_are_asked_again),
        PROMISE(a_pinned_name_is_not_asked_for),
        PROMISE(a_thousand_addresses_come_by_tcp_and_a_few_are_kept),
        PROMISE(a_forged_answer_is_ignored),
        PROMISE(a_name_that_points_at_itself_is_nonsense),
        PROMISE(silence_and_only_forged_answers_time_out),
        PROMISE(names_that_cannot_be_are_not_found_and_not_asked_for),
        PROMISE(an_asker_may_leave_and_the_answer_is_kept),
        PROMISE(an_asker_may_leave_inside_the_answer),
        PROMISE(the_resolver_may_end_with_questions_open),
        PROMISE(many_names_are_asked_for_at_once),
        PROMISE(questions_in_flight_are_bounded),
        PROMISE(no_allocation_that_fails_leaks_or_hangs),
        PROMISE(servers_that_cannot_be_read_are_an_error),
    };
    return cmocka_run_group_tests(promises, NULL, NULL);
}
