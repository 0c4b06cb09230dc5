/* store_test.c — the contract of a store, kept by the one in a file and by the one in memory; and what the file's says
 * when its file is not what it should be. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "queue/payload.h"
#include "queue/store.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/net/poke.h"

static char root[64];
static bool in_file;
static struct loop *loop;
static struct arena arena;
static struct store *hall; /* of those in memory */
static const char *why;

static enum store_err try_open(uint64_t run, struct store **out)
{
    if (!in_file) return store_mem_new(hall, run, out);
    return store_open(root, run, &arena, &why, out);
}

static struct store *opened(uint64_t run)
{
    struct store *store = NULL;
    enum store_err err = try_open(run, &store);

    if (err != STORE_OK) fail_msg("%s: %s", store_err_name(err), why);
    return store;
}

static const char *in_queue(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/queue/%s", root, name);
    return path;
}

static void on_bell(void *owner) { ++*(size_t *)owner; }

static size_t rung;
static struct poke *bell;

static int begin(void **state, bool file)
{
    (void)state;
    in_file = file;
    snprintf(root, sizeof root, "/tmp/bottled-store-XXXXXX");
    assert_non_null(mkdtemp(root));
    arena = arena_begin(KIB(64));
    why = "";
    rung = 0;
    assert_int_equal(loop_new(&loop), ERR_OK);
    if (!file) assert_int_equal(store_mem_new(NULL, 0, &hall), STORE_OK);
    return 0;
}

static int begin_file(void **state) { return begin(state, true); }
static int begin_mem(void **state) { return begin(state, false); }

static int finish(void **state)
{
    char command[128];

    (void)state;
    poke_free(&bell);
    loop_free(&loop);
    store_free(&hall);
    arena_end(&arena);
    snprintf(command, sizeof command, "rm -rf %s", root);
    assert_int_equal(system(command), 0);
    return 0;
}

#define BOTH(name)                                                                                                     \
    cmocka_unit_test_setup_teardown(name, begin_mem, finish), cmocka_unit_test_setup_teardown(name, begin_file, finish)
#define FILE_ONLY(name) cmocka_unit_test_setup_teardown(name, begin_file, finish)

/* A proxy that lives, as far as others can hear. */
#define RUN 0xfeedfacecafebeefu /* past what is positive in the file */
static struct store *proxy(void)
{
    struct store *store = opened(RUN);
    char folder[80];

    snprintf(folder, sizeof folder, "%s/queue", root);
    if (in_file && bell == NULL) assert_int_equal(poke_new(loop, folder, RUN, on_bell, &rung, &bell), ERR_OK);
    return store;
}

static const struct proposal sample = {.tool = TOOL_TOKEN,
                                       .created_ms = 1000,
                                       .deadline_ms = 301000,
                                       .bottle = SPAN_LIT("dev"),
                                       .method = SPAN_LIT("POST"),
                                       .scheme = SPAN_LIT("https"),
                                       .host = SPAN_LIT("api.example.com"),
                                       .path = SPAN_LIT("/v1"),
                                       .port = 443,
                                       .body_bytes = 77,
                                       .digest = {1, 2},
                                       .rule = SPAN_LIT("github-pat"),
                                       .shown = SPAN_LIT("ghp_ 40 characters"),
                                       .fingerprint = {9},
                                       .others = 1};
static const struct decision yes = {
    .scope = SCOPE_VALUE, .why = WHY_TESTS, .at_ms = 2000, .operator= SPAN_LIT("alice")};

static uint64_t propose(struct store *store)
{
    uint64_t id = 0;

    assert_int_equal(store_propose(store, &sample, &id), STORE_OK);
    return id;
}

static enum store_err decide(struct store *store, uint64_t id, const struct decision *decision, struct decision *stands)
{
    return store_decide(store, id, decision, &arena, stands);
}

/* --- what is listed and heard -------------------------------------------------------------------------------- */

static struct {
    size_t count;
    uint64_t first, last;
    enum audit_event state;
    uint32_t waiting;
    enum scope scope;
    char host[32], operator[32];
} listed;

static void on_item(void *owner, const struct store_item *item)
{
    (void)owner;
    if (listed.count++ == 0) listed.first = item->proposal.id;
    listed.last = item->proposal.id;
    listed.state = item->state;
    listed.waiting = item->waiting;
    listed.scope = item->decision != NULL ? item->decision->scope : SCOPE_COUNT;
    snprintf(listed.host, sizeof listed.host, "%.*s", SPAN_FMT(item->proposal.host));
}

