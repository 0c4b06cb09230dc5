/* dial_test.c — a dial reaches only an address that was judged, in time, and answers once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fsm/describe.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/net/dial.h"
#include "reactor/net/dial_fsm.h"
#include "tests/world/world.h"

static const struct addr public = {.family = 4, .ip = {93, 184, 216, 34}};
static const struct addr second = {.family = 4, .ip = {93, 184, 216, 35}};
static const struct addr private = {.family = 4, .ip = {10, 1, 2, 3}};
static const struct prefix ten = {.base = {.family = 4, .ip = {10}}, .bits = 8};
static const struct addr_rules strict = {0}, private_too = {.allow = &ten, .allow_count = 1};

static struct resolver *resolver;
static struct dial *dial;
static struct dial_result result;
static unsigned answers;
static bool frees_dial;
static unsigned heard;

static void on_stream(void *owner, enum stream_event event) { (void)owner, heard += event == STREAM_DATA; }

static struct addr at(struct addr addr, uint16_t port)
{
    addr.port = port;
    return addr;
}

static void on_answer(void *owner, const struct dial_result *answer)
{
    (void)owner;
    answers++;
    result = *answer;
    if (result.stream != NULL) stream_own(result.stream, on_stream, NULL);
    if (frees_dial) dial_free(&dial);
}

static int begin(void **state)
{
    (void)state;
    world_begin();
    dial = NULL;
    result = (struct dial_result){0};
    answers = heard = 0;
    frees_dial = false;
    return resolver_new(world.loop, &(struct resolver_options){0}, &resolver) == ERR_OK ? 0 : -1;
}

static int finish(void **state)
{
    (void)state;
    stream_free(&result.stream);
    dial_free(&dial);
    resolver_free(&resolver);
    world_end();
    return 0;
}

static void start(const char *host, const struct addr_rules *rules)
{
    const struct dial_target target = {.host = span_of(host), .port = 443, .rules = rules};

    assert_int_equal(dial_start(world.loop, resolver, &target, on_answer, NULL, &dial), ERR_OK);
    assert_int_equal(answers, 0);
}

static void script(const char *host, struct addr one, struct addr two)
{
    const struct addr addrs[] = {one, two};
    struct addr where[] = {at(one, 443), at(two, 443)};

    world_name(host, addrs, 2);
    world_listen(&where[0]);
    world_listen(&where[1]);
}

static void ended(enum err err, const char *detail)
{
    assert_int_equal(answers, 1);
    assert_int_equal(result.err, err);
    assert_int_equal(result.stream == NULL, err != ERR_OK);
    if (detail == NULL)
        assert_null(result.detail);
    else
        assert_string_equal(result.detail, detail);
}

static void a_name_is_resolved_judged_and_connected_to(void **state)
{
    struct stream *server;

    (void)state;
    script("api.example.com", public, second);
    start("api.example.com", &strict);
    world_turn();
    ended(ERR_OK, NULL);
    assert_int_equal(world.connect_count, 1);
    assert_memory_equal(world.connects[0].ip, public.ip, 4);
    assert_int_equal(world.connects[0].port, 443);
    assert_memory_equal(&result.addr, &world.connects[0], sizeof result.addr);
    server = world_accept();
    assert_non_null(server);
    stream_free(&server);
}

static void a_name_with_one_refused_address_is_refused_whole(void **state)
{
    (void)state;
    script("rebind.example.com", public, private);
    start("rebind.example.com", &strict);
    world_pass(DIAL_MS);
    assert_int_equal(answers, 1);
    assert_int_equal(result.err, ERR_DENIED);
    assert_non_null(result.detail);
    assert_memory_equal(result.addr.ip, private.ip, 4);
    assert_int_equal(world.connect_count, 0); /* not even to the public one */
}

static void a_private_address_may_be_allowed_by_name(void **state)
{
    (void)state;
    script("build.example.com", private, private);
    start("build.example.com", &private_too);
    world_turn();
    ended(ERR_OK, NULL);
}

static void a_literal_is_judged_and_asks_no_name_server(void **state)
{
    const struct addr open = at(public, 443);

    (void)state;
    world_listen(&open);
    start("93.184.216.34", &strict);
    world_turn();
    ended(ERR_OK, NULL);
    assert_int_equal(world.resolve_count, 0);
}

static void a_literal_that_is_special_is_refused(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "169.254.169.254",  "10.1.2.3",
                                        "::1",       "::ffff:127.0.0.1", "fe80::1"};

    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        start(hosts[i], &strict);
        world_turn();
        assert_int_equal(answers, 1);
        assert_int_equal(result.err, ERR_DENIED);
        assert_int_equal(world.connect_count, 0);
        finish(state);
        begin(state);
    }
}

static void no_such_name(void **state)
{
    (void)state;
    start("nowhere.example.com", &strict);
    world_turn();
    ended(ERR_NOT_FOUND, "the name has no address");
}

static void silent_name_servers(void **state)
{
    (void)state;
    world_silent("slow.example.com");
    start("slow.example.com", &strict);
    world_pass(RESOLVE_MS - 1);
    assert_int_equal(answers, 0);
    world_pass(1);
    ended(ERR_TIMEOUT, "no name server answered in time");
    assert_int_equal(result.resolve_ms, RESOLVE_MS);
}

static void the_next_address_is_tried_when_one_refuses(void **state)
{
    const struct addr shut = at(public, 443);

    (void)state;
    script("api.example.com", public, second);
    world_refuse(&shut);
    start("api.example.com", &strict);
    world_turn();
    ended(ERR_OK, NULL);
    assert_memory_equal(result.addr.ip, second.ip, 4);
    assert_int_equal(world.connect_count, 2);
}

