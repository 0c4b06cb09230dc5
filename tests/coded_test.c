/* coded_test.c — stories of bodies with a Content-Encoding, through the whole egress: what is in them is seen, and what
 * can't be seen does not leave. */
#include "tests/story.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "dlp/scan/scan.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "tests/coder.h"
#include "tests/corpus.h"

/* clang-format off */
static const struct { const char *coder, *fields; } ways[] = {
    {"gzip",                 "Content-Encoding: gzip\r\n"},
    {"gzip",                 "content-encoding: X-GZIP\r\n"},
    {"deflate",              "Content-Encoding: deflate\r\n"},
    {"bare",                 "Content-Encoding: deflate\r\n"},
    {"br",                   "Content-Encoding: br\r\n"},
    {"zstd",                 "Content-Encoding: zstd\r\n"},
    {"gzip, gzip",           "Content-Encoding: gzip, gzip\r\n"},
    {"zstd, br, bare, gzip", "Content-Encoding: zstd\r\nContent-Encoding: identity, br\r\nX: y\r\n"
                             "Content-Encoding: deflate,gzip\r\n"},
};
/* clang-format on */

static void say_post(const char *fields, struct span body, size_t step)
{
    char head[600];

    snprintf(head, sizeof head, POST_API "%sContent-Length: %zu\r\n\r\n", fields, body.len);
    talker_say(&client, head);
    for (; body.len > 0; body = span_from(body, span_first(body, step).len))
        talker_say_bytes(&client, span_first(body, step));
}

/* A POST in pieces of step bytes, by a client of its own. */
static void post(const char *fields, struct span body, size_t step)
{
    if (client.stream != NULL) talker_leave(&client);
    talker_connect(&client, CONN_PROXY);
    say_post(fields, body, step);
}

static void assert_kept_inside(const char *slug, const char *what)
{
    if (strstr(talker_heard(&client), slug) == NULL) fail_msg("%s: %s", what, talker_heard(&client));
    assert_int_equal(world.connect_count, 0);
    assert_null(strstr(egress_log(), EGRESS_SECRET));
}

static void assert_refused(const char *slug, const char *fields, struct span body)
{
    post(fields, body, SIZE_MAX);
    assert_kept_inside(slug, fields);
    post(fields, body, 1);
    assert_kept_inside(slug, fields);
}

static void a_coded_body_goes_out_as_it_came(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct buf body = {0};
        struct span heard;
        coder_add(&body, ways[i].coder, SPAN_LIT("{\"hello\": \"hello hello hello\"}"));
        post(ways[i].fields, buf_span(&body), i % 2 == 0 ? 1 : SIZE_MAX);
        assert_true(talker_accept(&origin));
        assert_says(&origin, ways[i].fields);
        heard = buf_span(&origin.heard);
        assert_non_null(memmem(heard.at, heard.len, buf_span(&body).at, buf_len(&body)));
        talker_leave(&origin);
        buf_clear(&body);
    }
}

static void a_secret_in_a_coded_body_does_not_leave(void **state)
{
    static const struct span plain = SPAN_LIT("{\"hello\": \"hello hello " EGRESS_SECRET " hello\"}");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct buf body = {0};
        coder_add(&body, ways[i].coder, plain);
        assert_refused("dlp-token", ways[i].fields, buf_span(&body));
        buf_clear(&body);
    }
}

/* Wherever it lies between what is decoded at once. */
static void a_secret_across_an_edge_of_the_decoded_pieces_does_not_leave(void **state)
{
    static const size_t edges[] = {INFLATE_PIECE, 2 * INFLATE_PIECE, KIB(64)};

    (void)state;
    for (size_t e = 0; e < COUNT_OF(edges); e++)
        for (size_t back = 0; back <= sizeof EGRESS_SECRET; back += 5) {
            struct buf plain = {0}, body = {0};
            while (buf_len(&plain) < edges[e] - back) assert_int_equal(buf_add(&plain, SPAN_LIT(".")), ERR_OK);
            assert_int_equal(buf_add(&plain, SPAN_LIT(EGRESS_SECRET)), ERR_OK);
            coder_add(&body, "zstd, gzip", buf_span(&plain));
            post("Content-Encoding: zstd, gzip\r\n", buf_span(&body), SIZE_MAX);
            assert_kept_inside("dlp-token", "edge");
            buf_clear(&plain);
            buf_clear(&body);
        }
}