static size_t list(struct store *store, enum store_view view, uint64_t from)
{
    memset(&listed, 0, sizeof listed);
    assert_int_equal(store_list(store, view, from, on_item, NULL), STORE_OK);
    return listed.count;
}

static enum audit_event state_of(struct store *store, uint64_t id)
{
    assert_int_equal(list(store, STORE_ONE, id), 1);
    return listed.state;
}

static struct {
    size_t count;
    uint64_t id;
    bool taken_back;
    enum scope scope;
} heard;

static void on_answer(void *owner, uint64_t id, const struct decision *decision)
{
    (void)owner;
    heard.count++;
    heard.id = id;
    heard.taken_back = decision == NULL;
    heard.scope = decision != NULL ? decision->scope : SCOPE_NO;
}

static size_t hear(struct store *store, uint64_t *since)
{
    memset(&heard, 0, sizeof heard);
    assert_int_equal(store_answers(store, since, on_answer, NULL), STORE_OK);
    return heard.count;
}

/* And has how many rows? */
static uint64_t assert_sound(struct store *store)
{
    struct audit_fault fault;

    assert_int_equal(store_audit_verify(store, &fault), STORE_OK);
    if (fault.kind != AUDIT_SOUND) fail_msg("%s, at %zu", audit_fault_meaning(fault.kind), (size_t)fault.number);
    return fault.last.number;
}

/* --- both ------------------------------------------------------------------------------------------------------- */

static void what_is_proposed_is_listed_decided_heard_and_let_go(void **state)
{
    struct store *mine = proxy(), *people = opened(0);
    struct decision stands;
    uint64_t since = 0, id = propose(mine);

    (void)state;
    assert_int_equal(hear(mine, &since), 0);
    assert_int_equal(list(people, STORE_OPEN, 0), 1);
    assert_string_equal(listed.host, "api.example.com");
    assert_int_equal(listed.waiting, 1);
    assert_int_equal(store_set_waiting(mine, id, 12), STORE_OK);
    assert_int_equal(list(people, STORE_OPEN, 0), 1);
    assert_int_equal(listed.waiting, 12);
    struct store_pass pass = {.id = id, .how = AUDIT_RELEASED, .request = 5, .host = sample.host};
    assert_int_equal(store_pass(mine, &pass, 1, 3000), STORE_REFUSED); /* nobody has said yes */
    assert_int_equal(decide(people, id, &yes, &stands), STORE_OK);
    assert_int_equal(list(people, STORE_OPEN, 0), 0);
    assert_int_equal(hear(mine, &since), 1);
    assert_true(heard.id == id && !heard.taken_back && heard.scope == SCOPE_VALUE);
    assert_int_equal(hear(mine, &since), 0);
    assert_int_equal(store_pass(mine, &pass, 1, 3000), STORE_OK);
    assert_int_equal(list(people, STORE_REMEMBERED, 0), 1);
    assert_int_equal(store_forget(people, id, SPAN_LIT("bob"), 4000), STORE_OK);
    assert_int_equal(hear(mine, &since), 1);
    assert_true(heard.taken_back);
    assert_int_equal(store_pass(mine, &pass, 1, 5000), STORE_REFUSED);
    assert_int_equal(list(people, STORE_REMEMBERED, 0), 0);
    assert_int_equal(store_forget(people, id, SPAN_LIT("bob"), 4000), STORE_REFUSED);
    assert_sound(people);
    store_free(&mine);
    store_free(&people);
}

static void the_first_answer_stands_and_the_second_is_told_whose_it_is(void **state)
{
    struct store *mine = proxy(), *alice = opened(0), *bob = opened(0);
    struct decision no = {.scope = SCOPE_NO,
                          .why = WHY_OTHER,
                          .at_ms = 2500,
                          .operator= SPAN_LIT("bob"),
                          .words = SPAN_LIT("not this one")};
    struct decision stands;
    uint64_t id = propose(mine);

    (void)state;
    assert_int_equal(decide(alice, id, &yes, &stands), STORE_OK);
    assert_int_equal(decide(bob, id, &no, &stands), STORE_DECIDED);
    assert_true(span_is(stands.operator, SPAN_LIT("alice")) && stands.at_ms == 2000 && stands.scope == SCOPE_VALUE);
    assert_int_equal(store_end(mine, id, AUDIT_EXPIRED, 1), STORE_DECIDED);
    assert_sound(bob);
    store_free(&mine);
    store_free(&alice);
    store_free(&bob);
}

