/* fuzz_approvals.c — claim: whatever is asked, answered, taken back, lost and waited for, in whatever order: nobody
 * hears yes for a value that no person has allowed, everybody is told once at most, and in the end nothing is left.
 * Each byte is one move: the top three bits say which, the rest of what.  Reaches approvals.c, hold.c, poll.c,
 * remembered.c, store.c.  Seeds fuzz/corpus/approvals. */
#include <stdlib.h>
#include <string.h>

#include "fsm/approvals_int.h"
#include "reactor/base/own.h"
#include "tests/world/egress.h"

#define ASKERS 8
#define VALUES 4 /* the last stands for none: "too-deep" */

static struct store *people;
static struct approvals *approvals;
static bool allowed[VALUES + 1]; /* by anybody, ever; the last is the host without a route */

struct asking {
    bool waits;
    void *ticket;
    struct findings findings;
    struct question question;
    uint8_t digest[DIGEST_BYTES];
    unsigned values; /* a bit each */
};
static struct asking askings[ASKERS];

static enum store_err open_queue(void *owner, uint64_t run, struct store **store_out)
{
    (void)owner;
    return store_mem_new(people, run, store_out);
}

static void on_answer(void *owner, const struct reply *reply)
{
    struct asking *asking = owner;

    if (!asking->waits) abort();
    asking->waits = false;
    asking->ticket = NULL;
    for (unsigned value = 0; value <= VALUES && reply->answer == ANSWER_YES; value++)
        if ((asking->values & 1u << value) != 0 && !allowed[value]) abort();
    if (reply->answer == ANSWER_DIGEST && asking->question.digest != NULL && asking->question.findings != NULL)
        asking->question.digest = NULL; /* asked anew by the next move */
}

static void add_value(struct asking *asking, unsigned value)
{
    struct finding *finding = &asking->findings.list[asking->findings.count++];
    const uint8_t name = (uint8_t)value;

    *finding = (struct finding){.rule = "a-rule", .title = "A rule", .rung = RUNG_PREFIX, .ruling = RULING_STOPS};
    if (value + 1 < VALUES && fingerprint_of((struct span){&name, 1}, &finding->fingerprint) != ERR_OK) abort();
    asking->values |= 1u << value;
}

static void ask(struct asking *asking, unsigned what)
{
    static const char *const hosts[] = {"a.test", "b.test"};

    if (asking->waits) return;
    *asking = (struct asking){.waits = true};
    asking->digest[0] = (uint8_t)(what & 3);
    asking->question = (struct question){.scheme = SPAN_LIT("https"),
                                         .method = SPAN_LIT("GET"),
                                         .host = span_of(hosts[what & 1]),
                                         .path = SPAN_LIT("/"),
                                         .port = 443,
                                         .policy = egress.rules->policy,
                                         .digest = (what & 16) != 0 ? NULL : asking->digest};
    if ((what & 12) == 12) {
        asking->values = 1u << VALUES;
        asking->question.digest = asking->digest;
    } else {
        asking->question.findings = &asking->findings;
        add_value(asking, what >> 2 & 3);
        if ((what & 2) != 0) add_value(asking, (what >> 1) % VALUES);
    }
    asking->waits = true;
    void *ticket = egress.asker->ask(egress.asker, &asking->question, on_answer, asking);
    if (asking->waits) asking->ticket = ticket;
    if (asking->waits && ticket == NULL) abort();
}

static void leave(struct asking *asking, bool late)
{
    if (!asking->waits) return;
    asking->waits = false;
    egress.asker->withdraw(egress.asker, MOVE(asking->ticket), late);
}

/* The n-th proposal of all. */
struct pick {
    unsigned n;
    uint64_t id;
    unsigned value;
};

static void on_item(void *owner, const struct store_item *item)
{
    struct pick *pick = owner;

    if (pick->n-- != 0) return;
    pick->id = item->proposal.id;
    pick->value = item->proposal.tool == TOOL_ROUTE ? VALUES : VALUES - 1;
    for (uint8_t value = 0; value + 1u < VALUES; value++) {
        struct fingerprint print;
        if (fingerprint_of((struct span){&value, 1}, &print) != ERR_OK) abort();
        if (memcmp(print.bytes, item->proposal.fingerprint, sizeof print.bytes) == 0) pick->value = value;
    }
}

static void decide(unsigned what)
{
    struct arena arena = arena_begin(KIB(8));
    struct decision stands,
        decision = {.scope = what % SCOPE_COUNT, .why = WHY_TESTS, .at_ms = 1, .operator= SPAN_LIT("a")};
    struct pick pick = {.n = what >> 2};

    if (store_list(people, STORE_HISTORY, 0, on_item, &pick) == STORE_OK && pick.id != 0 &&
        store_decide(people, pick.id, &decision, &arena, &stands) == STORE_OK && decision.scope != SCOPE_NO)
        allowed[pick.value] = true;
    arena_end(&arena);
}

static void take_back(unsigned what)
{
    struct pick pick = {.n = what};

    if (store_list(people, STORE_HISTORY, 0, on_item, &pick) != STORE_OK || pick.id == 0) return;
    if (store_forget(people, pick.id, SPAN_LIT("a"), 1) != STORE_OK) return;
}

static void spoil(unsigned what)
{
    static const enum store_err faults[] = {STORE_OK, STORE_BUSY, STORE_FULL, STORE_MISSING, STORE_CORRUPT};

    if (approvals->store != NULL) store_mem_faults(approvals->store)->next = faults[what % COUNT_OF(faults)];
}

static void move(uint8_t byte)
{
    unsigned what = byte & 31;

    switch (byte >> 5) {
    case 0:
    case 1: ask(&askings[byte % ASKERS], what); break;
    case 2: leave(&askings[what % ASKERS], (what & 16) != 0); break;
    case 3: decide(what); break;
    case 4: take_back(what); break;
    case 5: spoil(what); break;
    case 6: world_pass(POLL_MS * what); break;
    case 7: world_pass(SECONDS(what)); break;
    }
    world_turn();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len > 4096) return 0;
    egress_begin();
    memset(askings, 0, sizeof askings);
    memset(allowed, 0, sizeof allowed);
    if (store_mem_new(NULL, 0, &people) != STORE_OK) abort();
    if (approvals_new(world.loop, NULL, open_queue, NULL, &approvals) != ERR_OK) abort();
    if (approvals_serve(approvals, &egress) != ERR_OK) abort();
    for (size_t i = 0; i < len; i++) move(bytes[i]);
    for (size_t i = 0; i < ASKERS; i++) leave(&askings[i], false);
    world_turn();
    approvals_free(&approvals);
    store_free(&people);
    egress_end(); /* aborts when a timer is left */
    return 0;
}