/* The secret cut in two, each half in a deflate block of its own. */
static void add_in_blocks(struct buf *out, struct span plain, size_t cut, int flush)
{
    uint8_t room[512];
    z_stream z = {
        .next_in = (uint8_t *)plain.at, .avail_in = (unsigned)cut, .next_out = room, .avail_out = sizeof room};

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_FIXED), Z_OK);
    assert_int_equal(deflate(&z, flush), Z_OK);
    z.avail_in = (unsigned)(plain.len - cut);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(buf_add(out, (struct span){room, z.total_out}), ERR_OK);
    assert_int_equal(deflateEnd(&z), Z_OK);
}

static void a_secret_cut_in_two_by_blocks_members_or_frames_does_not_leave(void **state)
{
    static const struct span secret = SPAN_LIT(EGRESS_SECRET);

    (void)state;
    for (size_t cut = 1; cut < secret.len; cut += 3) {
        struct buf blocks = {0}, flushed = {0}, members = {0}, frames = {0};
        add_in_blocks(&blocks, secret, cut, Z_BLOCK);
        add_in_blocks(&flushed, secret, cut, Z_FULL_FLUSH);
        coder_add(&members, "gzip", span_first(secret, cut));
        coder_add(&members, "gzip", span_from(secret, cut));
        coder_add(&frames, "zstd", span_first(secret, cut));
        coder_add(&frames, "zstd", span_from(secret, cut));
        assert_refused("dlp-token", "Content-Encoding: gzip\r\n", buf_span(&blocks));
        assert_refused("dlp-token", "Content-Encoding: gzip\r\n", buf_span(&flushed));
        assert_refused("dlp-token", "Content-Encoding: gzip\r\n", buf_span(&members));
        assert_refused("dlp-token", "Content-Encoding: zstd\r\n", buf_span(&frames));
        buf_clear(&blocks);
        buf_clear(&flushed);
        buf_clear(&members);
        buf_clear(&frames);
    }
}

/* What is not of the decoded bytes: a name in gzip's header, a skipped frame, a body that is not coded at all. */
static void a_secret_in_the_coded_bytes_themselves_does_not_leave(void **state)
{
    struct buf named = {0}, skipped = {0};

    (void)state;
    assert_int_equal(buf_add(&named, SPAN_LIT("\x1f\x8b\x08\x08\0\0\0\0\0\x03" EGRESS_SECRET "\0")), ERR_OK);
    assert_int_equal(buf_add(&named, SPAN_LIT("\x03\0\0\0\0\0\0\0\0\0")), ERR_OK);
    assert_refused("dlp-token", "Content-Encoding: gzip\r\n", buf_span(&named));
    assert_int_equal(buf_add(&skipped, SPAN_LIT("\x50\x2a\x4d\x18\x1f\0\0\0" EGRESS_SECRET)), ERR_OK);
    assert_refused("dlp-token", "Content-Encoding: zstd\r\n", buf_span(&skipped));
    assert_refused("coding-not-readable", "Content-Encoding: gzip\r\n", SPAN_LIT(EGRESS_SECRET));
    assert_refused("dlp-token", "Content-Encoding: identity\r\n", SPAN_LIT(EGRESS_SECRET));
    buf_clear(&named);
    buf_clear(&skipped);
}

