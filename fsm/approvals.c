#include "fsm/approvals.h"

#include "fsm/approvals_int.h"
#include "reactor/base/log.h"
#include "reactor/base/mem.h"

uint64_t approvals_wall_ms(const struct approvals *a) { return (uint64_t)loop_wall_s(a->loop) * 1000; }

/* --- one who waits ---------------------------------------------------------------------------------------- */

/* Out of every list before any hold is told that it is left: what that leads to may tell all who still stand in one. */
static void let_go(struct waiter *waiter, bool late)
{
    struct hold *left[SCAN_FINDINGS_MAX];

    list_remove(&waiter->node);
    policy_free(&waiter->granted);
    for (size_t i = 0; i < waiter->link_count; i++) left[i] = hold_leave(&waiter->links[i], late);
    for (size_t i = 0; i < waiter->link_count; i++)
        if (left[i] != NULL) hold_look_empty(left[i]);
}

void waiter_tell(struct waiter *waiter, enum answer answer, uint64_t proposal)
{
    struct policy *granted = waiter->granted != NULL ? policy_hold(waiter->granted) : NULL;
    struct reply reply = {.answer = answer, .proposal = proposal, .policy = granted};

    let_go(waiter, false);
    waiter->fn(waiter->owner, &reply);
    policy_free(&granted);
    mem_free(waiter);
}

/* The same value may stand in several places. */
static void add_pass(struct waiter *waiter, uint64_t id, enum audit_event how)
{
    for (size_t i = 0; i < waiter->pass_count; i++)
        if (waiter->passes[i].id == id) return;
    waiter->passes[waiter->pass_count].id = id;
    waiter->passes[waiter->pass_count++].how = how;
}

void waiter_pass(struct waiter *waiter, uint64_t id)
{
    add_pass(waiter, id, AUDIT_RELEASED);
    if (waiter->pending > 0) return;
    list_remove(&waiter->node);
    list_push(&waiter->desk->all->ready, &waiter->node);
}

/* --- a yes is written before anything goes ----------------------------------------------------------------- */

static size_t add_passes(const struct waiter *waiter, struct store_pass *passes)
{
    const struct question *question = &waiter->question;

    for (size_t i = 0; i < waiter->pass_count; i++) {
        passes[i] = (struct store_pass){.id = waiter->passes[i].id,
                                        .how = waiter->passes[i].how,
                                        .request = question->request,
                                        .method = question->method,
                                        .host = question->host,
                                        .path = question->path};
        if (question->digest != NULL) memcpy(passes[i].digest, question->digest, DIGEST_BYTES);
    }
    return waiter->pass_count;
}

/* What was taken back in the meantime is asked about anew. */
static void ask_anew(struct waiter *waiter)
{
    for (size_t i = 0; i < waiter->pass_count; i++) forget(waiter->desk->all, waiter->passes[i].id);
    waiter_tell(waiter, ANSWER_DIGEST, 0);
}

static enum store_err write_alone(struct approvals *a, struct waiter *waiter)
{
    struct store_pass passes[SCAN_FINDINGS_MAX];
    enum store_err err = store_pass(a->store, passes, add_passes(waiter, passes), approvals_wall_ms(a));

    if (err == STORE_REFUSED) {
        ask_anew(waiter);
        return STORE_OK;
    }
    if (err == STORE_OK) waiter_tell(waiter, ANSWER_YES, waiter->passes[0].id);
    return err;
}

/* As many as fit into one writing; when one of them is refused each is written alone. */
/* The first of those who are ready, as many as one writing takes: whoever joins or leaves meanwhile is not of them. */
static size_t take_batch(struct approvals *a, struct list *batch, struct store_pass *passes)
{
    size_t count = 0;

    list_init(batch);
    LIST_EACH (&a->ready, node) {
        struct waiter *waiter = LIST_ENTRY(node, struct waiter, node);
        if (count + waiter->pass_count > PASS_TURN_MAX) break;
        count += add_passes(waiter, passes + count);
        list_remove(node);
        list_push(batch, node);
    }
    return count;
}

static enum store_err write_some(struct approvals *a)
{
    static struct store_pass passes[PASS_TURN_MAX];
    struct list batch;
    size_t count = take_batch(a, &batch, passes);
    enum store_err err = store_pass(a->store, passes, count, approvals_wall_ms(a)), alone = STORE_OK;

