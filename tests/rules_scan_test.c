/* rules_scan_test.c — what rules describe is found, by the rung it is on, wherever it stands and however the bytes are
 * cut; and the engine agrees with PCRE2 alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "dlp/scan/entropy.h"
#include "dlp/scan/scan.h"
#include "dlp/scan/validate.h"
#include "reactor/base/mem.h"
#include "tests/engine_ref.h"
#include "tests/scan_rules.h"

#define GHP   "ghp_Zq3vX8nLw2RtY6uBc1Kd9MfH4sJg7Pe5Ao0W"
#define HEX40 "3f2a9c4e1b7d8f60a5c2e9b4d1f7a8c3e6b5d2f1"
#define KNOWN "tok_0123456789"

static struct engine *engine;
static struct scanner *scanner;

static int begin(void **state)
{
    struct rule_fault fault;
    AUTO(vault) vault = NULL;

    (void)state;
    assert_int_equal(vault_new(1, &vault), ERR_OK);
    assert_int_equal(vault_set(vault, 0, SPAN_LIT(KNOWN)), ERR_OK);
    assert_int_equal(engine_new(&scan_rules, (struct span){0}, &fault, &engine), ERR_OK);
    assert_int_equal(scanner_new(vault, engine, &scanner), ERR_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    scanner_free(&scanner);
    engine_free(&engine);
    return 0;
}

/* A body in pieces of step bytes, the first of them cut at first. */
static struct findings scan_body(struct span body, size_t first, size_t step)
{
    const struct scan_unit unit = {.place = SCAN_BODY};
    struct findings findings = {0};
    AUTO(scan) scan = NULL;

    assert_int_equal(scan_new(scanner, &unit, &scan), ERR_OK);
    for (size_t len = first; body.len > 0; len = step) {
        struct span piece = span_first(body, len);
        assert_int_equal(scan_feed(scan, piece, &findings), ERR_OK);
        body = span_from(body, piece.len);
    }
    assert_int_equal(scan_end(scan, &findings), ERR_OK);
    return findings;
}

static struct findings scan_text(const char *text) { return scan_body(span_of(text), strlen(text), 1); }

/* clang-format off */
static const struct { const char *text, *rule; enum rung rung; const char *shown; } told[] = {
    {"{\"a\":\"" GHP "\"}", "github-pat", RUNG_PREFIX, "ghp_… 40 characters"},
    {GHP, "github-pat", RUNG_PREFIX, "ghp_… 40 characters"},
    {"x" GHP, NULL, 0, NULL},
    {GHP "a", NULL, 0, NULL},
    {"ghp_aaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbb", NULL, 0, NULL},                         /* too even */
    {"ghp_Example0000Zq3vX8nLw2RtY6uBc1Kd9MfH4", "github-pat", RUNG_GENERIC, "ghp_… 40 characters"}, /* a placeholder */
    {"ghp_1234567890Zq3vX8nLw2RtY6uBc1Kd9MfH4s", "github-pat", RUNG_PREFIX, "ghp_… 40 characters"}, /* no blank */
    {"ghp_xxxxxxxxx0Zq3vX8nLw2RtY6uBc1Kd9MfH4s", "github-pat", RUNG_GENERIC, "ghp_… 40 characters"},
    {"AKIAQ3EGRZ5KLMNO27WX", "aws-id", RUNG_PREFIX, "AKIA… 20 characters"},
    {"AKIAIOSFODNN7EXAMPLE", NULL, 0, NULL},                                             /* a stop word */
    {"akiaq3egrz5klmno27wx", NULL, 0, NULL},                                             /* case counts */
    {"xoxb-2048-Kd93jfLq20aPzv", "slack", RUNG_PREFIX, "xoxb… 24 characters"},           /* as long as it goes */
    {"ACME_KEY: '9f86d081884c7d659a2feaa0c55ad015'", "acme", RUNG_CONTEXT, "32 characters"},
    {"acme=9f86d081884c7d659a2feaa0c55ad015&b=1", "acme", RUNG_CONTEXT, "32 characters"},
    {"acme=9f86d081884c7d659a2feaa0c55ad015", "acme", RUNG_CONTEXT, "32 characters"},
    {"acme=9f86d081884c7d659a2feaa0c55ad015a", NULL, 0, NULL},
    {"acme=00000000000000000000000000000000", NULL, 0, NULL},
    {"-----BEGIN PRIVATE KEY-----", "private-key", RUNG_PREFIX, "27 characters"},
    {"Password = 'k3yboard-c4t'", "generic", RUNG_GENERIC, "12 characters"},
    {"password = 'keyboardsandcats'", NULL, 0, NULL},                                    /* allowed: [a-z]+ */
    {"secret: process.env.MY_SECRET1 ", NULL, 0, NULL},                                  /* a stop word */
    {"token=${MY_TOKEN_1234abc}\n", NULL, 0, NULL},                                      /* a placeholder */
    {"token=<your-token-1234abcd>\n", NULL, 0, NULL},
    {HEX40, NULL, 0, NULL},                                                              /* no keyword near */
    {"wombat " HEX40, "wombat", RUNG_CONTEXT, "40 characters"},
    {"W0mBaT " HEX40, "wombat", RUNG_CONTEXT, "40 characters"},
    {"sk-sample-text-01-sk-7f3k9-2mq8x4-z1", "nested", RUNG_PREFIX, "sk-… 18 characters"}, /* a decoy hides nothing */
    {"start123", "first", RUNG_CONTEXT, "8 characters"},
    {"\nstart123", NULL, 0, NULL},
    {"end123\n", "last", RUNG_CONTEXT, "6 characters"},
    {"end123\n\n", NULL, 0, NULL},
    {"q847c", "late", RUNG_CONTEXT, "5 characters"},
    {"q847cd ", NULL, 0, NULL},
    {"z847cde", "later", RUNG_CONTEXT, "5 characters"},
    {"z847cd\n", NULL, 0, NULL},
    {"x-API-key:q8w7e6r5t4", "header", RUNG_CONTEXT, "10 characters"},
    {"x-API-key:changeme12", "header", RUNG_GENERIC, "10 characters"},                   /* a placeholder */
    {"x-API-key:0000000000", "header", RUNG_GENERIC, "10 characters"},                   /* a blank */
};
/* clang-format on */