static void the_next_address_is_tried_when_one_is_silent(void **state)
{
    const struct addr hole = at(public, 443);

    (void)state;
    script("api.example.com", public, second);
    world_blackhole(&hole);
    start("api.example.com", &strict);
    world_pass(CONNECT_MS - 1);
    assert_int_equal(answers, 0);
    world_pass(1);
    ended(ERR_OK, NULL);
    assert_memory_equal(result.addr.ip, second.ip, 4);
    assert_int_equal(result.connect_ms, CONNECT_MS);
}

static void nobody_accepts(void **state)
{
    const struct addr addrs[] = {public, second};

    (void)state;
    world_name("api.example.com", addrs, 2);
    start("api.example.com", &strict);
    world_turn();
    ended(ERR_PEER, "Connection reset by peer");
    assert_int_equal(world.connect_count, 2);
}

static void sixteen_silent_addresses_take_no_longer_than_the_limit(void **state)
{
    struct addr addrs[DIAL_ADDRS_MAX];

    (void)state;
    for (uint8_t i = 0; i < DIAL_ADDRS_MAX; i++) {
        const struct addr hole = {.family = 4, .port = 443, .ip = {93, 184, 216, i}};

        addrs[i] = at(hole, 0);
        world_blackhole(&hole);
    }
    world_name("holes.example.com", addrs, DIAL_ADDRS_MAX);
    start("holes.example.com", &strict);
    world_pass(DIAL_MS - 1);
    assert_int_equal(answers, 0);
    world_pass(1);
    ended(ERR_TIMEOUT, "the address did not answer in time");
    assert_int_equal(world.connect_count, DIAL_MS / CONNECT_MS);
}

static void a_dial_may_be_given_up_in_every_state(void **state)
{
    static const char *const hosts[] = {"api.example.com", "slow.example.com", "hole.example.com", "93.184.216.34"};
    const struct addr hole = {.family = 4, .port = 443, .ip = {93, 184, 216, 99}};

    for (size_t i = 0; i < COUNT_OF(hosts); i++)
        for (int passes = 0; passes < 2; passes++) {
            script("api.example.com", public, second);
            world_silent("slow.example.com");
            world_name("hole.example.com", &hole, 1);
            world_blackhole(&hole);
            start(hosts[i], &strict);
            if (passes == 1 && i != 0 && i != 3) world_pass(1);
            dial_free(&dial);
            world_pass(DIAL_MS);
            assert_int_equal(answers, 0);
            finish(state);
            begin(state);
        }
}

static void a_dial_may_be_freed_inside_its_answer(void **state)
{
    (void)state;
    script("api.example.com", public, second);
    frees_dial = true;
    start("api.example.com", &strict);
    world_turn();
    ended(ERR_OK, NULL);
    assert_null(dial);
}

static void what_the_server_says_first_is_told_to_the_new_owner(void **state)
{
    struct stream *server;

    (void)state;
    script("api.example.com", public, second);
    start("api.example.com", &strict);
    while ((server = world_accept()) == NULL) world_turn();
    assert_int_equal(stream_write(server, SPAN_LIT("220 hello")), ERR_OK);
    world_turn();
    assert_non_null(result.stream);
    assert_int_equal(heard, 1);
    stream_free(&server);
}

static void no_allocation_that_fails_leaks_or_hangs(void **state)
{
    for (size_t n = 1; n < 12; n++) {
        const struct dial_target target = {.host = SPAN_LIT("api.example.com"), .port = 443, .rules = &strict};

        script("api.example.com", public, second);
        mem_fail_at(n);
        if (dial_start(world.loop, resolver, &target, on_answer, NULL, &dial) == ERR_OK) {
            world_pass(DIAL_MS);
            assert_int_equal(answers, 1);
        }
        mem_fail_at(0);
        finish(state);
        begin(state);
    }
}

static void the_table_is_sound_and_connects_only_after_judging(void **state)
{
    const struct fsm_type *type = NULL;
    char why[200];

    (void)state;
    for (const struct fsm_type *const *each = fsm_all; *each != NULL; each++)
        if (strcmp((*each)->name, "dial") == 0) type = *each;
    assert_non_null(type);
    if (!fsm_audit(type, why, sizeof why)) fail_msg("%s", why);
    assert_true(fsm_always_before(type, DIAL_CHECKING, DIAL_CONNECTING));
    assert_true(fsm_always_before(type, DIAL_CONNECTING, DIAL_OPEN));
}

int main(void)
{
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, begin, finish)
    const struct CMUnitTest promises[] = {
        PROMISE(a_name_is_resolved_judged_and_connected_to),
        PROMISE(a_name_with_one_refused_address_is_refused_whole),
        PROMISE(a_private_address_may_be_allowed_by_name),
        PROMISE(a_literal_is_judged_and_asks_no_name_server),
        PROMISE(a_literal_that_is_special_is_refused),
        PROMISE(no_such_name),
        PROMISE(silent_name_servers),
        PROMISE(the_next_address_is_tried_when_one_refuses),
        PROMISE(the_next_address_is_tried_when_one_is_silent),
        PROMISE(nobody_accepts),
        PROMISE(sixteen_silent_addresses_take_no_longer_than_the_limit),
        PROMISE(a_dial_may_be_given_up_in_every_state),
        PROMISE(a_dial_may_be_freed_inside_its_answer),
        PROMISE(what_the_server_says_first_is_told_to_the_new_owner),
        PROMISE(no_allocation_that_fails_leaks_or_hangs),
        PROMISE(the_table_is_sound_and_connects_only_after_judging),
    };
    return cmocka_run_group_tests(promises, NULL, NULL);
}