static void nothing_goes_by_a_no(void **state)
{
    static const enum audit_event hows[] = {AUDIT_RELEASED, AUDIT_USED};
    struct store *mine = proxy(), *people = opened(0);
    struct decision stands, no = yes;
    uint64_t id = propose(mine);

    (void)state;
    no.scope = SCOPE_NO;
    assert_int_equal(decide(people, id, &no, &stands), STORE_OK);
    for (size_t i = 0; i < COUNT_OF(hows); i++) {
        struct store_pass pass = {.id = id, .how = hows[i], .host = sample.host};
        assert_int_equal(store_pass(mine, &pass, 1, 3000), STORE_REFUSED);
    }
    assert_int_equal(assert_sound(people), 2);
    store_free(&mine);
    store_free(&people);
}

static void what_has_ended_may_be_answered_for_the_next_try(void **state)
{
    static const enum audit_event ends[] = {AUDIT_EXPIRED, AUDIT_RETRACTED};
    struct store *mine = proxy(), *people = opened(0);
    struct decision stands;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        uint64_t id = propose(mine);
        assert_int_equal(store_end(mine, id, ends[i], 9), STORE_OK);
        assert_int_equal(store_end(mine, id, ends[i], 9), STORE_REFUSED);
        assert_int_equal(state_of(people, id), ends[i]);
        assert_int_equal(decide(people, id, &yes, &stands), STORE_OK);
    }
    store_free(&mine);
    store_free(&people);
}

static void each_side_may_do_its_own_alone(void **state)
{
    struct store *mine = proxy(), *another = opened(77), *people = opened(0);
    struct decision stands, odd = yes;
    uint64_t id = propose(mine), none;

    (void)state;
    assert_int_equal(store_propose(people, &sample, &none), STORE_REFUSED);
    assert_int_equal(store_end(another, id, AUDIT_EXPIRED, 1), STORE_UNKNOWN);
    assert_int_equal(store_set_waiting(another, id, 3), STORE_UNKNOWN);
    assert_int_equal(store_end(mine, 999, AUDIT_EXPIRED, 1), STORE_UNKNOWN);
    assert_int_equal(decide(people, 999, &yes, &stands), STORE_UNKNOWN);
    odd.route_path = SPAN_LIT("/x");
    assert_int_equal(decide(people, id, &odd, &stands), STORE_REFUSED);
    odd = yes;
    odd.operator=(struct span){0};
    assert_int_equal(decide(people, id, &odd, &stands), STORE_REFUSED);
    assert_int_equal(state_of(people, id), AUDIT_PROPOSED);
    assert_sound(people);
    store_free(&mine);
    store_free(&another);
    store_free(&people);
}

static void what_a_proxy_that_is_gone_left_open_is_abandoned(void **state)
{
    struct store *mine = proxy(), *people = opened(0);
    struct decision stands;
    uint64_t id = propose(mine), decided = propose(mine);

    (void)state;
    assert_int_equal(decide(people, decided, &yes, &stands), STORE_OK);
    store_free(&mine);
    poke_free(&bell);
    assert_int_equal(decide(people, id, &yes, &stands), STORE_ABANDONED);
    assert_int_equal(store_rest(people, 1), STORE_OK);
    assert_int_equal(state_of(people, id), AUDIT_ABANDONED);
    assert_int_equal(state_of(people, decided), AUDIT_DECIDED);
    assert_int_equal(list(people, STORE_REMEMBERED, 0), 0);
    assert_sound(people);
    store_free(&people);
}

static size_t count_open(struct store *store)
{
    uint64_t from = 0;
    size_t count = 0, batch;

    while ((batch = list(store, STORE_OPEN, from)) > 0) {
        assert_true(batch <= STORE_BATCH && listed.first > from);
        from = listed.last;
        count += batch;
    }
    return count;
}

/* So that no call takes the loop long, however much a proxy left that was killed. */
static void what_many_left_is_abandoned_a_batch_at_a_rest(void **state)
{
    struct store *mine = proxy(), *gone = opened(77), *also_gone = opened(UINT64_MAX - 1);

    (void)state;
    for (size_t i = 0; i < STORE_BATCH + 10; i++) propose(gone);
    for (size_t i = 0; i < 5; i++) propose(also_gone);
    for (size_t i = 0; i < 3; i++) propose(mine);
    store_free(&gone);
    store_free(&also_gone);
    size_t expected = STORE_BATCH + 18, before;
    for (int rests = 0; rests < 3; rests++) {
        before = expected;
        assert_int_equal(store_rest(mine, 1), STORE_OK);
        expected = count_open(mine);
        assert_true(expected < before && before - expected <= STORE_BATCH);
    }
    assert_int_equal(expected, 3); /* ours */
    assert_int_equal(store_rest(mine, 1), STORE_OK);
    assert_int_equal(count_open(mine), 3);
    assert_sound(mine);
    store_free(&mine);
}

