/* vectors_test.c — the rules we ship, on other people's cases: secrets that must be found, strings that must not be
 * held; and the bytes may be cut anywhere.
 *
 * A secret counts as told when a finding of any rung lies over it, and as held when one that stops does.  Of the kinds
 * that are in scope 99 % must be told, and held.  Of lines of ordinary source 1 % may be held.  A string that one
 * detector may not flag is often another's secret: it is let pass where it is one elsewhere in the files, and of all
 * that are none 2 % may be held, as most of those are tokens of another issuer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "backends/manifest/rule_file.h"
#include "dlp/scan/scan.h"
#include "reactor/base/own.h"
#include "tests/corpus.h"

enum { FOUND_PERMILLE_MIN = 990, SOURCE_PERMILLE_MAX = 10, OTHERS_PERMILLE_MAX = 21, OVERLAP_BYTES = 16 };

static const char *const names[] = {"gitleaks-vectors.jsonl.gz", "betterleaks-vectors.jsonl.gz",
                                    "kingfisher-vectors.jsonl.gz", "noseyparker-vectors.jsonl.gz",
                                    "benign-fp-traps.jsonl.gz"};

static struct rule_set *rules;
static struct engine *engine;
static struct scanner *scanner;
static char *scope;        /* "\nkind\nkind\n" */
static struct buf secrets; /* the texts of all that must be found */

static void read_scope(void)
{
    struct buf text = {0};
    struct corpus corpus;

    if (!corpus_open(&corpus, "detectors-in-scope.txt")) return;
    assert_int_equal(buf_add(&text, SPAN_LIT("\n")), ERR_OK);
    while (getline(&corpus.line, &corpus.line_size, corpus.file) > 0)
        assert_int_equal(buf_add(&text, span_of(corpus.line)), ERR_OK);
    scope = strndup((const char *)buf_span(&text).at, buf_len(&text));
    buf_clear(&text);
    corpus_close(&corpus);
}

static bool is_secret(const cJSON *row) { return strcmp(corpus_text(row, "kind"), "tp") == 0; }

static void read_secrets(void)
{
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct corpus corpus;
        const cJSON *row;
        if (!corpus_open(&corpus, names[i])) continue;
        while ((row = corpus_next(&corpus)) != NULL)
            if (is_secret(row)) assert_int_equal(buf_add(&secrets, span_of(corpus_text(row, "text"))), ERR_OK);
        corpus_close(&corpus);
    }
}

static int begin(void **state)
{
    struct manifest_errors errors = manifest_errors_begin();
    struct rule_fault fault;
    AUTO(vault) vault = NULL;

    (void)state;
    read_scope();
    if (scope == NULL) return 0;
    read_secrets();
    assert_int_equal(rules_read_shipped(&errors, &rules), ERR_OK);
    assert_non_null(rules);
    assert_int_equal(engine_new(rules, (struct span){0}, &fault, &engine), ERR_OK);
    assert_int_equal(vault_new(1, &vault), ERR_OK);
    assert_int_equal(scanner_new(vault, engine, &scanner), ERR_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    scanner_free(&scanner);
    engine_free(&engine);
    rule_set_free(&rules);
    buf_clear(&secrets);
    free(scope);
    return 0;
}

static struct findings scan_text(struct span text, size_t step)
{
    const struct scan_unit unit = {.place = SCAN_BODY};
    struct findings findings = {0};
    AUTO(scan) scan = NULL;

    assert_int_equal(scan_new(scanner, &unit, &scan), ERR_OK);
    while (text.len > 0) {
        struct span piece = span_first(text, step);
        assert_int_equal(scan_feed(scan, piece, &findings), ERR_OK);
        text = span_from(text, piece.len);
    }
    assert_int_equal(scan_end(scan, &findings), ERR_OK);
    return findings;
}

static bool are_same(const struct findings *a, const struct findings *b)
{
    bool same = a->count == b->count && a->stops == b->stops;

    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->list[i].rule, b->list[i].rule) == 0 && a->list[i].from == b->list[i].from &&
               a->list[i].byte == b->list[i].byte && a->list[i].rung == b->list[i].rung;
    return same;
}

static void require_cuts_change_nothing(struct span text, const struct findings *whole)
{
    static const size_t steps[] = {1, 7, 4096};

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        if (steps[i] >= text.len) continue; /* that is whole */
        struct findings cut = scan_text(text, steps[i]);
        if (!are_same(&cut, whole)) fail_msg("in pieces of %zu not the same: %.*s", steps[i], SPAN_FMT(text));
    }
}

/* The surest rung of what lies over the secret, or over anything when it is not known; RUNG_COUNT when nothing does. */
static enum rung rung_over(const struct findings *findings, struct span text, struct span secret)
{
    const uint8_t *at = secret.len > 0 ? memmem(text.at, text.len, secret.at, secret.len) : NULL;
    uint64_t from = at != NULL ? (uint64_t)(at - text.at) : 0, to = at != NULL ? from + secret.len : text.len;
    uint64_t least = to - from < OVERLAP_BYTES ? to - from : OVERLAP_BYTES;
    enum rung best = RUNG_COUNT;

    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->list[i];
        uint64_t first = f->from > from ? f->from : from, last = f->byte + 1 < to ? f->byte + 1 : to;
        if (at != NULL && f->encoding[0] == '\0' && first + least > last) continue;
        if (f->rung < best) best = f->rung;
    }
    return best;
}

