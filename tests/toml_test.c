/* toml_test.c — TOML: what is read and into what tree, what is refused and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "backends/manifest/toml.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

static struct manifest_errors errors;
static struct reader reader = {.path = "m", .errors = &errors};

/* A tree as one line: tables {k:v,}, arrays [v,], what has no quotes as it is, strings in quotes. */
static void print(struct buf *out, const struct yaml_node *node)
{
    if (node->kind == YAML_TEXT) {
        assert_int_equal(buf_printf(out, node->plain ? "%.*s" : "\"%.*s\"", SPAN_FMT(node->text)), ERR_OK);
        return;
    }
    assert_int_equal(buf_printf(out, "%c", node->kind == YAML_MAP ? '{' : '['), ERR_OK);
    for (const struct yaml_node *child = node->first; child != NULL; child = child->next) {
        if (node->kind == YAML_MAP) assert_int_equal(buf_printf(out, "%.*s:", SPAN_FMT(child->key)), ERR_OK);
        print(out, child);
        assert_int_equal(buf_add(out, SPAN_LIT(",")), ERR_OK);
    }
    assert_int_equal(buf_printf(out, "%c", node->kind == YAML_MAP ? '}' : ']'), ERR_OK);
}

/* clang-format off */
static const struct {
    const char *what, *in;
    const char *tree, *error; /* one of them */
} rows[] = {
    {"nothing",                 "",                           "{}", NULL},
    {"comments and blanks",     "# a\n\n  # b\r\n\t",         "{}", NULL},
    {"bare keys",               "a-b_1 = true # c\n2 = 1",    "{a-b_1:true,2:1,}", NULL},
    {"quoted keys",             "\"a b\" = 1\n'c\"' = 2\n\"\" = 3", "{a b:1,c\":2,:3,}", NULL},
    {"dotted keys",             "a.b.c = 1\na . \"d\" = 2\n", "{a:{b:{c:1,},d:2,},}", NULL},
    {"numbers",                 "a=[0,-1,+1_000,0xfF,0o17,0b1,1.5,1e3,-1.5E-3,inf,-nan]",
                                "{a:[0,-1,+1_000,0xfF,0o17,0b1,1.5,1e3,-1.5E-3,inf,-nan,],}", NULL},
    {"basic strings",           "a = \"\\b\\t\\\"\\\\\\u00e9\\U0001F600\"",
                                "{a:\"\b\t\"\\\xc3\xa9\xf0\x9f\x98\x80\",}", NULL},
    {"literal strings",         "a = 'C:\\x\"'",              "{a:\"C:\\x\"\",}", NULL},
    {"many lines, literal",     "a = '''\n\\b'x''y\n'''",     "{a:\"\\b'x''y\n\",}", NULL},
    {"many lines, basic",       "a = \"\"\"\r\nx\\\n   \n  y\\n\"\"z\"\"\"", "{a:\"xy\n\"\"z\",}", NULL},
    {"quotes before the end",   "a = ''''x'''''\nb = \"\"\"\"\"\"\"\"", "{a:\"'x''\",b:\"\"\"\",}", NULL},
    {"empty strings",           "a = ''\nb = \"\"\nc = ''''''", "{a:\"\",b:\"\",c:\"\",}", NULL},
    {"an array over lines",     "a = [ # x\n 1,\n [2], 'b' , # y\n]", "{a:[1,[2,],\"b\",],}", NULL},
    {"an inline table",         "a = {b = 1, c.d = [2], e = {}}", "{a:{b:1,c:{d:[2,],},e:{},},}", NULL},
    {"headers",                 "x=0\n[a]\nb=1\n[ a . c ]\nd=2\n[e.f]\n", "{x:0,a:{b:1,c:{d:2,},},e:{f:{},},}", NULL},
    {"a header after its child", "[a.b]\nc=1\n[a]\nd=2",       "{a:{b:{c:1,},d:2,},}", NULL},
    {"arrays of tables",        "[[a]]\nb=1\n[[a.c]]\nd=2\n[[a.c]]\n[a.e]\n[[a]]\nb=3\n",
                                "{a:[{b:1,c:[{d:2,},{},],e:{},},{b:3,},],}", NULL},

    {"a key twice",             "a=1\n\"a\"=2",               NULL, "m:2:1: `a` is there already"},
    {"a table twice",           "[a]\n[b]\n[a]",              NULL, "m:3:2: `a` is there already"},
    {"a table that is a value", "a=1\n[a]",                   NULL, "m:2:2: `a` is there already"},
    {"a table below a value",   "a={}\n[a.b]",                NULL, "m:2:2: `a` is there already"},
    {"an element of an array",  "a=[]\n[[a]]",                NULL, "m:2:3: `a` is there already"},
    {"a table, then an array",  "[a]\n[[a]]",                 NULL, "m:2:3: `a` is there already"},
    {"an array, then a table",  "[[a]]\n[a]",                 NULL, "m:2:2: `a` is there already"},
    {"dots into a header's",    "[a.b]\n[a]\nb.c=1",          NULL, "m:3:1: `b` is there already"},
    {"a header of dots'",       "a.b=1\n[a]",                 NULL, "m:2:2: `a` is there already"},
    {"dots into a value",       "a=1\na.b=2",                 NULL, "m:2:1: `a` is there already"},
    {"dots into braces",        "a={b=1}\na.c=2",             NULL, "m:2:1: `a` is there already"},
    {"no value",                "a =\nb=1",                   NULL, "m:1:4: the line ends here"},
    {"no key",                  "= 1",                        NULL, "m:1:1: this is no TOML: `= 1`"},
    {"no equals sign",          "a 1",                        NULL, "m:1:3: this is no TOML: `1`"},
    {"two on a line",           "a=1 b=2",                    NULL, "m:1:5: this is no TOML: `b=2`"},
    {"behind a header",         "[a] b=2",                    NULL, "m:1:5: this is no TOML: `b=2`"},
    {"half a header",           "[[a]\n",                     NULL, "m:1:5: the line ends here"},
    {"a date",                  "a = 1979-05-27",             NULL, "m:1:5: this is no TOML: `1979-05-27`"},
    {"a leading zero",          "a = 007",                    NULL, "m:1:5: this is no TOML: `007`"},
    {"underscores at an end",   "a = 1_",                     NULL, "m:1:5: this is no TOML: `1_`"},
    {"a bare word",             "a = yes",                    NULL, "m:1:5: this is no TOML: `yes`"},
    {"an open string",          "a = 'x\nb=1",                NULL, "m:1:7: the line ends here"},
    {"an open long string",     "a = '''x\n''",               NULL, "m:2:3: the file ends here"},
    {"six quotes",              "a = '''x''''''",          NULL, "m:1:14: this is no TOML: `'`"},
    {"an open array",           "a = [1, 2",                  NULL, "m:1:10: the file ends here"},
    {"no comma",                "a = [1 2]",                  NULL, "m:1:8: this is no TOML: `2]`"},
    {"a comma too many",        "a = {b=1,}",                 NULL, "m:1:10: this is no TOML: `}`"},
    {"braces over lines",       "a = {b=1,\nc=2}",            NULL, "m:1:10: the line ends here"},
    {"an escape of patterns",   "a = \"\\w\"",                NULL, "m:1:7: this is no TOML: `w\"`"},
    {"a lone surrogate",        "a = \"\\ud800\"",            NULL, "m:1:12: this is no TOML: `\"`"},
    {"a long key",              "'''a''' = 1",                NULL, "m:1:3: this is no TOML: `'a''' = 1`"},
    {"a control character",     "a = '\001'",                 NULL, "m:1:6: here is a control character"},
    {"no UTF-8",                "a = '\xff'",                 NULL, "m:1:6: here is a byte that is not UTF-8"},
};
/* clang-format on */

