/* conn_fsm.h — one client connection: what it speaks, whom it is for, one request after another. */
#pragma once
#include "reactor/base/limits.h"
#include "reactor/machine/machine.h"

/* clang-format off */
/*    state           longest stay                      meaning                                                     */
#define CONN_STATES(S)                                                                                              \
    S(CONN_OPENED,    CONN_FIRST_MS,                    "accepted, or tunnelled: is it TLS or HTTP?")               \
    S(CONN_HELLO,     TLS_HANDSHAKE_MS,                 "a ClientHello is arriving")                                \
    S(CONN_SHAKING,   TLS_HANDSHAKE_MS + SECONDS(1),    "our leaf is being shown")                                  \
    S(CONN_IDLE,      CONN_IDLE_MS,                     "between requests")                                         \
    S(CONN_HEAD,      CONN_HEAD_MS,                     "a request head is arriving; whatever the pace")            \
    S(CONN_BUSY,      FSM_FOREVER,                      "a request is under way; its machine has the deadlines")    \
    S(CONN_TUNNEL,    FSM_FOREVER,                      "passed through; the tunnel's machine has the deadlines")   \
    S(CONN_H2_IDLE,   CONN_IDLE_MS,                     "HTTP/2: no stream is open")                                \
    S(CONN_H2_BUSY,   FSM_FOREVER,                      "HTTP/2: the request of each stream has the deadlines")     \
    S(CONN_FLUSHING,  SEND_IDLE_MS,                     "the last answer goes out; what still comes is dropped")    \
    S(CONN_LINGERING, CONN_LINGER_MS,                   "it is out; a reset now would take it back from the client") \
    S(CONN_CLOSED,    FSM_FINAL,                        "over")

#define CONN_EVENTS(E)                                                                                      \
    E(CONN_EV_DEADLINE) E(CONN_EV_FAULT)                                                                    \
    E(CONN_EV_DATA) E(CONN_EV_EOF) E(CONN_EV_SENT) E(CONN_EV_GONE)        /* from the stream             */ \
    E(CONN_EV_TLS) E(CONN_EV_HTTP) E(CONN_EV_NAMED) E(CONN_EV_OPEN)       /* what the bytes turned out as */ \
    E(CONN_EV_H2)                                                                                           \
    E(CONN_EV_REQUEST) E(CONN_EV_TUNNELLED) E(CONN_EV_PASS)               /* what the head asked for     */ \
    E(CONN_EV_NEXT) E(CONN_EV_LAST) E(CONN_EV_DRAIN)

