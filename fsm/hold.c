/* hold.c — what was found, and what becomes of the request: judged by where it is going; stopped, it is refused, or
 * held while a person is asked whether these very bytes may go. */
#include "fsm/request_int.h"
#include "queue/asker.h"

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

/* Nobody can judge what is not shown: findings that did not fit, a host that is itself a secret. */
static bool may_ask(const struct request *req)
{
    return req->egress->asker != NULL && !req->findings.unkept && rules_find_nothing(req->rules, req->authority.host);
}

/* Who is asked is told of all that was found, so where somebody can be the scan goes on. */
bool request_is_stopped(const struct request *req) { return findings_stop(&req->findings) && !may_ask(req); }

static void on_answer(void *owner, enum answer answer)
{
    struct request *req = owner;

    if (!req->asked) return;
    req->asked = false;
    if (answer == ANSWER_YES)
        fsm_post(&req->machine, REQ_EV_ALLOW);
    else
        request_say_no(req, REASON_SECRET, "a person said no");
}

void request_hold(struct fsm *machine)
{
    struct request *req = CONTAINER_OF(machine, struct request, machine);
    struct asker *asker = req->egress->asker;
    struct question question = {.bottle = span_of(req->egress->name),
                                .method = req->head.method,
                                .host = req->authority.host,
                                .path = req->target.path,
                                .port = req->authority.port,
                                .body_bytes = req->up_bytes,
                                .findings = &req->findings};

    req->entered_ms[REQ_HOLD] = loop_now_ms(machine->timer.loop);
    if (request_withholds(req)) question.method = question.path = (struct span){0};
    req->asked = true;
    if (asker->ask(asker, &question, on_answer, req) == ERR_OK) return;
    req->asked = false;
    request_say_no(req, REASON_SECRET, "nobody could be asked");
}

void request_unask(struct request *req)
{
    if (!req->asked) return;
    req->asked = false;
    req->egress->asker->withdraw(req->egress->asker, req);
}

/* The yes is for these bytes, and for the same values to the same host from now on.  What is not remembered is asked
 * again. */
void request_release(struct fsm *machine)
{
    struct request *req = CONTAINER_OF(machine, struct request, machine);

    for (size_t i = 0; i < req->findings.count; i++) {
        struct finding *finding = &req->findings.list[i];
        if (finding->ruling != RULING_STOPS) continue;
        finding->ruling = RULING_SAFE;
        if (safelist_add(&req->egress->safelist, &finding->fingerprint, req->authority.host) != ERR_OK) continue;
    }
    request_dial(machine);
}

void request_unanswered(struct fsm *machine)
{
    struct request *req = CONTAINER_OF(machine, struct request, machine);

    req->verdict.reason = REASON_SECRET;
    req->detail = "nobody answered in time";
    request_refuse_now(machine);
}