static void what_rules_describe_is_told_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(told); i++) {
        struct findings findings = scan_text(told[i].text);
        print_message("  %s\n", told[i].text);
        assert_int_equal(findings.count, told[i].rule != NULL);
        if (told[i].rule == NULL) continue;
        assert_string_equal(findings.list[0].rule, told[i].rule);
        assert_int_equal(findings.list[0].rung, told[i].rung);
        assert_string_equal(findings.list[0].shown, told[i].shown);
        assert_int_equal(findings_stop(&findings), told[i].rung != RUNG_GENERIC);
    }
}

static enum rung rung_with_check(const char *text, enum rung said)
{
    struct rule rule = scan_rule_rows[0];
    struct rule_set rules = {.list = &rule, .count = 1};
    struct window window = {span_of(text), strlen(text), true, true};
    struct confirmed confirmed;
    struct rule_fault fault;
    AUTO(confirm) confirm = NULL;

    rule.check = SPAN_LIT("github-crc");
    rule.rung = said;
    assert_int_equal(confirm_new(&rules, &fault, &confirm), ERR_OK);
    assert_int_equal(confirm_hit(confirm, 0, &window, &confirmed), ERR_OK);
    assert_true(span_is(confirmed.secret, window.bytes));
    return confirmed.rung;
}

static void a_right_checksum_makes_it_surer_and_a_wrong_one_nothing(void **state)
{
    static const char right[] = "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";
    static const struct {
        enum rung said, raised;
    } rungs[] = {{RUNG_PREFIX, RUNG_CHECKED}, {RUNG_CONTEXT, RUNG_CHECKED}, {RUNG_GENERIC, RUNG_CONTEXT}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rungs); i++) {
        assert_int_equal(rung_with_check(right, rungs[i].said), rungs[i].raised);
        assert_int_equal(rung_with_check(GHP, rungs[i].said), rungs[i].said);
    }
}

/* confirm_hit() alone, on what stands around the end of a hit. */
static enum err confirm_one(const char *pattern, const struct window *window, struct confirmed *confirmed)
{
    struct rule rule = {.id = SPAN_LIT("one"), .pattern = span_of(pattern), .rung = RUNG_PREFIX};
    struct rule_set rules = {.list = &rule, .count = 1};
    struct rule_fault fault;
    AUTO(confirm) confirm = NULL;

    assert_int_equal(confirm_new(&rules, &fault, &confirm), ERR_OK);
    return confirm_hit(confirm, 0, window, confirmed);
}

static void a_hit_is_confirmed_at_its_end_and_at_no_other(void **state)
{
    struct span text = SPAN_LIT("x12345 end12\n");
    struct confirmed confirmed;

    (void)state;
    for (size_t end = 0; end <= text.len; end++) {
        struct window window = {text, end, true, true};
        enum err err = confirm_one("x[0-9]{2,4}", &window, &confirmed);
        assert_int_equal(err, end >= 3 && end <= 5 ? ERR_OK : ERR_NOT_FOUND);
        if (err == ERR_OK) assert_true(span_is(confirmed.secret, span_first(text, end)));
    }
    assert_int_equal(confirm_one("^x1", &(struct window){text, 2, true, false}, &confirmed), ERR_OK);
    assert_int_equal(confirm_one("^x1", &(struct window){text, 2, false, false}, &confirmed), ERR_NOT_FOUND);
    assert_int_equal(confirm_one("d12$", &(struct window){text, 12, true, true}, &confirmed), ERR_OK);
    assert_int_equal(confirm_one("d12$", &(struct window){text, 12, true, false}, &confirmed), ERR_NOT_FOUND);
}

static void entropy_is_shannons(void **state)
{
    (void)state;
    assert_int_equal(entropy_of((struct span){0}), 0);
    assert_int_equal(entropy_of(SPAN_LIT("aaaa")), 0);
    assert_int_equal(entropy_of(SPAN_LIT("abab")), ENTROPY_BIT);
    assert_int_equal(entropy_of(SPAN_LIT("abcdefgh")), 3 * ENTROPY_BIT); /* exact: a floor of 3 is not exceeded */
    assert_in_range(entropy_of(SPAN_LIT("aab")), 60180, 60182);          /* 0.918296 bits */
    assert_in_range(entropy_of(SPAN_LIT("aaaaaaaaab")), 30734, 30736);   /* 0.468996 bits */
}

static void a_finding_shows_nothing_of_the_rest(void **state)
{
    struct findings findings = scan_text("a " GHP " b " GHP " c wombat " HEX40);

    (void)state;
    assert_int_equal(findings.count, 2); /* the same secret is told once */
    assert_string_equal(findings.list[0].where, "body byte 41");
    assert_string_equal(findings.list[0].title, "GitHub personal access token");
    assert_null(memmem(&findings, sizeof findings, &GHP[4], 4));
    assert_null(memmem(&findings, sizeof findings, HEX40, 4));
}

