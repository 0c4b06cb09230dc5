/* app_fsm.h — the program as a whole: manifests and credentials in, requests served, an orderly end. */
#pragma once
#include "reactor/base/limits.h"
#include "reactor/machine/machine.h"

/* clang-format off */
/*    state           longest stay    meaning                                                                     */
#define APP_STATES(S)                                                                                             \
    S(APP_BEGUN,      SECONDS(5),     "nothing is open yet")                                                      \
    S(APP_FETCHING,   APP_LOAD_MS,    "manifests are read, credentials fetched")                                  \
    S(APP_SERVING,    FSM_FOREVER,    "until a signal, or until what it serves has ended")                        \
    S(APP_RELOADING,  APP_LOAD_MS,    "new manifests are read while the old rules go on serving")                 \
    S(APP_DRAINING,   DRAIN_MS,       "no new connections; what is under way may end")                            \
    S(APP_ENDED,      FSM_FINAL,      "the loop stops")

#define APP_EVENTS(E)                                                                                   \
    E(APP_EV_DEADLINE) E(APP_EV_FAULT)                                                                  \
    E(APP_EV_START) E(APP_EV_LOADED) E(APP_EV_FAILED) E(APP_EV_HUP) E(APP_EV_TERM) E(APP_EV_EMPTY)

/*    from            event             to              action                                          */
#define APP_ROWS(R)                                                                                     \
    R(APP_BEGUN,      APP_EV_START,     APP_FETCHING,   app_load)                                       \
    R(APP_FETCHING,   APP_EV_LOADED,    APP_SERVING,    app_ready)                                      \
    R(APP_FETCHING,   APP_EV_FAILED,    APP_ENDED,      app_give_up)                                    \
    R(APP_FETCHING,   APP_EV_HUP,       APP_FETCHING,   fsm_nothing)                                    \
    R(APP_SERVING,    APP_EV_HUP,       APP_RELOADING,  app_load)                                       \
    R(APP_SERVING,    APP_EV_TERM,      APP_DRAINING,   app_drain)                                      \
    R(APP_RELOADING,  APP_EV_LOADED,    APP_SERVING,    app_swap)                                       \
    R(APP_RELOADING,  APP_EV_FAILED,    APP_SERVING,    app_keep)                                       \
    R(APP_RELOADING,  APP_EV_DEADLINE,  APP_SERVING,    app_keep)                                       \
    R(APP_RELOADING,  APP_EV_HUP,       APP_RELOADING,  fsm_nothing)                                    \
    R(APP_RELOADING,  APP_EV_TERM,      APP_DRAINING,   app_drain)                                      \
    R(APP_DRAINING,   APP_EV_EMPTY,     APP_ENDED,      app_stop)                                       \
    R(APP_DRAINING,   APP_EV_TERM,      APP_ENDED,      app_stop)   /* asked twice: now */              \
    R(APP_DRAINING,   APP_EV_DEADLINE,  APP_ENDED,      app_stop)                                       \
    R(APP_DRAINING,   APP_EV_HUP,       APP_DRAINING,   fsm_nothing)                                    \
    R(APP_DRAINING,   APP_EV_LOADED,    APP_DRAINING,   fsm_nothing)                                    \
    R(APP_DRAINING,   APP_EV_FAILED,    APP_DRAINING,   fsm_nothing)                                    \
    R(FSM_ANY,        APP_EV_TERM,      APP_ENDED,      app_stop)                                       \
    R(FSM_ANY,        APP_EV_DEADLINE,  APP_ENDED,      app_give_up)                                    \
    R(FSM_ANY,        APP_EV_FAULT,     APP_ENDED,      app_give_up)
/* clang-format on */

enum app_state { APP_STATES(FSM_ENUM_) APP_STATE_COUNT };
enum app_event { APP_EVENTS(FSM_ENUM_) APP_EVENT_COUNT };
