/* upstream_fsm.h — one connection to an origin: made for a request, kept for the next. */
#pragma once
#include "reactor/base/limits.h"
#include "reactor/machine/machine.h"

/* clang-format off */
/*    state          longest stay                     meaning                                                   */
#define UPSTREAM_STATES(S)                                                                                       \
    S(UP_DIALLING,   DIAL_MS + SECONDS(1),            "the address is looked up, checked and connected to")      \
    S(UP_SHAKING,    TLS_HANDSHAKE_MS + SECONDS(1),   "the chain and the name are verified")                     \
    S(UP_BUSY,       FSM_FOREVER,                     "lent to a request, whose own machine has the deadlines")  \
    S(UP_IDLE,       POOL_IDLE_MS,                    "in the pool")                                             \
    S(UP_CLOSED,     FSM_FINAL,                       "over")

#define UPSTREAM_EVENTS(E)                                                                       \
    E(UP_EV_DEADLINE) E(UP_EV_FAULT)                                                             \
    E(UP_EV_STARVED) E(UP_EV_DIALLED) E(UP_EV_SHAKEN) E(UP_EV_LENT) E(UP_EV_RETURNED) E(UP_EV_GONE) E(UP_EV_DROPPED)

/*    from           event             to             action */
#define UPSTREAM_ROWS(R)                                                  \
    R(UP_DIALLING,   UP_EV_STARVED,    UP_DIALLING,   upstream_make_room) \
    R(UP_DIALLING,   UP_EV_DIALLED,    UP_SHAKING,    upstream_shake)     \
    R(UP_SHAKING,    UP_EV_SHAKEN,     UP_BUSY,       upstream_ready)     \
    R(UP_BUSY,       UP_EV_RETURNED,   UP_IDLE,       upstream_rest)      \
    R(UP_IDLE,       UP_EV_LENT,       UP_BUSY,       upstream_wake)      \
    R(UP_DIALLING,   UP_EV_DEADLINE,   UP_CLOSED,     upstream_late)      \
    R(UP_SHAKING,    UP_EV_DEADLINE,   UP_CLOSED,     upstream_late)      \
    R(UP_IDLE,       UP_EV_DEADLINE,   UP_CLOSED,     upstream_close)     \
    R(FSM_ANY,       UP_EV_GONE,       UP_CLOSED,     upstream_fail)      \
    R(FSM_ANY,       UP_EV_DROPPED,    UP_CLOSED,     upstream_close)     \
    R(FSM_ANY,       UP_EV_FAULT,      UP_CLOSED,     upstream_fail)
/* clang-format on */

enum upstream_state { UPSTREAM_STATES(FSM_ENUM_) UP_STATE_COUNT };
enum upstream_event_id { UPSTREAM_EVENTS(FSM_ENUM_) UP_EVENT_COUNT };
