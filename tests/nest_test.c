/* nest_test.c — what is written in encodings is found, wherever a window of the body ends and however the bytes are
 * cut; what would take too much is a finding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "dlp/scan/pane.h"
#include "dlp/scan/scan.h"
#include "reactor/base/encode.h"
#include "reactor/base/mem.h"
#include "tests/coder.h"
#include "tests/scan_rules.h"

#define GHP   "ghp_Zq3vX8nLw2RtY6uBc1Kd9MfH4sJg7Pe5Ao0W"
#define GHP64 "Z2hwX1pxM3ZYOG5MdzJSdFk2dUJjMUtkOU1mSDRzSmc3UGU1QW8wVw=="

static struct engine *engine;
static struct scanner *scanner;

static int begin(void **state)
{
    struct rule_fault fault;
    AUTO(vault) vault = NULL;

    (void)state;
    assert_int_equal(vault_new(1, &vault), ERR_OK);
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

static enum err try_body(struct span body, size_t step, struct findings *findings)
{
    const struct scan_unit unit = {.place = SCAN_BODY};
    AUTO(scan) scan = NULL;

    TRY(scan_new(scanner, &unit, &scan));
    while (body.len > 0) {
        struct span piece = span_first(body, step);
        TRY(scan_feed(scan, piece, findings));
        body = span_from(body, piece.len);
    }
    return scan_end(scan, findings);
}

static struct findings scan_body(struct span body, size_t step)
{
    struct findings findings = {0};

    assert_int_equal(try_body(body, step, &findings), ERR_OK);
    return findings;
}

/* The token among them: random bytes may hold what is like a secret of some rule. */
static const struct finding *token_of(const struct findings *findings)
{
    const struct finding *token = NULL;

    for (size_t i = 0; i < findings->count; i++)
        if (strcmp(findings->list[i].rule, "github-pat") == 0) {
            assert_null(token);
            token = &findings->list[i];
        }
    assert_non_null(token);
    return token;
}

static void add(struct buf *body, struct span text) { assert_int_equal(buf_add(body, text), ERR_OK); }

static void fill(struct buf *body, size_t len)
{
    static const struct span words = SPAN_LIT("a few words\n");

    for (; len > words.len; len -= words.len) add(body, words);
    add(body, span_from(words, words.len - len));
}

/* Words that do not come again. */
static void fill_anew(struct buf *body, size_t len)
{
    uint64_t seed = len;

    for (; len > 1; len--) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        add(body, span_first(span_from(SPAN_LIT("etaoinshrdlu .,\n"), seed >> 60), 1));
    }
    add(body, SPAN_LIT("\n"));
}

static void base64(struct buf *out, struct span text)
{
    assert_int_equal(encode_base64(out, text, BASE64_STANDARD), ERR_OK);
}

/* clang-format off */
static const struct { const char *text, *where, *form; } written[] = {
    {GHP, "body byte 39", ""},
    {"{\"a\":\"" GHP64 "\"}", "body byte 59", "base64"},
    {"a=%67hp%5FZq3vX8nLw2RtY6uBc1Kd9MfH4sJg7Pe5Ao0W", NULL, "percent"},
    {"a=WjJod1gxcHhNM1pZT0c1TWR6SlNkRmsyZFVKak1VdGtPVTFtU0RSelNtYzNVR1UxUVc4d1Z3PT0=", NULL, "base64 in base64"},
};
/* clang-format on */

static void a_finding_says_how_it_was_reached(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(written); i++) {
        struct findings findings = scan_body(span_of(written[i].text), 5);
        print_message("  %s\n", written[i].text);
        assert_int_equal(findings.count, 1);
        assert_string_equal(findings.list[0].rule, "github-pat");
        assert_string_equal(findings.list[0].encoding, written[i].form);
        if (written[i].where != NULL) assert_string_equal(findings.list[0].where, written[i].where);
        assert_string_equal(findings.list[0].shown, "ghp_… 40 characters");
    }
}

static void a_token_is_found_once_wherever_a_pane_ends(void **state)
{
    static const struct span texts[] = {SPAN_LIT(GHP), SPAN_LIT(GHP64),
                                        SPAN_LIT("%67hp_Zq3vX8nLw2RtY6uBc1Kd9MfH4sJg7Pe5Ao0W")};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        for (size_t before = 0; before <= texts[i].len + 2; before++) {
            struct buf body = {0};
            fill(&body, 2 * DECODE_STEP - before);
            add(&body, SPAN_LIT("\""));
            add(&body, texts[i]);
            add(&body, SPAN_LIT("\""));
            fill(&body, before % 3 == 0 ? DECODE_STEP : 0);
            struct findings findings = scan_body(buf_span(&body), buf_len(&body));
            assert_int_equal(findings.count, 1);
            assert_string_equal(findings.list[0].shown, "ghp_… 40 characters");
            buf_clear(&body);
        }
}

