/* hold.c — one question in the queue: what is written of it, who waits for it, what its answer means for each. */
#include "fsm/approvals_int.h"
#include "reactor/base/log.h"
#include "reactor/base/mem.h"

static fsm_action_fn hold_opened, hold_over, hold_let_go, hold_refuse, hold_close, hold_lose;
FSM_TYPE(hold_type, "hold", HOLD_STATES, HOLD_EVENTS, HOLD_ROWS);

static struct hold *of(struct fsm *machine) { return CONTAINER_OF(machine, struct hold, machine); }

/* --- found or made ---------------------------------------------------------------------------------------- */

static bool takes_more(const struct hold *hold)
{
    return hold->machine.state == HOLD_DRAFT || hold->machine.state == HOLD_OPEN;
}

static struct hold *find(const struct desk *desk, const struct matter *matter)
{
    LIST_EACH (&desk->all->holds, node) {
        struct hold *hold = LIST_ENTRY(node, struct hold, node);
        if (hold->desk == desk && takes_more(hold) && memcmp(&hold->matter, matter, sizeof *matter) == 0) return hold;
    }
    return NULL;
}

struct hold *hold_of(const struct approvals *a, uint64_t id)
{
    LIST_EACH (&a->holds, node) {
        struct hold *hold = LIST_ENTRY(node, struct hold, node);
        if (hold->id == id && !fsm_is_final(&hold->machine)) return hold;
    }
    return NULL;
}

static struct hold *make(struct desk *desk, const struct matter *matter, const uint8_t *digest)
{
    struct approvals *a = desk->all;
    struct hold *hold = mem_new(sizeof *hold);

    if (hold == NULL) return NULL;
    hold->desk = desk;
    hold->matter = *matter;
    memcpy(hold->digest, digest, DIGEST_BYTES);
    list_init(&hold->links);
    list_push(&a->holds, &hold->node);
    list_push(&a->unwritten, &hold->unwritten);
    desk->hold_count++;
    fsm_start(&hold->machine, &hold_type, a->loop, ++a->next_id);
    return hold;
}

enum answer hold_join(struct waiter *waiter, struct link *link, const struct matter *matter)
{
    struct desk *desk = waiter->desk;
    struct hold *hold = find(desk, matter);

    if (hold == NULL && desk->hold_count >= HOLD_COUNT_MAX) return ANSWER_FULL;
    if (hold == NULL) hold = make(desk, matter, waiter->question.digest);
    if (hold == NULL) return ANSWER_UNREACHED;
    link->hold = hold;
    list_push(&hold->links, &link->node);
    hold->waiting++;
    return ANSWER_YES;
}

struct hold *hold_leave(struct link *link, bool late)
{
    struct hold *hold = MOVE(link->hold);

    if (hold == NULL) return NULL;
    list_remove(&link->node);
    hold->late = late;
    hold->waiting--;
    return hold;
}

void hold_look_empty(struct hold *hold)
{
    if (hold->waiting == 0 && takes_more(hold)) fsm_post(&hold->machine, HOLD_EV_EMPTY);
}

/* --- written ---------------------------------------------------------------------------------------------- */

static struct span secret_name(const struct question *question, const struct finding *finding)
{
    if (finding->rung != RUNG_KNOWN) return (struct span){0};
    return policy_secret_name(question->policy, finding->slot);
}

static void put_finding(struct proposal *p, const struct question *question, const struct finding *finding)
{
    p->rule = span_of(finding->rule);
    p->title = span_of(finding->title);
    p->service = finding->service;
    p->rung = span_of(rung_name(finding->rung));
    p->where = span_of(finding->where);
    p->encoding = span_of(finding->encoding);
    p->shown = span_of(finding->shown);
    p->secret = secret_name(question, finding);
    memcpy(p->fingerprint, finding->fingerprint.bytes, sizeof p->fingerprint);
}

static struct proposal proposal_of(const struct hold *hold, const struct link *link)
{
    const struct question *q = &link->waiter->question;
    struct proposal p = {.tool = link->finding != NULL ? TOOL_TOKEN : TOOL_ROUTE,
                         .created_ms = approvals_wall_ms(hold->desk->all),
                         .bottle = span_of(hold->desk->egress->name),
                         .method = q->method,
                         .scheme = q->scheme,
                         .host = q->host,
                         .path = q->path,
                         .port = q->port,
                         .body_bytes = q->body_bytes,
                         .others = (uint32_t)link->waiter->link_count - 1};

