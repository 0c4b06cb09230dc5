/* tunnel_fsm.h — a connection passed through unread, after the name and the address were checked. */
#pragma once
#include "reactor/base/limits.h"
#include "reactor/machine/machine.h"

/* clang-format off */
/*    state            longest stay             meaning                                                          */
#define TUNNEL_STATES(S)                                                                                         \
    S(TUNNEL_BEGUN,    SECONDS(1),              "a passthrough route allows it")                                 \
    S(TUNNEL_DIALLING, DIAL_MS + SECONDS(1),    "the address is looked up, checked and connected to")            \
    S(TUNNEL_HELLO,    TLS_HANDSHAKE_MS,        "the ClientHello must name the same host")                       \
    S(TUNNEL_OPEN,     TUNNEL_IDLE_MS,          "bytes go both ways; progress renews")                           \
    S(TUNNEL_REFUSED,  FSM_FINAL,               "not connected: its owner says why")                             \
    S(TUNNEL_OVER,     FSM_FINAL,               "ended")

#define TUNNEL_EVENTS(E)                                                                                   \
    E(TUNNEL_EV_DEADLINE) E(TUNNEL_EV_FAULT)                                                               \
    E(TUNNEL_EV_BEGIN) E(TUNNEL_EV_DIALLED) E(TUNNEL_EV_DATA) E(TUNNEL_EV_AGREED) E(TUNNEL_EV_NO)          \
    E(TUNNEL_EV_DONE) E(TUNNEL_EV_GONE)

/*    from             event                to                action                                        */
#define TUNNEL_ROWS(R)                                                                              \
    R(TUNNEL_BEGUN,    TUNNEL_EV_BEGIN,     TUNNEL_DIALLING,  tunnel_dial)                          \
    R(TUNNEL_DIALLING, TUNNEL_EV_DATA,      TUNNEL_DIALLING,  fsm_nothing)  /* an early hello */    \
    R(TUNNEL_DIALLING, TUNNEL_EV_DIALLED,   TUNNEL_HELLO,     tunnel_greet)                         \
    R(TUNNEL_DIALLING, TUNNEL_EV_NO,        TUNNEL_REFUSED,   tunnel_end)                           \
    R(TUNNEL_DIALLING, TUNNEL_EV_DEADLINE,  TUNNEL_REFUSED,   tunnel_late)                          \
    R(TUNNEL_HELLO,    TUNNEL_EV_DATA,      TUNNEL_HELLO,     tunnel_check)                         \
    R(TUNNEL_HELLO,    TUNNEL_EV_AGREED,    TUNNEL_OPEN,      tunnel_pump)                          \
    R(TUNNEL_HELLO,    TUNNEL_EV_NO,        TUNNEL_OVER,      tunnel_end)   /* 200 was said */      \
    R(TUNNEL_OPEN,     TUNNEL_EV_DATA,      TUNNEL_OPEN,      tunnel_pump)                          \
    R(TUNNEL_OPEN,     TUNNEL_EV_DONE,      TUNNEL_OVER,      tunnel_end)                           \
    R(FSM_ANY,         TUNNEL_EV_GONE,      TUNNEL_OVER,      tunnel_end)                           \
    R(FSM_ANY,         TUNNEL_EV_DEADLINE,  TUNNEL_OVER,      tunnel_end)                           \
    R(FSM_ANY,         TUNNEL_EV_FAULT,     TUNNEL_OVER,      tunnel_end)
/* clang-format on */

enum tunnel_state { TUNNEL_STATES(FSM_ENUM_) TUNNEL_STATE_COUNT };
enum tunnel_event { TUNNEL_EVENTS(FSM_ENUM_) TUNNEL_EVENT_COUNT };
