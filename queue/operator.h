/* operator.h — a person at the queue: the store that a verb or the TUI looks into, and by what name they answer. */
#pragma once
#include "queue/store.h"

/* Of options and environment; the rest is filled in by operator_open(). */
struct operator
{
    const char *root; /* NULL: ~/.bottled */
    const char *name; /* NULL: this user's login name */
    struct arena arena;
    struct store *store;
};

/* What is wrong is in words, in *why_out (static, or in the arena).  STORE_BUSY is tried again for some seconds. */
MUST_CHECK enum store_err operator_open(struct operator* operator, const char ** why_out);
void operator_end(struct operator* operator);

uint64_t operator_now_ms(void); /* since 1970 */
void operator_sleep(uint64_t ms);

/* Tries a call again while another process is at the queue: OPERATOR_BUSY_MS at most, and it sleeps meanwhile. */
#define OPERATOR_TRY_AGAIN(call)                                                                                       \
    __extension__({                                                                                                    \
        enum store_err again_;                                                                                         \
        unsigned tries_ = 0;                                                                                           \
        while ((again_ = (call)) == STORE_BUSY && operator_waits(tries_++)) continue;                                  \
        again_;                                                                                                        \
    })
bool operator_waits(unsigned tries); /* a little; false: that was long enough */
