/* rule_file_test.c — rule files: what becomes a rule, what each mistake is told; and what we ship is in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "backends/manifest/rule_file.h"
#include "dlp/scan/confirm.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

static struct manifest_errors errors;
static struct rule_set *set;

static enum err read_two(struct span first, struct span second)
{
    const struct rule_text files[] = {{"one.yaml", first, false}, {"two.yaml", second, false}};

    errors = manifest_errors_begin();
    return rules_read(&errors, files, second.at != NULL ? 2 : 1, &set);
}

static void read_text(const char *yaml) { assert_int_equal(read_two(span_of(yaml), (struct span){0}), ERR_OK); }

static int let_go(void **state)
{
    (void)state;
    rule_set_free(&set);
    manifest_errors_end(&errors);
    return 0;
}

static void assert_error(const char *beginning)
{
    struct buf out = {0};

    if (set != NULL || errors.first == NULL) fail_msg("not refused, and should be: %s", beginning);
    assert_int_equal(manifest_error_print(&out, errors.first), ERR_OK);
    if (!span_starts(buf_span(&out), span_of(beginning)))
        fail_msg("wanted: %s\n   got: %.*s", beginning, SPAN_FMT(buf_span(&out)));
    buf_clear(&out);
}

static void an_empty_file_is_told(void **state)
{
    (void)state;
    assert_int_equal(read_two((struct span){0}, (struct span){0}), ERR_OK); /* as file_read() gives it */
    assert_error("one.yaml:1:1: a rule file is a map, here is nothing");
}

static void a_rule_is_read_whole(void **state)
{
    (void)state;
    read_text("rules:\n"
              "  - id: acme-key\n"
              "    title: Acme API key\n"
              "    service: acme\n"
              "    pattern: '\\bacme_([a-z]{3})'\n"
              "    keywords: [acme_, key]\n"
              "    group: 1\n"
              "    entropy: 3.25\n"
              "    check: github-crc\n"
              "    rung: context\n"
              "    shown: 4\n"
              "    nocase: true\n"
              "    allow: ['x{3}']\n"
              "    stop: [example, sample]\n"
              "  - {id: b, title: B, pattern: b, rung: generic}\n");
    assert_int_equal(errors.count, 0);
    assert_int_equal(set->count, 2);
    const struct rule *a = &set->list[0], *b = &set->list[1];

    assert_true(span_is(a->id, SPAN_LIT("acme-key")));
    assert_true(span_is(a->title, SPAN_LIT("Acme API key")));
    assert_true(span_is(a->service, SPAN_LIT("acme")));
    assert_string_equal((const char *)a->pattern.at, "\\bacme_([a-z]{3})"); /* NUL-terminated */
    assert_int_equal(a->keyword_count, 2);
    assert_true(span_is(a->keywords[1], SPAN_LIT("key")));
    assert_int_equal(a->group, 1);
    assert_int_equal(a->entropy_centibits, 325);
    assert_true(span_is(a->check, SPAN_LIT("github-crc")));
    assert_int_equal(a->rung, RUNG_CONTEXT);
    assert_int_equal(a->shown, 4);
    assert_true(a->nocase);
    assert_int_equal(a->allow_count, 1);
    assert_string_equal((const char *)a->allow[0].at, "x{3}");
    assert_int_equal(a->stop_count, 2);
    assert_true(b->rung == RUNG_GENERIC && b->service.len == 0 && b->check.len == 0 && !b->nocase);
    assert_true(b->keyword_count == 0 && b->allow_count == 0 && b->stop_count == 0);
    assert_true(b->group == 0 && b->shown == 0 && b->entropy_centibits == 0);
}

static void names_and_a_value_make_a_pattern(void **state)
{
    static const char *const texts[] = {
        "rules: [{id: a, title: A, names: 'ac_?me|wom', value: '[0-9a-f]{8}', rung: context}]\n",
        "rules: [{id: a, title: A, names: 'acme', value: '[0-9a-f]{8}', nocase: true, rung: context}]\n"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct confirmed confirmed;
        struct window window = {.bytes = SPAN_LIT("ACME_KEY = \"9f86d081\""), .end = 21, .is_first = true};
        struct rule_fault fault;
        struct confirm *confirm = NULL;
        read_text(texts[i]);
        assert_int_equal(errors.count, 0);
        assert_int_equal(set->list[0].group, 1);
        assert_int_equal(confirm_new(set, &fault, &confirm), ERR_OK);
        assert_int_equal(confirm_hit(confirm, 0, &window, &confirmed), ERR_OK);
        assert_true(span_is(confirmed.secret, SPAN_LIT("9f86d081")));
        confirm_free(&confirm);
        rule_set_free(&set);
    }
}