static void a_fingerprint_tells_secrets_apart_and_places_together(void **state)
{
    struct findings a = scan_text(GHP), b = scan_text("{\"other\": \"" GHP "\"}"),
                    c = scan_text("ghp_Zq3vX8nLw2RtY6uBc1Kd9MfH4sJg7Pe5Ao0V");

    (void)state;
    assert_memory_equal(&a.list[0].fingerprint, &b.list[0].fingerprint, sizeof a.list[0].fingerprint);
    assert_memory_not_equal(&a.list[0].fingerprint, &c.list[0].fingerprint, sizeof a.list[0].fingerprint);
}

static void known_values_and_rules_are_told_in_the_order_in_which_they_end(void **state)
{
    static const char text[] = GHP " " KNOWN " AKIAQ3EGRZ5KLMNO27WX " KNOWN;

    (void)state;
    for (size_t step = 1; step <= sizeof text; step++) {
        struct findings findings = scan_body(span_of(text), step, step);
        assert_int_equal(findings.count, 3);
        assert_string_equal(findings.list[0].rule, "github-pat");
        assert_string_equal(findings.list[1].rule, "known-secret");
        assert_int_equal(findings.list[1].rung, RUNG_KNOWN);
        assert_string_equal(findings.list[1].shown, "");
        assert_string_equal(findings.list[2].rule, "aws-id");
    }
}

/* Deterministic bytes for whoever asks. */
static uint32_t dice(void)
{
    static uint64_t seed = 1;
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33);
}

enum { START = 52 }; /* "start123" */

static void add_random(struct buf *body)
{
    size_t at = dice() % 6 == 0 ? START : dice();

    for (unsigned pieces = 1 + dice() % 24; pieces > 0; pieces--) {
        struct span piece = span_of(scan_pieces[at % COUNT_OF(scan_pieces)]);
        at = dice() % 2 == 0 ? at + 1 : dice();
        size_t from = buf_len(body);
        if (dice() % 6 == 0) piece = span_first(piece, dice() % (piece.len + 1));
        assert_int_equal(buf_add(body, piece), ERR_OK);
        if (buf_len(body) > from && dice() % 8 == 0)
            body->at[body->from + from + dice() % (buf_len(body) - from)] ^= (uint8_t)(1u << dice() % 8);
        for (unsigned filler = dice() % 64 == 0 ? dice() % 5000 : 0; filler > 0; filler--)
            assert_int_equal(buf_add(body, SPAN_LIT(".")), ERR_OK);
    }
}

/* The same again, often with a byte of it changed: much of what is judged then was judged before. */
static void repeat(struct buf *body)
{
    uint8_t once[400];
    size_t len = buf_len(body);

    if (len == 0 || len > sizeof once) return;
    memcpy(once, buf_span(body).at, len);
    for (unsigned times = 1 + dice() % 4; times > 0; times--) {
        assert_int_equal(buf_add(body, (struct span){once, len}), ERR_OK);
        if (dice() % 2 == 0) body->at[body->from + buf_len(body) - 1 - dice() % len] ^= (uint8_t)(1u << dice() % 8);
    }
}

/* The other engine undoes no encoding. */
static void drop_undone(struct findings *findings)
{
    struct findings kept = {.more = findings->more, .unkept = findings->unkept};

    for (size_t i = 0; i < findings->count; i++) {
        if (findings->list[i].encoding[0] != '\0') continue;
        kept.list[kept.count++] = findings->list[i];
        kept.stops |= findings->list[i].ruling == RULING_STOPS;
    }
    *findings = kept;
}

static void require_agreement(struct findings *findings, const struct findings *wanted)
{
    drop_undone(findings);
    assert_memory_equal(findings, wanted, sizeof *findings);
}

static void the_engine_agrees_with_pcre2_alone_however_the_bytes_are_cut(void **state)
{
    static const size_t steps[] = {1, 7, 4096, SIZE_MAX};
    size_t hits[COUNT_OF(scan_rule_rows)] = {0};

    (void)state;
    for (unsigned turn = 0; turn < 2000; turn++) {
        struct buf body = {0};
        struct findings wanted = {0}, block = {0};
        add_random(&body);
        if (turn % 4 == 0) repeat(&body);
        struct span text = buf_span(&body);
        ref_scan(&scan_rules, SCAN_BODY, text, &wanted);
        for (size_t i = 0; i < COUNT_OF(steps); i++) {
            struct findings cut = scan_body(text, steps[i], steps[i]);
            require_agreement(&cut, &wanted);
        }
        struct findings odd = scan_body(text, dice() % (text.len + 1) + 1, dice() % (text.len + 1) + 1);
        require_agreement(&odd, &wanted);
        assert_int_equal(scan_block(scanner, SCAN_BODY, (struct span){0}, text, &block), ERR_OK);
        require_agreement(&block, &wanted);
        for (size_t i = 0; i < wanted.count; i++)
            for (size_t rule = 0; rule < COUNT_OF(hits); rule++)
                hits[rule] += strcmp(wanted.list[i].rule, (const char *)scan_rule_rows[rule].id.at) == 0;
        buf_clear(&body);
    }
    for (size_t rule = 0; rule < COUNT_OF(hits); rule++) {
        print_message("  %s %zu\n", (const char *)scan_rule_rows[rule].id.at, hits[rule]);
        assert_true(hits[rule] > 10);
    }
}

