/* poll_fsm.h — who looks into the queue, and when: while something waits, or when the bell rings. */
#pragma once
#include "reactor/base/limits.h"
#include "reactor/machine/machine.h"

/* clang-format off */
/*    state           longest stay    meaning                                                                       */
#define POLL_STATES(S)                                                                                              \
    S(POLL_IDLE,      FSM_FOREVER,    "nothing waits; a bell may ring")                                             \
    S(POLL_LOOKING,   SECONDS(1),     "what is new is written, what was answered is heard")                         \
    S(POLL_WATCHING,  POLL_MS,        "something waits: soon the queue is looked into again")                       \
    S(POLL_BUSY,      POLL_BUSY_MS,   "something could not be written, as another process is at it")                \
    S(POLL_RESTING,   POLL_REST_MS,   "nothing waits any more; soon the queue's log is put in order")               \
    S(POLL_LOST,      POLL_LOST_MS,   "the queue can't be had: whoever asks hears no")                              \
    S(POLL_ENDED,     FSM_FINAL,      "the program ends, or is wrong: nobody is asked any more")

#define POLL_EVENTS(E)                                                                                              \
    E(POLL_EV_DEADLINE) E(POLL_EV_FAULT)                                                                            \
    E(POLL_EV_WANTED) E(POLL_EV_SEEN) E(POLL_EV_BUSY) E(POLL_EV_EMPTY) E(POLL_EV_BROKEN) E(POLL_EV_END)

/*    from            event              to              action       */
#define POLL_ROWS(R)                                                  \
    R(POLL_IDLE,      POLL_EV_WANTED,    POLL_LOOKING,   poll_look)   \
    R(POLL_WATCHING,  POLL_EV_WANTED,    POLL_LOOKING,   poll_look)   \
    R(POLL_WATCHING,  POLL_EV_DEADLINE,  POLL_LOOKING,   poll_look)   \
    R(POLL_BUSY,      POLL_EV_DEADLINE,  POLL_LOOKING,   poll_look)   \
    R(POLL_RESTING,   POLL_EV_WANTED,    POLL_LOOKING,   poll_look)   \
    R(POLL_LOOKING,   POLL_EV_SEEN,      POLL_WATCHING,  fsm_nothing) \
    R(POLL_LOOKING,   POLL_EV_BUSY,      POLL_BUSY,      fsm_nothing) \
    R(POLL_LOOKING,   POLL_EV_EMPTY,     POLL_RESTING,   fsm_nothing) \
    R(POLL_RESTING,   POLL_EV_DEADLINE,  POLL_IDLE,      poll_rest)   \
    R(POLL_LOST,      POLL_EV_DEADLINE,  POLL_IDLE,      fsm_nothing) \
    R(POLL_LOST,      POLL_EV_BROKEN,    POLL_LOST,      fsm_nothing) \
    R(FSM_ANY,        POLL_EV_BROKEN,    POLL_LOST,      poll_lose)   \
    R(FSM_ANY,        POLL_EV_END,       POLL_ENDED,     fsm_nothing) \
    R(FSM_ANY,        POLL_EV_DEADLINE,  POLL_LOST,      poll_lose)   \
    R(FSM_ANY,        POLL_EV_FAULT,     POLL_ENDED,     poll_lose)
/* clang-format on */

enum poll_state { POLL_STATES(FSM_ENUM_) POLL_STATE_COUNT };
enum poll_event { POLL_EVENTS(FSM_ENUM_) POLL_EVENT_COUNT };