#define RULE(keys)          "rules:\n  - {id: a, title: A, pattern: a, rung: prefix, " keys "}\n"
#define NAMED(names, value) "rules: [{id: a, title: A, names: " names ", value: " value ", rung: prefix}]\n"
#define TEN(x)              x x x x x x x x x x
#define HUNDRED(x)          TEN(TEN(x))
#define THOUSAND(x)         TEN(HUNDRED(x))

/* clang-format off */
static const struct {
    const char *yaml, *error; /* how the first one begins */
} mistakes[] = {
    {"",                           "one.yaml:1:1: a rule file is a map, here is nothing"},
    {"- id: a\n",
        "one.yaml:1:1: a rule file is a map, here is a list; write `key: value` lines; its keys are: rules"},
    {"rule: []\n",                 "one.yaml:1:1: unknown key `rule`; did you mean `rules`?"},
    {"{}\n",                       "one.yaml:1:1: a rule file needs the key `rules`"},
    {"rules: {id: a}\n",           "one.yaml:1:8: `rules` is a list, here is a map"},
    {"rules: [a]\n",               "one.yaml:1:9: a rule is a map, here is text"},
    {"rules: [\n",                 "one.yaml:2:1: "},
    {"rules: []\n---\n",           "one.yaml:2:1: "},
    {"rules: \xff\n",              "one.yaml:1:8: here is a byte that is not UTF-8"},
    {"rules:\n  - id: a\x01\n",    "one.yaml:2:10: here is a control character"},
    {"rules: &a []\n",             "one.yaml:1:8: anchors are not read"},
    /* what must be there */
    {"rules: [{title: A, pattern: a, rung: prefix}]\n",  "one.yaml:1:9: a rule needs the key `id`; add it"},
    {"rules: [{id: a, pattern: a, rung: prefix}]\n",     "one.yaml:1:9: a rule needs the key `title`"},
    {"rules: [{id: a, title: A, rung: prefix}]\n",       "one.yaml:1:9: a rule needs the key `pattern`"},
    {"rules: [{id: a, title: A, pattern: a}]\n",         "one.yaml:1:9: a rule needs the key `rung`"},
    {RULE("keyword: [a]"),         "one.yaml:2:49: unknown key `keyword`; did you mean `keywords`?"},
    {RULE("regex: a"),
        "one.yaml:2:49: unknown key `regex`; the keys of a rule are: id, title, service, pattern"},
    {RULE("id: b"),                "one.yaml:2:49: the key `id` is here twice"},
    /* ids and services */
    {"rules: [{id: Ab, title: A, pattern: a, rung: prefix}]\n",
        "one.yaml:1:14: `Ab` can't be an id; write lower-case letters, digits and `-`, at most 63"},
    {"rules: [{id: -a, title: A, pattern: a, rung: prefix}]\n",    "one.yaml:1:14: `-a` can't be an id"},
    {"rules: [{id: \"\", title: A, pattern: a, rung: prefix}]\n",  "one.yaml:1:14: `` can't be an id"},
    {"rules: [{id: a_b, title: A, pattern: a, rung: prefix}]\n",   "one.yaml:1:14: `a_b` can't be an id"},
    {"rules: [{id: no, title: A, pattern: a, rung: prefix}]\n",
        "one.yaml:1:14: an id is text, and other readers take this for a boolean; quote it"},
    {"rules: [{id: [a], title: A, pattern: a, rung: prefix}]\n",   "one.yaml:1:14: an id is text, here is a list"},
    {"rules: [{id: " TEN("abcdefg") ", title: A, pattern: a, rung: prefix}]\n", "one.yaml:1:14: `abcdefg"},
    {RULE("service: Acme"),        "one.yaml:2:58: `Acme` can't be a service; write lower-case"},
    {RULE("service: \"\""),        "one.yaml:2:58: `` can't be a service"},
    {"rules:\n  - {id: a, title: A, pattern: a, rung: prefix}\n  - {id: a, title: B, pattern: b, rung: prefix}\n",
        "one.yaml:3:10: the id `a` is taken; give it another: line 2 of one.yaml has this one"},
    /* titles and patterns */
    {"rules: [{id: a, title: \"\", pattern: a, rung: prefix}]\n",
        "one.yaml:1:24: a title holds from 1 to 100 bytes; leave the key out, or write some"},
    {"rules: [{id: a, title: a" HUNDRED("b") ", pattern: a, rung: prefix}]\n",
        "one.yaml:1:24: a title holds from 1 to 100 bytes; shorten it"},
    {"rules: [{id: a, title: A, pattern: '', rung: prefix}]\n",
        "one.yaml:1:36: a pattern holds from 1 to 1024 bytes"},
    {"rules: [{id: a, title: A, pattern: , rung: prefix}]\n",      "one.yaml:1:36: a pattern is text, here is nothing"},
    {"rules: [{id: a, title: A, pattern: 12, rung: prefix}]\n",
        "one.yaml:1:36: a pattern is text, and other readers take this for a number; quote it"},
    {"rules: [{id: a, title: A, pattern: \"\\bkey\", rung: prefix}]\n",
        "one.yaml:1:36: a pattern may not hold a control character; write patterns in single quotes"},
    {"rules: [{id: a, title: A, pattern: \"a\\0\", rung: prefix}]\n",
        "one.yaml:1:36: a pattern may not hold a NUL byte"},
    {"rules: [{id: a, title: A, pattern: '" THOUSAND("a") TEN("bcd") "', rung: prefix}]\n",
        "one.yaml:1:36: a pattern holds from 1 to 1024 bytes; shorten it"},
    {"rules: [{id: a, title: A, names: a, rung: prefix}]\n",
        "one.yaml:1:34: a rule with `names` needs the key `value`; add it"},
    {"rules: [{id: a, title: A, value: a, rung: prefix}]\n",
        "one.yaml:1:34: a rule with `value` needs the key `names`; add it"},
    {RULE("names: a"),             "one.yaml:2:56: a rule has a `pattern`, or `names` and a `value`; leave one out"},
    {RULE("value: a"),             "one.yaml:2:56: a rule has a `pattern`, or `names` and a `value`; leave one out"},
    {NAMED("a", "'b', group: 1"),  "one.yaml:1:56: the secret is all of `value`; leave it out"},
    {NAMED("'(a)'", "b"),          "one.yaml:1:34: `names` may not capture; write `(?:`"},
    {NAMED("'a\\\\(b)'", "b"),      "one.yaml:1:34: `names` may not capture"},
    {NAMED("'a|'", "b"),           "one.yaml:1:34: this pattern is not taken: it matches where nothing stands"},
    {NAMED("'a)'", "b"),           "one.yaml:1:34: this pattern is not taken: "},
    {NAMED("a", "'b)'"),           "one.yaml:1:44: this pattern is not taken: "},
    {NAMED("a", "'b{9}|c*'"),      "one.yaml:1:44: this pattern is not taken: "},
    {NAMED("a", "\"\\b\""),        "one.yaml:1:44: `value` may not hold a control character"},
    {NAMED("'" HUNDRED("abc") "'", "b"), "one.yaml:1:34: `names` holds from 1 to 256 bytes; shorten it"},
    /* numbers */
    {RULE("group: 10"),            "one.yaml:2:56: `group` is a number from 0 to 9"},
    {RULE("group: -1"),            "one.yaml:2:56: `group` is a number from 0 to 9"},
    {RULE("group: '1'"),           "one.yaml:2:56: `group` is a number from 0 to 9"},
    {RULE("shown: 5"),             "one.yaml:2:56: `shown` is a number from 0 to 4"},
    {RULE("entropy: 8.01"),
        "one.yaml:2:58: `entropy` is a number of bits from 0 to 8, with two decimals at most; write it"},
    {RULE("entropy: 9"),           "one.yaml:2:58: `entropy` is a number"},
    {RULE("entropy: 3.125"),       "one.yaml:2:58: `entropy` is a number"},
    {RULE("entropy: 3."),          "one.yaml:2:58: `entropy` is a number"},
    {RULE("entropy: .5"),          "one.yaml:2:58: `entropy` is a number"},
    {RULE("entropy: 3,5"),         "one.yaml:2:60: "},
    {RULE("entropy: 3e0"),         "one.yaml:2:58: `entropy` is a number"},
    {RULE("entropy: -3"),          "one.yaml:2:58: `entropy` is a number"},
    {RULE("entropy: \"3\""),       "one.yaml:2:58: `entropy` is a number"},
    {RULE("entropy: [3]"),         "one.yaml:2:58: `entropy` is a number"},
    {RULE("entropy: "),            "one.yaml:2:58: `entropy` is a number"},
    /* words */
    {"rules: [{id: a, title: A, pattern: a, rung: prefex}]\n",
        "one.yaml:1:45: `prefex` is no such word for a rung; did you mean `prefix`?"},
    {"rules: [{id: a, title: A, pattern: a, rung: checked}]\n",
        "one.yaml:1:45: `checked` is no such word for a rung; it is one of: prefix, context, generic"},
    {"rules: [{id: a, title: A, pattern: a, rung: known}]\n",      "one.yaml:1:45: `known` is no such word for a rung"},
    {RULE("check: no-such-check"), "one.yaml:2:56: there is no check `no-such-check`; the checks there are"},
    {RULE("check: ''"),            "one.yaml:2:56: a check holds from 1 to 63 bytes"},
    {RULE("nocase: yes"),          "one.yaml:2:57: `nocase` is true or false"},
    {RULE("keywords: key"),        "one.yaml:2:59: `keywords` is a list, here is text"},
    {RULE("keywords: [Key]"),      "one.yaml:2:60: `Key` has a capital letter; write it in lower case"},
    {RULE("keywords: ['']"),       "one.yaml:2:60: a word holds from 1 to 64 bytes"},
    {RULE("keywords: [" TEN("abcdefg") "]"), "one.yaml:2:60: a word holds from 1 to 64 bytes; shorten it"},
    {RULE("keywords: [" TEN(TEN("a,") TEN("b,") TEN("c,")) "]"), "one.yaml:2:59: `keywords` holds more than 256"},
    {RULE("stop: [EXAMPLE]"),      "one.yaml:2:56: `EXAMPLE` has a capital letter"},
    /* what the engines do not take */
    {"rules: [{id: a, title: A, pattern: '(a', rung: prefix}]\n",
        "one.yaml:1:36: this pattern is not taken: "},
    {"rules: [{id: a, title: A, pattern: 'a(?=b)', rung: prefix}]\n", "one.yaml:1:36: this pattern is not taken: "},
    {"rules: [{id: a, title: A, pattern: 'a+', rung: prefix}]\n",
        "one.yaml:1:36: this pattern is not taken: a match must have a bound of 4096 bytes"},
    {"rules: [{id: a, title: A, pattern: 'a*', rung: prefix}]\n",
        "one.yaml:1:36: this pattern is not taken: it matches where nothing stands"},
    {RULE("group: 1"),             "one.yaml:2:32: this pattern is not taken: it has no group 1"},
    {RULE("allow: ['(']"),         "one.yaml:2:32: this pattern is not taken: "},
    {RULE("allow: ['']"),          "one.yaml:2:57: a pattern holds from 1 to 1024 bytes"},
    {RULE("allow: [[a]]"),         "one.yaml:2:57: a pattern is text, here is a list"},
};
/* clang-format on */

