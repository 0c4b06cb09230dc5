/* real.h — what the tests over the real loop share: a loop, a guard against hanging, sockets of the test's own. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reactor/loop/loop.h"
#include "reactor/net/addr.h"

struct real {
    struct loop *loop;
    int fds; /* open descriptors before the test */
};
extern struct real real;

/* Setup and teardown of every test: a loop; nothing may be left open or armed. */
int real_begin(void **state);
int real_end(void **state);

/* Turns until *flag is true; fails the test after 10 s. */
void real_until(const bool *flag);

/* Turns for ms. */
void real_pass(uint64_t ms);

int real_count_fds(void);
struct addr real_loopback(uint16_t port);
