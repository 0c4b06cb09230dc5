/* world.h — the simulated world a machine under test lives in: time moves when told, streams are memory, names are
 * scripted.
 *
 * It stands in for reactor/loop and reactor/net at link time, so machines can't tell.
 */
#pragma once
#include "reactor/loop/loop.h"
#include "reactor/loop/timer.h"
#include "reactor/machine/machine.h"

struct world {
    struct loop *loop;
    uint64_t now_ms;
    char story[4096]; /* every transition since world_begin(): "DRAFT>WAITING WAITING|late|EV_ALLOW " */
};

extern struct world world;

void world_begin(void);
void world_end(void); /* fails the test when a timer is still armed */

/* Runs what was deferred until nothing more is. */
void world_turn(void);

/* Moves the clock, stopping at every deadline on the way. */
void world_pass(uint64_t ms);

size_t world_armed(void); /* timers */
