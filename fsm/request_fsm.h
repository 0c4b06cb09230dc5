/* request_fsm.h — one request and its response, in the order it happens. */
#pragma once
#include "reactor/base/limits.h"
#include "reactor/machine/machine.h"

/* clang-format off */
/*    state          longest stay                  meaning */
#define REQUEST_STATES(S)                                                                                              \
    S(REQ_BEGUN,     SECONDS(1),                   "its head is here")                                                 \
    S(REQ_POLICY,    SECONDS(1),                   "names must agree, a route must allow it")                          \
    S(REQ_PROPOSED,  HOLD_MS,                      "a person is asked whether it may go to a host without a route")   \
    S(REQ_SCAN,      BODY_IDLE_MS,                 "the body passes the scanner into the spool; progress renews")      \
    S(REQ_HOLD,      HOLD_MS,                      "a person is asked whether what the scan stopped may go")          \
    S(REQ_DIGEST,    DIGEST_MS,                    "a person has to see it: what it is, to the byte, is digested")    \
    S(REQ_DIAL,      DIAL_MS + TLS_HANDSHAKE_MS + SECONDS(5), "a verified connection to the origin is made or reused") \
    S(REQ_SEND,      SEND_IDLE_MS,                 "it goes out, the credential added last; progress renews")          \
    S(REQ_WAIT,      ANSWER_MS,                    "the response head is awaited")                                     \
    S(REQ_RELAY,     RELAY_IDLE_MS,                "the response goes to the client; progress renews")                 \
    S(REQ_REFUSE,    REFUSE_MS,                    "the client is told no, and why")                                   \
    S(REQ_DONE,      FSM_FINAL,                    "answered in full")                                                 \
    S(REQ_DROPPED,   FSM_FINAL,                    "cut: one side left, or the rules broke in mid-response")

#define REQUEST_EVENTS(E)                                                                          \
    E(REQ_EV_DEADLINE) E(REQ_EV_FAULT)                                                             \
    E(REQ_EV_DECIDE) E(REQ_EV_PASS) E(REQ_EV_NO) E(REQ_EV_PROGRESS) E(REQ_EV_WHOLE)                \
    E(REQ_EV_ASK) E(REQ_EV_ALLOW)                                                                  \
    E(REQ_EV_CONNECTED) E(REQ_EV_SENT) E(REQ_EV_RESPONSE) E(REQ_EV_STALE) E(REQ_EV_END)            \
    E(REQ_EV_CLIENT_GONE) E(REQ_EV_UPSTREAM_GONE)

