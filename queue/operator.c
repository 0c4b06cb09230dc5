#include "queue/operator.h"

#include <pwd.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "reactor/base/home.h"
#include "reactor/base/limits.h"

#define WAIT_MS 20

uint64_t operator_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void operator_sleep(uint64_t ms)
{
    nanosleep(&(struct timespec){(time_t)(ms / 1000), (long)(ms % 1000) * 1000000}, NULL);
}

bool operator_waits(unsigned tries)
{
    if (tries * WAIT_MS >= OPERATOR_BUSY_MS) return false;
    operator_sleep(WAIT_MS);
    return true;
}

static const char *login_name(struct arena *arena)
{
    const struct passwd *user = getpwuid(getuid());
    struct span name =
        user != NULL ? arena_copy(arena, span_of(user->pw_name)) : arena_printf(arena, "uid %u", (unsigned)getuid());

    return (const char *)name.at;
}

enum store_err operator_open(struct operator* operator, const char ** why_out)
{
    operator->arena = arena_begin(MIB(1));
    if (operator->root == NULL) operator->root = home_root(&operator->arena);
    if (operator->name == NULL) operator->name = login_name(&operator->arena);
    *why_out = "there is no home folder to look for .bottled in; name one with --root DIR";
    if (operator->root == NULL || operator->name == NULL) return STORE_MISSING;
    return OPERATOR_TRY_AGAIN(store_open(operator->root, 0, &operator->arena, why_out, &operator->store));
}

void operator_end(struct operator* operator)
{
    store_free(&operator->store);
    arena_end(&operator->arena);
}
