#include "tests/real/real.h"

#include <dirent.h>
#include <stdio.h>

#include "reactor/base/own.h"
#include "reactor/loop/timer.h"

#define HUNG_MS 10000u
#define TICK_MS 5u

struct real real;

static const bool *awaited;
static uint64_t give_up_ms;

static void on_tick(struct timer *timer)
{
    if ((awaited != NULL && *awaited) || loop_now_ms(real.loop) >= give_up_ms)
        loop_stop(real.loop);
    else
        timer_arm(timer, loop_now_ms(real.loop) + TICK_MS);
}

static void run(const bool *flag, uint64_t ms)
{
    struct timer tick;

    awaited = flag;
    give_up_ms = loop_now_ms(real.loop) + ms;
    timer_init(&tick, real.loop, on_tick);
    timer_arm(&tick, loop_now_ms(real.loop));
    loop_run(real.loop);
    timer_disarm(&tick);
}

void real_until(const bool *flag)
{
    run(flag, HUNG_MS);
    if (!*flag) fail_msg("nothing happened for %u ms", HUNG_MS);
}

void real_pass(uint64_t ms) { run(NULL, ms); }

int real_count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL) count++;
    closedir(dir);
    return count;
}

struct addr real_loopback(uint16_t port) { return (struct addr){.family = 4, .port = port, .ip = {127, 0, 0, 1}}; }

int real_begin(void **state)
{
    (void)state;
    real.fds = real_count_fds();
    return loop_new(&real.loop) == ERR_OK ? 0 : -1;
}

int real_end(void **state)
{
    (void)state;
    loop_free(&real.loop);
    if (real_count_fds() == real.fds) return 0;
    fprintf(stderr, "%d descriptors leaked\n", real_count_fds() - real.fds);
    return -1;
}