static void a_keyword_counts_within_the_window_and_not_beyond(void **state)
{
    struct buf body = {0};

    (void)state;
    assert_int_equal(buf_add(&body, SPAN_LIT("wombat")), ERR_OK);
    while (buf_len(&body) < RULE_WINDOW - 40) assert_int_equal(buf_add(&body, SPAN_LIT(" ")), ERR_OK);
    assert_int_equal(buf_add(&body, SPAN_LIT(HEX40)), ERR_OK);
    for (size_t cut = 1; cut < buf_len(&body); cut += cut < RULE_WINDOW - 50 ? 97 : 1)
        assert_int_equal(scan_body(buf_span(&body), cut, SIZE_MAX).count, 1);
    body.at[body.from + RULE_WINDOW - 41] = 'x'; /* pushes it by one */
    body.at[body.from + RULE_WINDOW - 40] = ' ';
    buf_cut(&body, RULE_WINDOW - 40);
    assert_int_equal(buf_add(&body, SPAN_LIT(" " HEX40)), ERR_OK);
    assert_int_equal(scan_body(buf_span(&body), 1000, 1000).count, 0);
    buf_clear(&body);
}

static void what_was_no_secret_without_its_keyword_is_one_beside_it(void **state)
{
    struct buf body = {0};

    (void)state;
    for (unsigned i = 0; i < 100; i++) assert_int_equal(buf_add(&body, SPAN_LIT(" " HEX40 " ")), ERR_OK);
    assert_int_equal(scan_body(buf_span(&body), SIZE_MAX, SIZE_MAX).count, 0);
    assert_int_equal(buf_add(&body, SPAN_LIT("wombat " HEX40 " ")), ERR_OK);
    assert_int_equal(scan_body(buf_span(&body), SIZE_MAX, SIZE_MAX).count, 1);
    buf_clear(&body);
}

static void a_head_is_scanned_as_one_and_told_by_field(void **state)
{
    static const struct field fields[] = {
        {SPAN_LIT("Host"), SPAN_LIT("api.example.com")},
        {SPAN_LIT("X-Api-Key"), SPAN_LIT("q8w7e6r5t4")}, /* a name and its value are one */
        {SPAN_LIT("X-A"), SPAN_LIT(GHP)},
        {SPAN_LIT("X-B"), SPAN_LIT("v=" GHP "; " KNOWN)},
        {SPAN_LIT("x-a"), SPAN_LIT(GHP)},
        {SPAN_LIT("X-C"), SPAN_LIT("")},
    };
    struct findings findings = {0};

    (void)state;
    assert_int_equal(scan_fields(scanner, SCAN_FIELD, fields, COUNT_OF(fields), &findings), ERR_OK);
    assert_int_equal(findings.count, 4);
    assert_string_equal(findings.list[0].rule, "header");
    assert_string_equal(findings.list[0].where, "field x-api-key");
    assert_string_equal(findings.list[1].where, "field x-a");
    assert_string_equal(findings.list[2].where, "field x-b");
    assert_string_equal(findings.list[2].rule, "github-pat");
    assert_string_equal(findings.list[3].where, "field x-b");
    assert_string_equal(findings.list[3].rule, "known-secret");
}

static void a_name_that_holds_a_part_of_a_secret_is_not_shown(void **state)
{
    static const struct field fields[] = {
        {SPAN_LIT("x-" GHP), SPAN_LIT("AKIAQ3EGRZ5KLMNO27WX")},              /* whole, before what is in the value */
        {SPAN_LIT("sk-sample-a" GHP), SPAN_LIT("xoxb-2048-Kd93jfLq20aPzv")}, /* one that does not count */
        {SPAN_LIT("-----BEGIN"), SPAN_LIT("AKIAQ3EGRZ5KLMNO27WX")},
    };
    struct findings findings = {0};

    (void)state;
    assert_int_equal(scan_fields(scanner, SCAN_FIELD, fields, COUNT_OF(fields), &findings), ERR_OK);
    assert_int_equal(findings.count, 4);
    assert_string_equal(findings.list[0].where, "field name");
    assert_string_equal(findings.list[1].where, "field name");
    assert_string_equal(findings.list[2].rule, "slack");
    assert_string_equal(findings.list[3].where, "field -----begin");
}

static void a_name_that_is_found_to_hold_one_later_is_taken_back(void **state)
{
    AUTO(vault) vault = NULL;
    AUTO(scanner) own = NULL;
    struct findings findings = {0};

    (void)state; /* the known value reaches from the name over all of the value, in which a token ends before it */
    assert_int_equal(vault_new(1, &vault), ERR_OK);
    assert_int_equal(vault_set(vault, 0, SPAN_LIT("hush: AKIAQ3EGRZ5KLMNO27WX and more")), ERR_OK);
    assert_int_equal(scanner_new(vault, engine, &own), ERR_OK);
    assert_int_equal(
        scan_block(own, SCAN_FIELD, SPAN_LIT("x-hush"), SPAN_LIT("AKIAQ3EGRZ5KLMNO27WX and more"), &findings), ERR_OK);
    assert_int_equal(findings.count, 2);
    assert_string_equal(findings.list[0].where, "field name");
    assert_string_equal(findings.list[1].where, "field name");
}

static void what_only_tells_gives_way_to_what_stops(void **state)
{
    struct buf body = {0};

    (void)state;
    for (unsigned i = 0; i < 2 * SCAN_FINDINGS_MAX; i++)
        assert_int_equal(buf_printf(&body, "password = 'k3yboard-c4t%u'\n", i), ERR_OK);
    struct findings findings = scan_body(buf_span(&body), 100, 100);
    assert_int_equal(findings.count, SCAN_FINDINGS_MAX);
    assert_true(findings.more);
    assert_false(findings_stop(&findings));
    assert_int_equal(buf_add(&body, SPAN_LIT(GHP)), ERR_OK);
    findings = scan_body(buf_span(&body), 100, 100);
    assert_int_equal(findings.count, SCAN_FINDINGS_MAX);
    assert_true(findings_stop(&findings));
    assert_string_equal(findings.list[SCAN_FINDINGS_MAX - 1].rule, "github-pat");
    buf_clear(&body);
}

