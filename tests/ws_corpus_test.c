/* ws_corpus_test.c — every row of the WebSocket corpus: frames read whole and one byte at a time, with
 * permessage-deflate where they are about it, and handshakes of both legs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reactor/wire/ws_hello.h"
#include "tests/corpus.h"
#include "tests/ws_story.h"

struct tally {
    int frames, handshakes, either, wrong;
};

static void wrong(struct tally *tally, const cJSON *row, const char *told)
{
    print_message("  %s: expected %s, got %.80s (%s)\n", corpus_text(row, "id"), corpus_text(row, "expect"), told,
                  corpus_text(row, "why"));
    tally->wrong++;
}

/* The fault that ends a line: its code; 0: none. */
static int fault_of(struct span line)
{
    size_t at = line.len;

    for (size_t i = 0; i + 5 <= line.len; i++)
        if ((i == 0 || line.at[i - 1] == ' ') && line.at[i] == '1' && line.at[i + 1] == '0' && line.at[i + 4] == ' ')
            at = i;
    return at == line.len ? 0 : atoi((const char *)line.at + at);
}

static void read_row(const cJSON *row, struct span in, const struct ws_deflate_terms *terms, size_t step,
                     struct buf *line)
{
    enum ws_role sender = strcmp(corpus_text(row, "dir"), "c2s") == 0 ? WS_CLIENT : WS_SERVER;

    ws_tell(line, sender, terms, in, step, 65536);
    assert_int_equal(buf_add(line, (struct span){(const uint8_t *)"", 1}), ERR_OK);
}

static void check_frames(struct tally *tally, const cJSON *row, const char *told, int code)
{
    const char *expect = corpus_text(row, "expect");
    int expected = corpus_number(row, "close_code", 0);
    bool refused = code != 0 || strstr(told, "cut") != NULL;

    tally->frames++;
    if (strcmp(expect, "either") == 0) tally->either++;
    if (strcmp(expect, "relay") == 0 && refused) wrong(tally, row, told);
    if (strcmp(expect, "fail") == 0 && !refused) wrong(tally, row, told);
    if (code != 0 && expected != 0 && code != expected) wrong(tally, row, told);
}

static void run_frames(struct tally *tally, const cJSON *row)
{
    static const struct ws_deflate_terms terms = {15, true};
    bool is_deflated = strncmp(corpus_text(row, "id"), "ws-deflate", 10) == 0;
    struct buf in = {0}, whole = {0}, cut = {0};

    if (!corpus_bytes(row, "raw", &in)) assert_true(corpus_parts(row, "parts", &in));
    read_row(row, buf_span(&in), is_deflated ? &terms : NULL, SIZE_MAX, &whole);
    read_row(row, buf_span(&in), is_deflated ? &terms : NULL, 1, &cut);
    if (!span_is(buf_span(&whole), buf_span(&cut))) wrong(tally, row, "another answer in single bytes");
    check_frames(tally, row, (const char *)buf_span(&whole).at, fault_of(buf_span(&whole)));
    buf_clear(&in), buf_clear(&whole), buf_clear(&cut);
}

/* A request for a WebSocket is valid, or the origin's own answer is not 101 either. */
static void run_request(struct tally *tally, const cJSON *row)
{
    static struct head head;
    struct http1_fault fault = {0};
    struct ws_terms terms;
    struct buf in = {0};
    struct span key;
    size_t scanned = 0, len;
    bool valid;

    assert_true(corpus_bytes(row, "raw", &in));
    assert_int_equal(http1_find_head(buf_span(&in), &scanned, &len), ERR_OK);
    valid = http1_parse_request(span_first(buf_span(&in), len), &head, &fault) == ERR_OK &&
            ws_hello_check_request(&head, &key, &terms, &fault) == ERR_OK;
    tally->handshakes++;
    if (valid != (corpus_number(row, "origin_status", 0) == 101)) wrong(tally, row, valid ? "valid" : fault.detail);
    if (fault.status == 426 && corpus_number(row, "origin_status", 0) != 426) wrong(tally, row, fault.detail);
    buf_clear(&in);
}

/* One row waits for http1.h, which refuses any interim response with a Content-Length (RFC 9110 section 8.6). */
static void run_response(struct tally *tally, const cJSON *row)
{
    static const char asked[] = "GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    static struct head request, response;
    struct http1_fault fault = {0};
    struct ws_terms terms;
    struct buf in = {0};
    size_t scanned = 0, len;
    bool parsed, relayed;

    assert_true(corpus_bytes(row, "raw", &in));
    assert_int_equal(http1_find_head(buf_span(&in), &scanned, &len), ERR_OK);
    assert_int_equal(http1_parse_request(SPAN_LIT(asked), &request, &fault), ERR_OK);
    parsed = http1_parse_response(span_first(buf_span(&in), len), SPAN_LIT("GET"), &response, &fault) == ERR_OK;
    relayed = parsed &&
              (response.status != 101 || ws_hello_check_response(&response, &request, false, &terms, &fault) == ERR_OK);
    tally->handshakes++;
    if (strcmp(corpus_text(row, "id"), "ws-resp-101-with-cl") == 0)
        assert_false(parsed);
    else if (relayed != (strcmp(corpus_text(row, "expect"), "relay") == 0))
        wrong(tally, row, relayed ? "relayed" : fault.detail);
    buf_clear(&in);
}

static void run_row(struct tally *tally, const cJSON *row)
{
    const char *dir = corpus_text(row, "dir");

    if (strcmp(dir, "handshake") == 0) return run_request(tally, row);
    if (strcmp(dir, "response") == 0) return run_response(tally, row);
    run_frames(tally, row);
}

static void every_row_gets_its_verdict(void **state)
{
    struct tally tally = {0};
    struct corpus corpus;
    const cJSON *row;

    (void)state;
    if (!corpus_open(&corpus, "ws-frames.jsonl")) skip();
    while ((row = corpus_next(&corpus)) != NULL) run_row(&tally, row);
    corpus_close(&corpus);
    print_message("  %d streams, %d of them may go either way; %d handshakes; %d wrong\n", tally.frames, tally.either,
                  tally.handshakes, tally.wrong);
    assert_int_equal(tally.wrong, 0);
    assert_true(tally.frames > 120 && tally.handshakes > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_gets_its_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
