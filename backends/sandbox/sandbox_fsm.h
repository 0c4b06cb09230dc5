/* sandbox_fsm.h — the life of one namespaces sandbox.  docs/machines.md draws this file. */
#pragma once
#include "reactor/base/limits.h"
#include "reactor/machine/machine.h"

/* clang-format off */
/*    state            longest stay      meaning                                                       */
#define BOX_STATES(S)                                                                                    \
    S(BOX_SPAWNED,     SANDBOX_START_MS, "the launcher makes namespaces and hands out their sockets")    \
    S(BOX_LISTENING,   SANDBOX_START_MS, "the doors are open; bubblewrap builds the rest")   \
    S(BOX_RUNNING,     FSM_FOREVER,      "the agent runs; it ends by itself or is told to")              \
    S(BOX_STOPPING,    SANDBOX_STOP_MS,  "SIGTERM was sent")                                             \
    S(BOX_KILLING,     SANDBOX_KILL_MS,  "SIGKILL was sent")                                             \
    S(BOX_ABORTING,    SANDBOX_KILL_MS,  "SIGKILL was sent to one that failed to start")                 \
    S(BOX_GONE,        FSM_FINAL,        "the agent has ended, and everything it started")               \
    S(BOX_BROKEN,      FSM_FINAL,        "it never ran, or would not end")

#define BOX_EVENTS(E) E(BOX_EV_DEADLINE) E(BOX_EV_FAULT) E(BOX_EV_READY) E(BOX_EV_FAILED) E(BOX_EV_STARTED) \
                      E(BOX_EV_STOP) E(BOX_EV_EXIT)

/*    from             event             to               action          */
#define BOX_ROWS(R)                                                         \
    R(BOX_SPAWNED,     BOX_EV_READY,     BOX_LISTENING,   box_go)           \
    R(BOX_SPAWNED,     BOX_EV_FAILED,    BOX_ABORTING,    box_kill)         \
    R(BOX_SPAWNED,     BOX_EV_STOP,      BOX_ABORTING,    box_kill)         \
    R(BOX_SPAWNED,     BOX_EV_EXIT,      BOX_BROKEN,      box_report)       \
    R(BOX_SPAWNED,     BOX_EV_DEADLINE,  BOX_ABORTING,    box_kill)         \
    R(BOX_SPAWNED,     BOX_EV_FAULT,     BOX_ABORTING,    box_kill)         \
    R(BOX_LISTENING,   BOX_EV_STARTED,   BOX_RUNNING,     box_tell_running) \
    R(BOX_LISTENING,   BOX_EV_FAILED,    BOX_ABORTING,    box_kill)         \
    R(BOX_LISTENING,   BOX_EV_STOP,      BOX_ABORTING,    box_kill)         \
    R(BOX_LISTENING,   BOX_EV_EXIT,      BOX_BROKEN,      box_report)       \
    R(BOX_LISTENING,   BOX_EV_DEADLINE,  BOX_ABORTING,    box_kill)         \
    R(BOX_LISTENING,   BOX_EV_FAULT,     BOX_ABORTING,    box_kill)         \
    R(BOX_RUNNING,     BOX_EV_STOP,      BOX_STOPPING,    box_term)         \
    R(BOX_RUNNING,     BOX_EV_EXIT,      BOX_GONE,        box_report)       \
    R(BOX_STOPPING,    BOX_EV_STOP,      BOX_STOPPING,    fsm_nothing)      \
    R(BOX_STOPPING,    BOX_EV_EXIT,      BOX_GONE,        box_report)       \
    R(BOX_STOPPING,    BOX_EV_DEADLINE,  BOX_KILLING,     box_kill)         \
    R(BOX_KILLING,     BOX_EV_STOP,      BOX_KILLING,     fsm_nothing)      \
    R(BOX_KILLING,     BOX_EV_EXIT,      BOX_GONE,        box_report)       \
    R(BOX_KILLING,     BOX_EV_DEADLINE,  BOX_BROKEN,      box_report)       \
    R(BOX_KILLING,     BOX_EV_FAULT,     BOX_BROKEN,      box_report)       \
    R(BOX_ABORTING,    BOX_EV_STOP,      BOX_ABORTING,    fsm_nothing)      \
    R(BOX_ABORTING,    BOX_EV_FAILED,    BOX_ABORTING,    fsm_nothing)      \
    R(BOX_ABORTING,    BOX_EV_STARTED,   BOX_ABORTING,    fsm_nothing)      \
    R(BOX_ABORTING,    BOX_EV_EXIT,      BOX_BROKEN,      box_report)       \
    R(BOX_ABORTING,    BOX_EV_DEADLINE,  BOX_BROKEN,      box_report)       \
    R(BOX_ABORTING,    BOX_EV_FAULT,     BOX_BROKEN,      box_report)       \
    R(FSM_ANY,         BOX_EV_FAULT,     BOX_KILLING,     box_kill)
/* clang-format on */

enum box_state { BOX_STATES(FSM_ENUM_) BOX_STATE_COUNT };
enum box_event { BOX_EVENTS(FSM_ENUM_) BOX_EVENT_COUNT };