/* Of each encoding some, so that they lie at every pane's end too. */
static void fill_with_tokens(struct buf *body)
{
    for (unsigned i = 0; buf_len(body) < 5 * DECODE_STEP; i++) {
        char token[64];
        snprintf(token, sizeof token, "ghp_Zq3vX8nLw2RtY6uBc1Kd9MfH4sJg7Pe5%04u", i % 9 + 1000);
        if (i % 3 == 0) add(body, span_of(token));
        if (i % 3 == 1) base64(body, span_of(token));
        if (i % 3 == 2) assert_int_equal(buf_printf(body, "%%67hp%%5F%s", token + 4), ERR_OK);
        add(body, SPAN_LIT("\n"));
        fill(body, 100 + i * 37 % 500);
    }
}

static void how_the_bytes_are_cut_changes_nothing(void **state)
{
    static const size_t steps[] = {1, 7, 61, 4096, DECODE_STEP - 1, DECODE_STEP, DECODE_STEP + 1, 65536};
    struct buf body = {0};

    (void)state;
    fill_with_tokens(&body);
    struct findings whole = scan_body(buf_span(&body), buf_len(&body));
    assert_true(whole.count > 5);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct findings cut = scan_body(buf_span(&body), steps[i]);
        assert_memory_equal(&cut, &whole, sizeof whole);
    }
    buf_clear(&body);
}

static void a_long_run_of_base64_hides_nothing(void **state)
{
    (void)state;
    for (size_t at = 20000; at < 20009; at++) {
        struct buf plain = {0}, coded = {0};
        fill(&plain, at);
        add(&plain, SPAN_LIT(GHP "\n"));
        fill(&plain, 90000);
        base64(&coded, buf_span(&plain));
        struct findings findings = scan_body(buf_span(&coded), 16384);
        assert_int_equal(findings.count, 1);
        assert_string_equal(findings.list[0].encoding, "base64");
        buf_clear(&plain);
        buf_clear(&coded);
    }
}

/* --- compressed ------------------------------------------------------------------------------------------ */

static const char *const codings[] = {"gzip", "deflate", "zstd"};

static void what_is_compressed_and_does_not_say_so_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(codings); i++) {
        struct buf plain = {0}, coded = {0}, text = {0};
        char form[40];
        fill_anew(&plain, 20000); /* or zstd leaves the token as it is */
        add(&plain, SPAN_LIT(GHP "\n"));
        fill(&plain, 300);
        coder_add(&coded, codings[i], buf_span(&plain));
        struct findings findings = scan_body(buf_span(&coded), 1);
        snprintf(form, sizeof form, "%s", codings[i]);
        assert_string_equal(token_of(&findings)->encoding, form);
        assert_string_equal(token_of(&findings)->where, "body byte 20039");
        base64(&text, buf_span(&coded)); /* and in an encoding */
        findings = scan_body(buf_span(&text), 1000);
        snprintf(form, sizeof form, "%s in base64", codings[i]);
        assert_string_equal(token_of(&findings)->encoding, form);
        buf_clear(&plain);
        buf_clear(&coded);
        buf_clear(&text);
    }
}

static void what_only_looks_compressed_is_as_good_as_any(void **state)
{
    struct buf coded = {0};

    (void)state;
    assert_int_equal(scan_body(SPAN_LIT("\x1f\x8b\x08 " GHP), 1).count, 1);
    assert_int_equal(scan_body(SPAN_LIT("\x1f\x8b\x08"), 1).count, 0);
    assert_int_equal(scan_body(SPAN_LIT("H4sIAAAAAAAAAAAAAAAAAAAA " GHP), 1).count, 1);
    coder_add(&coded, "gzip", SPAN_LIT("some words " GHP)); /* cut short: what came was read */
    assert_int_equal(scan_body(span_first(buf_span(&coded), buf_len(&coded) - 8), 3).count, 1);
    buf_clear(&coded);
}

static void what_grows_out_of_all_measure_is_refused(void **state)
{
    static uint8_t zeros[8 << 20];
    struct buf bomb = {0}, text = {0};

    (void)state;
    coder_add(&bomb, "gzip", (struct span){zeros, sizeof zeros});
    base64(&text, buf_span(&bomb));
    const struct span bodies[] = {buf_span(&bomb), buf_span(&text)};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct findings findings = scan_body(bodies[i], 4096);
        assert_int_equal(findings.count, 1);
        assert_string_equal(findings.list[0].rule, "too-deep");
        assert_string_equal(findings.list[0].where, "body as a whole");
        assert_true(findings_stop(&findings));
    }
    buf_clear(&bomb);
    buf_clear(&text);
}