/* So many secrets, no two alike. */
static void add_secrets(struct buf *body, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(buf_printf(body, "ghp_Zq3vX8nLw2RtY6uBc1Kd9MfH4sJg7Pe5A%03u   ", i), ERR_OK);
}

/* What says that it is gzip and is not would be an error, were it still looked at. */
static void nothing_is_looked_at_when_the_findings_are_final(void **state)
{
    static const struct scan_unit unit = {.place = SCAN_BODY, .content_encoding = SPAN_LIT("gzip")};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct findings findings = {0};
        struct buf body = {0};
        AUTO(scan) scan = NULL;
        add_secrets(&body, SCAN_FINDINGS_MAX + i);
        assert_int_equal(buf_add(&body, SPAN_LIT("and more")), ERR_OK);
        assert_int_equal(scan_new(scanner, &unit, &scan), ERR_OK);
        assert_int_equal(scan_feed(scan, buf_span(&body), &findings), ERR_OK);
        assert_int_equal(findings.count, SCAN_FINDINGS_MAX);
        assert_int_equal(findings_final(&findings), i == 1);
        if (i == 1) assert_int_equal(scan_feed(scan, buf_span(&body), &findings), ERR_OK);
        assert_int_equal(scan_end(scan, &findings), i == 1 ? ERR_OK : ERR_SYNTAX);
        buf_clear(&body);
    }
}

static void whoever_takes_the_findings_out_is_told_to_the_end(void **state)
{
    static const struct scan_unit unit = {.place = SCAN_BODY, .to_the_end = true};
    struct findings findings = {0};
    struct buf body = {0};
    AUTO(scan) scan = NULL;

    (void)state;
    add_secrets(&body, SCAN_FINDINGS_MAX + 1);
    assert_int_equal(scan_new(scanner, &unit, &scan), ERR_OK);
    assert_int_equal(scan_feed(scan, buf_span(&body), &findings), ERR_OK);
    assert_true(findings_final(&findings));
    assert_int_equal(scan_feed(scan, SPAN_LIT("AKIAQ3EGRZ5"), &findings), ERR_OK);
    findings = (struct findings){0};
    assert_int_equal(scan_feed(scan, SPAN_LIT("KLMNO27WX "), &findings), ERR_OK);
    assert_int_equal(scan_end(scan, &findings), ERR_OK);
    assert_int_equal(findings.count, 1);
    assert_string_equal(findings.list[0].rule, "aws-id");
    assert_int_equal(findings.list[0].byte, buf_len(&body) + 19);
    buf_clear(&body);
}

static void the_ends_of_a_run_are_one_hit(void **state)
{
    static const char token[] = "xoxb-2048-Kd93jfLq20aPzvKd93jfLq20aPzvKd93jfLq20aPzvKd93jfLq20aPzvKd93jfLq ";
    struct buf body = {0};

    (void)state;
    for (unsigned i = 0; i < 40; i++) assert_int_equal(buf_add(&body, span_of(token)), ERR_OK);
    struct findings findings = scan_body(buf_span(&body), SIZE_MAX, SIZE_MAX);
    assert_int_equal(findings.count, 1);
    assert_string_equal(findings.list[0].rule, "slack");
    buf_clear(&body);
}

static void more_hits_than_can_be_confirmed_are_refused(void **state)
{
    struct buf body = {0};
    struct findings block = {0};

    (void)state;
    for (unsigned i = 0; i <= ENGINE_CANDIDATES_MAX; i++) assert_int_equal(buf_add(&body, SPAN_LIT("k=aaa ")), ERR_OK);
    struct findings findings = scan_body(buf_span(&body), SIZE_MAX, SIZE_MAX); /* no hit of them is confirmed */
    assert_int_equal(findings.count, 1);
    assert_string_equal(findings.list[0].rule, "too-many-hits");
    assert_string_equal(findings.list[0].where, "body as a whole");
    assert_true(findings_final(&findings));
    assert_int_equal(scan_block(scanner, SCAN_TARGET, (struct span){0}, buf_span(&body), &block), ERR_OK);
    assert_true(findings_stop(&block));
    findings = scan_body(buf_span(&body), 1000, 1000); /* where there is time for all, there is nothing */
    assert_int_equal(findings.count, 0);
    buf_clear(&body);
}

/* clang-format off */
static const struct { const char *pattern; uint8_t group; const char *allow, *why; } wrong[] = {
    {"abc(", 0, NULL, "Missing close parenthesis for group started at index 3."},
    {"abc(?=d)", 0, NULL, "Zero-width assertions are not supported."},
    {"(a)bc\\1", 0, NULL, "Back-references are unsupported."},
    {"abc.*", 0, NULL, "a match must have a bound of 4096 bytes or less"},
    {"abc[a-z]{4000}[a-z]{94}", 0, NULL, "a match must have a bound of 4096 bytes or less"},
    {"a?", 0, NULL, "it matches where nothing stands"},
    {"abc", 1, NULL, "it has no group 1"},
    {"abc", 0, "a(", "missing closing parenthesis"},
};
/* clang-format on */

