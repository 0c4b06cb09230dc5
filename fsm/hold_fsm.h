/* hold_fsm.h — one question in the queue, and everybody who waits for its answer. */
#pragma once
#include "reactor/base/limits.h"
#include "reactor/machine/machine.h"

/* clang-format off */
/*    state          longest stay    meaning                                                                        */
#define HOLD_STATES(S)                                                                                              \
    S(HOLD_DRAFT,    HOLD_WRITE_MS,  "not in the queue yet: it is written with the next look")                      \
    S(HOLD_OPEN,     FSM_FOREVER,    "an operator may answer; each request that waits has a deadline")              \
    S(HOLD_ENDING,   HOLD_WRITE_MS,  "nobody waits any more, which is to be written")                               \
    S(HOLD_DECIDED,  FSM_FINAL,      "answered; what the answer lets go goes")                                      \
    S(HOLD_ENDED,    FSM_FINAL,      "retracted, or expired")                                                       \
    S(HOLD_LOST,     FSM_FINAL,      "the queue can't be had: whoever waits hears no")

#define HOLD_EVENTS(E)                                                                                              \
    E(HOLD_EV_DEADLINE) E(HOLD_EV_FAULT)                                                                            \
    E(HOLD_EV_WRITTEN) E(HOLD_EV_YES) E(HOLD_EV_NO) E(HOLD_EV_EMPTY) E(HOLD_EV_LOST)

/*    from           event             to             action        */
#define HOLD_ROWS(R)                                                \
    R(HOLD_DRAFT,    HOLD_EV_WRITTEN,  HOLD_OPEN,     hold_opened)  \
    R(HOLD_DRAFT,    HOLD_EV_EMPTY,    HOLD_ENDED,    hold_over)    \
    R(HOLD_OPEN,     HOLD_EV_YES,      HOLD_DECIDED,  hold_let_go)  \
    R(HOLD_OPEN,     HOLD_EV_NO,       HOLD_DECIDED,  hold_refuse)  \
    R(HOLD_OPEN,     HOLD_EV_EMPTY,    HOLD_ENDING,   hold_close)   \
    R(HOLD_ENDING,   HOLD_EV_WRITTEN,  HOLD_ENDED,    hold_over)    \
    R(HOLD_ENDING,   HOLD_EV_YES,      HOLD_ENDED,    hold_over)    \
    R(HOLD_ENDING,   HOLD_EV_NO,       HOLD_ENDED,    hold_over)    \
    R(FSM_ANY,       HOLD_EV_LOST,     HOLD_LOST,     hold_lose)    \
    R(FSM_ANY,       HOLD_EV_DEADLINE, HOLD_LOST,     hold_lose)    \
    R(FSM_ANY,       HOLD_EV_FAULT,    HOLD_LOST,     hold_lose)
/* clang-format on */

enum hold_state { HOLD_STATES(FSM_ENUM_) HOLD_STATE_COUNT };
enum hold_event { HOLD_EVENTS(FSM_ENUM_) HOLD_EVENT_COUNT };
