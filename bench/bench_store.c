/* bench_store.c — question: what does one call to the queue take from the loop, with 10,000 proposals open?
 * It decides STORE_BATCH, POLL_MS, and whether the queue needs a process of its own.  In a file of $TMPDIR, no other
 * process at it; the checkpoint writes what the calls before it left in the log. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/bench.h"
#include "queue/store.h"
#include "reactor/net/poke.h"

enum { OPEN = 10000, SPARE = 4000, OPS = 50, HEARS = 1000, RUN = 7 };

static const struct proposal sample = {.tool = TOOL_TOKEN,
                                       .created_ms = 1000,
                                       .deadline_ms = 301000,
                                       .bottle = SPAN_LIT("dev"),
                                       .method = SPAN_LIT("POST"),
                                       .scheme = SPAN_LIT("https"),
                                       .host = SPAN_LIT("api.example.com"),
                                       .path = SPAN_LIT("/v1/messages"),
                                       .port = 443,
                                       .body_bytes = 20000,
                                       .rule = SPAN_LIT("github-pat"),
                                       .title = SPAN_LIT("GitHub personal access token"),
                                       .service = SPAN_LIT("github"),
                                       .rung = SPAN_LIT("prefix"),
                                       .where = SPAN_LIT("body byte 1042"),
                                       .pointer = SPAN_LIT("/messages/3/content/0/text"),
                                       .shown = SPAN_LIT("ghp_... 40 characters"),
                                       .context = SPAN_LIT("export GITHUB_TOKEN=**** && git push"),
                                       .fingerprint = {9}};
static const struct decision yes = {
    .scope = SCOPE_VALUE, .why = WHY_TESTS, .at_ms = 2000, .operator= SPAN_LIT("alice")};

static struct store *proxy, *person;
static struct arena arena;
static uint64_t next_open = 1, decided, since;

static void need(enum store_err err)
{
    if (err == STORE_OK) return;
    fprintf(stderr, "%s\n", store_err_meaning(err));
    exit(1);
}

static uint64_t propose(void)
{
    uint64_t id = 0;

    for (int i = 0; i < OPS; i++) need(store_propose(proxy, &sample, &id));
    return id;
}

static uint64_t decide(void)
{
    struct decision stands;

    for (int i = 0; i < OPS; i++) need(store_decide(person, decided = next_open++, &yes, &arena, &stands));
    return decided;
}

static uint64_t pass(size_t count)
{
    struct store_pass passes[STORE_BATCH];

    for (size_t i = 0; i < count; i++)
        passes[i] = (struct store_pass){.id = decided, .how = AUDIT_RELEASED, .request = i, .host = sample.host};
    need(store_pass(proxy, passes, count, 3000));
    return count;
}

static uint64_t pass_one(void)
{
    uint64_t count = 0;

    for (int i = 0; i < OPS; i++) count += pass(1);
    return count;
}

static uint64_t pass_batch(void) { return pass(STORE_BATCH); }

static void on_answer(void *owner, uint64_t id, const struct decision *decision)
{
    *(uint64_t *)owner += id + (decision != NULL);
}

static uint64_t hear(uint64_t *from)
{
    uint64_t sum = 0;

    need(store_answers(proxy, from, on_answer, &sum));
    return sum;
}

static uint64_t hear_nothing(void)
{
    uint64_t sum = 0;

    for (int i = 0; i < OPS; i++) sum += hear(&since);
    return sum;
}

/* An answer is new as long as the last call has heard one: so it is heard again and again, behind one decision. */
static uint64_t hear_one(void)
{
    struct decision stands;
    uint64_t sum = 0;

    need(store_decide(person, decided = next_open++, &yes, &arena, &stands));
    hear(&since);
    for (int i = 0; i < HEARS; i++) {
        uint64_t from = since - 1;
        hear(&from);
        sum += from == since;
    }
    if (sum != HEARS) need(STORE_UNKNOWN);
    return sum;
}

static void on_item(void *owner, const struct store_item *item) { *(uint64_t *)owner += item->proposal.id; }

static uint64_t list(enum store_view view, uint64_t from)
{
    uint64_t sum = 0;

    need(store_list(person, view, from, on_item, &sum));
    return sum;
}

static uint64_t list_one(void)
{
    uint64_t sum = 0;

    for (int i = 0; i < OPS; i++) sum += list(STORE_ONE, decided);
    return sum;
}

static uint64_t list_open(void) { return list(STORE_OPEN, OPEN / 2); }
static uint64_t list_remembered(void) { return list(STORE_REMEMBERED, 0); }

static uint64_t rest(void)
{
    need(store_rest(proxy, 4000));
    return 0;
}

static uint64_t pass_and_rest(void) { return pass(STORE_BATCH) + rest(); }

static uint64_t verify(void)
{
    struct audit_fault fault;

    need(store_audit_verify(person, &fault));
    if (fault.kind != AUDIT_SOUND) need(STORE_FORGED);
    return fault.last.number;
}

static void on_bell(void *owner) { (void)owner; }

int main(void)
{
    char root[] = "/tmp/bottled-bench-XXXXXX", folder[64], command[64];
    const char *why = "no folder";
    struct loop *loop = NULL;
    struct poke *bell = NULL;

    arena = arena_begin(KIB(64));
    snprintf(folder, sizeof folder, "%s/queue", mkdtemp(root));
    need(store_open(root, RUN, &arena, &why, &proxy));
    need(store_open(root, 0, &arena, &why, &person));
    if (loop_new(&loop) != ERR_OK || poke_new(loop, folder, RUN, on_bell, NULL, &bell) != ERR_OK) need(STORE_IO);
    for (int i = 0; i < (OPEN + SPARE) / OPS; i++) propose();
    need(store_rest(proxy, 2000));

    bench_run("store/propose", OPS, 0, propose);
    bench_run("store/decide", OPS, 0, decide);
    while (hear(&since) != 0) continue;
    bench_run("store/pass-1", OPS, 0, pass_one);
    bench_run("store/pass-256", 1, 0, pass_batch);
    bench_run("store/answers-nothing-new", OPS, 0, hear_nothing);
    bench_run("store/answers-one-new", HEARS, 0, hear_one);
    bench_run("store/list-one", OPS, 0, list_one);
    bench_run("store/list-256-open", 1, 0, list_open);
    bench_run("store/list-256-remembered", 1, 0, list_remembered);
    bench_run("store/rest-nothing-to-do", 1, 0, rest);
    bench_run("store/pass-256-and-rest", 1, 0, pass_and_rest);
    bench_times("store/verify-all", 3, verify(), 0, verify);

    store_free(&proxy);
    store_free(&person);
    poke_free(&bell);
    loop_free(&loop);
    arena_end(&arena);
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}