static void a_body_that_is_not_coded_as_it_says_does_not_leave(void **state)
{
    struct buf body = {0};

    (void)state;
    coder_add(&body, "gzip", SPAN_LIT("hello hello hello"));
    post("Content-Encoding: gzip\r\n", buf_span(&body), SIZE_MAX); /* so it does */
    assert_true(talker_accept(&origin));
    world.connect_count = 0;
    assert_refused("HTTP/1.1 415 ", "Content-Encoding: gzip\r\n", span_first(buf_span(&body), buf_len(&body) - 1));
    assert_refused("coding-not-readable", "Content-Encoding: br\r\n", buf_span(&body));
    assert_refused("coding-not-readable", "Content-Encoding: gzip, gzip\r\n", buf_span(&body));
    assert_int_equal(buf_add(&body, SPAN_LIT("x")), ERR_OK);
    assert_refused("coding-not-readable", "Content-Encoding: gzip\r\n", buf_span(&body));
    assert_refused("coding-not-readable", "Content-Encoding: gzip\r\n", SPAN_LIT("{\"hello\": 1}"));
    assert_logged("\"reason\":\"coding-not-readable\"");
    buf_clear(&body);
}

static void a_coding_that_is_not_known_is_refused_before_its_body(void **state)
{
    static const char *const fields[] = {
        "Content-Encoding: compress\r\n",
        "Content-Encoding: nonsense, gzip\r\n",
        "Content-Encoding: identity\r\nContent-Encoding: aws-chunked\r\n",
        "Content-Encoding: gzip, gzip, gzip\r\nContent-Encoding: gzip, gzip, gzip\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        char head[300];
        talker_connect(&client, CONN_PROXY);
        snprintf(head, sizeof head, POST_API "%sContent-Length: 10\r\nExpect: 100-continue\r\n\r\n", fields[i]);
        talker_say(&client, head);
        assert_kept_inside("HTTP/1.1 415 ", fields[i]);
        assert_silent_about(&client, "100 Continue");
        talker_leave(&client);
    }
}

static void a_bomb_does_not_leave(void **state)
{
    static const char *const codings[] = {"gzip", "deflate", "br", "zstd", "gzip, gzip", "br, zstd, gzip"};
    size_t len = MIB(10);
    uint8_t *zeros = calloc(1, len);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(codings); i++) {
        struct buf body = {0};
        char fields[100];
        coder_add(&body, codings[i], (struct span){zeros, len});
        snprintf(fields, sizeof fields, "Content-Encoding: %s\r\n", codings[i]);
        post(fields, buf_span(&body), SIZE_MAX);
        assert_kept_inside("HTTP/1.1 413 ", fields);
        assert_kept_inside("body-too-large", fields);
        buf_clear(&body);
    }
    free(zeros);
}

static void a_coded_body_of_no_byte_passes(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, POST_API "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert_true(talker_accept(&origin));
}

static size_t post_without(size_t n, const char *fields, struct span body)
{
    size_t count;

    talker_connect(&client, CONN_PROXY);
    mem_fail_at(n);
    say_post(fields, body, SIZE_MAX);
    count = mem_fail_at(0);
    assert_false(talker_accept(&origin));
    talker_leave(&client);
    return count;
}

static void whatever_allocation_fails_a_secret_in_a_coded_body_does_not_leave(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct buf body = {0};
        coder_add(&body, ways[i].coder, SPAN_LIT("hello hello " EGRESS_SECRET));
        size_t count = post_without(0, ways[i].fields, buf_span(&body));
        assert_in_range(count, 5, 500);
        for (size_t n = 1; n <= count; n++) post_without(n, ways[i].fields, buf_span(&body));
        buf_clear(&body);
    }
    assert_int_equal(world.connect_count, 0);
    assert_null(strstr(egress_log(), EGRESS_SECRET));
}

/* --- the evasion corpus: its rows whose Content-Encoding is true --------------------------------------------- */

static bool find_token(const char *id, char *token)
{
    struct corpus corpus;
    char name[16];

    if (!corpus_open(&corpus, "evasion-tokens.json.gz")) return false;
    do assert_true(getline(&corpus.line, &corpus.line_size, corpus.file) >= 0);
    while (sscanf(corpus.line, " \"%15[^\"]\": \"%199[^\"]\"", name, token) != 2 || strcmp(name, id) != 0);
    corpus_close(&corpus);
    return true;
}

static struct scanner *scanner_of(struct span token)
{
    struct vault *vault = NULL;
    struct scanner *scanner = NULL;

    assert_int_equal(vault_new(1, &vault), ERR_OK);
    assert_int_equal(vault_set(vault, 0, token), ERR_OK);
    assert_int_equal(scanner_new(vault, NULL, &scanner), ERR_OK);
    vault_free(&vault);
    return scanner;
}