/*    from           event                to             action                                              */
#define CONN_ROWS(R)                                                                                         \
    R(CONN_OPENED,   CONN_EV_DATA,        CONN_OPENED,   conn_sniff)                                         \
    R(CONN_OPENED,   CONN_EV_TLS,         CONN_HELLO,    conn_peek)                                          \
    R(CONN_OPENED,   CONN_EV_HTTP,        CONN_HEAD,     conn_read_head)                                     \
    R(CONN_OPENED,   CONN_EV_REQUEST,     CONN_BUSY,     conn_begin_refused) /* cleartext to port 443 */     \
    R(CONN_OPENED,   CONN_EV_DRAIN,       CONN_CLOSED,   conn_end)                                           \
    R(CONN_HELLO,    CONN_EV_DATA,        CONN_HELLO,    conn_peek)                                          \
    R(CONN_HELLO,    CONN_EV_NAMED,       CONN_SHAKING,  conn_shake)                                         \
    R(CONN_HELLO,    CONN_EV_PASS,        CONN_TUNNEL,   conn_pass)                                          \
    R(CONN_HELLO,    CONN_EV_REQUEST,     CONN_BUSY,     conn_begin_mute) /* the names disagree */           \
    R(CONN_HELLO,    CONN_EV_DRAIN,       CONN_CLOSED,   conn_end)                                           \
    R(CONN_SHAKING,  CONN_EV_OPEN,        CONN_IDLE,     conn_look)                                          \
    R(CONN_SHAKING,  CONN_EV_DRAIN,       CONN_CLOSED,   conn_end)                                           \
    R(CONN_IDLE,     CONN_EV_DATA,        CONN_IDLE,     conn_look)                                          \
    R(CONN_IDLE,     CONN_EV_HTTP,        CONN_HEAD,     conn_read_head)                                     \
    R(CONN_IDLE,     CONN_EV_H2,          CONN_H2_IDLE,  conn_h2_begin)                                      \
    R(CONN_H2_IDLE,  CONN_EV_DATA,        CONN_H2_IDLE,  conn_h2_feed)                                       \
    R(CONN_H2_IDLE,  CONN_EV_REQUEST,     CONN_H2_BUSY,  fsm_nothing)                                        \
    R(CONN_H2_IDLE,  CONN_EV_LAST,        CONN_FLUSHING, conn_h2_finish)                                     \
    R(CONN_H2_IDLE,  CONN_EV_DEADLINE,    CONN_FLUSHING, conn_h2_finish)                                     \
    R(CONN_H2_IDLE,  CONN_EV_DRAIN,       CONN_H2_IDLE,  conn_h2_drain)                                      \
    R(CONN_H2_BUSY,  CONN_EV_DATA,        CONN_H2_BUSY,  conn_h2_feed)                                       \
    R(CONN_H2_BUSY,  CONN_EV_REQUEST,     CONN_H2_BUSY,  fsm_nothing)                                        \
    R(CONN_H2_BUSY,  CONN_EV_NEXT,        CONN_H2_IDLE,  conn_h2_rest)                                       \
    R(CONN_H2_BUSY,  CONN_EV_LAST,        CONN_FLUSHING, conn_h2_finish)                                     \
    R(CONN_H2_BUSY,  CONN_EV_DRAIN,       CONN_H2_BUSY,  conn_h2_drain)                                      \
    R(CONN_IDLE,     CONN_EV_LAST,        CONN_FLUSHING,  conn_finish)                                        \
    R(CONN_IDLE,     CONN_EV_EOF,         CONN_FLUSHING,  conn_finish)                                        \
    R(CONN_IDLE,     CONN_EV_DEADLINE,    CONN_FLUSHING,  conn_finish)                                        \
    R(CONN_IDLE,     CONN_EV_DRAIN,       CONN_FLUSHING,  conn_finish)                                        \
    R(CONN_HEAD,     CONN_EV_DATA,        CONN_HEAD,     conn_read_head)                                     \
    R(CONN_HEAD,     CONN_EV_REQUEST,     CONN_BUSY,     conn_begin)                                         \
    R(CONN_HEAD,     CONN_EV_DEADLINE,    CONN_BUSY,     conn_begin_late)                                    \
    R(CONN_HEAD,     CONN_EV_DRAIN,       CONN_HEAD,     fsm_nothing)     /* it will be refused */           \
    R(CONN_BUSY,     CONN_EV_DATA,        CONN_BUSY,     conn_feed)                                          \
    R(CONN_BUSY,     CONN_EV_EOF,         CONN_BUSY,     conn_half_closed)                                   \
    R(CONN_BUSY,     CONN_EV_TUNNELLED,   CONN_OPENED,   conn_sniff)                                         \
    R(CONN_BUSY,     CONN_EV_PASS,        CONN_TUNNEL,   conn_pass)                                          \
    R(CONN_BUSY,     CONN_EV_NEXT,        CONN_IDLE,     conn_look)                                          \
    R(CONN_BUSY,     CONN_EV_LAST,        CONN_FLUSHING,  conn_finish)                                        \
    R(CONN_BUSY,     CONN_EV_DRAIN,       CONN_BUSY,     fsm_nothing)     /* ends after this request */      \
    R(CONN_TUNNEL,   CONN_EV_REQUEST,     CONN_BUSY,     conn_begin_refused)                                 \
    R(CONN_TUNNEL,   CONN_EV_DRAIN,       CONN_TUNNEL,   fsm_nothing)                                        \
    R(CONN_FLUSHING, CONN_EV_DATA,        CONN_FLUSHING, conn_discard)                                       \
    R(CONN_FLUSHING, CONN_EV_EOF,         CONN_FLUSHING, fsm_nothing)                                        \
    R(CONN_FLUSHING, CONN_EV_SENT,        CONN_LINGERING, conn_linger)                                       \
    R(CONN_FLUSHING, CONN_EV_DRAIN,       CONN_FLUSHING, fsm_nothing)                                        \
    R(CONN_LINGERING, CONN_EV_DATA,       CONN_LINGERING, conn_discard)                                      \
    R(CONN_LINGERING, CONN_EV_DRAIN,      CONN_CLOSED,   conn_end)                                           \
    R(FSM_ANY,       CONN_EV_EOF,         CONN_CLOSED,   conn_end)                                           \
    R(FSM_ANY,       CONN_EV_GONE,        CONN_CLOSED,   conn_end)                                           \
    R(FSM_ANY,       CONN_EV_DEADLINE,    CONN_CLOSED,   conn_end)                                           \
    R(FSM_ANY,       CONN_EV_FAULT,       CONN_CLOSED,   conn_end)
/* clang-format on */

enum conn_state { CONN_STATES(FSM_ENUM_) CONN_STATE_COUNT };
enum conn_event { CONN_EVENTS(FSM_ENUM_) CONN_EVENT_COUNT };
