/* names_fsm.h — one TCP connection to a bottle's name server: one question, one answer. */
#pragma once
#include "reactor/base/limits.h"
#include "reactor/machine/machine.h"

/* clang-format off */
/*    state           longest stay    meaning                        */
#define NAMES_STATES(S)                                              \
    S(NAMES_ASKED,    SECONDS(5),     "the question is arriving")    \
    S(NAMES_ANSWERED, SECONDS(5),     "the answer goes out")         \
    S(NAMES_OVER,     FSM_FINAL,      "ended")

#define NAMES_EVENTS(E) \
    E(NAMES_EV_DEADLINE) E(NAMES_EV_FAULT) E(NAMES_EV_DATA) E(NAMES_EV_READ) E(NAMES_EV_SENT) E(NAMES_EV_GONE)

/*    from             event               to               action           */
#define NAMES_ROWS(R)                                                         \
    R(NAMES_ASKED,     NAMES_EV_DATA,      NAMES_ASKED,     names_read)       \
    R(NAMES_ASKED,     NAMES_EV_READ,      NAMES_ANSWERED,  names_answer)     \
    R(NAMES_ANSWERED,  NAMES_EV_DATA,      NAMES_ANSWERED,  fsm_nothing)      \
    R(NAMES_ANSWERED,  NAMES_EV_SENT,      NAMES_OVER,      names_end)        \
    R(FSM_ANY,         NAMES_EV_GONE,      NAMES_OVER,      names_end)        \
    R(FSM_ANY,         NAMES_EV_DEADLINE,  NAMES_OVER,      names_end)        \
    R(FSM_ANY,         NAMES_EV_FAULT,     NAMES_OVER,      names_end)
/* clang-format on */

enum names_state { NAMES_STATES(FSM_ENUM_) NAMES_STATE_COUNT };
enum names_event { NAMES_EVENTS(FSM_ENUM_) NAMES_EVENT_COUNT };
