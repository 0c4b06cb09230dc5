/* lines_test.c — files and diffs, a line at a time: where findings are told to be, however the bytes arrive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "backends/manifest/lines.h"
#include "backends/manifest/rule_file.h"
#include "dlp/scan/engine.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

#define KEY   "acme_7c1e90b4d2a86f35"
#define OTHER "acme_e0917b4cd8f2a663"

static const char yaml[] =
    "rules:\n"
    "  - {id: acme, title: Acme key, pattern: '\\bacme_[0-9a-f]{16}\\b', rung: prefix}\n"
    "  - {id: pem, title: Key, pattern: '-----BEGIN KEY-----[a-z\\s]{1,60}-----END', rung: prefix}\n";
static struct rule_set *rules;
static struct engine *engine;
static struct scanner *scanner;
static struct buf told;

static int make_scanner(void **state)
{
    struct manifest_errors errors = manifest_errors_begin();
    struct rule_fault fault;
    AUTO(vault) vault = NULL;
    (void)state;
    if (rules_read(&errors, &(struct rule_text){"m", span_of(yaml), false}, 1, &rules) != ERR_OK || rules == NULL)
        return -1;
    if (vault_new(0, &vault) != ERR_OK || engine_new(rules, (struct span){0}, &fault, &engine) != ERR_OK) return -1;
    return scanner_new(vault, engine, &scanner) == ERR_OK ? 0 : -1;
}

static int free_scanner(void **state)
{
    (void)state;
    scanner_free(&scanner);
    engine_free(&engine);
    rule_set_free(&rules);
    return 0;
}

static enum err on_finding(void *owner, const struct line_finding *found)
{
    (void)owner;
    return buf_printf(&told, "%s:%llu:%s\n", found->path, (unsigned long long)found->line,
                      found->finding != NULL ? found->finding->rule : "more");
}

/* What is told, a line each. */
static const char *scan_as(struct span text, bool may_be_diff, bool honours)
{
    struct lines_options options = {"f", may_be_diff, honours, scanner, on_finding, NULL, NULL};
    FILE *file = tmpfile();
    enum err err;

    assert_non_null(file);
    assert_int_equal(fwrite(text.at, 1, text.len, file), text.len);
    rewind(file);
    buf_clear(&told);
    err = lines_scan(fileno(file), &options);
    fclose(file);
    assert_int_equal(err, ERR_OK);
    assert_int_equal(buf_add(&told, (struct span){(const uint8_t *)"", 1}), ERR_OK);
    return (const char *)buf_span(&told).at;
}

static const char *scan_text(const char *text) { return scan_as(span_of(text), true, false); }

static void a_finding_has_its_line(void **state)
{
    (void)state;
    assert_string_equal(scan_text(""), "");
    assert_string_equal(scan_text("nothing\nhere\n"), "");
    assert_string_equal(scan_text(KEY), "f:1:acme\n");
    assert_string_equal(scan_text("a\nb = " KEY "\nc\n"), "f:2:acme\n");
    assert_string_equal(scan_text("a\nb = " KEY), "f:2:acme\n");
    assert_string_equal(scan_text(KEY "\n\n\n" KEY " " OTHER "\n" KEY "\n"),
                        "f:1:acme\nf:4:acme\nf:4:acme\nf:5:acme\n");
    assert_string_equal(scan_text("a\r\n" KEY "\r\n"), "f:2:acme\n");
    assert_string_equal(scan_text("-----BEGIN KEY-----\nabc\ndef\n-----END\nx\n"), "f:4:pem\n"); /* where it ends */
}

static void a_line_may_be_longer_than_what_is_kept_of_it(void **state)
{
    struct buf text = {0};
    (void)state;
    assert_int_equal(buf_add(&text, SPAN_LIT("one\n")), ERR_OK);
    for (size_t i = 0; i < LINES_PIECE_BYTES * 3; i++) assert_int_equal(buf_add(&text, SPAN_LIT(".")), ERR_OK);
    for (size_t at = LINES_PIECE_BYTES - 30; at < LINES_PIECE_BYTES + 2; at++) { /* across the end of a piece */
        memcpy(text.at + at, KEY, strlen(KEY));
        assert_string_equal(scan_as(buf_span(&text), true, false), "f:2:acme\n");
        memset(text.at + at, '.', strlen(KEY));
    }
    memcpy(text.at + text.to - strlen(KEY), KEY, strlen(KEY));
    assert_int_equal(buf_add(&text, SPAN_LIT("\n" OTHER "\n")), ERR_OK);
    assert_string_equal(scan_as(buf_span(&text), true, false), "f:2:acme\nf:3:acme\n");
    buf_clear(&text);
}

