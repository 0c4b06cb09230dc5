/* frontmatter_test.c — where the YAML of a manifest begins and ends, and which bytes may be in the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "backends/manifest/frontmatter.h"
#include "backends/manifest/text.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

/* clang-format off */
static const struct {
    const char *what, *in;
    const char *yaml, *body; /* NULL: refused */
    const char *error;       /* how it begins */
} files[] = {
    {"LF",                      "---\na: b\n---\n# T\n",        "a: b\n",   "# T\n", NULL},
    {"CRLF",                    "---\r\na: b\r\n---\r\nx\r\n",  "a: b\r\n", "x\r\n", NULL},
    {"no line end at the end",  "---\na: b\n---",               "a: b\n",   "",      NULL},
    {"blanks behind the dashes", "---  \na: b\n---\t\nx",       "a: b\n",   "x",     NULL},
    {"dashes in the Markdown",  "---\na: b\n---\nx\n---\ny\n",  "a: b\n",   "x\n---\ny\n", NULL},
    {"nothing between",         "---\n---\n",                   "",         "",      NULL},
    {"indented dashes go on",   "---\na: |\n  ---\n---\n",      "a: |\n  ---\n", "", NULL},
    {"four dashes are no fence", "---\na\n----\n---\n",         "a\n----\n", "",     NULL},
    {"an empty file",           "",                 NULL, NULL, "m.md:1:1: the file does not start with front matter"},
    {"a blank line first",      "\n---\na: b\n---\n", NULL, NULL, "m.md:1:1: the file does not start with"},
    {"two dashes",              "--\na: b\n--\n",   NULL, NULL, "m.md:1:1: the file does not start with"},
    {"text behind the dashes",  "--- yaml\na: b\n---\n", NULL, NULL, "m.md:1:1: the file does not start with"},
    {"an em dash",              "\xe2\x80\x94\na: b\n\xe2\x80\x94\n", NULL, NULL, "m.md:1:1: the file does not start"},
    {"no end",                  "---\na: b\n# T\n", NULL, NULL, "m.md:1:1: the front matter never ends"},
    {"a byte order mark",       "\xef\xbb\xbf---\na: b\n---\n", NULL, NULL, "m.md:1:1: here is a byte order mark"},
    {"a mark further in",       "---\na: \xef\xbb\xbf\n---\n", NULL, NULL, "m.md:2:4: here is a byte order mark"},
    {"lone CR",                 "---\ra: b\r---\r", NULL, NULL, "m.md:1:4: here is a carriage return without"},
    {"an escape sequence",      "---\na: \x1b[31m\n---\n", NULL, NULL, "m.md:2:4: here is a control character"},
    {"C1",                      "---\na: \xc2\x9b\n---\n", NULL, NULL, "m.md:2:4: here is a control character"},
    {"overlong",                "---\na: \xc0\xaf\n---\n", NULL, NULL, "m.md:2:4: here is a byte that is not UTF-8"},
    {"a surrogate",             "---\na: \xed\xa0\x80\n---\n", NULL, NULL, "m.md:2:4: here is a byte that is not"},
    {"a cut character",         "---\na: b\n---\n\xc3", NULL, NULL, "m.md:4:1: here is a byte that is not UTF-8"},
    {"columns are characters",  "---\na: \xc3\xa9\x07\n---\n", NULL, NULL, "m.md:2:5: here is a control character"},
    {"NEL",                     "---\na: b\xc2\x85---\n", NULL, NULL, "m.md:2:5: here is a control character"},
    {"a line separator",        "---\na: b\xe2\x80\xa8---\n", NULL, NULL, "m.md:2:5: here is a line or paragraph"},
    {"right to left",           "---\na: b\n---\n\xe2\x80\xae", NULL, NULL, "m.md:4:1: here is a mark that reorders"},
};
/* clang-format on */

static struct manifest_errors errors;
static struct reader reader = {.path = "m.md", .errors = &errors};

static void check_error(const char *what, const char *start)
{
    struct buf line = {0};

    assert_non_null(errors.first);
    assert_int_equal(manifest_error_print(&line, errors.first), ERR_OK);
    if (!span_starts(buf_span(&line), span_of(start))) fail_msg("%s: %.*s", what, SPAN_FMT(buf_span(&line)));
    buf_clear(&line);
}

static void every_file_is_cut_where_it_should_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct frontmatter front = {0};
        errors = manifest_errors_begin();
        enum err err = frontmatter_find(&reader, span_of(files[i].in), &front);

        if ((err == ERR_OK) != (files[i].yaml != NULL)) fail_msg("%s: %s", files[i].what, err_name(err));
        if (err == ERR_OK) {
            assert_true(span_is(front.yaml, span_of(files[i].yaml)));
            assert_true(span_is(front.body, span_of(files[i].body)));
            assert_int_equal(errors.count, 0);
        } else {
            check_error(files[i].what, files[i].error);
        }
        manifest_errors_end(&errors);
    }
}

