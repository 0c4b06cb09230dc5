/* poll.c — the queue is looked into: what is new is written, what was answered is heard. */
#include "fsm/approvals_int.h"
#include "reactor/base/log.h"

static fsm_action_fn poll_look, poll_rest, poll_lose;
FSM_TYPE(poll_type, "poll", POLL_STATES, POLL_EVENTS, POLL_ROWS);

static struct approvals *of(struct fsm *machine) { return CONTAINER_OF(machine, struct approvals, poll); }

/* --- heard ------------------------------------------------------------------------------------------------- */

/* Read out first, acted upon after: nothing is asked of a store from inside its call. */
struct heard {
    struct approvals *all;
    size_t count;
    struct {
        uint64_t id;
        bool is_whole, again;
    } answers[STORE_BATCH];
};

static void on_answer(void *owner, uint64_t id, const struct decision *decision)
{
    struct heard *heard = owner;

    heard->answers[heard->count].id = id;
    heard->answers[heard->count].again = heard->all->since <= heard->all->heard_before;
    heard->answers[heard->count++].is_whole = decision != NULL;
}

struct recalling {
    struct approvals *all;
    bool again;
};

static void on_item(void *owner, const struct store_item *item)
{
    struct recalling *recalling = owner;

    if (item->state == AUDIT_DECIDED && item->decision != NULL) remember(recalling->all, item, recalling->again);
}

/* An answer that can't be read is none: who waits hears no. */
static void drop_answer(struct approvals *a, uint64_t id)
{
    struct hold *hold = hold_of(a, id);

    forget(a, id);
    if (hold == NULL) return;
    LOG(WARN, "queue.answer", F_ID("proposal", id), F_TEXT("why", "it can't be read, or was not written by us"),
        F_TEXT("so", "it is a no"));
    fsm_post(&hold->machine, HOLD_EV_LOST);
}

static enum store_err hear_some(struct approvals *a, bool *more_out)
{
    struct heard heard = {.all = a};
    enum store_err err = store_answers(a->store, &a->since, on_answer, &heard);

    *more_out = heard.count > 0;
    for (size_t i = 0; i < heard.count && a->store != NULL; i++) {
        struct recalling recalling = {a, heard.answers[i].again};
        enum store_err found = heard.answers[i].is_whole
                                   ? store_list(a->store, STORE_ONE, heard.answers[i].id, on_item, &recalling)
                                   : STORE_CORRUPT;
        if (found != STORE_OK) drop_answer(a, heard.answers[i].id);
    }
    return err;
}

static enum store_err hear(struct approvals *a)
{
    bool more = true;

    for (size_t i = 0; i < 4 && more; i++) STORE_TRY(hear_some(a, &more));
    return more ? STORE_BUSY : STORE_OK; /* the rest with the next look */
}

/* --- written ----------------------------------------------------------------------------------------------- */

/* What is written leaves the list; so may others with it, whom nobody waits for then. */
static enum store_err write_holds(struct approvals *a)
{
    for (size_t count = 0; !list_empty(&a->unwritten); count++) {
        if (count == STORE_BATCH) return STORE_BUSY;
        STORE_TRY(hold_write(LIST_ENTRY(a->unwritten.next, struct hold, unwritten)));
    }
    return STORE_OK;
}

/* How many wait changes with each request, and is for people: it is told now and then. */
static enum store_err write_counts(struct approvals *a)
{
    uint64_t now_ms = loop_now_ms(a->loop);
    size_t count = 0;

    if (now_ms - a->counted_ms < POLL_COUNTS_MS) return STORE_OK;
    a->counted_ms = now_ms;
    LIST_EACH (&a->holds, node) {
        struct hold *hold = LIST_ENTRY(node, struct hold, node);
        if (hold->machine.state != HOLD_OPEN || hold->told == hold->waiting || count++ == STORE_BATCH) continue;
        enum store_err err = store_set_waiting(a->store, hold->id, hold->waiting);
        if (err == STORE_UNKNOWN) continue; /* it was answered just now */
        if (err == STORE_FULL) return STORE_OK;
        STORE_TRY(err);
        hold->told = hold->waiting;
    }
    return STORE_OK;
}

static enum store_err look(struct approvals *a)
{
    STORE_TRY(write_holds(a));
    STORE_TRY(hear(a));
    STORE_TRY(approvals_write_passes(a));
    return write_counts(a);
}

static bool is_quiet(const struct approvals *a)
{
    return list_empty(&a->holds) && list_empty(&a->ready) && list_empty(&a->unwritten) && list_empty(&a->waiters);
}

/* What is new is seen by whoever looks, or is soon; while the queue is lost nothing is. */
void poll_want(struct approvals *a)
{
    if (a->poll.state == POLL_IDLE || a->poll.state == POLL_WATCHING || a->poll.state == POLL_RESTING)
        fsm_post(&a->poll, POLL_EV_WANTED);
}

static enum poll_event said_of(const struct approvals *a, enum store_err err)
{
    if (err != STORE_OK && err != STORE_BUSY) return POLL_EV_BROKEN;
    if (err == STORE_BUSY || !list_empty(&a->ready) || !list_empty(&a->unwritten)) return POLL_EV_BUSY;
    return is_quiet(a) ? POLL_EV_EMPTY : POLL_EV_SEEN;
}

void poll_tell_lost(enum store_err err)
{
    LOG(ERROR, "queue.lost", F_TEXT("why", store_err_meaning(err)), F_TEXT("so", "what needs approval is refused"));
}

static void poll_look(struct fsm *machine)
{
    struct approvals *a = of(machine);
    enum store_err err = a->store != NULL ? look(a) : STORE_OK;
    enum poll_event said = said_of(a, err);

    if (said == POLL_EV_BROKEN) poll_tell_lost(err);
    fsm_post(machine, (uint8_t)said);
}

static void poll_rest(struct fsm *machine)
{
    struct approvals *a = of(machine);
    enum store_err err = a->store != NULL ? store_rest(a->store, approvals_wall_ms(a)) : STORE_OK;

    if (err == STORE_OK || err == STORE_BUSY) return;
    poll_tell_lost(err);
    fsm_post(machine, POLL_EV_BROKEN);
}

static void poll_lose(struct fsm *machine) { approvals_lose(of(machine)); }

void poll_start(struct approvals *a) { fsm_start(&a->poll, &poll_type, a->loop, 0); }