static void a_line_with_more_than_can_be_told_apart_says_so(void **state)
{
    struct buf text = {0};
    char wanted[512] = "";
    (void)state;
    for (unsigned i = 0; i < SCAN_FINDINGS_MAX + 3; i++) assert_int_equal(buf_printf(&text, "acme_%016x ", i), ERR_OK);
    assert_int_equal(buf_add(&text, SPAN_LIT("end\n")), ERR_OK);
    for (unsigned i = 0; i < SCAN_FINDINGS_MAX; i++) strcat(wanted, "f:1:acme\n");
    strcat(wanted, "f:1:more\n");
    assert_string_equal(scan_as(buf_span(&text), true, false), wanted);
    buf_clear(&text);
}

static void a_secret_is_told_once_for_each_line(void **state)
{
    (void)state;
    assert_string_equal(scan_text(KEY " " KEY "\n" KEY "\n"), "f:1:acme\nf:2:acme\n");
}

static void markers_are_honoured_when_asked_alone(void **state)
{
    static const char text[] = KEY " # gitleaks:allow\n" KEY "\n// bottled:allow " KEY "\n" KEY "\n";
    (void)state;
    assert_string_equal(scan_as(SPAN_LIT(text), true, false), "f:1:acme\nf:2:acme\nf:3:acme\nf:4:acme\n");
    assert_string_equal(scan_as(SPAN_LIT(text), true, true), "f:2:acme\nf:4:acme\n");
    assert_string_equal(scan_as(SPAN_LIT("# gitleaks:allow\n" KEY "\n"), true, true), "f:2:acme\n");
}

#define HEAD "diff --git a/src/x.c b/src/x.c\nindex 1..2 100644\n--- a/src/x.c\n+++ b/src/x.c\n"

static void a_diff_is_told_by_the_new_file(void **state)
{
    (void)state;
    assert_string_equal(scan_text(HEAD "@@ -1,3 +1,4 @@ f(" KEY ")\n a\n+" KEY "\n b\n c\n"),
                        "f:5:acme\nsrc/x.c:2:acme\n");
    assert_string_equal(scan_text(HEAD "@@ -10,2 +20,3 @@\n a\n b\n+" KEY "\n\\ No newline at end of file\n"),
                        "src/x.c:22:acme\n");
    assert_string_equal(scan_text(HEAD "@@ -1,3 +1,1 @@\n-" KEY "\n " OTHER "\n-b\n"), ""); /* gone, or there before */
    assert_string_equal(scan_text(HEAD "@@ -0,0 +1 @@\n+" KEY "\n"), "src/x.c:1:acme\n");
    assert_string_equal(scan_text("--- x\tdate\n+++ y\tdate\n@@ -1 +1 @@\n-a\n+" KEY "\n"), "y:1:acme\n");
    assert_string_equal(scan_text(HEAD "@@ -1 +1 @@\n-a\n+" KEY "\n--- a/z\n+++ b/z\n@@ -7 +8 @@\n-a\n+" OTHER "\n"),
                        "src/x.c:1:acme\nz:8:acme\n");
    assert_string_equal(scan_text("commit 1\n\n    " KEY "\n\n" HEAD "@@ -1 +1 @@\n-a\n+" KEY "\n"),
                        "f:3:acme\nsrc/x.c:1:acme\n"); /* git log -p: messages as well */
}