static void a_mistake_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        read_text(mistakes[i].yaml);
        assert_error(mistakes[i].error);
        (void)let_go(NULL);
    }
}

static void all_mistakes_are_told_at_once(void **state)
{
    (void)state;
    read_two(SPAN_LIT("rules: [{id: A}]\n"), SPAN_LIT("rules: [{id: b, colour: red}]\n"));
    assert_null(set);
    assert_int_equal(errors.count, 8); /* an id, a key, and three keys missing of each rule */
}

static void no_file_defines_what_an_earlier_one_did(void **state)
{
    static const char one[] = "rules: [{id: a, title: A, pattern: a, rung: prefix}]\n";
    static const char other[] = "rules: [{id: b, title: B, pattern: b, rung: prefix}]\n";
    (void)state;
    assert_int_equal(read_two(span_of(one), span_of(one)), ERR_OK);
    assert_error("two.yaml:1:14: the id `a` is taken; give it another: line 1 of one.yaml has this one");
    (void)let_go(NULL);
    assert_int_equal(read_two(span_of(one), span_of(other)), ERR_OK);
    assert_int_equal(set->count, 2);
}

static void the_digest_knows_every_byte_and_where_a_file_ends(void **state)
{
    static const char *const pairs[][2] = {
        {"rules: []\n", "rules: []\n#\n"}, {"rules: []\n#", "rules: []\n\n"}, {"rules: []\n", "rules: []\n\n"}};
    uint8_t digests[COUNT_OF(pairs)][32];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        for (int turn = 0; turn < 2; turn++) {
            assert_int_equal(read_two(span_of(pairs[i][0]), span_of(pairs[i][1])), ERR_OK);
            assert_non_null(set);
            if (turn > 0) assert_memory_equal(set->digest, digests[i], 32);
            memcpy(digests[i], set->digest, 32);
            (void)let_go(NULL);
        }
        for (size_t j = 0; j < i; j++) assert_memory_not_equal(digests[i], digests[j], 32);
    }
}