    while (!list_empty(&batch)) {
        struct waiter *waiter = LIST_ENTRY(batch.next, struct waiter, node);
        if (err == STORE_OK) {
            waiter_tell(waiter, ANSWER_YES, waiter->passes[0].id);
            continue;
        }
        list_remove(&waiter->node);
        list_push(&a->ready, &waiter->node); /* in its turn again */
        if (err == STORE_REFUSED && alone == STORE_OK) alone = write_alone(a, waiter);
    }
    return err == STORE_REFUSED ? alone : err;
}

/* While the disk is full they go on waiting. */
enum store_err approvals_write_passes(struct approvals *a)
{
    enum store_err err = list_empty(&a->ready) ? STORE_OK : write_some(a);

    if (err != STORE_OK) return err == STORE_FULL ? STORE_BUSY : err;
    return list_empty(&a->ready) ? STORE_OK : STORE_BUSY;
}

/* --- asked ------------------------------------------------------------------------------------------------ */

static bool is_asked_about(const struct waiter *waiter, const struct matter *matter)
{
    for (size_t i = 0; i < waiter->link_count; i++)
        if (memcmp(&waiter->links[i].hold->matter.value, &matter->value, sizeof matter->value) == 0) return true;
    return false;
}

/* One matter of the question: known, or a link more.  ANSWER_YES: go on. */
static enum answer take_matter(struct waiter *waiter, const struct finding *finding, uint64_t *id_out)
{
    struct matter matter;

    if (matter_of(&waiter->question, finding, &matter) != ERR_OK) return ANSWER_UNREACHED;
    enum answer answer = remembered(waiter->desk, &matter, waiter, id_out);
    if (answer == ANSWER_NO) return answer;
    if (answer == ANSWER_YES) {
        add_pass(waiter, *id_out, AUDIT_USED);
        return answer;
    }
    if (waiter->question.digest == NULL) return ANSWER_DIGEST;
    if (is_asked_about(waiter, &matter)) return ANSWER_YES;
    struct link *link = &waiter->links[waiter->link_count];
    *link = (struct link){.waiter = waiter, .finding = finding};
    answer = hold_join(waiter, link, &matter);
    if (answer != ANSWER_YES) return answer;
    waiter->link_count++;
    waiter->pending++;
    return ANSWER_YES;
}

/* A no that is known is heard before anything is asked. */
static enum answer take_question(struct waiter *waiter, uint64_t *id_out)
{
    const struct findings *findings = waiter->question.findings;
    enum answer answer = ANSWER_YES;

    if (findings == NULL) return take_matter(waiter, NULL, id_out);
    for (size_t i = 0; i < findings->count && answer == ANSWER_YES; i++)
        if (findings->list[i].ruling == RULING_STOPS || findings->list[i].ruling == RULING_SAFE)
            answer = take_matter(waiter, &findings->list[i], id_out);
    return answer;
}

static struct waiter *waiter_new(struct desk *desk, const struct question *question, answer_fn *fn, void *owner)
{
    size_t links = question->digest == NULL ? 0 : question->findings == NULL ? 1 : question->findings->count;
    struct waiter *waiter = mem_new(sizeof *waiter + links * sizeof waiter->links[0]);

    if (waiter == NULL) return NULL;
    waiter->desk = desk;
    waiter->question = *question;
    waiter->fn = fn;
    waiter->owner = owner;
    list_push(&desk->all->waiters, &waiter->node);
    return waiter;
}

/* Of the waiter that is being made: was it told from inside? */
struct telling {
    answer_fn *fn;
    void *owner;
    bool told;
};

static void tell_through(void *owner, const struct reply *reply)
{
    struct telling *telling = owner;

    telling->told = true;
    telling->fn(telling->owner, reply);
}

static void refuse_at_once(answer_fn *fn, void *owner, enum answer answer, uint64_t id)
{
    struct reply reply = {.answer = answer, .proposal = id};

    fn(owner, &reply);
}

static void *desk_ask(struct asker *self, const struct question *question, answer_fn *fn, void *owner)
{
    struct desk *desk = CONTAINER_OF(self, struct desk, asker);
    struct approvals *a = desk->all;
    struct telling telling = {.fn = fn, .owner = owner};
    struct waiter *waiter;
    uint64_t id = 0;

    if (!a->ending) approvals_open(a);
    poll_want(a); /* what was answered or taken back meanwhile counts */
    waiter = a->store != NULL && !a->ending ? waiter_new(desk, question, tell_through, &telling) : NULL;
    if (waiter == NULL) {
        refuse_at_once(fn, owner, a->ending ? ANSWER_ENDING : ANSWER_UNREACHED, 0);
        return NULL;
    }
    enum answer answer = take_question(waiter, &id);
    if (answer != ANSWER_YES) {
        waiter_tell(waiter, answer, answer == ANSWER_NO ? id : 0);
        return NULL;
    }
    if (waiter->pending == 0) {
        list_remove(&waiter->node);
        list_push(&a->ready, &waiter->node);
    }
    poll_want(a);
    if (telling.told) return NULL;
    waiter->fn = fn;
    waiter->owner = owner;
    return waiter;
}