static void a_wrong_rule_is_named_with_the_compilers_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct span allow = wrong[i].allow != NULL ? span_of(wrong[i].allow) : (struct span){0};
        struct rule list[] = {scan_rule_rows[0], scan_rule_rows[1]};
        struct rule_set rules = {.list = list, .count = 2};
        struct rule_fault fault = {0};
        struct engine *none = NULL;
        list[1].pattern = span_of(wrong[i].pattern);
        list[1].group = wrong[i].group;
        list[1].allow = &allow;
        list[1].allow_count = wrong[i].allow != NULL;
        assert_int_equal(engine_new(&rules, (struct span){0}, &fault, &none), ERR_SYNTAX);
        assert_null(none);
        assert_ptr_equal(fault.rule, &list[1]);
        assert_string_equal(fault.why, wrong[i].why);
    }
}

static bool is_taken(struct span cached, const struct rule_set *rules)
{
    AUTO(engine) one = NULL;
    struct rule_fault fault;

    assert_int_equal(engine_new(rules, cached, &fault, &one), ERR_OK);
    return engine_was_cached(one);
}

static void what_was_compiled_is_taken_back_only_as_it_was(void **state)
{
    struct rule turned[] = {scan_rule_rows[1], scan_rule_rows[0]}, bent[] = {scan_rule_rows[0], scan_rule_rows[1]};
    const struct rule_set few = {.list = scan_rule_rows, .count = 2}, fewer = {.list = scan_rule_rows, .count = 1};
    const struct rule_set other = {.list = turned, .count = 2}, nocase = {.list = bent, .count = 2};
    AUTO(engine) one = NULL;
    struct buf bytes = {0};
    struct rule_fault fault;

    (void)state;
    bent[1].nocase = true;
    assert_int_equal(engine_load(&few, NULL, 0, &one), ERR_NOT_FOUND);
    assert_null(one);
    assert_int_equal(engine_new(&few, (struct span){0}, &fault, &one), ERR_OK);
    assert_false(engine_was_cached(one));
    assert_int_equal(engine_save(one, &bytes), ERR_OK);
    struct span all = buf_span(&bytes);
    assert_true(is_taken(all, &few));
    assert_false(is_taken(all, &fewer));
    assert_false(is_taken(all, &other));
    assert_false(is_taken(all, &nocase));
    for (size_t len = 0; len < all.len; len += len < 100 ? 1 : all.len / 16)
        assert_false(is_taken(span_first(all, len), &few));
    for (size_t at = 0; at < all.len; at += at < 100 ? 1 : all.len / 16) {
        bytes.at[bytes.from + at] ^= 1;
        assert_false(is_taken(all, &few));
        bytes.at[bytes.from + at] ^= 1;
    }
    assert_int_equal(buf_add(&bytes, SPAN_LIT("x")), ERR_OK);
    assert_false(is_taken(buf_span(&bytes), &few));
    buf_clear(&bytes);
}

/* Its rules come and go with it, however many hold it. */
static void an_engine_keeps_its_rules(void **state)
{
    AUTO(rule_set) set = NULL;
    AUTO(engine) one = NULL;
    AUTO(scanner) own = NULL;
    AUTO(vault) vault = NULL;
    struct rule_fault fault;
    struct findings findings = {0};

    (void)state;
    assert_int_equal(vault_new(1, &vault), ERR_OK);
    assert_int_equal(rule_set_new(&set), ERR_OK);
    struct rule *list = arena_new(&set->arena, sizeof *list);
    *list = scan_rule_rows[0];
    set->list = list;
    set->count = 1;
    assert_int_equal(engine_new(set, (struct span){0}, &fault, &one), ERR_OK);
    assert_int_equal(set->references, 2);
    assert_true(engine_is_of(one, set));
    assert_false(engine_is_of(one, &scan_rules));
    rule_set_free(&set);
    assert_int_equal(scanner_new(vault, one, &own), ERR_OK);
    engine_free(&one);
    assert_int_equal(scan_block(own, SCAN_TARGET, (struct span){0}, SPAN_LIT(GHP), &findings), ERR_OK);
    assert_int_equal(findings.count, 1);
}

static void a_cached_engine_finds_the_same(void **state)
{
    AUTO(engine) cached = NULL;
    AUTO(scanner) own = NULL;
    AUTO(vault) vault = NULL;
    struct buf bytes = {0};
    struct rule_fault fault;
    struct findings findings = {0}, wanted = {0};
    static const char text[] = GHP " wombat " HEX40;

    (void)state;
    assert_int_equal(vault_new(1, &vault), ERR_OK);
    assert_int_equal(engine_save(engine, &bytes), ERR_OK);
    assert_int_equal(engine_new(&scan_rules, buf_span(&bytes), &fault, &cached), ERR_OK);
    assert_true(engine_was_cached(cached));
    assert_int_equal(scanner_new(vault, cached, &own), ERR_OK);
    engine_free(&cached); /* the scanner holds it */
    ref_scan(&scan_rules, SCAN_TARGET, span_of(text), &wanted);
    assert_int_equal(scan_block(own, SCAN_TARGET, (struct span){0}, span_of(text), &findings), ERR_OK);
    assert_memory_equal(&findings, &wanted, sizeof findings);
    buf_clear(&bytes);
}

