/* remembered.c — what a person has answered, for as long as this process lives. */
#include "dlp/policy/grant.h"
#include "fsm/approvals_int.h"
#include "reactor/base/log.h"
#include "reactor/base/mem.h"

static const struct fingerprint none;

static bool is_same(const struct fingerprint *a, const struct fingerprint *b) { return memcmp(a, b, sizeof *a) == 0; }

/* --- what an answer is about ------------------------------------------------------------------------------- */

static enum err digest_of(const struct span *parts, size_t count, struct fingerprint *out)
{
    uint8_t bytes[DIGEST_BYTES];
    struct digest digest;

    digest_begin(&digest);
    for (size_t i = 0; i < count; i++) digest_add(&digest, parts[i]);
    digest_end(&digest, bytes);
    return fingerprint_of((struct span){bytes, sizeof bytes}, out);
}

static enum err value_of_host(struct span host, uint16_t port, struct fingerprint *out)
{
    const uint8_t bytes[] = {(uint8_t)(port >> 8), (uint8_t)port};
    const struct span parts[] = {{bytes, sizeof bytes}, host};

    return digest_of(parts, COUNT_OF(parts), out);
}

static enum err value_of_request(struct span rule, const uint8_t *digest, struct fingerprint *out)
{
    const struct span parts[] = {{digest, DIGEST_BYTES}, rule};

    return digest_of(parts, COUNT_OF(parts), out);
}

enum err matter_of(const struct question *question, const struct finding *finding, struct matter *matter)
{
    TRY(fingerprint_of(question->host, &matter->host));
    if (finding == NULL) return value_of_host(question->host, question->port, &matter->value);
    matter->value = finding->fingerprint;
    if (!is_same(&matter->value, &none) || question->digest == NULL) return ERR_OK;
    return value_of_request(span_of(finding->rule), question->digest, &matter->value);
}

/* The same, of what stands in the queue. */
static enum err matter_of_proposal(const struct proposal *p, struct matter *matter)
{
    TRY(fingerprint_of(p->host, &matter->host));
    if (p->tool == TOOL_ROUTE) return value_of_host(p->host, p->port, &matter->value);
    _Static_assert(sizeof matter->value.bytes == sizeof p->fingerprint, "both are fingerprints");
    memcpy(matter->value.bytes, p->fingerprint, sizeof matter->value.bytes);
    if (!is_same(&matter->value, &none)) return ERR_OK;
    return value_of_request(p->rule, p->digest, &matter->value);
}

/* --- is there an answer? ------------------------------------------------------------------------------------ */

static uint64_t take_once(struct desk *desk, const struct matter *matter, const uint8_t *digest)
{
    for (size_t i = 0; digest != NULL && i < ONCE_COUNT_MAX; i++) {
        struct once *once = &desk->onces[i];
        if (once->id == 0 || !is_same(&once->value, &matter->value) || !mem_same(once->digest, digest, DIGEST_BYTES))
            continue;
        uint64_t id = once->id;
        *once = (struct once){.id = 0};
        return id;
    }
    return 0;
}

static uint64_t find_grant(const struct desk *desk, struct waiter *waiter)
{
    const struct question *question = &waiter->question;
    struct ask ask = {.host = question->host,
                      .port = question->port,
                      .method = question->method,
                      .path = question->path,
                      .tls = span_is(question->scheme, SPAN_LIT("https"))};

    for (size_t i = 0; i < GRANT_COUNT_MAX; i++) {
        const struct grant *grant = &desk->grants[i];
        if (grant->policy == NULL || policy_decide(grant->policy, &ask).reason != REASON_NONE) continue;
        waiter->granted = policy_hold(grant->policy);
        return grant->id;
    }
    return 0;
}

bool waiter_grant(struct waiter *waiter, enum scope scope)
{
    const struct question *question = &waiter->question;

    if (scope != SCOPE_ONCE) return find_grant(waiter->desk, waiter) != 0;
    return grant_new(question->host, question->port, (struct span){0}, (struct span){0}, &waiter->granted) == ERR_OK;
}

enum answer remembered(struct desk *desk, const struct matter *matter, struct waiter *waiter, uint64_t *id_out)
{
    const struct question *question = &waiter->question;
    bool is_route = question->findings == NULL;

    *id_out = safelist_find(&desk->refused, &matter->value, question->host);
    if (*id_out != 0) return ANSWER_NO;
    *id_out =
        is_route ? find_grant(desk, waiter) : safelist_find(&desk->egress->safelist, &matter->value, question->host);
    if (*id_out != 0) return ANSWER_YES;
    *id_out = take_once(desk, matter, question->digest);
    if (*id_out == 0) return ANSWER_DIGEST;
    return is_route && !waiter_grant(waiter, SCOPE_ONCE) ? ANSWER_UNREACHED : ANSWER_YES;
}