/*    from         event                  to             action               calls down into                */
#define REQUEST_ROWS(R)                                                                                        \
    R(REQ_BEGUN,   REQ_EV_DECIDE,         REQ_POLICY,    request_decide)   /* wire/url, dlp/policy          */ \
    R(REQ_POLICY,  REQ_EV_PASS,           REQ_SCAN,      request_scan)     /* dlp/scan, base/spool          */ \
    R(REQ_POLICY,  REQ_EV_ASK,            REQ_PROPOSED,  request_propose)  /* queue/asker                   */ \
    R(REQ_PROPOSED, REQ_EV_ALLOW,         REQ_POLICY,    request_decide)                                       \
    R(REQ_PROPOSED, REQ_EV_ASK,           REQ_PROPOSED,  request_propose)                                      \
    R(REQ_PROPOSED, REQ_EV_DEADLINE,      REQ_REFUSE,    request_unanswered)                                   \
    R(REQ_SCAN,    REQ_EV_PROGRESS,       REQ_SCAN,      request_renew)                                        \
    R(REQ_SCAN,    REQ_EV_WHOLE,          REQ_SCAN,      request_judge)    /* the last hits                 */ \
    R(REQ_SCAN,    REQ_EV_PASS,           REQ_DIAL,      request_dial)     /* backends/origin               */ \
    R(REQ_SCAN,    REQ_EV_ASK,            REQ_HOLD,      request_hold)     /* queue/asker                   */ \
    R(REQ_HOLD,    REQ_EV_ALLOW,          REQ_DIAL,      request_release)                                      \
    R(REQ_HOLD,    REQ_EV_ASK,            REQ_DIGEST,    request_digest)   /* base/digest, base/spool       */ \
    R(REQ_DIGEST,  REQ_EV_PROGRESS,       REQ_DIGEST,    request_digest_on)                                    \
    R(REQ_DIGEST,  REQ_EV_WHOLE,          REQ_HOLD,      request_hold)                                         \
    R(REQ_HOLD,    REQ_EV_DEADLINE,       REQ_REFUSE,    request_unanswered)                                   \
    R(REQ_DIAL,    REQ_EV_CONNECTED,      REQ_SEND,      request_send)     /* dlp/secrets, then the wire    */ \
    R(REQ_DIAL,    REQ_EV_STALE,          REQ_DIAL,      request_redial)                                       \
    R(REQ_SEND,    REQ_EV_PROGRESS,       REQ_SEND,      request_renew)                                        \
    R(REQ_SEND,    REQ_EV_RESPONSE,       REQ_RELAY,     request_relay)    /* early: stop sending           */ \
    R(REQ_SEND,    REQ_EV_SENT,           REQ_WAIT,      request_await)                                        \
    R(REQ_SEND,    REQ_EV_STALE,          REQ_DIAL,      request_redial)                                       \
    R(REQ_WAIT,    REQ_EV_RESPONSE,       REQ_RELAY,     request_relay)                                        \
    R(REQ_WAIT,    REQ_EV_STALE,          REQ_DIAL,      request_redial)                                       \
    R(REQ_RELAY,   REQ_EV_PROGRESS,       REQ_RELAY,     request_renew)                                        \
    R(REQ_RELAY,   REQ_EV_END,            REQ_DONE,      request_finish)                                       \
    R(REQ_RELAY,   REQ_EV_NO,             REQ_DROPPED,   request_cut)                                          \
    R(REQ_RELAY,   REQ_EV_UPSTREAM_GONE,  REQ_DROPPED,   request_cut)                                          \
    R(REQ_RELAY,   REQ_EV_DEADLINE,       REQ_DROPPED,   request_cut)                                          \
    R(REQ_REFUSE,  REQ_EV_END,            REQ_DONE,      request_finish)                                       \
    R(REQ_REFUSE,  REQ_EV_PROGRESS,       REQ_REFUSE,    fsm_nothing)                                          \
    R(REQ_REFUSE,  REQ_EV_WHOLE,          REQ_REFUSE,    fsm_nothing)                                          \
    R(REQ_REFUSE,  REQ_EV_NO,             REQ_REFUSE,    fsm_nothing)                                          \
    R(REQ_REFUSE,  REQ_EV_UPSTREAM_GONE,  REQ_REFUSE,    fsm_nothing)                                          \
    R(REQ_REFUSE,  REQ_EV_DEADLINE,       REQ_DROPPED,   request_cut)                                          \
    R(FSM_ANY,     REQ_EV_NO,             REQ_REFUSE,    request_refuse_now)                                   \
    R(FSM_ANY,     REQ_EV_UPSTREAM_GONE,  REQ_REFUSE,    request_refuse_now)                                   \
    R(FSM_ANY,     REQ_EV_DEADLINE,       REQ_REFUSE,    request_late)                                         \
    R(FSM_ANY,     REQ_EV_CLIENT_GONE,    REQ_DROPPED,   request_cut)                                          \
    R(FSM_ANY,     REQ_EV_FAULT,          REQ_DROPPED,   request_cut)
/* clang-format on */

enum request_state { REQUEST_STATES(FSM_ENUM_) REQ_STATE_COUNT };
enum request_event { REQUEST_EVENTS(FSM_ENUM_) REQ_EVENT_COUNT };