/* Nor do its hits take the room of others': whoever switches a rule off may have texts full of them. */
static void what_is_off_is_never_told(void **state)
{
    struct rule rows[COUNT_OF(scan_rule_rows)];
    const struct rule_set rules = {.list = rows, .count = COUNT_OF(rows), .digest = "test, less one"};
    AUTO(engine) same = NULL;
    AUTO(scanner) own = NULL;
    AUTO(vault) vault = NULL;
    AUTO(scan) body = NULL;
    struct buf bytes = {0};
    struct findings findings = {0};

    (void)state;
    memcpy(rows, scan_rule_rows, sizeof rows);
    rows[0].off = true; /* github-pat */
    assert_int_equal(vault_new(1, &vault), ERR_OK);
    assert_int_equal(engine_save(engine, &bytes), ERR_OK);
    const struct span all = buf_span(&bytes);
    assert_int_equal(engine_load(&rules, &all, 1, &same), ERR_OK); /* nothing to compile */
    assert_false(engine_is_of(same, &scan_rules));
    assert_int_equal(scanner_new(vault, same, &own), ERR_OK);
    assert_int_equal(scan_new(own, &(struct scan_unit){.place = SCAN_BODY}, &body), ERR_OK);
    struct buf many = {0};
    for (unsigned i = 0; i < 2 * ENGINE_CANDIDATES_MAX; i++)
        assert_int_equal(buf_add(&many, SPAN_LIT(GHP " ")), ERR_OK);
    assert_int_equal(scan_block(own, SCAN_BODY, (struct span){0}, buf_span(&many), &findings), ERR_OK);
    assert_int_equal(scan_feed(body, buf_span(&many), &findings), ERR_OK);
    buf_clear(&many);
    assert_int_equal(findings.count, 0);
    assert_int_equal(scan_feed(body, SPAN_LIT("AKIAQ3EGRZ5KLMNO27WX "), &findings), ERR_OK);
    assert_int_equal(scan_end(body, &findings), ERR_OK);
    assert_int_equal(findings.count, 1);
    assert_string_equal(findings.list[0].rule, "aws-id");
    buf_clear(&bytes);
}

/* Some rules were compiled before, the rest is new: what is found is the same as with all of them in one. */
static void rules_in_two_parts_find_what_they_find_in_one(void **state)
{
    const struct rule_set some = {.list = scan_rule_rows, .count = 5}, other = {.list = scan_rule_rows + 5, .count = 5};
    AUTO(engine) first = NULL;
    AUTO(engine) both = NULL;
    AUTO(engine) again = NULL;
    AUTO(engine) none = NULL;
    AUTO(vault) vault = NULL;
    struct buf head = {0}, rest = {0}, text = {0};
    struct rule_fault fault;
    struct scanner *whole = scanner;

    (void)state;
    assert_int_equal(vault_new(1, &vault), ERR_OK);
    assert_int_equal(engine_new(&some, (struct span){0}, &fault, &first), ERR_OK);
    assert_int_equal(engine_save(first, &head), ERR_OK);
    assert_int_equal(engine_new(&scan_rules, buf_span(&head), &fault, &both), ERR_OK);
    assert_false(engine_was_cached(both));
    assert_int_equal(engine_save(both, &rest), ERR_OK);
    const struct span parts[] = {buf_span(&head), buf_span(&rest)}, turned[] = {parts[1], parts[0]};
    assert_int_equal(engine_load(&scan_rules, parts, 2, &again), ERR_OK);
    assert_true(engine_was_cached(again));
    assert_int_equal(engine_load(&scan_rules, parts, 1, &none), ERR_NOT_FOUND);
    assert_int_equal(engine_load(&scan_rules, turned, 2, &none), ERR_NOT_FOUND);
    assert_int_equal(engine_load(&other, parts, 2, &none), ERR_NOT_FOUND);
    for (size_t i = 0; i < 2 * COUNT_OF(scan_pieces); i++)
        assert_int_equal(buf_printf(&text, "%s%s", scan_pieces[i % COUNT_OF(scan_pieces)], i % 3 == 0 ? " " : ""),
                         ERR_OK);
    struct findings wanted = scan_body(buf_span(&text), SIZE_MAX, SIZE_MAX);
    assert_true(wanted.count > 4);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(scanner_new(vault, i == 0 ? both : again, &scanner), ERR_OK);
        for (size_t step = 1; step < 5000; step *= 7) {
            struct findings found = scan_body(buf_span(&text), step, step), block = {0};
            assert_memory_equal(&found, &wanted, sizeof found);
            assert_int_equal(scan_block(scanner, SCAN_BODY, (struct span){0}, buf_span(&text), &block), ERR_OK);
            assert_memory_equal(&block, &wanted, sizeof block);
        }
        scanner_free(&scanner);
    }
    scanner = whole;
    buf_clear(&head);
    buf_clear(&rest);
    buf_clear(&text);
}

static void an_engine_without_rules_finds_nothing(void **state)
{
    const struct rule_set none = {0};
    AUTO(engine) empty = NULL;
    AUTO(scanner) own = NULL;
    AUTO(vault) vault = NULL;
    struct rule_fault fault;
    struct findings findings = {0};

    (void)state;
    assert_int_equal(vault_new(1, &vault), ERR_OK);
    assert_int_equal(engine_new(&none, (struct span){0}, &fault, &empty), ERR_OK);
    assert_int_equal(scanner_new(vault, empty, &own), ERR_OK);
    assert_int_equal(scan_block(own, SCAN_FIELD, SPAN_LIT("a"), SPAN_LIT(GHP), &findings), ERR_OK);
    assert_int_equal(findings.count, 0);
}

/* Each way is tried, as none has a secret that counts; there are too many. */
static void a_hit_that_takes_too_long_fails_the_scan(void **state)
{
    static const struct rule rule = {
        LIT("slow"),         LIT("slow"), .pattern = LIT("x(?:([ab]{1,4})[ab]{0,4}){1,30}!"),
        .rung = RUNG_PREFIX, .group = 1,  .entropy_centibits = 500};
    struct rule_set rules = {.list = &rule, .count = 1};
    struct span text = SPAN_LIT("xabababababababababababababababababababababababababababababababab!");
    struct window window = {text, text.len, true, true};
    struct confirmed confirmed;
    struct rule_fault fault;
    struct confirm *confirm = NULL;

    (void)state;
    assert_int_equal(confirm_new(&rules, &fault, &confirm), ERR_OK);
    assert_int_equal(confirm_hit(confirm, 0, &window, &confirmed), ERR_LIMIT);
    confirm_free(&confirm);
}

