/* machine.h — the engine under every state machine, in whichever room it lives.
 *
 * A machine is data: its states, its events, and rows (from, event) -> (to, action).
 * The engine finds the row, reports it, moves, sets the state's deadline, calls the action.
 *
 * Order    run to completion.  An event posted while an action runs waits in the machine's mailbox,
 *          so a callback that answers at once and one that answers tomorrow look the same.
 * Order 2  a mailbox that overflows is a FAULT, before anything that still waits in it.
 * Time     milliseconds of the loop's monotonic clock; the deadline is a timer inside the machine.
 * Memory   none of its own.  Never freed from inside its own action (asserted): loop_defer() it.
 * Unlisted an event a live state has no row for becomes the FAULT event: machines fail closed.
 * Late     any event after a final state is reported and dropped.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "reactor/loop/timer.h"

#define FSM_MAIL_MAX 8u         /* events that may wait at once; one more makes the machine FAULT */
#define FSM_ANY      0xff       /* in a row's "from": every live state without its own row */
#define FSM_FINAL    0u         /* a state's limit: nothing happens after it */
#define FSM_FOREVER  UINT32_MAX /* a state's limit: it may rest here; its meaning says why */

/* The two events every machine has, first in its list and in this order. */
enum { FSM_EV_DEADLINE, FSM_EV_FAULT };

struct fsm;
typedef void fsm_action_fn(struct fsm *machine);

fsm_action_fn fsm_nothing; /* the move is all there is */

struct fsm_state {
    const char *name;
    uint32_t limit_ms; /* longest stay; FSM_FINAL for a final state */
    const char *meaning;
};

struct fsm_row {
    uint8_t from, event, to;
    fsm_action_fn *action;
    const char *action_name;
};

struct fsm_type {
    const char *name;
    const struct fsm_state *states;
    const char *const *events;
    const struct fsm_row *rows;
    uint8_t state_count, event_count, row_count;
};

struct fsm {
    const struct fsm_type *type;
    uint64_t id, entered_ms;
    struct timer timer;                                        /* due_ms: when this state's stay is over */
    uint8_t state, mail_first, mail_count, mail[FSM_MAIL_MAX]; /* a ring */
    uint8_t last_event;                                        /* what led to the present state, for the log */
    bool running;                                              /* inside an action */
    bool overflowed;                                           /* an event did not fit: FAULT is next */
};

/* Starts in state 0 and arms its deadline. */
void fsm_start(struct fsm *machine, const struct fsm_type *type, struct loop *loop, uint64_t id);

/* Runs the row for event, then whatever its action posted, until the mailbox is empty. */
void fsm_post(struct fsm *machine, uint8_t event);

/* Progress was made: the longest stay counts from now. */
void fsm_touch(struct fsm *machine);

/* This visit to the present state may last limit_ms from its entry, when that is less than the table's longest stay:
 * what a person configured can shorten a stay, never lengthen it. */
void fsm_limit(struct fsm *machine, uint32_t limit_ms);

/* Disarms the deadline before the memory goes away.  Never from inside an action (asserted). */
void fsm_stop(struct fsm *machine);

bool fsm_is_final(const struct fsm *machine);

/* "EX_HOLD", "EX_EV_DEADLINE": in which state it is and by which event it got there. */
const char *fsm_state_name(const struct fsm *machine);
const char *fsm_event_name(const struct fsm *machine);

/* Checks a definition as a whole; writes the first fault found into why.  Runs in tests over every machine. */
bool fsm_audit(const struct fsm_type *type, char *why, unsigned why_size);

/* True when no path from the first state reaches target without passing gate: "nothing is sent unscanned". */
bool fsm_always_before(const struct fsm_type *type, uint8_t gate, uint8_t target);

/* --- how a definition (hold_fsm.h) becomes enums and tables --------------------------------------------- */
/* clang-format off */
#define FSM_ENUM_(id, ...) id,
#define FSM_STATE_(id, limit, meaning) [id] = {#id, (limit), (meaning)},
#define FSM_EVENT_(id) [id] = #id,
#define FSM_ROW_(from, event, to, action) {(from), (event), (to), (action), #action},
#define FSM_ROW_BARE_(from, event, to, action) {(from), (event), (to), 0, #action}, /* for diagrams and audits */

#define FSM_TYPE_WITH_(variable, text, STATES, EVENTS, ROWS, ROW)                                        \
    static const struct fsm_state variable##_states[] = {STATES(FSM_STATE_)};                            \
    static const char *const variable##_events[] = {EVENTS(FSM_EVENT_)};                                 \
    static const struct fsm_row variable##_rows[] = {ROWS(ROW)};                                         \
    static const struct fsm_type variable = {                                                            \
        .name = (text),                                                                                  \
        .states = variable##_states, .state_count = sizeof variable##_states / sizeof *variable##_states, \
        .events = variable##_events, .event_count = sizeof variable##_events / sizeof *variable##_events, \
        .rows = variable##_rows, .row_count = sizeof variable##_rows / sizeof *variable##_rows,           \
    }
#define FSM_TYPE(variable, text, S, E, R) FSM_TYPE_WITH_(variable, text, S, E, R, FSM_ROW_)
#define FSM_TYPE_BARE(variable, text, S, E, R) FSM_TYPE_WITH_(variable, text, S, E, R, FSM_ROW_BARE_)
/* clang-format on */
