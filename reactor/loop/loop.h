/* loop.h — the one loop: time, turns, and the end.
 *
 * One thread.  Nothing called from the loop may block.  Everything with a callback lives on it: timer.h, signal.h,
 * net/, proc/.
 * The seam: tests link tests/world/ instead, where time moves when told and streams are memory.
 */
#pragma once
#include <stdint.h>
#include "reactor/base/err.h"
#include "reactor/base/list.h"

struct loop;

MUST_CHECK enum err loop_new(struct loop **loop_out);
void loop_free(struct loop **loop); /* nothing may be registered on it any more, deferred calls are run first */

/* Runs until loop_stop() is called or nothing is left that could happen. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Runs what was deferred until nothing more is, outside loop_run(): so that what is closing has let go of its
 * memory. */
void loop_settle(struct loop *loop);

/* Milliseconds of the monotonic clock, as of this turn. */
uint64_t loop_now_ms(const struct loop *loop);

/* Seconds since 1970, for certificates and log lines; never for a timeout. */
int64_t loop_wall_s(const struct loop *loop);

/* Runs call(defer) once, one turn later, after the callbacks of this turn.  Embed it in the object (zeroed).
 * Already pending: nothing changes. */
struct defer {
    struct list node;
    void (*call)(struct defer *defer);
};
void loop_defer(struct loop *loop, struct defer *defer, void (*call)(struct defer *defer));
void loop_defer_cancel(struct defer *defer);