static void many_passes_are_all_written_or_none(void **state)
{
    struct store *mine = proxy(), *people = opened(0);
    struct store_pass passes[STORE_BATCH];
    struct decision stands;
    uint64_t id = propose(mine), open = propose(mine);

    (void)state;
    assert_int_equal(decide(people, id, &yes, &stands), STORE_OK);
    for (size_t i = 0; i < STORE_BATCH; i++)
        passes[i] = (struct store_pass){.id = id, .how = AUDIT_RELEASED, .request = i, .host = sample.host};
    passes[STORE_BATCH - 1].id = open;
    assert_int_equal(store_pass(mine, passes, STORE_BATCH, 1), STORE_REFUSED);
    assert_int_equal(assert_sound(people), 3);
    passes[STORE_BATCH - 1].id = id;
    assert_int_equal(store_pass(mine, passes, STORE_BATCH, 1), STORE_OK);
    assert_int_equal(assert_sound(people), 3 + STORE_BATCH);
    store_free(&mine);
    store_free(&people);
}

/* Said again where there was no memory. */
#define AGAIN(call)                                                                                                    \
    do {                                                                                                               \
        enum store_err again_ = (call);                                                                                \
        if (again_ == STORE_NOMEM) again_ = (call);                                                                    \
        assert_int_equal(again_, STORE_OK);                                                                            \
    } while (0)

static void an_allocation_that_fails_leaves_nothing_half_done(void **state)
{
    struct store *mine = proxy(), *people = opened(0);
    uint64_t since = 0, id;
    size_t n = 0, made;

    (void)state;
    do {
        struct decision stands;
        memset(&heard, 0, sizeof heard);
        mem_fail_at(++n);
        AGAIN(store_propose(mine, &sample, &id));
        AGAIN(store_decide(people, id, &yes, &arena, &stands));
        AGAIN(store_answers(mine, &since, on_answer, NULL));
        struct store_pass pass = {.id = id, .how = AUDIT_RELEASED, .host = sample.host};
        AGAIN(store_pass(mine, &pass, 1, 3000));
        AGAIN(store_forget(people, id, SPAN_LIT("bob"), 4000));
        made = mem_fail_at(0);
        assert_true(heard.count == 1 && heard.id == id && !heard.taken_back);
        memset(&heard, 0, sizeof heard);
        assert_int_equal(store_answers(mine, &since, on_answer, NULL), STORE_OK);
        assert_true(heard.count == 1 && heard.taken_back);
        assert_int_equal(list(people, STORE_HISTORY, 0), n);
        assert_sound(people);
    } while (n <= made);
    assert_true(n > 10);
    store_free(&mine);
    store_free(&people);
}

#define MANY 2000

static void many_are_listed_in_batches_and_each_once(void **state)
{
    struct store *mine = proxy(), *people = opened(0);
    uint64_t from = 0;
    size_t count = 0, batch;

    (void)state;
    for (size_t i = 0; i < MANY; i++) propose(mine);
    assert_int_equal(count_open(people), MANY);
    while ((batch = list(people, STORE_HISTORY, from)) > 0) {
        from = listed.last;
        count += batch;
    }
    assert_int_equal(count, MANY);
    assert_sound(people);
    store_free(&mine);
    store_free(&people);
}

/* --- the file -------------------------------------------------------------------------------------------------- */