static void wrap_gzip(struct buf *out, struct span text) { coder_add(out, "gzip", text); }

/* Once more below the deepest that is undone is a finding of its own, however often. */
static void what_is_deeper_than_is_undone_is_refused(void **state)
{
    static void (*const wraps[])(struct buf *, struct span) = {base64, wrap_gzip};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wraps); i++) {
        struct buf text = {0};
        add(&text, SPAN_LIT("some words, and then " GHP " and some more"));
        for (unsigned depth = 1; depth <= 20; depth++) {
            struct buf wrapped = {0};
            wraps[i](&wrapped, buf_span(&text));
            struct findings findings = scan_body(buf_span(&wrapped), 100);
            assert_int_equal(findings.count, 1);
            assert_string_equal(findings.list[0].rule, depth <= DECODE_DEPTH_MAX ? "github-pat" : "too-deep");
            buf_clear(&text);
            text = wrapped;
        }
        buf_clear(&text);
    }
}

/* --- heads ----------------------------------------------------------------------------------------------- */

static void a_field_is_undone_by_itself(void **state)
{
    const struct field fields[] = {{SPAN_LIT("X-A"), SPAN_LIT("some words")},
                                   {SPAN_LIT("X-B"), SPAN_LIT(GHP64)},
                                   {SPAN_LIT("X-C"), SPAN_LIT("v=%67hp%5FZq3vX8nLw2RtY6uBc1Kd9MfH4sJg7Pe5Ao0W")},
                                   {SPAN_LIT("Z2hwX1pxM3ZYOG5MdzJSdFk2dUJjMUtkOU1mSDRzSmc3UGU1QW8wVw"), SPAN_LIT("1")}};
    struct findings findings = {0};

    (void)state;
    assert_int_equal(scan_fields(scanner, SCAN_FIELD, fields, COUNT_OF(fields), &findings), ERR_OK);
    assert_int_equal(findings.count, 3);
    assert_string_equal(findings.list[0].where, "field x-b");
    assert_string_equal(findings.list[0].encoding, "base64");
    assert_string_equal(findings.list[1].where, "field x-c");
    assert_string_equal(findings.list[1].encoding, "percent");
    assert_string_equal(findings.list[2].where, "field name");
}

/* --- joined ---------------------------------------------------------------------------------------------- */

static struct findings scan_typed(const char *type, const char *text, size_t step)
{
    const struct scan_unit unit = {.place = SCAN_BODY, .content_type = span_of(type)};
    struct findings findings = {0};
    AUTO(scan) scan = NULL;

    assert_int_equal(scan_new(scanner, &unit, &scan), ERR_OK);
    for (struct span rest = span_of(text); rest.len > 0; rest = span_from(rest, span_first(rest, step).len))
        assert_int_equal(scan_feed(scan, span_first(rest, step), &findings), ERR_OK);
    assert_int_equal(scan_end(scan, &findings), ERR_OK);
    return findings;
}

/* clang-format off */
static const struct { const char *type, *text, *encoding; } split[] = {
    {"application/json", "{\"a\":\"ghp_Zq3vX8nLw2RtY6u\",\"b\":\"Bc1Kd9MfH4sJg7Pe5Ao0W\",\"c\":\"ok\"}",
     "joined strings"},
    {"", "[\"ghp_Zq3vX8nLw2RtY6uBc1\", \"Kd9MfH4sJg7Pe5Ao0W\"]", "joined strings"},
    {"application/json", "[\"Z2hwX1pxM3ZYOG5MdzJSdFk2dU\",\n\t\"JjMUtkOU1mSDRzSmc3UGU1QW8wVw==\"]",
     "base64 in joined strings"},
    {"application/json", "[\"ghp_Zq3vX8nLw2RtY6uBc1\", \"and\", \"Kd9MfH4sJg7Pe5Ao0W\"]", NULL},
    {"application/json", "[\"ghp_Zq3vX8nLw2RtY6uBc1\", {\"Kd9MfH4sJg7Pe5Ao0W\": \"is a key\"}]", NULL},
    {"application/x-www-form-urlencoded", "a=1&b=ghp_Zq3vX8nLw2RtY6uBc1&c=Kd9MfH4sJg7Pe5Ao0W", "joined values"},
    {"application/x-www-form-urlencoded", "b=%67hp_Zq3vX8nLw2RtY6uBc1&c=Kd9MfH4sJg7Pe5Ao0W&d=2",
     "percent in joined values"},
    {"Multipart/Form-Data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
     "ghp_Zq3vX8nLw2RtY6uBc1\r\n--b\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n"
     "Kd9MfH4sJg7Pe5Ao0W\r\n--b--\r\n", "joined parts"},
};
/* clang-format on */

