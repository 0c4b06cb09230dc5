/* request_hold.c — a request that needs a person: it is judged by where it is going; what nobody can be asked about is
 * refused, and what somebody can is held until an answer comes, or its time is over. */
#include "fsm/request_int.h"
#include "queue/asker.h"
#include "reactor/base/mem.h"

/* Where it goes decides what a finding means.  Names that do not agree are nobody's: to them nothing belongs. */
enum reason request_name_judge(struct request *req)
{
    enum reason reason = request_read_names(req);

    req->judge = (struct request_judge){.judge = {request_judge_say}, .policy = req->rules->policy};
    req->judge.safelist = &req->egress->safelist;
    if (reason != REASON_NONE) return reason;
    req->judge.host = req->authority.host;
    req->judge.path = req->target.path;
    req->judge.tls = req->tls;
    return REASON_NONE;
}

/* --- may somebody be asked? -------------------------------------------------------------------------------- */

/* Nobody can judge what is not shown: a host that is itself a secret. */
static bool may_ask(const struct request *req, bool is_supervised)
{
    return is_supervised && req->egress->asker != NULL && rules_find_nothing(req->rules, req->authority.host);
}

/* Who is asked is told of all that was found, so where somebody can be the scan goes on; and of what did not fit nobody
 * can be told. */
bool request_is_stopped(const struct request *req)
{
    if (!findings_stop(&req->findings)) return false;
    return req->findings.unkept || !may_ask(req, req->rules->policy->supervise.tokens);
}

bool request_may_propose(const struct request *req) { return may_ask(req, req->rules->policy->supervise.routes); }

static bool has_ruling(const struct findings *findings, enum ruling ruling)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->list[i].ruling == ruling) return true;
    return false;
}

/* What a person has allowed is asked about as well: it is known at once, and its use goes on record. */
bool request_needs_asking(const struct request *req)
{
    return findings_stop(&req->findings) || has_ruling(&req->findings, RULING_SAFE);
}

/* --- asked ------------------------------------------------------------------------------------------------- */

/* What no yes has said: why. */
static const struct {
    enum reason reason;
    const char *detail;
} refusals[ANSWER_COUNT] = {
    [ANSWER_NO] = {REASON_REJECTED, "a person said no"},
    [ANSWER_UNREACHED] = {REASON_QUEUE, "the approval queue can't be had"},
    [ANSWER_FULL] = {REASON_HELD_FULL, "too many proposals wait already"},
    [ANSWER_ENDING] = {REASON_DRAINING, "the proxy ended while it waited"},
};

static void on_answer(void *owner, const struct reply *reply)
{
    struct request *req = owner;

    if (!req->asked) return;
    req->asked = false;
    req->ticket = NULL;
    req->proposal = reply->proposal;
    if (reply->policy != NULL && req->granted == NULL) req->granted = policy_hold(reply->policy);
    if (reply->answer == ANSWER_YES)
        fsm_post(&req->machine, REQ_EV_ALLOW);
    else if (reply->answer == ANSWER_DIGEST)
        fsm_post(&req->machine, REQ_EV_ASK);
    else
        request_say_no(req, refusals[reply->answer].reason, refusals[reply->answer].detail);
}

static void ask(struct request *req, const struct findings *findings)
{
    struct asker *asker = req->egress->asker;
    struct question question = {.scheme = req->tls ? SPAN_LIT("https") : SPAN_LIT("http"),
                                .method = req->head.method,
                                .host = req->authority.host,
                                .path = req->target.path,
                                .port = req->authority.port,
                                .body_bytes = req->up_bytes,
                                .request = req->machine.id,
                                .findings = findings,
                                .policy = req->rules->policy,
                                .beside = req->beside,
                                .digest = req->digested ? req->digest : NULL};

    fsm_limit(&req->machine, req->rules->policy->supervise.wait_ms);
    if (request_withholds(req)) question.method = question.path = (struct span){0};
    req->asked = true;
    void *ticket = asker->ask(asker, &question, on_answer, req);
    if (req->asked) req->ticket = ticket;
}

/* Its time counts from when it was first asked about. */
void request_hold(struct fsm *machine)
{
    struct request *req = CONTAINER_OF(machine, struct request, machine);

    if (req->entered_ms[REQ_HOLD] == 0) req->entered_ms[REQ_HOLD] = loop_now_ms(machine->timer.loop);
    ask(req, &req->findings);
}