static void run_sql(const char *sql)
{
    sqlite3 *db;
    char *error = NULL;

    assert_int_equal(sqlite3_open(in_queue("queue.db"), &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK) fail_msg("%s: %s", sql, error);
    sqlite3_close(db);
}

static void fill(void)
{
    struct store *mine = proxy(), *people = opened(0);
    struct decision stands;

    for (size_t i = 0; i < 5; i++) propose(mine);
    assert_int_equal(decide(people, 2, &yes, &stands), STORE_OK);
    store_free(&mine);
    store_free(&people);
}

static void a_row_that_was_touched_is_found(void **state)
{
    static const struct {
        const char *sql;
        enum audit_fault_kind kind;
        uint64_t number;
    } rows[] = {
        {"UPDATE rows SET body = replace(body, 'api.example.com', 'bad.example.com') WHERE number = 3", AUDIT_CHANGED,
         3},
        {"UPDATE rows SET at = at + 1 WHERE number = 1", AUDIT_CHANGED, 1},
        {"DELETE FROM rows WHERE number = 4", AUDIT_GAP, 5},
        {"DELETE FROM rows WHERE number = 6", AUDIT_CUT, 5},
        {"INSERT INTO rows SELECT 7, at, proposal, run, event, body, before, mac FROM rows WHERE number = 6",
         AUDIT_CHANGED, 7},
        {"UPDATE rows SET event = 99 WHERE number = 3", AUDIT_CHANGED, 3},
        {"UPDATE rows SET mac = x'00' WHERE number = 3", AUDIT_CHANGED, 3},
        {"UPDATE rows SET before = x'' WHERE number = 1", AUDIT_CHANGED, 1},
        {"UPDATE anchor SET number = 5", AUDIT_UNSEALED, 5},
        {"UPDATE proposals SET state = 1 WHERE id = 3", AUDIT_STATE, 3},
        {"UPDATE proposals SET state = 99 WHERE id = 3", AUDIT_STATE, 3},
        {"UPDATE proposals SET run = 1 WHERE id = 3", AUDIT_STATE, 3},
        {"UPDATE proposals SET answer = 0 WHERE id = 2", AUDIT_STATE, 2},
        {"UPDATE proposals SET answer = 6 WHERE id = 3", AUDIT_STATE, 3},
        {"INSERT INTO proposals VALUES(4000, 1, 0, 1, 0)", AUDIT_STATE, 4000},
        {"DELETE FROM proposals WHERE id = 3", AUDIT_STATE, 3},
    };
    struct audit_fault fault;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        fill();
        struct store *people = opened(0);
        run_sql(rows[i].sql);
        assert_int_equal(store_audit_verify(people, &fault), STORE_OK);
        if (fault.kind != rows[i].kind || fault.number != rows[i].number)
            fail_msg("%s: %s at %zu", rows[i].sql, audit_fault_meaning(fault.kind), (size_t)fault.number);
        store_free(&people);
        poke_free(&bell);
        char command[128];
        snprintf(command, sizeof command, "rm -rf %s/queue", root);
        assert_int_equal(system(command), 0);
    }
}

static void what_can_not_be_read_hides_nothing_else(void **state)
{
    struct store *people;

    (void)state;
    fill();
    people = opened(0);
    run_sql("UPDATE proposals SET state = 99 WHERE id = 3");
    memset(&listed, 0, sizeof listed);
    assert_int_equal(store_list(people, STORE_HISTORY, 0, on_item, NULL), STORE_CORRUPT);
    assert_int_equal(listed.count, 4);
    assert_int_equal(listed.last, 1);
    store_free(&people);
}

/* A no that was made to point at another one's yes. */
static void the_answer_to_another_is_no_answer(void **state)
{
    struct store *mine = proxy(), *people = opened(0);
    struct decision stands, no = yes;
    uint64_t granted = propose(mine), denied = propose(mine);

    (void)state;
    no.scope = SCOPE_NO;
    assert_int_equal(decide(people, granted, &yes, &stands), STORE_OK);
    assert_int_equal(decide(people, denied, &no, &stands), STORE_OK);
    run_sql("UPDATE proposals SET answer = 3 WHERE id = 2");
    struct store_pass pass = {.id = denied, .how = AUDIT_RELEASED, .host = sample.host};
    assert_int_equal(store_pass(mine, &pass, 1, 3000), STORE_REFUSED);
    assert_int_equal(list(people, STORE_ONE, denied), 1);
    assert_int_equal(listed.scope, SCOPE_COUNT); /* none */
    pass.id = granted;
    assert_int_equal(store_pass(mine, &pass, 1, 3000), STORE_OK);
    store_free(&mine);
    store_free(&people);
}

/* An answer that was written past the chain is none. */
static void an_answer_without_our_mac_is_no_answer(void **state)
{
    struct store *mine = proxy();
    struct buf body = {0};
    uint64_t id = propose(mine), since = 0;
    char sql[400];

    (void)state;
    assert_int_equal(payload_put_decision(&body, &yes), ERR_OK);
    snprintf(sql, sizeof sql, "INSERT INTO rows SELECT 2, at, 1, run, 1, CAST('%.*s' AS BLOB), before, mac FROM rows",
             SPAN_FMT(buf_span(&body)));
    buf_clear(&body);
    run_sql(sql);
    assert_int_equal(hear(mine, &since), 1);
    assert_true(heard.id == id && heard.taken_back);
    store_free(&mine);
}

