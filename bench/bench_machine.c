/* bench_machine.c — question: what does one transition through the table cost?
 * Walks the request from REQ_BEGUN to REQ_DONE with empty actions: 8 transitions a walk, on a real loop, so that
 * each deadline is armed for real.  A request costs some 50 us of TLS and kernel: eight transitions may cost 1 us. */
#include "bench/bench.h"
#include "fsm/request_fsm.h"
#include "reactor/loop/loop.h"

enum { WALKS = 20000, STEPS = 8 };

#define BENCH_ROW(from, event, to, action) {(from), (event), (to), fsm_nothing, #action},
FSM_TYPE_WITH_(walk_type, "walk", REQUEST_STATES, REQUEST_EVENTS, REQUEST_ROWS, BENCH_ROW);

static struct loop *loop;

static uint64_t walk(void)
{
    static const uint8_t way[STEPS] = {REQ_EV_DECIDE,    REQ_EV_PASS, REQ_EV_WHOLE,    REQ_EV_PASS,
                                       REQ_EV_CONNECTED, REQ_EV_SENT, REQ_EV_RESPONSE, REQ_EV_END};
    uint64_t sum = 0;

    for (int w = 0; w < WALKS; w++) {
        struct fsm machine = {0};
        fsm_start(&machine, &walk_type, loop, 1);
        for (int i = 0; i < STEPS; i++) fsm_post(&machine, way[i]);
        if (machine.state != REQ_DONE) abort();
        fsm_stop(&machine);
        sum += machine.state;
    }
    return sum;
}

int main(void)
{
    if (loop_new(&loop) != ERR_OK) abort();
    bench_run("machine/transition", (uint64_t)WALKS * STEPS, 0, walk);
    loop_free(&loop);
    return 0;
}
