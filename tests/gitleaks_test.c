/* gitleaks_test.c — what becomes of a gitleaks configuration: patterns, rules, notes; and that our own loader takes
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "backends/manifest/file.h"
#include "backends/manifest/gitleaks.h"
#include "backends/manifest/gitleaks_pattern.h"
#include "backends/manifest/rule_file.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

/* clang-format off */
static const struct {
    const char *what, *in, *out;
    unsigned groups;
    bool nocase, had_lead, was_bounded;
} patterns[] = {
    {"nothing to do",         "\\bwmb_[0-9a-z]{20}\\b",         "\\bwmb_[0-9a-z]{20}\\b", 0, false, false, false},
    {"case of the whole",     "(?i)abc",                        "abc",                    0, true,  false, false},
    {"case of a part",        "a(?i)bc",                        "a(?i)bc",                0, false, false, false},
    {"a lead",                "[\\w.-]{0,50}?(?:abc)",          "(?:abc)",                0, false, true,  false},
    {"leads in groups",       "[\\w.-]{0,50}?(?i:[\\w.-]{0,50}?(?:a))b", "(?i:(?:a))b",   0, false, true,  false},
    {"a greedy one is none",  "[\\w.-]{0,50}abc",               "[\\w.-]{0,50}abc",       0, false, false, false},
    {"a tail",                "(a)(?:[\\x60'\"\\s;]|\\\\[nr]|$)", "(a)(?:[^A-Za-z0-9_]|$)", 1, false, false, false},
    {"a tail, end first",     "(a)(?:$|[\\s<),])",              "(a)(?:[^A-Za-z0-9_]|$)", 1, false, false, false},
    {"a tail of the secret",  "a(?:[\\s;]|$)",                  "a(?:[\\s;]|$)",          0, false, false, false},
    {"no tail: a set of others", "(a)(?:[^b]|$)",               "(a)(?:[^b]|$)",          1, false, false, false},
    {"no tail: words",        "(a)(?:[b]|cd|$)",                "(a)(?:[b]|cd|$)",        1, false, false, false},
    {"no tail: more behind",  "(a)(?:[\\s;]|$)b",               "(a)(?:[\\s;]|$)b",       1, false, false, false},
    {"runs",                  "a+b*c{8,}d{2,3}e{4}f?",          "a{1,1001}b{0,1000}c{8,1008}d{2,3}e{4}f?",
                              0, false, false, true},
    {"a lazy run",            "ab*?",                           "ab{0,1000}?",            0, false, false, true},
    {"signs that are none",   "\\+[*+]\\*[]+][[:alpha:]+]",     "\\+[*+]\\*[]+][[:alpha:]+]", 0, false, false, false},
    {"names of groups",       "(?P<x>a)(?<y>b)(?:c)(d)",        "(a)(b)(?:c)(d)",         3, false, false, false},
    {"bytes of no line",      "a\n\tb\xc3\xa9",                 "a\\x0a\\x09b\\xc3\\xa9", 0, false, false, false},
    {"broken ones",           "([a",                            "([a",                    1, false, false, false},
    {"a lone backslash",      "a\\",                            "a\\",                    0, false, false, false},
};
/* clang-format on */

static void every_pattern_is_ported_as_it_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        struct gitleaks_pattern got;
        assert_int_equal(gitleaks_pattern_port(span_of(patterns[i].in), &got), ERR_OK);
        if (!span_is(buf_span(&got.text), span_of(patterns[i].out)) || got.groups != patterns[i].groups ||
            got.nocase != patterns[i].nocase || got.had_lead != patterns[i].had_lead ||
            got.was_bounded != patterns[i].was_bounded)
            fail_msg("%s: %.*s", patterns[i].what, SPAN_FMT(buf_span(&got.text)));
        buf_clear(&got.text);
    }
}

static struct manifest_errors errors;
static struct gitleaks_import import;

static enum err read_toml(struct span toml)
{
    struct reader reader = {.path = "m", .errors = &errors};

    errors = manifest_errors_begin();
    return gitleaks_read(&reader, toml, &import);
}

static void let_go(void)
{
    buf_clear(&import.yaml);
    buf_clear(&import.notes);
    manifest_errors_end(&errors);
}

static struct rule_set *read_back(void)
{
    const struct rule_text file = {"imported.yaml", buf_span(&import.yaml), false};
    struct rule_set *set;

    assert_int_equal(rules_read(&errors, &file, 1, &set), ERR_OK);
    if (set == NULL) fail_msg("%.*s", SPAN_FMT(errors.first->what));
    return set;
}

static void assert_noted(const char *line)
{
    if (memmem(buf_span(&import.notes).at, buf_len(&import.notes), line, strlen(line)) == NULL)
        fail_msg("no note %s in\n%.*s", line, SPAN_FMT(buf_span(&import.notes)));
}

