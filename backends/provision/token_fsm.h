/* token_fsm.h — one command that prints a credential.  docs/machines.md draws this file. */
#pragma once
#include "reactor/base/limits.h"
#include "reactor/machine/machine.h"

/* clang-format off */
/*    state            longest stay  meaning                                              */
#define TOKEN_STATES(S)                                                                     \
    S(TOKEN_SPAWNED,   TOKEN_MS,     "the command runs and has printed nothing")            \
    S(TOKEN_READING,   TOKEN_MS,     "it has printed something; its end is awaited")        \
    S(TOKEN_HAVE,      FSM_FINAL,    "it exited with 0 and its first line is in the vault") \
    S(TOKEN_FAILED,    FSM_FINAL,    "no value: the slot stays empty and its routes refuse")

#define TOKEN_EVENTS(E)                                                                     \
    E(TOKEN_EV_DEADLINE) E(TOKEN_EV_FAULT)                                                  \
    E(TOKEN_EV_PRINTED) E(TOKEN_EV_STORED) E(TOKEN_EV_UNUSABLE)

/*    from             event              to             action       */
#define TOKEN_ROWS(R)                                                   \
    R(TOKEN_SPAWNED,   TOKEN_EV_PRINTED,  TOKEN_READING, token_collect) \
    R(TOKEN_READING,   TOKEN_EV_PRINTED,  TOKEN_READING, token_collect) \
    R(TOKEN_READING,   TOKEN_EV_STORED,   TOKEN_HAVE,    token_report)  \
    R(FSM_ANY,         TOKEN_EV_UNUSABLE, TOKEN_FAILED,  token_report)  \
    R(FSM_ANY,         TOKEN_EV_DEADLINE, TOKEN_FAILED,  token_late)    \
    R(FSM_ANY,         TOKEN_EV_FAULT,    TOKEN_FAILED,  token_report)
/* clang-format on */

enum token_state { TOKEN_STATES(FSM_ENUM_) TOKEN_STATE_COUNT };
enum token_event { TOKEN_EVENTS(FSM_ENUM_) TOKEN_EVENT_COUNT };