/* The patterns of a loaded engine are compiled at their first hit: memory that is wanting then fails that scan, and no
 * other. */
static void a_rule_that_hits_for_the_first_time_may_fail_and_works_the_next(void **state)
{
    static const char text[] = "password = 'q8Zr5tXw2Lm7Kd93'";
    AUTO(vault) vault = NULL;
    struct buf bytes = {0};
    unsigned failed = 0;

    (void)state;
    assert_int_equal(vault_new(1, &vault), ERR_OK);
    assert_int_equal(engine_save(engine, &bytes), ERR_OK);
    for (size_t n = 1; n < 24; n++) {
        const struct span all = buf_span(&bytes);
        struct findings findings = {0};
        AUTO(engine) loaded = NULL;
        AUTO(scanner) own = NULL;
        assert_int_equal(engine_load(&scan_rules, &all, 1, &loaded), ERR_OK);
        assert_int_equal(scanner_new(vault, loaded, &own), ERR_OK);
        mem_fail_at(n);
        enum err err = scan_block(own, SCAN_BODY, (struct span){0}, span_of(text), &findings);
        mem_fail_at(0);
        assert_int_equal(findings.count, err == ERR_OK);
        failed += err != ERR_OK;
        assert_int_equal(scan_block(own, SCAN_BODY, (struct span){0}, span_of(text), &findings), ERR_OK);
        assert_int_equal(findings.count, 1);
    }
    assert_true(failed > 4); /* its pattern, and those of what it allows */
    buf_clear(&bytes);
}

static enum err scan_once(const struct rule_set *rules, struct vault *vault)
{
    const struct scan_unit unit = {.place = SCAN_BODY};
    AUTO(engine) own_engine = NULL;
    AUTO(scanner) own = NULL;
    AUTO(scan) scan = NULL;
    struct rule_fault fault;
    struct findings findings = {0};
    struct field field = {SPAN_LIT("a"), SPAN_LIT(GHP)};

    TRY(engine_new(rules, (struct span){0}, &fault, &own_engine));
    TRY(scanner_new(vault, own_engine, &own));
    TRY(scan_fields(own, SCAN_FIELD, &field, 1, &findings));
    TRY(scan_new(own, &unit, &scan));
    TRY(scan_feed(scan, SPAN_LIT(GHP " "), &findings));
    TRY(scan_feed(scan, SPAN_LIT(" x"), &findings));
    TRY(scan_end(scan, &findings));
    return findings.count == 2 ? ERR_OK : ERR_SYNTAX;
}

static void every_allocation_may_fail(void **state)
{
    struct rule_set few = {.list = scan_rule_rows, .count = 2};
    AUTO(vault) vault = NULL;
    enum err err = ERR_NOMEM;

    (void)state;
    assert_int_equal(vault_new(1, &vault), ERR_OK);
    for (size_t n = 1; err != ERR_OK; n++) {
        mem_fail_at(n);
        err = scan_once(&few, vault);
        assert_true(err == ERR_OK || err == ERR_NOMEM);
        assert_true(n < 1000);
    }
    mem_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_rules_describe_is_told_and_nothing_else),
        cmocka_unit_test(a_right_checksum_makes_it_surer_and_a_wrong_one_nothing),
        cmocka_unit_test(a_hit_is_confirmed_at_its_end_and_at_no_other),
        cmocka_unit_test(entropy_is_shannons),
        cmocka_unit_test(a_finding_shows_nothing_of_the_rest),
        cmocka_unit_test(a_fingerprint_tells_secrets_apart_and_places_together),
        cmocka_unit_test(known_values_and_rules_are_told_in_the_order_in_which_they_end),
        cmocka_unit_test(the_engine_agrees_with_pcre2_alone_however_the_bytes_are_cut),
        cmocka_unit_test(a_keyword_counts_within_the_window_and_not_beyond),
        cmocka_unit_test(what_was_no_secret_without_its_keyword_is_one_beside_it),
        cmocka_unit_test(a_head_is_scanned_as_one_and_told_by_field),
        cmocka_unit_test(a_name_that_holds_a_part_of_a_secret_is_not_shown),
        cmocka_unit_test(a_name_that_is_found_to_hold_one_later_is_taken_back),
        cmocka_unit_test(what_only_tells_gives_way_to_what_stops),
        cmocka_unit_test(nothing_is_looked_at_when_the_findings_are_final),
        cmocka_unit_test(whoever_takes_the_findings_out_is_told_to_the_end),
        cmocka_unit_test(the_ends_of_a_run_are_one_hit),
        cmocka_unit_test(more_hits_than_can_be_confirmed_are_refused),
        cmocka_unit_test(a_wrong_rule_is_named_with_the_compilers_words),
        cmocka_unit_test(what_was_compiled_is_taken_back_only_as_it_was),
        cmocka_unit_test(a_cached_engine_finds_the_same),
        cmocka_unit_test(an_engine_keeps_its_rules),
        cmocka_unit_test(what_is_off_is_never_told),
        cmocka_unit_test(rules_in_two_parts_find_what_they_find_in_one),
        cmocka_unit_test(an_engine_without_rules_finds_nothing),
        cmocka_unit_test(a_hit_that_takes_too_long_fails_the_scan),
        cmocka_unit_test(a_rule_that_hits_for_the_first_time_may_fail_and_works_the_next),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