static void a_token_in_two_values_that_follow_each_other_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(split); i++)
        for (size_t step = 1; step < 100; step += 98) {
            struct findings findings = scan_typed(split[i].type, split[i].text, step);
            print_message("  %s\n", split[i].text);
            assert_int_equal(findings.count, split[i].encoding != NULL);
            if (split[i].encoding == NULL) continue;
            assert_string_equal(findings.list[0].rule, "github-pat");
            assert_string_equal(findings.list[0].encoding, split[i].encoding);
        }
}

static void nothing_but_quotes_is_no_value(void **state)
{
    struct buf body = {0};

    (void)state;
    for (size_t i = 0; i < 2 * DECODE_STEP; i++) add(&body, SPAN_LIT("\""));
    assert_int_equal(scan_body(buf_span(&body), 1000).count, 0);
    assert_int_equal(scan_body(span_first(buf_span(&body), 70), 70).count, 0);
    buf_clear(&body);
}

static void a_token_in_two_parameters_of_a_target_is_found(void **state)
{
    static const struct span target = SPAN_LIT("/p?a=ghp_Zq3vX8nLw2RtY6uBc1&b=Kd9MfH4sJg7Pe5Ao0W&c=3");
    struct findings findings = {0};

    (void)state;
    assert_int_equal(scan_block(scanner, SCAN_TARGET, SPAN_LIT("target"), target, &findings), ERR_OK);
    assert_int_equal(findings.count, 1);
    assert_string_equal(findings.list[0].where, "target target");
    assert_string_equal(findings.list[0].encoding, "joined values");
}

static void a_token_in_two_fields_is_told_once_of_the_second(void **state)
{
    const struct field fields[] = {{SPAN_LIT("Host"), SPAN_LIT("api.example.com")},
                                   {SPAN_LIT("X-A"), SPAN_LIT("ghp_Zq3vX8nLw2RtY6uBc1")},
                                   {SPAN_LIT("X-B"), SPAN_LIT("Kd9MfH4sJg7Pe5Ao0W")},
                                   {SPAN_LIT("X-C"), SPAN_LIT("xoxb-2048-Kd93jfLq20aPzv")},
                                   {SPAN_LIT("X-D"), SPAN_LIT("2023-06-01")}};
    struct findings findings = {0};

    (void)state;
    assert_int_equal(scan_fields(scanner, SCAN_FIELD, fields, COUNT_OF(fields), &findings), ERR_OK);
    assert_int_equal(findings.count, 2);
    assert_string_equal(findings.list[0].where, "field x-c");
    assert_string_equal(findings.list[0].encoding, "");
    assert_string_equal(findings.list[1].where, "field x-b");
    assert_string_equal(findings.list[1].encoding, "joined fields");
}

static void every_allocation_may_fail(void **state)
{
    enum err err = ERR_NOMEM;
    struct buf plain = {0}, coded = {0}, text = {0};

    (void)state;
    fill(&plain, 30000);
    add(&plain, SPAN_LIT(GHP64));
    coder_add(&coded, "gzip", buf_span(&plain));
    base64(&text, buf_span(&coded));
    const struct span bodies[] = {buf_span(&coded), buf_span(&text)};
    for (size_t i = 0; i < COUNT_OF(bodies); i++, err = ERR_NOMEM)
        for (size_t n = 1; err != ERR_OK; n++) {
            struct findings findings = {0};
            mem_fail_at(n);
            err = try_body(bodies[i], 4096, &findings);
            assert_true(err == ERR_NOMEM || (err == ERR_OK && findings.count == 1));
            assert_true(n < 200);
        }
    mem_fail_at(0);
    buf_clear(&plain);
    buf_clear(&coded);
    buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finding_says_how_it_was_reached),
        cmocka_unit_test(a_token_is_found_once_wherever_a_pane_ends),
        cmocka_unit_test(how_the_bytes_are_cut_changes_nothing),
        cmocka_unit_test(a_long_run_of_base64_hides_nothing),
        cmocka_unit_test(what_is_compressed_and_does_not_say_so_is_read),
        cmocka_unit_test(what_only_looks_compressed_is_as_good_as_any),
        cmocka_unit_test(what_grows_out_of_all_measure_is_refused),
        cmocka_unit_test(what_is_deeper_than_is_undone_is_refused),
        cmocka_unit_test(a_field_is_undone_by_itself),
        cmocka_unit_test(a_token_in_two_values_that_follow_each_other_is_found),
        cmocka_unit_test(nothing_but_quotes_is_no_value),
        cmocka_unit_test(a_token_in_two_parameters_of_a_target_is_found),
        cmocka_unit_test(a_token_in_two_fields_is_told_once_of_the_second),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