static void a_rule_that_is_off_makes_another_set(void **state)
{
    uint8_t digest[32];
    (void)state;
    read_text("rules:\n"
              "  - {id: a, title: A, pattern: a, rung: prefix}\n"
              "  - {id: b, title: B, pattern: b, rung: prefix}\n"
              "  - {id: c, title: C, pattern: c, rung: prefix}\n");
    memcpy(digest, set->digest, sizeof digest);
    assert_false(rule_set_off(set, SPAN_LIT("d")));
    assert_memory_equal(set->digest, digest, 32);
    assert_true(rule_set_off(set, SPAN_LIT("b")));
    assert_memory_not_equal(set->digest, digest, 32);
    assert_int_equal(set->count, 3);
    assert_true(!set->list[0].off && set->list[1].off && !set->list[2].off);
}

static struct span many_rules(struct arena *arena, size_t from, size_t count)
{
    struct span text = SPAN_LIT("rules:\n");
    struct buf out = {0};

    assert_int_equal(buf_add(&out, text), ERR_OK);
    for (size_t i = from; i < from + count; i++)
        assert_int_equal(buf_printf(&out, "  - {id: r%zu, title: R, pattern: r, rung: prefix}\n", i), ERR_OK);
    text = arena_copy(arena, buf_span(&out));
    buf_clear(&out);
    return text;
}

