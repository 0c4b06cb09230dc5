/* sandbox_fsm_test.c — a launcher that is silent, slow or dead: the namespaces driver ends it, in time and once. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "backends/sandbox/driver.h"
#include "tests/world/world.h"

static struct sandbox *sandbox;
static unsigned told;
static enum sandbox_event event;
static int code;
static char why[256];
static char project[1024];

static void on_door(void *owner, bool tcp, uint16_t port, int fd)
{
    (void)owner, (void)tcp, (void)port;
    close(fd);
    fail();
}

static void on_event(void *owner, enum sandbox_event what, int its_code, const char *reason)
{
    (void)owner;
    told++;
    event = what;
    code = its_code;
    snprintf(why, sizeof why, "%s", reason != NULL ? reason : "");
}

static int begin(void **state)
{
    const struct sandbox_calls calls = {on_door, on_event};
    const struct sandbox_plan plan = {
        .name = "test",
        .self = "/bottled",
        .project = project,
        .home = "/home/agent",
        .argv = (const char *const[]){"agent", NULL},
        .envp = (const char *const[]){NULL},
        .fds = {0, 1, 2},
    };

    (void)state;
    world_begin();
    told = 0;
    setenv("HOME", "/nonexistent", 1);
    if (getcwd(project, sizeof project) == NULL) return -1;
    return sandbox_namespaces.start(world.loop, &plan, &calls, NULL, &sandbox) == ERR_OK ? 0 : -1;
}

static int finish(void **state)
{
    (void)state;
    sandbox_namespaces.free(&sandbox);
    world_end();
    return 0;
}

static void a_silent_launcher_is_killed_in_time(void **state)
{
    (void)state;
    world_pass(SANDBOX_START_MS - 1);
    assert_int_equal(world_child(0)->signals, 0);
    world_pass(1);
    assert_int_equal(world_child(0)->signals, 1u << SIGKILL);
    assert_int_equal(told, 0);
    world_child_ends(0, 137);
    world_turn();
    assert_int_equal(told, 1);
    assert_int_equal(event, SANDBOX_BROKEN);
    assert_string_equal(why, "the sandbox did not start in time");
}

static void one_that_does_not_even_die_is_given_up(void **state)
{
    (void)state;
    world_pass(SANDBOX_START_MS + SANDBOX_KILL_MS);
    assert_int_equal(told, 1);
    assert_int_equal(event, SANDBOX_BROKEN);
    world_child_ends(0, 137);
    world_turn();
    assert_int_equal(told, 1);
}

static void one_that_dies_at_once_is_told_with_its_code(void **state)
{
    (void)state;
    world_ready(); /* its end of the socket is closed */
    world_child_ends(0, 3);
    world_turn();
    assert_int_equal(told, 1);
    assert_int_equal(event, SANDBOX_BROKEN);
    assert_int_equal(code, 3);
    assert_string_equal(why, "the sandbox ended before the agent started");
    world_pass(MINUTES(10));
    assert_int_equal(told, 1);
}

static void a_stop_before_the_start_kills_at_once(void **state)
{
    (void)state;
    sandbox_namespaces.signal(sandbox, SIGINT);
    assert_int_equal(world_child(0)->signals, 0);
    sandbox_namespaces.stop(sandbox);
    sandbox_namespaces.stop(sandbox);
    assert_int_equal(world_child(0)->signals, 1u << SIGKILL);
    world_child_ends(0, 137);
    world_turn();
    assert_int_equal(told, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_silent_launcher_is_killed_in_time, begin, finish),
        cmocka_unit_test_setup_teardown(one_that_does_not_even_die_is_given_up, begin, finish),
        cmocka_unit_test_setup_teardown(one_that_dies_at_once_is_told_with_its_code, begin, finish),
        cmocka_unit_test_setup_teardown(a_stop_before_the_start_kills_at_once, begin, finish),
    };

    return cmocka_run_group_tests_name("sandbox machine", tests, NULL, NULL);
}