/* May the body leave? */
static bool passes(struct scanner *scanner, struct span codings, struct span body, size_t step)
{
    const struct scan_unit unit = {.place = SCAN_BODY, .content_encoding = codings};
    struct findings findings = {0};
    struct scan *scan = NULL;
    enum err err = scan_new(scanner, &unit, &scan);

    for (; err == ERR_OK && body.len > 0; body = span_from(body, span_first(body, step).len))
        err = scan_feed(scan, span_first(body, step), &findings);
    if (err == ERR_OK) err = scan_end(scan, &findings);
    scan_free(&scan);
    return err == ERR_OK && findings.count == 0;
}

static struct span codings_of(const cJSON *row)
{
    const cJSON *field;

    cJSON_ArrayForEach(field, cJSON_GetObjectItemCaseSensitive(row, "headers"))
    {
        if (strcasecmp(cJSON_GetStringValue(cJSON_GetArrayItem(field, 0)), "content-encoding") != 0) continue;
        return span_of(cJSON_GetStringValue(cJSON_GetArrayItem(field, 1)));
    }
    return (struct span){0};
}

/* The rows that say how a body is made. */
static bool make_body(const char *id, struct span token, struct buf *body)
{
    static const struct {
        const char *id, *coder;
    } made[] = {{"C03", "br"}, {"C04", "zstd"}};
    struct buf plain = {0};

    for (size_t i = 0; i < COUNT_OF(made); i++) {
        if (strcmp(id, made[i].id) != 0) continue;
        assert_int_equal(buf_printf(&plain, "{\"note\": \"%.*s\"}", SPAN_FMT(token)), ERR_OK);
        coder_add(body, made[i].coder, buf_span(&plain));
        buf_clear(&plain);
        return true;
    }
    return false;
}

static void the_evasion_corpus_is_seen_through(void **state)
{
    struct corpus corpus;
    struct scanner *scanner;
    char token[200];
    unsigned run = 0;

    (void)state;
    if (!find_token("GH", token) || !corpus_open(&corpus, "evasion-matrix.jsonl.gz")) return;
    scanner = scanner_of(span_of(token));
    for (const cJSON *row; (row = corpus_next(&corpus)) != NULL;) {
        const char *id = corpus_text(row, "id");
        struct span codings = codings_of(row);
        struct buf body = {0};
        if (codings.len == 0 || strcmp(corpus_text(row, "dim"), "content-encoding") != 0) continue;
        if (!corpus_bytes(row, "body_b64", &body) && !make_body(id, span_of(token), &body)) {
            print_message("  left to the other stories: %s, %s\n", id, corpus_text(row, "desc"));
            continue;
        }
        if (passes(scanner, codings, buf_span(&body), SIZE_MAX) || passes(scanner, codings, buf_span(&body), 1))
            fail_msg("%s passes: %s", id, corpus_text(row, "desc"));
        buf_clear(&body);
        run++;
    }
    print_message("  %u rows\n", run);
    assert_in_range(run, 4, 100);
    corpus_close(&corpus);
    scanner_free(&scanner);
}

int main(void)
{
    const struct CMUnitTest stories[] = {
        STORY(a_coded_body_goes_out_as_it_came),
        STORY(a_secret_in_a_coded_body_does_not_leave),
        STORY(a_secret_across_an_edge_of_the_decoded_pieces_does_not_leave),
        STORY(a_secret_cut_in_two_by_blocks_members_or_frames_does_not_leave),
        STORY(a_secret_in_the_coded_bytes_themselves_does_not_leave),
        STORY(a_body_that_is_not_coded_as_it_says_does_not_leave),
        STORY(a_coding_that_is_not_known_is_refused_before_its_body),
        STORY(a_bomb_does_not_leave),
        STORY(a_coded_body_of_no_byte_passes),
        STORY(whatever_allocation_fails_a_secret_in_a_coded_body_does_not_leave),
        cmocka_unit_test(the_evasion_corpus_is_seen_through),
    };
    return cmocka_run_group_tests(stories, NULL, NULL);
}
