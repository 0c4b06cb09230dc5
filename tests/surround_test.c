/* surround_test.c — what a person is shown beside a finding: where it stands, and words that are no secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "dlp/scan/surround.h"
#include "reactor/base/own.h"

#define E      "\xe2\x80\xa6"
#define SECRET "S3CR3T"

static struct surround surround;
static struct arena arena;
static struct beside *beside;
static char context[SURROUND_TEXT_MAX];
static struct scanner *scanner;

/* A value that is written in words which are shown. */
#define WORDS "root-password"

static int begin(void **state)
{
    AUTO(vault) vault = NULL;

    (void)state;
    assert_int_equal(vault_new(1, &vault), ERR_OK);
    assert_int_equal(vault_set(vault, 0, SPAN_LIT(WORDS)), ERR_OK);
    assert_int_equal(scanner_new(vault, NULL, &scanner), ERR_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    scanner_free(&scanner);
    arena_end(&arena);
    return 0;
}

/* The body's finding is where it says what. */
static void look_for(const char *what, const char *body, size_t piece)
{
    const char *at = strstr(body, what);
    struct findings findings = {.count = 1};

    assert_non_null(at);
    findings.list[0] = (struct finding){.place = SCAN_BODY, .from = (uint64_t)(at - body)};
    findings.list[0].byte = findings.list[0].from + strlen(what) - 1;
    surround_begin(&surround, &findings, true);
    for (struct span rest = span_of(body); rest.len > 0; rest = span_from(rest, piece < rest.len ? piece : rest.len))
        surround_feed(&surround, span_first(rest, piece < rest.len ? piece : rest.len));
    arena_end(&arena);
    arena = arena_begin(KIB(64));
    strcpy(findings.list[0].shown, "shown");
    beside = surround_end(&surround, &findings, scanner, &arena);
    assert_non_null(beside);
    snprintf(context, sizeof context, "%.*s", SPAN_FMT(beside[0].context));
}

static void look(const char *body, size_t piece) { look_for(SECRET, body, piece); }

static void what_stands_around_is_words_and_marks(void **state)
{
    static const struct {
        const char *body, *context, *pointer;
    } rows[] = {
        {"{\"api_key\": \"" SECRET "\"}", "{\"api_key\": \"[shown]\"}", "/api_key"},
        {"{\"messages\":[{\"role\":\"user\"},{\"content\":[\"a\",\"the token is " SECRET " , use it\"]}]}", NULL,
         "/messages/1/content/1"},
        {"{\"password\": \"hunter2\", \"token\": \"" SECRET "\", \"old\": \"correcthorsebattery\"}",
         "{\"password\": \"" E "\", \"token\": \"[shown]\", \"old\": \"" E "\"}", "/token"},
        {"token=" SECRET, E "[shown]", ""},
        {"the token:" SECRET "\nAKIAQ3EGRZ5KLMNO27WX", E " token:[shown]" E, ""},
        {"[error] {\"token\":\"" SECRET "\"}", NULL, ""},
        {"{\"x\\\"y\": {\"my-hidden-name\": \"" SECRET "\"}}", NULL, "/" E "/" E},
        {"[[[\"" SECRET "\"]]]", "[[[\"[shown]\"]]]", "/0/0/0"},
        {"{\"" SECRET "\": 1}", "{\"[shown]\": " E "}", "/" E},
        {"pass ?!&|<>{}[]();:!? " SECRET "  ,    is \"}],\"key", E " " E " [shown] , is \"}],\"" E, ""},
        {"\x1b[31m " SECRET " \x07\xff", E "[" E " [shown] " E, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t piece = 1; piece < 100; piece += 7) {
            look(rows[i].body, piece);
            if (rows[i].context != NULL && strcmp(context, rows[i].context) != 0) fail_msg("%zu: %s", i, context);
            if (!span_is(beside[0].pointer, span_of(rows[i].pointer)))
                fail_msg("%zu: %.*s", i, SPAN_FMT(beside[0].pointer));
        }
}

static void what_has_nothing_to_show_is_a_mark(void **state)
{
    struct findings findings = {.count = 1, .list = {{.place = SCAN_BODY, .from = 7, .byte = 12}}};

    (void)state;
    surround_begin(&surround, &findings, true);
    surround_feed(&surround, SPAN_LIT("a key, " SECRET));
    beside = surround_end(&surround, &findings, scanner, &arena);
    assert_true(span_is(beside[0].context, SPAN_LIT(E " key, [" E "]")));
}

static void what_is_too_deep_or_not_of_these_bytes_has_none(void **state)
{
    static char deep[400];
    struct findings findings = {.count = 3};

    (void)state;
    memset(deep, '[', 200);
    strcpy(deep + 200, "\"" SECRET "\"");
    look(deep, 400);
    assert_true(span_is(beside[0].pointer, SPAN_LIT("")));
    for (size_t i = 0; i < 3; i++) findings.list[i] = (struct finding){.place = SCAN_BODY, .from = 2, .byte = 5};
    findings.list[0].place = SCAN_FIELD;
    strcpy(findings.list[1].encoding, "base64");
    findings.list[2].from = (uint64_t)1 << 60; /* of a decoded text */
    surround_begin(&surround, &findings, true);
    surround_feed(&surround, SPAN_LIT("{\"token\": 1}"));
    beside = surround_end(&surround, &findings, scanner, &arena);
    for (size_t i = 0; i < 3; i++) assert_int_equal(beside[i].context.len + beside[i].pointer.len, 0);
    arena_end(&arena);
}

static void a_value_made_of_words_is_not_shown(void **state)
{
    static const struct {
        const char *body, *what, *context, *pointer;
    } rows[] = {
        {"{\"password\": \"" WORDS "\", \"token\": \"" SECRET "\"}", SECRET, "", "/token"},
        {"{\"" WORDS "\": \"" SECRET "\"}", SECRET, "", ""},
        {"{\"" WORDS "\": 1}", WORDS, "{\"[shown]\": " E "}", "/" E},
        {"{\"password\": \"root password\", \"token\": \"" SECRET "\"}", SECRET,
         "{\"password\": \"root password\", \"token\": \"[shown]\"}", "/token"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        look_for(rows[i].what, rows[i].body, 7);
        assert_string_equal(context, rows[i].context);
        assert_true(span_is(beside[0].pointer, span_of(rows[i].pointer)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_around_is_words_and_marks),
        cmocka_unit_test(what_has_nothing_to_show_is_a_mark),
        cmocka_unit_test(what_is_too_deep_or_not_of_these_bytes_has_none),
        cmocka_unit_test(a_value_made_of_words_is_not_shown),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
