#include "reactor/machine/machine.h"

#include <assert.h>
#include <stdio.h>

#include "reactor/base/own.h"
#include "reactor/machine/trace.h"

static bool is_final(const struct fsm_type *type, uint8_t state) { return type->states[state].limit_ms == FSM_FINAL; }

bool fsm_is_final(const struct fsm *machine) { return is_final(machine->type, machine->state); }

static const struct fsm_row *find_row(const struct fsm_type *type, uint8_t state, uint8_t event)
{
    const struct fsm_row *fallback = NULL;
    for (uint8_t i = 0; i < type->row_count; i++) {
        const struct fsm_row *row = &type->rows[i];
        if (row->event != event) continue;
        if (row->from == state) return row;
        if (row->from == FSM_ANY) fallback = row;
    }
    return fallback;
}

const char *fsm_state_name(const struct fsm *machine) { return machine->type->states[machine->state].name; }
const char *fsm_event_name(const struct fsm *machine) { return machine->type->events[machine->last_event]; }

void fsm_touch(struct fsm *machine)
{
    uint32_t limit_ms = machine->type->states[machine->state].limit_ms;
    bool endless = limit_ms == FSM_FINAL || limit_ms == FSM_FOREVER;

    machine->entered_ms = loop_now_ms(machine->timer.loop);
    timer_arm(&machine->timer, endless ? UINT64_MAX : machine->entered_ms + limit_ms);
}

void fsm_limit(struct fsm *machine, uint32_t limit_ms)
{
    uint64_t due_ms = machine->entered_ms + limit_ms;

    if (!fsm_is_final(machine) && due_ms < machine->timer.due_ms) timer_arm(&machine->timer, due_ms);
}

static void on_deadline(struct timer *timer) { fsm_post(CONTAINER_OF(timer, struct fsm, timer), FSM_EV_DEADLINE); }

static void enter(struct fsm *machine, uint8_t state)
{
    machine->state = state;
    fsm_touch(machine);
}

void fsm_start(struct fsm *machine, const struct fsm_type *type, struct loop *loop, uint64_t id)
{
    *machine = (struct fsm){.type = type, .id = id};
    timer_init(&machine->timer, loop, on_deadline);
    enter(machine, 0);
}

void fsm_stop(struct fsm *machine)
{
    assert(!machine->running);
    if (machine->timer.loop != NULL) timer_disarm(&machine->timer);
}

static void step(struct fsm *machine, uint8_t event)
{
    uint8_t from = machine->state;

    if (fsm_is_final(machine)) {
        trace_note(machine, FSM_LATE, from, event);
        return;
    }
    const struct fsm_row *row = find_row(machine->type, from, event);
    if (row == NULL) {
        assert(event != FSM_EV_FAULT); /* fsm_audit(): every live state has a FAULT row */
        trace_note(machine, FSM_UNLISTED, from, event);
        step(machine, FSM_EV_FAULT);
        return;
    }
    if (row->to != from) {
        machine->last_event = event;
        enter(machine, row->to);
    }
    trace_note(machine, FSM_MOVED, from, event);
    row->action(machine);
}

static bool take_mail(struct fsm *machine, uint8_t *event_out)
{
    if (machine->overflowed) {
        machine->overflowed = false;
        machine->mail_count = 0; /* what waited was posted to a machine that no longer keeps up */
        *event_out = FSM_EV_FAULT;
        return true;
    }
    if (machine->mail_count == 0) return false;
    *event_out = machine->mail[machine->mail_first];
    machine->mail_first = (uint8_t)((machine->mail_first + 1u) % FSM_MAIL_MAX);
    machine->mail_count--;
    return true;
}

void fsm_post(struct fsm *machine, uint8_t event)
{
    uint8_t next;

    assert(event < machine->type->event_count);
    if (machine->mail_count == FSM_MAIL_MAX)
        machine->overflowed = true;
    else
        machine->mail[(machine->mail_first + machine->mail_count++) % FSM_MAIL_MAX] = event;
    if (machine->running) return; /* the loop below is already on the stack and will take it */

    machine->running = true;
    while (take_mail(machine, &next)) step(machine, next);
    machine->running = false;
}

void fsm_nothing(struct fsm *machine) { (void)machine; }

/* --- audit ---------------------------------------------------------------------------------------------- */

struct map {
    bool reached[FSM_ANY], ends[FSM_ANY];
};

/* One pass over every live state and event.  True while it still learns something. */
static bool spread(const struct fsm_type *type, struct map *map)
{
    bool learnt = false;

    for (uint8_t s = 0; s < type->state_count; s++)
        for (uint8_t e = 0; e < type->event_count && !is_final(type, s); e++) {
            const struct fsm_row *row = find_row(type, s, e);
            if (row == NULL) continue;
            if (map->reached[s] && !map->reached[row->to]) learnt = map->reached[row->to] = true;
            if (map->ends[row->to] && !map->ends[s]) learnt = map->ends[s] = true;
        }
    return learnt;
}

static const char *flaw(const struct fsm_type *type, const struct map *map, uint8_t state)
{
    const struct fsm_row *due = find_row(type, state, FSM_EV_DEADLINE);

    if (!map->reached[state]) return "is never reached";
    if (!map->ends[state]) return "never ends";
    if (is_final(type, state)) return NULL;
    if (find_row(type, state, FSM_EV_FAULT) == NULL) return "has no FAULT row";
    if (type->states[state].limit_ms != FSM_FOREVER && (due == NULL || due->to == state))
        return "has no DEADLINE row that moves on";
    for (uint8_t e = 0; e < type->event_count; e++) {
        const struct fsm_row *row = find_row(type, state, e);
        if (row != NULL && row->from == FSM_ANY && row->to == state) return "is its own FSM_ANY target; give it a row";
    }
    return NULL;
}

bool fsm_audit(const struct fsm_type *type, char *why, unsigned why_size)
{
    struct map map = {.reached[0] = true};

    for (uint8_t s = 0; s < type->state_count; s++) map.ends[s] = is_final(type, s);
    while (spread(type, &map)) {}
    for (uint8_t s = 0; s < type->state_count; s++) {
        const char *found = flaw(type, &map, s);
        if (found == NULL) continue;
        snprintf(why, why_size, "%s: %s %s", type->name, type->states[s].name, found);
        return false;
    }
    return true;
}

bool fsm_always_before(const struct fsm_type *type, uint8_t gate, uint8_t target)
{
    bool reached[FSM_ANY] = {[0] = gate != 0};
    bool learnt;

    do {
        learnt = false;
        for (uint8_t s = 0; s < type->state_count; s++)
            for (uint8_t e = 0; e < type->event_count && reached[s] && !is_final(type, s); e++) {
                const struct fsm_row *row = find_row(type, s, e);
                if (row != NULL && row->to != gate && !reached[row->to]) learnt = reached[row->to] = true;
            }
    } while (learnt);
    return !reached[target];
}
