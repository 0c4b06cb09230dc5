/* trace_test.c — the ring of transitions: bounded, lockable, printed with write(2), and printed when the program
 * crashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reactor/base/limits.h"
#include "reactor/machine/trace.h"
#include "tests/world/world.h"

/* clang-format off */
#define TICK_STATES(S) S(TICK_ON, FSM_FOREVER, "ticks") S(TICK_OVER, FSM_FINAL, "over")
#define TICK_EVENTS(E) E(TICK_EV_DEADLINE) E(TICK_EV_FAULT) E(TICK_EV_TICK)
#define TICK_ROWS(R)                                    \
    R(TICK_ON, TICK_EV_TICK,  TICK_ON,   fsm_nothing)   \
    R(TICK_ON, TICK_EV_FAULT, TICK_OVER, fsm_nothing)
/* clang-format on */

enum tick_state { TICK_STATES(FSM_ENUM_) TICK_STATE_COUNT };
enum tick_event { TICK_EVENTS(FSM_ENUM_) TICK_EVENT_COUNT };
FSM_TYPE(tick_type, "tick", TICK_STATES, TICK_EVENTS, TICK_ROWS);

static char printed[TRACE_COUNT * TRACE_LINE_MAX];

static size_t print_ring(void)
{
    int fd = memfd_create("ring", MFD_CLOEXEC);
    ssize_t len;

    trace_print(fd);
    len = pread(fd, printed, sizeof printed - 1, 0);
    close(fd);
    printed[len] = '\0';
    size_t lines = 0;
    for (const char *c = printed; *c != '\0'; c++) lines += *c == '\n';
    return lines;
}

static void tick(uint64_t id, unsigned times)
{
    struct fsm machine;

    fsm_start(&machine, &tick_type, world.loop, id);
    for (unsigned i = 0; i < times; i++) fsm_post(&machine, TICK_EV_TICK);
    fsm_stop(&machine);
}

static void a_busy_program_keeps_the_last_ones(void **state)
{
    (void)state;
    world_begin();
    tick(1, TRACE_COUNT);
    tick(2, 3);
    assert_int_equal(print_ring(), TRACE_COUNT);
    assert_non_null(strstr(printed, "tick=2 TICK_ON TICK_EV_TICK > TICK_ON\n"));
    world_end();
}

static void locked_to_one_id_it_keeps_that_story(void **state)
{
    (void)state;
    world_begin();
    trace_lock(7);
    tick(7, 2);
    tick(8, TRACE_COUNT);
    trace_lock(0);
    print_ring();
    assert_non_null(strstr(printed, "tick=7"));
    assert_null(strstr(printed, "tick=8"));
    world_end();
}

static void a_crash_prints_the_ring_and_is_still_a_crash(void **state)
{
    int ends[2], status;
    char text[256];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        trace_on_crash();
        raise(SIGABRT);
        _exit(0);
    }
    close(ends[1]);
    ssize_t len = read(ends[0], text, sizeof text - 1);
    while (read(ends[0], printed, sizeof printed) > 0) {} /* or it would die of the full pipe */
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_true(len > 0);
    text[len] = '\0';
    assert_non_null(strstr(text, "last transitions"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_busy_program_keeps_the_last_ones),
        cmocka_unit_test(locked_to_one_id_it_keeps_that_story),
        cmocka_unit_test(a_crash_prints_the_ring_and_is_still_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