static void a_configuration_becomes_a_rule_file_and_notes(void **state)
{
    static const char *const notes[] = {
        "rule `numbat-run`: runs of its regex that have no bound get one of 1000\n",
        "rule `generic-two-groups`: which of its groups is the secret is not said: the whole match is\n",
        "rule `second-group`: its path is left out: it looks everywhere\n",
        "rule `with-allowlists`: an allowlist is left out: it looks at the match or the line, and not at the secret\n",
        "rule `with-allowlists`: an allowlist is left out: all of its conditions must hold at once\n",
        "rule `with-allowlists`: an allowlist is left out: it is about paths or commits, which a request has none of\n",
        "rule `look-around`: left out: its regex is not taken: ",
        "rule `much-too-wide`: left out: its regex is not taken: ",
        "rule `names-of-files`: left out: it has no regex: it looks at names of files alone\n",
        "rule `silent`: left out: it reports nothing, and only serves another\n",
        "rule `github-pat`: `required` is left out\n",
        "rule `github-pat`: we ship a rule of this id: it is github-pat-2; one may do\n",
        "the file's `extend` is left out: import the other file by itself\n",
        "the file's `allowlist` is left out: we have a list of placeholders of our own, and a request has no path\n",
    };
    static const char *const ids[] = {"wombat-token", "quokka-key",      "numbat-run",  "generic-two-groups",
                                      "second-group", "with-allowlists", "github-pat-2"};
    struct buf toml = {0};
    (void)state;

    assert_int_equal(file_read("tests/data/gitleaks.toml", TOML_FILE_BYTES_MAX, &toml), ERR_OK);
    assert_int_equal(read_toml(buf_span(&toml)), ERR_OK);
    assert_int_equal(import.taken, COUNT_OF(ids));
    assert_int_equal(import.left, 4);
    for (size_t i = 0; i < COUNT_OF(notes); i++) assert_noted(notes[i]);
    struct rule_set *set = read_back();
    assert_int_equal(set->count, COUNT_OF(ids));
    for (size_t i = 0; i < COUNT_OF(ids); i++) assert_true(span_is(set->list[i].id, span_of(ids[i])));
    assert_true(span_is(set->list[0].title, SPAN_LIT("A wombat's token: it's \"secret\"")));
    assert_int_equal(set->list[0].entropy_centibits, 325);
    assert_true(span_is(set->list[0].keywords[0], SPAN_LIT("wmb_")));
    assert_true(set->list[1].nocase && set->list[1].group == 1 && set->list[1].rung == RUNG_CONTEXT);
    assert_int_equal(set->list[0].rung, RUNG_PREFIX);
    assert_int_equal(set->list[3].rung, RUNG_GENERIC);
    assert_int_equal(set->list[4].group, 2);
    assert_true(set->list[5].allow_count == 2 && set->list[5].stop_count == 1);
    rule_set_free(&set);
    buf_clear(&toml);
    let_go();
}

static void what_a_file_says_can_be_no_yaml_of_its_own(void **state)
{
    (void)state;
    assert_int_equal(read_toml(SPAN_LIT("[[rules]]\nid = \"a\\n  - id: b\"\ndescription = \"x\\ny: 'z\"\n"
                                        "regex = \"k'ey:\\n[ab]{9}\"\nkeywords = [\"it's\"]\n"
                                        "[[rules]]\nid = \"a\\n  - id: b\"\nregex = '''qqq[0-9]{9}'''\n")),
                     ERR_OK);
    struct rule_set *set = read_back();
    assert_int_equal(set->count, 2);
    assert_true(span_is(set->list[0].id, SPAN_LIT("a-----id--b")));
    assert_true(span_is(set->list[1].id, SPAN_LIT("a-----id--b-2")));
    assert_true(span_is(set->list[0].title, SPAN_LIT("imported from gitleaks")));
    assert_true(span_is(set->list[0].pattern, SPAN_LIT("k'ey:\\x0a[ab]{9}")));
    assert_true(span_is(set->list[0].keywords[0], SPAN_LIT("it's")));
    rule_set_free(&set);
    let_go();
}

static void words_of_any_number_and_length_are_bounded(void **state)
{
    struct buf toml = {0};
    (void)state;
    assert_int_equal(
        buf_printf(&toml, "[[rules]]\nregex='qqq[0-9]{9}'\nkeywords=['%0100d']\n[rules.allowlist]\nstopwords=[", 1),
        ERR_OK);
    for (unsigned i = 0; i < 1446; i++) assert_int_equal(buf_printf(&toml, "'word%u',", i), ERR_OK);
    assert_int_equal(buf_add(&toml, SPAN_LIT("]\n")), ERR_OK);
    assert_int_equal(read_toml(buf_span(&toml)), ERR_OK);
    assert_noted("rule `number 1`: its keywords can't be words of ours: none is asked for\n");
    assert_noted("rule `number 1`: 1190 regexes and words of its allowlists are left out: too many, or too long\n");
    struct rule_set *set = read_back();
    assert_int_equal(set->list[0].stop_count, RULE_WORDS_MAX);
    assert_int_equal(set->list[0].keyword_count, 0);
    rule_set_free(&set);
    buf_clear(&toml);
    let_go();
}

static void what_is_no_configuration_is_an_error(void **state)
{
    static const char *const texts[] = {"", "a = 1\n", "rules = 1\n", "[rules]\nid = 'x'\n", "not toml"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(read_toml(span_of(texts[i])), ERR_SYNTAX);
        assert_int_equal(errors.count, 1);
        let_go();
    }
    assert_int_equal(read_toml(SPAN_LIT("rules = []\n")), ERR_OK);
    struct rule_set *set = read_back();
    assert_int_equal(set->count, 0);
    rule_set_free(&set);
    let_go();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pattern_is_ported_as_it_says),
        cmocka_unit_test(a_configuration_becomes_a_rule_file_and_notes),
        cmocka_unit_test(what_a_file_says_can_be_no_yaml_of_its_own),
        cmocka_unit_test(words_of_any_number_and_length_are_bounded),
        cmocka_unit_test(what_is_no_configuration_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
