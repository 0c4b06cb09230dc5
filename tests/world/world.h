/* world.h — the simulated world a machine under test lives in: time moves when told, streams are memory, names are
 * scripted.
 *
 * It stands in for reactor/loop, for the sockets and the resolver of reactor/net and for reactor/proc at link time, so
 * machines can't tell.  Nothing happens by itself: what was deferred runs in world_turn(), deadlines in world_pass().
 */
#pragma once
#include "reactor/loop/loop.h"
#include "reactor/loop/timer.h"
#include "reactor/machine/machine.h"
#include "reactor/net/listener.h"
#include "reactor/net/stream.h"

#define WORLD_CONNECTS_MAX 64 /* connects remembered */

struct world {
    struct loop *loop;
    uint64_t now_ms;
    char story[4096]; /* every transition since world_begin(): "DRAFT>WAITING WAITING|late|EV_ALLOW " */

    struct addr connects[WORLD_CONNECTS_MAX]; /* where stream_tcp_connect() was asked to go, in order; a ring */
    size_t connect_count;
    size_t resolve_count; /* names asked for */
    unsigned starved;     /* so many connects from now on find no descriptor */
};

extern struct world world;

void world_begin(void);
void world_end(void); /* fails the test when a timer is still armed */

/* Runs what was deferred until nothing more is. */
void world_turn(void);

/* Moves the clock, stopping at every deadline on the way. */
void world_pass(uint64_t ms);

size_t world_armed(void); /* timers */

/* --- upstream: who answers a connect.  An address nobody mentioned refuses. ----------------------------- */
void world_listen(const struct addr *addr);
void world_refuse(const struct addr *addr);
void world_blackhole(const struct addr *addr); /* neither opens nor fails */

/* The other end of the oldest connection not taken yet, or NULL; the caller's. */
struct stream *world_accept(void);

/* --- downstream: a client connects; its end is the caller's. -------------------------------------------- */
struct stream *world_connect(struct listener *listener);

/* --- names: one nobody mentioned does not exist. -------------------------------------------------------- */
void world_name(const char *name, const struct addr *addrs, size_t count);
void world_silent(const char *name); /* times out */

/* Every descriptor that is watched (loop/watch.h) is ready, once. */
void world_ready(void);

void world_signal(int number);

/* --- children: what was spawned, oldest first; none ends by itself. ------------------------------------- */
struct world_child {
    char path[256];
    unsigned signals; /* bit n: child_signal(n) was called */
    bool freed;
};
const struct world_child *world_child(size_t index); /* NULL: not so many were spawned */
void world_child_ends(size_t index, int code);
void world_child_missing(const char *path); /* spawning it is ERR_NOT_FOUND from now on */

/* What each file of the world does at the beginning and the end; called by world_begin() and world_end(). */
void world_net_begin(void);
void world_net_end(void);
void world_names_begin(void);
void world_signals_begin(void);
void world_watches_begin(void);
void world_children_begin(void);