static void lines_that_a_diff_does_not_join_join_nothing(void **state)
{
    (void)state;
    assert_string_equal(scan_text(HEAD "@@ -1,0 +1,4 @@\n+-----BEGIN KEY-----\n+abc\n+def\n+-----END\n"),
                        "src/x.c:4:pem\n");
    assert_string_equal(scan_text(HEAD "@@ -1,1 +1,4 @@\n+-----BEGIN KEY-----\n abc\n+def\n+-----END\n"), "");
    assert_string_equal(
        scan_text(HEAD "@@ -1,0 +1,2 @@\n+-----BEGIN KEY-----\n+abc\n@@ -7,0 +9,2 @@\n+def\n+-----END\n"), "");
}

static void a_hunk_has_as_many_lines_as_it_says(void **state)
{
    (void)state;
    /* an added line that looks like a head */
    assert_string_equal(scan_text(HEAD "@@ -0,0 +1,3 @@\n+++ b/y\n+@@ -1 +99 @@\n+" KEY "\n"), "src/x.c:3:acme\n");
    /* behind the hunk, and in one that breaks off */
    assert_string_equal(scan_text(HEAD "@@ -0,0 +1,1 @@\n+a\n-" KEY "\n"), "f:7:acme\n");
    assert_string_equal(scan_text(HEAD "@@ -9,9 +9,9 @@\n a\nhello " KEY "\n-" OTHER "\n"), "f:7:acme\nf:8:acme\n");
    /* heads that are none */
    assert_string_equal(scan_text(HEAD "@@ -1,1 +1,1\n-" KEY "\n"), "f:6:acme\n");
    assert_string_equal(scan_text(HEAD "@@ -99999999999999999999 +1 @@\n-" KEY "\n"), "f:6:acme\n");
    assert_string_equal(scan_text(HEAD "@@ - +1 @@\n-" KEY "\n"), "f:6:acme\n");
}

static void what_does_not_begin_like_a_diff_is_none(void **state)
{
    static const char text[] = "log\n" HEAD "@@ -1 +1 @@\n-" KEY "\n+b\n";
    static const char diff[] = HEAD "@@ -1 +1 @@\n-" KEY "\n+b\n";
    (void)state;
    assert_string_equal(scan_text(text), "f:7:acme\n");
    assert_string_equal(scan_as(SPAN_LIT(diff), false, false), "f:6:acme\n"); /* a file is a file */
}

static void a_path_that_is_too_long_is_cut(void **state)
{
    struct buf text = {0};
    (void)state;
    assert_int_equal(buf_add(&text, SPAN_LIT("--- a\n+++ b/")), ERR_OK);
    for (size_t i = 0; i < DIFF_PATH_MAX; i++) assert_int_equal(buf_add(&text, SPAN_LIT("p")), ERR_OK);
    assert_int_equal(buf_add(&text, SPAN_LIT("\n@@ -0,0 +1 @@\n+" KEY "\n")), ERR_OK);
    const char *out = scan_as(buf_span(&text), true, false);
    assert_int_equal(strlen(out), DIFF_PATH_MAX - 1 + strlen(":1:acme\n"));
    buf_clear(&text);
}

static void what_cannot_be_read_is_an_error(void **state)
{
    struct lines_options options = {"f", false, false, scanner, on_finding, NULL, NULL};
    (void)state;
    assert_int_equal(lines_scan(-1, &options), ERR_SYS);
    assert_int_equal(errno, EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finding_has_its_line),
        cmocka_unit_test(a_line_may_be_longer_than_what_is_kept_of_it),
        cmocka_unit_test(a_line_with_more_than_can_be_told_apart_says_so),
        cmocka_unit_test(a_secret_is_told_once_for_each_line),
        cmocka_unit_test(markers_are_honoured_when_asked_alone),
        cmocka_unit_test(a_diff_is_told_by_the_new_file),
        cmocka_unit_test(lines_that_a_diff_does_not_join_join_nothing),
        cmocka_unit_test(a_hunk_has_as_many_lines_as_it_says),
        cmocka_unit_test(what_does_not_begin_like_a_diff_is_none),
        cmocka_unit_test(a_path_that_is_too_long_is_cut),
        cmocka_unit_test(what_cannot_be_read_is_an_error),
    };
    int failed = cmocka_run_group_tests(tests, make_scanner, free_scanner);
    buf_clear(&told);
    return failed;
}