static void who_holds_the_file_is_waited_for(void **state)
{
    struct store *mine = proxy();
    uint64_t id = propose(mine), since = 0;
    sqlite3 *db;

    (void)state;
    assert_int_equal(sqlite3_open(in_queue("queue.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(store_propose(mine, &sample, &id), STORE_BUSY);
    assert_int_equal(store_set_waiting(mine, id, 2), STORE_BUSY);
    assert_int_equal(hear(mine, &since), 0); /* readers never wait */
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(store_propose(mine, &sample, &id), STORE_OK);
    assert_sound(mine);
    store_free(&mine);
}

static void a_file_that_is_gone_is_missed(void **state)
{
    struct store *mine = proxy();
    uint64_t id = propose(mine), since = 0;

    (void)state;
    assert_int_equal(unlink(in_queue("queue.db")), 0);
    assert_int_equal(store_propose(mine, &sample, &id), STORE_MISSING);
    assert_int_equal(store_answers(mine, &since, on_answer, NULL), STORE_MISSING);
    assert_int_equal(store_rest(mine, 1), STORE_MISSING);
    store_free(&mine);
    unlink(in_queue("queue.db-wal"));
    unlink(in_queue("queue.db-shm"));
    mine = opened(RUN); /* a new one */
    assert_int_equal(propose(mine), 1);
    store_free(&mine);
}

static void write_over(const char *name, const char *bytes, size_t len)
{
    FILE *file = fopen(in_queue(name), "r+");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static void assert_not_opened(enum store_err expected, const char *says)
{
    struct store *store = NULL;
    enum store_err err = try_open(0, &store);

    if (err != expected) fail_msg("%s, not %s: %s", store_err_name(err), store_err_name(expected), why);
    if (strstr(why, says) == NULL || strstr(why, root) == NULL) fail_msg("no \"%s\" in: %s", says, why);
}

static void a_file_that_is_no_queue_is_told_and_left_as_it_is(void **state)
{
    static char garbage[8192];
    struct stat before, after;

    (void)state;
    memset(garbage, 0x5a, sizeof garbage);
    fill();
    write_over("queue.db", garbage, sizeof garbage);
    assert_int_equal(stat(in_queue("queue.db"), &before), 0);
    assert_not_opened(STORE_FOREIGN, "move the file away");
    assert_int_equal(stat(in_queue("queue.db"), &after), 0);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    assert_int_equal(unlink(in_queue("queue.db")), 0);
    unlink(in_queue("queue.db-wal"));
    unlink(in_queue("queue.db-shm"));
    run_sql("CREATE TABLE theirs(a)");
    assert_int_equal(chmod(in_queue("queue.db"), 0600), 0);
    assert_not_opened(STORE_FOREIGN, "another program");
}

static void what_is_wrong_with_it_is_told(void **state)
{
    (void)state;
    fill();
    run_sql("PRAGMA user_version = 99");
    assert_not_opened(STORE_NEWER, "newer");
    run_sql("PRAGMA user_version = 1");
    assert_int_equal(rename(in_queue("audit.key"), "/tmp/bottled-store-key"), 0);
    assert_not_opened(STORE_FORGED, "audit.key");
    assert_int_equal(rename("/tmp/bottled-store-key", in_queue("audit.key")), 0);
    write_over("audit.key", "another key, as long as it was..", 32);
    assert_not_opened(STORE_FORGED, "audit.key");
    assert_int_equal(chmod(in_queue("queue.db"), 0644), 0);
    assert_not_opened(STORE_DENIED, "chmod");
    assert_int_equal(chmod(in_queue("queue.db"), 0600), 0);
    assert_int_equal(chmod(in_queue(""), 0755), 0);
    assert_not_opened(STORE_DENIED, "chmod");
}

static void a_queue_behind_a_symbolic_link_is_opened(void **state)
{
    char link[80];
    struct store *people = NULL;

    (void)state;
    fill();
    snprintf(link, sizeof link, "%s/link", root);
    assert_int_equal(symlink(root, link), 0);
    enum store_err err = store_open(link, 0, &arena, &why, &people);
    if (err != STORE_OK) fail_msg("%s: %s", store_err_name(err), why);
    assert_sound(people);
    assert_int_equal(list(people, STORE_HISTORY, 0), 5);
    store_free(&people);
}

/* The root may be anywhere; what is ours in it stands there itself. */
static void a_symbolic_link_in_place_of_what_is_ours_is_refused(void **state)
{
    static const char *const names[] = {"queue/queue.db", "queue/audit.key", "queue/audit.jsonl", "queue"};
    char path[96], aside[80];

    (void)state;
    fill();
    snprintf(aside, sizeof aside, "%s/aside", root);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        snprintf(path, sizeof path, "%s/%s", root, names[i]);
        assert_int_equal(rename(path, aside), 0);
        assert_int_equal(symlink(aside, path), 0);
        assert_not_opened(STORE_DENIED, "this user's alone");
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rename(aside, path), 0);
    }
    struct store *people = opened(0);
    assert_sound(people);
    store_free(&people);
}

static void a_disk_that_is_read_only_is_told(void **state)
{
    uint64_t id, since = 0;

    (void)state;
    if (mount("tmpfs", root, "tmpfs", 0, "size=4m,mode=700") != 0) {
        print_message("skip: no tmpfs can be mounted by this user\n");
        return;
    }
    fill();
    if (mount("tmpfs", root, "tmpfs", MS_REMOUNT | MS_RDONLY, "") != 0) fail_msg("it is busy");
    assert_not_opened(STORE_READ_ONLY, "read-only");
    assert_int_equal(mount("tmpfs", root, "tmpfs", MS_REMOUNT, ""), 0);
    struct store *mine = opened(RUN);
    assert_int_equal(store_propose(mine, &sample, &id), STORE_OK);
    assert_int_equal(hear(mine, &since), 1); /* fill()'s */
    assert_sound(mine);
    store_free(&mine);
    assert_int_equal(umount2(root, MNT_DETACH), 0);
}

/* As somebody whom permissions bind. */
static void what_we_may_not_write_is_told(void **state)
{
    static const struct {
        const char *name;
        mode_t without, with;
    } rows[] = {{"", 0500, 0700}, {"queue.db", 0400, 0600}};
    bool is_root = geteuid() == 0;

    (void)state;
    if (is_root) assert_int_equal(chown(root, 65534, 65534) | seteuid(65534), 0);
    fill();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(chmod(in_queue(rows[i].name), rows[i].without), 0);
        assert_not_opened(STORE_READ_ONLY, "read-only");
        assert_int_equal(chmod(in_queue(rows[i].name), rows[i].with), 0);
    }
    struct store *people = opened(0);
    assert_sound(people);
    store_free(&people);
    poke_free(&bell);
    if (is_root) assert_int_equal(seteuid(0), 0);
}

static void a_file_that_was_cut_short_is_told(void **state)
{
    struct store *mine = proxy();

    (void)state;
    propose(mine);
    assert_int_equal(store_rest(mine, 1), STORE_OK); /* it is all in the file */
    store_free(&mine);
    assert_int_equal(truncate(in_queue("queue.db"), 8192), 0);
    assert_not_opened(STORE_CORRUPT, "damaged");
    assert_int_equal(truncate(in_queue("queue.db"), 50), 0);
    assert_not_opened(STORE_CORRUPT, "damaged");
}

static void a_file_that_was_replaced_is_missed(void **state)
{
    struct store *mine = proxy();
    struct audit_fault fault;
    uint64_t id = propose(mine), since = 0;
    char sql[100], other[80];

    (void)state;
    snprintf(other, sizeof other, "%s/other", root);
    snprintf(sql, sizeof sql, "VACUUM INTO '%s'", other);
    run_sql(sql);
    assert_int_equal(rename(other, in_queue("queue.db")), 0);
    assert_int_equal(store_propose(mine, &sample, &id), STORE_MISSING);
    assert_int_equal(store_answers(mine, &since, on_answer, NULL), STORE_MISSING);
    assert_int_equal(store_audit_verify(mine, &fault), STORE_MISSING);
    store_free(&mine);
}

/* What somebody has added to the schema does not run. */
static void a_trigger_in_the_file_is_not_run(void **state)
{
    struct store *mine = proxy();

    (void)state;
    propose(mine);
    store_free(&mine);
    run_sql("CREATE TRIGGER t AFTER INSERT ON proposals BEGIN UPDATE proposals SET waiting = 77; END");
    mine = opened(RUN);
    uint64_t id = propose(mine);
    assert_int_equal(list(mine, STORE_ONE, id), 1);
    assert_int_equal(listed.waiting, 1);
    assert_sound(mine);
    store_free(&mine);
}

static void a_damaged_page_is_told(void **state)
{
    static char zeros[64];
    struct store *people;

    (void)state;
    fill();
    run_sql("PRAGMA wal_checkpoint(TRUNCATE)");
    FILE *file = fopen(in_queue("queue.db"), "r+");
    assert_non_null(file);
    for (long page = 1; page < 6; page++) { /* all but the first */
        assert_int_equal(fseek(file, page * 4096, SEEK_SET), 0);
        memset(zeros, 0x7f, sizeof zeros);
        assert_int_equal(fwrite(zeros, 1, sizeof zeros, file), sizeof zeros);
    }
    fclose(file);
    assert_int_equal(try_open(0, &people), STORE_CORRUPT);
    assert_non_null(strstr(why, "damaged"));
}

/* A disk of a megabyte that fills up: what is in the queue stays, what is new is refused. */
static void a_full_disk_is_told_and_loses_nothing(void **state)
{
    struct store *mine;
    enum store_err err = STORE_OK;
    uint64_t id, count = 0, since = 0;

    (void)state;
    if (mount("tmpfs", root, "tmpfs", 0, "size=1m,mode=700") != 0) {
        print_message("skip: no tmpfs can be mounted by this user\n");
        return;
    }
    mine = opened(RUN);
    while (err == STORE_OK && count < 100000) {
        err = store_propose(mine, &sample, &id);
        count += err == STORE_OK;
    }
    assert_int_equal(err, STORE_FULL);
    assert_true(count > 10);
    assert_int_equal(hear(mine, &since), 0);
    assert_sound(mine);
    assert_int_equal(unlink(in_queue("audit.jsonl")), 0); /* still open, and so of no use: but 1 MiB is little */
    store_free(&mine);
    mine = opened(RUN);
    assert_int_equal(list(mine, STORE_ONE, count), 1);
    assert_sound(mine);
    store_free(&mine);
    assert_int_equal(umount2(root, MNT_DETACH), 0);
}

/* Killed at any moment the file is whole, and the audit as well. */
static void a_process_that_is_killed_in_mid_write_leaves_a_sound_queue(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 8; round++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct store *mine;
            uint64_t id;
            while (try_open(RUN, &mine) != STORE_OK) continue; /* we look as well */
            for (;;)
                if (store_propose(mine, &sample, &id) == STORE_NOMEM) _exit(1);
        }
        struct store *people = NULL;
        while (try_open(0, &people) != STORE_OK || list(people, STORE_HISTORY, 0) < STORE_BATCH / 2)
            store_free(&people);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_sound(people);
        store_free(&people);
    }
}