/* A host that no route names; its body waits unread. */
void request_propose(struct fsm *machine)
{
    struct request *req = CONTAINER_OF(machine, struct request, machine);

    req->entered_ms[REQ_PROPOSED] = loop_now_ms(machine->timer.loop);
    request_digest_head(req);
    ask(req, NULL);
}

/* late: no answer came in time. */
static void unask(struct request *req, bool late)
{
    struct asker *asker = req->egress->asker;

    if (!req->asked) return;
    req->asked = false;
    req->proposal = asker->withdraw(asker, MOVE(req->ticket), late);
}

void request_unask(struct request *req) { unask(req, false); }

/* The yes is for these bytes. */
void request_release(struct fsm *machine)
{
    struct request *req = CONTAINER_OF(machine, struct request, machine);

    for (size_t i = 0; i < req->findings.count; i++)
        if (req->findings.list[i].ruling == RULING_STOPS) req->findings.list[i].ruling = RULING_SAFE;
    request_dial(machine);
}

void request_unanswered(struct fsm *machine)
{
    struct request *req = CONTAINER_OF(machine, struct request, machine);

    unask(req, true);
    req->verdict.reason = REASON_UNANSWERED;
    req->detail = "nobody answered in time";
    request_refuse_now(machine);
}

/* --- which request it is ------------------------------------------------------------------------------------ */

/* Each with its length in front, so that no two requests are the same bytes. */
static void add_text(struct digest *digest, struct span text)
{
    const uint64_t len = text.len;

    digest_add(digest, (struct span){(const uint8_t *)&len, sizeof len});
    digest_add(digest, text);
}

static void begin_digest(struct request *req)
{
    digest_begin(&req->digesting);
    add_text(&req->digesting, req->head.method);
    add_text(&req->digesting, req->authority.host);
    add_text(&req->digesting, req->head.target);
}

static void end_digest(struct request *req)
{
    digest_end(&req->digesting, req->digest);
    req->digested = true;
}

void request_digest_head(struct request *req)
{
    begin_digest(req);
    end_digest(req);
}

/* What a person will read is kept, what it was read from is not. */
static void end_surround(struct request *req)
{
    if (req->surround == NULL) return;
    req->beside = surround_end(req->surround, &req->findings, req->rules->scanner, &req->arena);
    mem_wipe(req->surround, sizeof *req->surround);
    mem_free(MOVE(req->surround));
}

static void on_next_turn(struct defer *defer)
{
    fsm_post(&CONTAINER_OF(defer, struct request, next_turn)->machine, REQ_EV_PROGRESS);
}

/* Some pieces of the body, and the rest in the next turn. */
void request_digest_on(struct fsm *machine)
{
    struct request *req = CONTAINER_OF(machine, struct request, machine);
    struct span piece;

    for (unsigned i = 0; i < DIGEST_TURN_PIECES; i++) {
        if (spool_read(req->spool, &piece) != ERR_OK) {
            request_say_no(req, REASON_SCAN_FAILED, "the spool failed");
            return;
        }
        digest_add(&req->digesting, piece);
        if (req->surround != NULL) surround_feed(req->surround, piece);
        if (piece.len > 0) continue;
        end_digest(req);
        end_surround(req);
        spool_rewind(req->spool);
        fsm_post(machine, REQ_EV_WHOLE);
        return;
    }
    loop_defer(machine->timer.loop, &req->next_turn, on_next_turn);
}

/* Without memory for it a person sees less. */
static void begin_surround(struct request *req)
{
    bool is_plain = head_find(&req->head, SPAN_LIT("content-encoding")) == NULL;

    if (req->surround == NULL) req->surround = mem_room(sizeof *req->surround);
    if (req->surround != NULL) surround_begin(req->surround, &req->findings, is_plain);
}

void request_digest(struct fsm *machine)
{
    struct request *req = CONTAINER_OF(machine, struct request, machine);

    begin_digest(req);
    if (req->spool != NULL) {
        begin_surround(req);
        spool_rewind(req->spool);
        request_digest_on(machine);
    } else {
        end_digest(req);
        fsm_post(machine, REQ_EV_WHOLE);
    }
}