static void a_nul_byte_is_seen(void **state)
{
    struct frontmatter front;
    (void)state;
    errors = manifest_errors_begin();
    assert_int_equal(frontmatter_find(&reader, SPAN_LIT("---\na: b\0c\n---\n"), &front), ERR_SYNTAX);
    check_error("NUL", "m.md:2:5: here is a NUL byte");
    manifest_errors_end(&errors);
}

static void a_file_and_its_front_matter_have_a_bound(void **state)
{
    size_t size = MANIFEST_BYTES_MAX + 1;
    char *file = mem_new(size);
    struct frontmatter front;
    (void)state;

    errors = manifest_errors_begin();
    memset(file, '#', size);
    memcpy(file, "---\n", 4);
    assert_int_equal(frontmatter_find(&reader, (struct span){(uint8_t *)file, size}, &front), ERR_LIMIT);
    memcpy(file + 4 + FRONT_BYTES_MAX, "\n---\n", 5);
    assert_int_equal(frontmatter_find(&reader, (struct span){(uint8_t *)file, size - 1}, &front), ERR_LIMIT);
    memcpy(file + 3 + FRONT_BYTES_MAX, "\n---\n", 5);
    assert_int_equal(frontmatter_find(&reader, (struct span){(uint8_t *)file, size - 1}, &front), ERR_OK);
    assert_int_equal(errors.count, 2);
    manifest_errors_end(&errors);
    mem_free(file);
}

static void what_another_reader_would_not_take_for_text(void **state)
{
    static const struct {
        const char *plain, *looks;
    } rows[] = {
        {"no", "a boolean"},
        {"Yes", "a boolean"},
        {"off", "a boolean"},
        {"TRUE", "a boolean"},
        {"y", "a boolean"},
        {"~", "a null"},
        {"null", "a null"},
        {"", "a null"},
        {"0", "a number"},
        {"010", "a number"},
        {"0o17", "a number"},
        {"0x1F", "a number"},
        {"1_000", "a number"},
        {"1e3", "a number"},
        {"-1", "a number"},
        {"+.5", "a number"},
        {".inf", "a number"},
        {"-.INF", "a number"},
        {".NaN", "a number"},
        {"12:30", "a number"},
        {"190:20:30.15", "a number"},
        {"1.", "a number"},
        {"2001-12-14", "a date"},
        {"2001-1-4t21:59:43", "a date"},
        {"2001-12-14 21:59", "a date"},
        {"none", NULL},
        {"10.1.2.3", NULL},
        {"10.1.0.0/16", NULL},
        {"1-65535", NULL},
        {"1e", NULL},
        {"0xg", NULL},
        {"v1", NULL},
        {"/", NULL},
        {"-", NULL},
        {".", NULL},
        {"fe80::1", NULL},
        {"1:2:", NULL},
        {"2001-12", NULL},
        {"2001-12-14x", NULL},
        {"_1", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *looks = text_looks_like(span_of(rows[i].plain));
        if (looks != rows[i].looks && (looks == NULL || rows[i].looks == NULL || strcmp(looks, rows[i].looks) != 0))
            fail_msg("%s: %s", rows[i].plain, looks != NULL ? looks : "text");
    }
}

static void errors_past_the_bound_are_counted_and_not_kept(void **state)
{
    size_t kept = 0;
    (void)state;
    errors = manifest_errors_begin();
    for (unsigned i = 0; i < MANIFEST_ERRORS_MAX + 5; i++) complain(&reader, (struct place){i, 1}, NULL, "e");
    for (struct manifest_error *e = errors.first; e != NULL; e = e->next) kept++;
    assert_int_equal(kept, MANIFEST_ERRORS_MAX);
    assert_int_equal(errors.count, MANIFEST_ERRORS_MAX + 5);
    manifest_errors_end(&errors);
}

static void a_value_in_a_message_cannot_steer_a_terminal(void **state)
{
    (void)state;
    assert_string_equal(quoted(SPAN_LIT("a\x1b[2J\n\xc2\x9b")), "a\\x1b[2J\\x0a\\xc2\\x9b");
    assert_int_equal(strlen(quoted(SPAN_LIT("0123456789012345678901234567890123456789012345678901234567890"))), 63);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_is_cut_where_it_should_be),
        cmocka_unit_test(a_nul_byte_is_seen),
        cmocka_unit_test(a_file_and_its_front_matter_have_a_bound),
        cmocka_unit_test(what_another_reader_would_not_take_for_text),
        cmocka_unit_test(errors_past_the_bound_are_counted_and_not_kept),
        cmocka_unit_test(a_value_in_a_message_cannot_steer_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