static void check(const char *what, const char *in, const char *tree, const char *error)
{
    struct arena arena = arena_begin(TOML_TREE_BYTES_MAX);
    struct yaml_node *root = NULL;
    struct buf out = {0};

    errors = manifest_errors_begin();
    enum err err = toml_read(&reader, span_of(in), &arena, &root);
    if (err == ERR_OK) print(&out, root);
    if (err != ERR_OK && errors.first != NULL) assert_int_equal(manifest_error_print(&out, errors.first), ERR_OK);
    assert_int_equal(buf_add(&out, (struct span){(const uint8_t *)"", 1}), ERR_OK);
    const char *got = (const char *)buf_span(&out).at;
    bool is_wanted = error == NULL ? err == ERR_OK && strcmp(got, tree) == 0
                                   : err == ERR_SYNTAX && strncmp(got, error, strlen(error)) == 0;
    if (!is_wanted) fail_msg("%s: %s", what, got);
    buf_clear(&out);
    manifest_errors_end(&errors);
    arena_end(&arena);
}

static void every_row_is_read_as_it_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) check(rows[i].what, rows[i].in, rows[i].tree, rows[i].error);
}

/* start, then piece so often. */
static enum err read_repeated(const char *start, const char *piece, size_t times)
{
    struct arena arena = arena_begin(TOML_TREE_BYTES_MAX);
    struct yaml_node *root;
    struct buf text = {0};

    errors = manifest_errors_begin();
    assert_int_equal(buf_add(&text, span_of(start)), ERR_OK);
    for (size_t i = 0; i < times; i++) assert_int_equal(buf_add(&text, span_of(piece)), ERR_OK);
    enum err err = toml_read(&reader, buf_span(&text), &arena, &root);
    buf_clear(&text);
    manifest_errors_end(&errors);
    arena_end(&arena);
    return err;
}

static void depth_and_count_have_bounds(void **state)
{
    (void)state;
    assert_int_equal(read_repeated("a=", "[", 5000), ERR_LIMIT);
    assert_int_equal(read_repeated("a=", "{a=", 5000), ERR_LIMIT);
    assert_int_equal(read_repeated("a", ".a", 5000), ERR_LIMIT);
    assert_int_equal(read_repeated("[a", ".a", 5000), ERR_LIMIT);
    assert_int_equal(read_repeated("", "[[a]]\n", TOML_NODES_MAX - 1), ERR_OK);
    assert_int_equal(read_repeated("", "[[a]]\n", TOML_NODES_MAX), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_read_as_it_says),
        cmocka_unit_test(depth_and_count_have_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
