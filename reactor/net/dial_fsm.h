/* dial_fsm.h — one dial: no address is connected to before all addresses of the name were judged. */
#pragma once
#include "reactor/base/limits.h"
#include "reactor/machine/machine.h"

/* clang-format off */
/*    state             longest stay               meaning                                                  */
#define DIAL_STATES(S)                                                                                         \
    S(DIAL_RESOLVING,   RESOLVE_MS + SECONDS(1),   "the resolver is asked for every address of the name")      \
    S(DIAL_CHECKING,    SECONDS(1),                "every address is judged; one refused refuses the dial")    \
    S(DIAL_CHOOSING,    SECONDS(1),                "the next address is taken, if one and time are left")      \
    S(DIAL_CONNECTING,  CONNECT_MS,                "one address is being connected to")                        \
    S(DIAL_OPEN,        FSM_FINAL,                 "connected to an address that was checked")                 \
    S(DIAL_FAILED,      FSM_FINAL,                 "refused, not found, or nobody accepted in time")

#define DIAL_EVENTS(E)                                                                                         \
    E(DIAL_EV_DEADLINE) E(DIAL_EV_FAULT)                                                                       \
    E(DIAL_EV_FOUND) E(DIAL_EV_NOT_FOUND) E(DIAL_EV_ALLOWED) E(DIAL_EV_REFUSED)                                \
    E(DIAL_EV_NEXT) E(DIAL_EV_NONE_LEFT) E(DIAL_EV_CONNECTED) E(DIAL_EV_BROKEN)

/*    from              event               to                action         calls down into                  */
#define DIAL_ROWS(R)                                                                                           \
    R(DIAL_RESOLVING,   DIAL_EV_FOUND,      DIAL_CHECKING,    dial_check)    /* addr_refused()              */ \
    R(DIAL_RESOLVING,   DIAL_EV_NOT_FOUND,  DIAL_FAILED,      dial_answer)                                     \
    R(DIAL_CHECKING,    DIAL_EV_ALLOWED,    DIAL_CHOOSING,    dial_choose)                                     \
    R(DIAL_CHECKING,    DIAL_EV_REFUSED,    DIAL_FAILED,      dial_answer)                                     \
    R(DIAL_CHOOSING,    DIAL_EV_NEXT,       DIAL_CONNECTING,  dial_connect)  /* stream_tcp_connect()        */ \
    R(DIAL_CHOOSING,    DIAL_EV_NONE_LEFT,  DIAL_FAILED,      dial_answer)                                     \
    R(DIAL_CONNECTING,  DIAL_EV_CONNECTED,  DIAL_OPEN,        dial_answer)                                     \
    R(DIAL_CONNECTING,  DIAL_EV_BROKEN,     DIAL_CHOOSING,    dial_choose)                                     \
    R(DIAL_CONNECTING,  DIAL_EV_DEADLINE,   DIAL_CHOOSING,    dial_pass_over)                                  \
    R(FSM_ANY,          DIAL_EV_DEADLINE,   DIAL_FAILED,      dial_expire)                                     \
    R(FSM_ANY,          DIAL_EV_FAULT,      DIAL_FAILED,      dial_fault)
/* clang-format on */

enum dial_state { DIAL_STATES(FSM_ENUM_) DIAL_STATE_COUNT };
enum dial_event { DIAL_EVENTS(FSM_ENUM_) DIAL_EVENT_COUNT };