static void all_files_together_hold_so_many_rules(void **state)
{
    struct arena arena = arena_begin(MIB(1));
    (void)state;
    assert_int_equal(read_two(many_rules(&arena, 0, 600), many_rules(&arena, 600, RULE_COUNT_MAX - 600)), ERR_OK);
    assert_int_equal(set->count, RULE_COUNT_MAX);
    (void)let_go(NULL);
    assert_int_equal(read_two(many_rules(&arena, 0, 600), many_rules(&arena, 600, RULE_COUNT_MAX - 599)), ERR_OK);
    assert_error("two.yaml:2:3: more than 1024 rules in all files; leave some out");
    arena_end(&arena);
}

static void without_memory_it_says_so(void **state)
{
    static const char one[] = "rules: [{id: a, title: A, pattern: a, rung: prefix, keywords: [k], allow: [x]}]\n";
    enum err err;
    size_t n = 0;
    (void)state;
    do {
        mem_fail_at(++n);
        err = read_two(span_of(one), (struct span){0});
        mem_fail_at(0);
        assert_true(err == ERR_OK || err == ERR_NOMEM);
        assert_true(set == NULL || err == ERR_OK);
        if (err == ERR_OK && set == NULL) assert_true(errors.count > 0);
        if (set == NULL) manifest_errors_end(&errors);
    } while (set == NULL && n < 1000);
    assert_in_range(n, 3, 999);
    assert_int_equal(set->count, 1);
}

static void what_is_shipped_is_in_order(void **state)
{
    size_t count;
    const struct rule_text *files = rules_shipped(&count);
    struct rule_fault fault;
    AUTO(confirm) confirm = NULL;
    (void)state;
    errors = manifest_errors_begin();
    assert_in_range(count, 1, RULE_FILES_MAX);
    for (size_t i = 0; i < count; i++) {
        assert_in_range(files[i].text.len, 1, RULE_FILE_BYTES_MAX);
        if (i > 0) assert_true(strcmp(files[i - 1].path, files[i].path) < 0);
    }
    assert_int_equal(rules_read(&errors, files, count, &set), ERR_OK);
    for (const struct manifest_error *e = errors.first; e != NULL; e = e->next)
        print_message("%s:%u:%u: %.*s\n", e->path, e->line, e->column, SPAN_FMT(e->what));
    assert_int_equal(errors.count, 0);
    print_message("%zu rules of %zu files\n", set->count, count);
    if (confirm_new(set, &fault, &confirm) != ERR_OK) fail_msg("%s: %s", (const char *)fault.rule->id.at, fault.why);
    assert_non_null(rule_find(set, SPAN_LIT("github-pat")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_rule_is_read_whole, let_go),
        cmocka_unit_test_teardown(names_and_a_value_make_a_pattern, let_go),
        cmocka_unit_test_teardown(an_empty_file_is_told, let_go),
        cmocka_unit_test_teardown(a_mistake_is_told, let_go),
        cmocka_unit_test_teardown(all_mistakes_are_told_at_once, let_go),
        cmocka_unit_test_teardown(no_file_defines_what_an_earlier_one_did, let_go),
        cmocka_unit_test_teardown(the_digest_knows_every_byte_and_where_a_file_ends, let_go),
        cmocka_unit_test_teardown(a_rule_that_is_off_makes_another_set, let_go),
        cmocka_unit_test_teardown(all_files_together_hold_so_many_rules, let_go),
        cmocka_unit_test_teardown(without_memory_it_says_so, let_go),
        cmocka_unit_test_teardown(what_is_shipped_is_in_order, let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