static uint64_t desk_withdraw(struct asker *self, void *ticket, bool late)
{
    struct waiter *waiter = ticket;
    uint64_t id = waiter->pass_count > 0 ? waiter->passes[0].id : 0;

    (void)self;
    for (size_t i = 0; i < waiter->link_count; i++)
        if (waiter->links[i].hold != NULL && waiter->links[i].hold->id != 0) id = waiter->links[i].hold->id;
    let_go(waiter, late);
    mem_free(waiter);
    return id;
}

/* --- made and freed ---------------------------------------------------------------------------------------- */

/* Each in turn, the list as it is then: who is told may free another. */
static void tell_all(struct list *waiters, enum answer answer)
{
    while (!list_empty(waiters)) waiter_tell(LIST_ENTRY(waiters->next, struct waiter, node), answer, 0);
}

/* The store is gone before anybody is told: who asks again from inside hears the same. */
void approvals_lose(struct approvals *a)
{
    poke_free(&a->bell);
    store_free(&a->store);
    if (a->heard_before < a->since) a->heard_before = a->since;
    a->since = 0;
    LIST_EACH (&a->holds, node) {
        struct hold *hold = LIST_ENTRY(node, struct hold, node);
        if (!fsm_is_final(&hold->machine)) fsm_post(&hold->machine, HOLD_EV_LOST);
    }
    tell_all(&a->waiters, ANSWER_UNREACHED);
    tell_all(&a->ready, ANSWER_UNREACHED);
    forget_all(a);
}

static void on_bell(void *owner) { poll_want(owner); }

void approvals_open(struct approvals *a)
{
    if (a->store != NULL || a->poll.state == POLL_LOST || a->poll.state == POLL_ENDED) return;
    enum store_err err = a->open(a->owner, a->run, &a->store);
    if (err == STORE_BUSY) return; /* another is making it: whoever asks next tries again */
    if (err != STORE_OK) {
        poll_tell_lost(err);
        fsm_post(&a->poll, POLL_EV_BROKEN);
        return;
    }
    if (a->folder == NULL) return;
    if (poke_new(a->loop, a->folder, a->run, on_bell, a, &a->bell) == ERR_OK) return;
    LOG(ERROR, "queue.no_bell", F_TEXT("folder", a->folder), F_TEXT("so", "what needs approval is refused"));
    fsm_post(&a->poll, POLL_EV_BROKEN);
}

void approvals_end(struct approvals *a)
{
    a->ending = true;
    tell_all(&a->waiters, ANSWER_ENDING);
    tell_all(&a->ready, ANSWER_ENDING);
}

enum err approvals_new(struct loop *loop, const char *folder, approvals_open_fn *open, void *owner,
                       struct approvals **approvals_out)
{
    struct approvals *a = mem_new(sizeof *a);

    if (a == NULL) return ERR_NOMEM;
    a->loop = loop;
    a->folder = folder;
    a->open = open;
    a->owner = owner;
    while (a->run == 0) digest_random(&a->run, sizeof a->run);
    list_init(&a->desks);
    list_init(&a->holds);
    list_init(&a->waiters);
    list_init(&a->unwritten);
    list_init(&a->ready);
    poll_start(a);
    *approvals_out = a;
    return ERR_OK;
}

enum err approvals_serve(struct approvals *a, struct egress *egress)
{
    struct desk *desk = mem_new(sizeof *desk);

    if (desk == NULL) return ERR_NOMEM;
    desk->asker = (struct asker){desk_ask, desk_withdraw};
    desk->all = a;
    desk->egress = egress;
    list_push(&a->desks, &desk->node);
    egress->asker = &desk->asker;
    return ERR_OK;
}

void approvals_free(struct approvals **held)
{
    struct approvals *a = *held;

    if (a == NULL) return;
    *held = NULL;
    approvals_end(a);
    fsm_post(&a->poll, POLL_EV_END);
    holds_free(a);
    LIST_EACH (&a->desks, node) desk_free(LIST_ENTRY(node, struct desk, node));
    poke_free(&a->bell);
    store_free(&a->store);
    fsm_stop(&a->poll);
    mem_free(a);
}