/* --- there is one ------------------------------------------------------------------------------------------ */

static void forget_in(struct desk *desk, uint64_t id)
{
    safelist_forget(&desk->egress->safelist, id);
    safelist_forget(&desk->refused, id);
    for (size_t i = 0; i < ONCE_COUNT_MAX; i++)
        if (desk->onces[i].id == id) desk->onces[i].id = 0;
    for (size_t i = 0; i < GRANT_COUNT_MAX; i++)
        if (desk->grants[i].policy != NULL && desk->grants[i].id == id) policy_free(&desk->grants[i].policy);
}

void forget(struct approvals *a, uint64_t id)
{
    LIST_EACH (&a->desks, node) forget_in(LIST_ENTRY(node, struct desk, node), id);
}

/* The queue was lost: numbers may mean other proposals in the one that comes.  What stands in it is heard again. */
void forget_all(struct approvals *a)
{
    LIST_EACH (&a->desks, node) {
        struct desk *desk = LIST_ENTRY(node, struct desk, node);
        desk->egress->safelist = desk->refused = (struct safelist){0};
        memset(desk->onces, 0, sizeof desk->onces);
        for (size_t i = 0; i < GRANT_COUNT_MAX; i++) policy_free(&desk->grants[i].policy);
    }
}

static struct desk *desk_named(const struct approvals *a, struct span bottle)
{
    LIST_EACH (&a->desks, node) {
        struct desk *desk = LIST_ENTRY(node, struct desk, node);
        if (span_is(bottle, span_of(desk->egress->name))) return desk;
    }
    return NULL;
}

static enum err keep_grant(struct desk *desk, const struct store_item *item)
{
    const struct proposal *p = &item->proposal;
    struct grant *grant = &desk->grants[desk->next_grant];
    AUTO(policy) policy = NULL;

    TRY(grant_new(p->host, p->port, item->decision->route_methods, item->decision->route_path, &policy));
    policy_free(&grant->policy);
    *grant = (struct grant){.policy = MOVE(policy), .id = p->id};
    desk->next_grant = (desk->next_grant + 1) % GRANT_COUNT_MAX;
    return ERR_OK;
}

/* Whoever waits takes it from the hold; this is for the next try of one that no longer did. */
static void keep_once(struct desk *desk, const struct store_item *item, const struct matter *matter)
{
    struct once *once = &desk->onces[desk->next_once];

    *once = (struct once){.value = matter->value, .id = item->proposal.id};
    memcpy(once->digest, item->proposal.digest, DIGEST_BYTES);
    desk->next_once = (desk->next_once + 1) % ONCE_COUNT_MAX;
}

static enum err keep(struct desk *desk, const struct store_item *item, const struct matter *matter, bool over)
{
    const struct proposal *p = &item->proposal;
    bool is_route = p->tool == TOOL_ROUTE;

    switch (item->decision->scope) {
    case SCOPE_NO: return safelist_add(&desk->refused, &matter->value, p->host, p->id);
    case SCOPE_VALUE:
        if (is_route) return keep_grant(desk, item);
        return safelist_add(&desk->egress->safelist, &matter->value, (struct span){0}, p->id);
    case SCOPE_HOST: return safelist_add(&desk->egress->safelist, &matter->value, p->host, p->id);
    case SCOPE_ONCE:
        if (!over) keep_once(desk, item, matter);
        return ERR_OK;
    case SCOPE_COUNT: break;
    }
    return ERR_SYNTAX;
}

void remember(struct approvals *a, const struct store_item *item, bool again)
{
    struct desk *desk = desk_named(a, item->proposal.bottle);
    struct hold *hold = hold_of(a, item->proposal.id);
    struct matter matter;
    enum err err = desk == NULL ? ERR_NOT_FOUND : matter_of_proposal(&item->proposal, &matter);

    if (err == ERR_OK) err = keep(desk, item, &matter, again || (hold != NULL && hold->waiting > 0));
    if (err != ERR_OK)
        LOG(WARN, "queue.answer", F_ID("proposal", item->proposal.id), F_TEXT("why", err_meaning(err)),
            F_TEXT("so", "it is not remembered"));
    if (hold == NULL) return;
    hold->scope = item->decision->scope;
    if (err != ERR_OK)
        fsm_post(&hold->machine, HOLD_EV_LOST);
    else
        fsm_post(&hold->machine, hold->scope == SCOPE_NO ? HOLD_EV_NO : HOLD_EV_YES);
}

void desk_free(struct desk *desk)
{
    for (size_t i = 0; i < GRANT_COUNT_MAX; i++) policy_free(&desk->grants[i].policy);
    list_remove(&desk->node);
    if (desk->egress->asker == &desk->asker) desk->egress->asker = NULL;
    mem_free(desk);
}