    p.deadline_ms = p.created_ms + q->policy->supervise.wait_ms;
    memcpy(p.digest, hold->digest, DIGEST_BYTES);
    if (link->finding == NULL) return p;
    put_finding(&p, q, link->finding);
    if (q->beside == NULL) return p;
    p.pointer = q->beside[link->finding - q->findings->list].pointer;
    p.context = q->beside[link->finding - q->findings->list].context;
    return p;
}

/* The first who waits with the request that the hold is bound to; where that one has left it is bound to another. */
static struct link *shown_link(struct hold *hold)
{
    LIST_EACH (&hold->links, node) {
        struct link *link = LIST_ENTRY(node, struct link, node);
        if (memcmp(link->waiter->question.digest, hold->digest, DIGEST_BYTES) == 0) return link;
    }
    struct link *link = LIST_ENTRY(hold->links.next, struct link, node);
    memcpy(hold->digest, link->waiter->question.digest, DIGEST_BYTES);
    return link;
}

enum store_err hold_write(struct hold *hold)
{
    struct store *store = hold->desk->all->store;
    uint64_t now_ms = approvals_wall_ms(hold->desk->all);
    enum store_err err;

    if (hold->machine.state == HOLD_ENDING) {
        err = store_end(store, hold->id, hold->late ? AUDIT_EXPIRED : AUDIT_RETRACTED, now_ms);
        if (err == STORE_DECIDED) err = STORE_OK; /* the answer will be heard, and remembered */
    } else {
        struct proposal proposal = proposal_of(hold, shown_link(hold));
        err = store_propose(store, &proposal, &hold->id);
        hold->told = 1;
    }
    if (err == STORE_OK)
        fsm_post(&hold->machine, HOLD_EV_WRITTEN);
    else if (err == STORE_FULL || err == STORE_NOMEM || err == STORE_REFUSED)
        fsm_post(&hold->machine, HOLD_EV_LOST); /* this one alone */
    else
        return err;
    return STORE_OK;
}

static void hold_opened(struct fsm *machine)
{
    struct hold *hold = of(machine);

    list_remove(&hold->unwritten);
    LOG(INFO, "hold.open", F_ID("proposal", hold->id), F_TEXT("bottle", hold->desk->egress->name));
}

static void hold_close(struct fsm *machine)
{
    struct hold *hold = of(machine);

    list_push(&hold->desk->all->unwritten, &hold->unwritten);
    poll_want(hold->desk->all);
}

/* --- over ------------------------------------------------------------------------------------------------- */

static void free_hold(struct hold *hold)
{
    loop_defer_cancel(&hold->freed);
    fsm_stop(&hold->machine);
    list_remove(&hold->node);
    list_remove(&hold->unwritten);
    mem_free(hold);
}

static void on_freed(struct defer *defer) { free_hold(CONTAINER_OF(defer, struct hold, freed)); }

static void hold_over(struct fsm *machine)
{
    struct hold *hold = of(machine);

    list_remove(&hold->unwritten);
    hold->desk->hold_count--;
    loop_defer(hold->desk->all->loop, &hold->freed, on_freed);
}

/* Who waits is told; that takes it, and its links, out of every list. */
static void tell_all(struct hold *hold, enum answer answer)
{
    while (!list_empty(&hold->links))
        waiter_tell(LIST_ENTRY(hold->links.next, struct link, node)->waiter, answer, hold->id);
}

static void hold_refuse(struct fsm *machine)
{
    tell_all(of(machine), ANSWER_NO);
    hold_over(machine);
}

static void hold_lose(struct fsm *machine)
{
    tell_all(of(machine), ANSWER_UNREACHED);
    hold_over(machine);
}

/* What the yes does not reach asks again: another host, another request. */
static bool reaches(const struct hold *hold, const struct link *link)
{
    return hold->scope != SCOPE_ONCE || memcmp(link->waiter->question.digest, hold->digest, DIGEST_BYTES) == 0;
}

static void let_one_go(struct hold *hold, struct link *link)
{
    struct waiter *waiter = link->waiter;

    if (!reaches(hold, link)) {
        waiter_tell(waiter, ANSWER_DIGEST, 0);
        return;
    }
    hold_leave(link, false);
    waiter->pending--;
    if (link->finding == NULL && !waiter_grant(waiter, hold->scope)) {
        waiter_tell(waiter, ANSWER_DIGEST, 0);
        return;
    }
    waiter_pass(waiter, hold->id);
}

static void hold_let_go(struct fsm *machine)
{
    struct hold *hold = of(machine);

    while (!list_empty(&hold->links)) let_one_go(hold, LIST_ENTRY(hold->links.next, struct link, node));
    hold_over(machine);
}

void holds_free(struct approvals *a)
{
    LIST_EACH (&a->holds, node) free_hold(LIST_ENTRY(node, struct hold, node));
}