struct tally {
    size_t secrets, told, held;
    size_t others, told_others, held_others; /* that are no secrets */
};

static bool rung_holds(enum rung rung) { return rung < RUNG_GENERIC; }

static void count_secret(struct tally *tally, enum rung rung)
{
    tally->secrets++;
    tally->told += rung < RUNG_COUNT;
    tally->held += rung_holds(rung);
}

static bool is_in_scope(const char *kind)
{
    char line[128];

    snprintf(line, sizeof line, "\n%s\n", kind);
    return strstr(scope, line) != NULL;
}

static void say(const char *what, const char *kind, const char *rule, struct span text)
{
    char line[201];
    size_t len = text.len < sizeof line ? text.len : sizeof line - 1;

    for (size_t i = 0; i < len; i++) line[i] = text.at[i] >= ' ' && text.at[i] <= '~' ? (char)text.at[i] : '~';
    line[len] = '\0';
    print_message("  %s %s %s: %s\n", what, kind, rule, line);
}

static void look_at_secret(const cJSON *row, struct span text, const struct findings *findings, struct tally *ours,
                           struct tally *all)
{
    const char *kind = corpus_text(row, "rule");
    enum rung rung = rung_over(findings, text, span_of(corpus_text(row, "secret")));

    if (is_in_scope(kind)) count_secret(ours, rung);
    count_secret(all, rung);
    if (!rung_holds(rung)) say(rung < RUNG_COUNT ? "told" : "missed", kind, is_in_scope(kind) ? "in scope" : "", text);
}

static bool is_secret_elsewhere(struct span text, const struct finding *finding)
{
    size_t len = (size_t)(finding->byte + 1 - finding->from);

    if (finding->encoding[0] != '\0') return false; /* it stands elsewhere than in the text */
    return memmem(buf_span(&secrets).at, buf_len(&secrets), text.at + finding->from, len) != NULL;
}

static void look_at_other(const cJSON *row, struct span text, const struct findings *findings, struct tally *all)
{
    const char *kind = corpus_text(row, "rule");
    bool held = false;

    if (strcmp(kind, "private-key") == 0) return; /* true keys, of test suites */
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->list[i];
        if (!rung_holds(f->rung) || is_secret_elsewhere(text, f)) continue;
        held = true;
        say("held", kind, f->rule, text);
    }
    all->others++;
    all->told_others += findings->count > 0;
    all->held_others += held;
}

/* What was missed, and what was held for nothing, is said: how rules get better. */
static void look_at_row(const cJSON *row, struct tally *ours, struct tally *all)
{
    struct span text = span_of(corpus_text(row, "text"));

    if (text.len == 0) text = span_of(corpus_text(row, "line"));
    if (text.len == 0) return; /* told by a file's name alone */
    struct findings findings = scan_text(text, SIZE_MAX);
    require_cuts_change_nothing(text, &findings);
    if (is_secret(row))
        look_at_secret(row, text, &findings, ours, all);
    else
        look_at_other(row, text, &findings, all);
}

static void print_tally(const char *name, const struct tally *t)
{
    if (t->secrets > 0)
        print_message("%s: of %zu secrets %zu told (%.1f %%), %zu held (%.1f %%)\n", name, t->secrets, t->told,
                      100.0 * (double)t->told / (double)t->secrets, t->held,
                      100.0 * (double)t->held / (double)t->secrets);
    if (t->others > 0)
        print_message("%s: of %zu others %zu told, %zu held (%.1f %%)\n", name, t->others, t->told_others,
                      t->held_others, 100.0 * (double)t->held_others / (double)t->others);
}

static void look_at(const char *name, struct tally *ours, struct tally *own)
{
    struct corpus corpus;
    const cJSON *row;

    if (!corpus_open(&corpus, name)) return;
    while ((row = corpus_next(&corpus)) != NULL) look_at_row(row, ours, own);
    corpus_close(&corpus);
    print_tally(name, own);
}

static void secrets_are_found_and_little_else_is_held(void **state)
{
    struct tally of[COUNT_OF(names)] = {0}, ours = {0}, *source = &of[COUNT_OF(names) - 1];
    size_t others = 0, held = 0;

    (void)state;
    if (scope == NULL) skip();
    for (size_t i = 0; i < COUNT_OF(names); i++) look_at(names[i], &ours, &of[i]);
    for (size_t i = 0; i < COUNT_OF(names); i++) others += of[i].others, held += of[i].held_others;
    print_tally("in scope", &ours);
    print_message("all: of %zu others %zu held\n", others, held);
    assert_true(ours.told * 1000 >= ours.secrets * FOUND_PERMILLE_MIN);
    assert_true(ours.held * 1000 >= ours.secrets * FOUND_PERMILLE_MIN);
    assert_true(source->held_others * 1000 <= source->others * SOURCE_PERMILLE_MAX);
    assert_true(held * 1000 <= others * OTHERS_PERMILLE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(secrets_are_found_and_little_else_is_held)};

    return cmocka_run_group_tests(tests, begin, end);
}