static void an_answer_rings_the_bell(void **state)
{
    struct store *mine = proxy(), *people = opened(0);
    struct decision stands;
    uint64_t id = propose(mine);

    (void)state;
    assert_int_equal(decide(people, id, &yes, &stands), STORE_OK);
    char folder[80];
    snprintf(folder, sizeof folder, "%s/queue", root);
    assert_true(poke_lives(folder, RUN));
    assert_false(poke_lives(folder, 12345));
    assert_int_equal(poke_ring(folder, 12345), ERR_NOT_FOUND);
    store_free(&mine);
    store_free(&people);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(what_is_proposed_is_listed_decided_heard_and_let_go),
        BOTH(the_first_answer_stands_and_the_second_is_told_whose_it_is),
        BOTH(nothing_goes_by_a_no),
        BOTH(what_has_ended_may_be_answered_for_the_next_try),
        BOTH(each_side_may_do_its_own_alone),
        BOTH(what_a_proxy_that_is_gone_left_open_is_abandoned),
        BOTH(what_many_left_is_abandoned_a_batch_at_a_rest),
        BOTH(many_passes_are_all_written_or_none),
        BOTH(an_allocation_that_fails_leaves_nothing_half_done),
        BOTH(many_are_listed_in_batches_and_each_once),
        FILE_ONLY(a_row_that_was_touched_is_found),
        FILE_ONLY(what_can_not_be_read_hides_nothing_else),
        FILE_ONLY(the_answer_to_another_is_no_answer),
        FILE_ONLY(an_answer_without_our_mac_is_no_answer),
        FILE_ONLY(who_holds_the_file_is_waited_for),
        FILE_ONLY(a_file_that_is_gone_is_missed),
        FILE_ONLY(a_file_that_is_no_queue_is_told_and_left_as_it_is),
        FILE_ONLY(what_is_wrong_with_it_is_told),
        FILE_ONLY(a_queue_behind_a_symbolic_link_is_opened),
        FILE_ONLY(a_symbolic_link_in_place_of_what_is_ours_is_refused),
        FILE_ONLY(a_disk_that_is_read_only_is_told),
        FILE_ONLY(what_we_may_not_write_is_told),
        FILE_ONLY(a_file_that_was_cut_short_is_told),
        FILE_ONLY(a_file_that_was_replaced_is_missed),
        FILE_ONLY(a_trigger_in_the_file_is_not_run),
        FILE_ONLY(a_damaged_page_is_told),
        FILE_ONLY(a_full_disk_is_told_and_loses_nothing),
        FILE_ONLY(a_process_that_is_killed_in_mid_write_leaves_a_sound_queue),
        FILE_ONLY(an_answer_rings_the_bell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
