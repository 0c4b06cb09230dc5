/* http1_corpus_test.c — every row of the HTTP/1 corpora whose verdict the codec alone can give, read whole and one byte
 * at a time.  Rows that need policy, url.h or a clock are counted as left for the proxy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/corpus.h"
#include "tests/http1_reader.h"

struct tally {
    int run, left, recommended, either, wrong;
};

/* Why an answer needs more than the codec: url.h reads the target and the inside of Host; the rest is policy. */
static const char *const needs_more[] = {
    "userinfo",     "uri-",      "target-form",  "connect-",          "port-range",
    "asterisk-not", "host-port", "host-invalid", "not-tunnel-target",
};

static bool is_left(const cJSON *row)
{
    const char *why = corpus_text(row, "why");

    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, "policy"))) return true;
    for (size_t i = 0; i < sizeof needs_more / sizeof *needs_more; i++)
        if (strstr(why, needs_more[i]) != NULL) return true;
    return strcmp(corpus_text(row, "id"), "connect-keepalive-lowercase") == 0; /* a method nobody knows: policy */
}

static void wrong(struct tally *tally, const cJSON *row, const char *expect, const struct reader *got)
{
    print_message("  %s: expected %s, got end %d after %u messages, %u %s (%s)\n", corpus_text(row, "id"), expect,
                  got->end, got->messages, got->fault.status, got->fault.detail ? got->fault.detail : "",
                  corpus_text(row, "why"));
    tally->wrong++;
}

static void check_request(struct tally *tally, const cJSON *row, const char *expect, const struct reader *got)
{
    bool refused = got->end == READER_REFUSED || got->end == READER_CUT;
    bool counts = (int)got->messages == corpus_number(row, "n_ok", 0);

    if (strcmp(expect, "either") == 0) {
        tally->either++;
        tally->recommended += refused == (strcmp(corpus_text(row, "recommend"), "reject") == 0);
        if (got->end == READER_REFUSED && !corpus_allows(row, "status", got->fault.status))
            return wrong(tally, row, "another status", got);
    } else if (strcmp(expect, "reject") == 0) {
        if ((!refused || !counts) && is_left(row)) {
            print_message("  left for the proxy: %s\n", corpus_text(row, "id"));
            tally->left++;
            return;
        }
        if (!refused || !counts) return wrong(tally, row, expect, got);
        if (got->end == READER_REFUSED && !corpus_allows(row, "status", got->fault.status))
            return wrong(tally, row, "another status", got);
    } else if (refused || !counts)
        return wrong(tally, row, expect, got);
    tally->run++;
}

static void read_both_ways(struct tally *tally, const cJSON *row, const char *expect, struct span stream)
{
    struct reader whole = reader_requests(stream, stream.len + 1), cut = reader_requests(stream, 1);

    if (whole.end != cut.end || whole.messages != cut.messages || whole.digest != cut.digest ||
        whole.fault.status != cut.fault.status)
        wrong(tally, row, "the same in single bytes", &cut);
    check_request(tally, row, expect, &whole);
}

static void run_request_row(struct tally *tally, const cJSON *row)
{
    static const char *const ways[][2] = {{"tunnel", "tunnel_parts"}, {"forward", "forward_parts"}};

    if (cJSON_HasObjectItem(row, "tunnel_steps") || cJSON_HasObjectItem(row, "forward_steps")) {
        tally->left++;
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        struct buf stream = {0};
        const char *expect =
            corpus_text(row, i == 1 && cJSON_HasObjectItem(row, "expect_forward") ? "expect_forward" : "expect");
        if (corpus_bytes(row, ways[i][0], &stream) || corpus_parts(row, ways[i][1], &stream))
            read_both_ways(tally, row, expect, buf_span(&stream));
        buf_clear(&stream);
    }
}

static void every_request_row_gets_its_verdict(void **state)
{
    struct tally tally = {0};
    struct corpus corpus;
    const cJSON *row;

    (void)state;
    if (!corpus_open(&corpus, "http1-requests.jsonl")) skip();
    while ((row = corpus_next(&corpus)) != NULL) run_request_row(&tally, row);
    corpus_close(&corpus);
    print_message("requests: %d streams run, %d left for the proxy, %d wrong; of %d that may go either way %d go as "
                  "recommended\n",
                  tally.run, tally.left, tally.wrong, tally.either, tally.recommended);
    assert_int_equal(tally.wrong, 0);
    assert_true(tally.run > 1000);
}

/* --- responses ------------------------------------------------------------------------------------------- */
static const char *verdict(const struct reader *got, const struct head *head)
{
    if (got->end != READER_REFUSED && got->end != READER_CUT) return "forward";
    return head->status >= 200 ? "truncated" : "error";
}

static bool is_same_body(const cJSON *row, struct span got)
{
    struct buf expected = {0};
    bool same = !corpus_bytes(row, "body", &expected) || span_is(buf_span(&expected), got);

    buf_clear(&expected);
    return same;
}

static void check_response(struct tally *tally, const cJSON *row, const struct reader *got, const struct head *head,
                           struct span body)
{
    const char *expect = corpus_text(row, "expect");
    const cJSON *reuse = cJSON_GetObjectItemCaseSensitive(row, "upstream_reuse");
    bool forwards = strcmp(verdict(got, head), "forward") == 0;

    tally->run++;
    if (got->fault.status != 0 && got->fault.detail == NULL) wrong(tally, row, "a reason", got);
    if (strcmp(expect, "either") == 0) {
        tally->either++;
        return;
    }
    if (strcmp(expect, verdict(got, head)) != 0) return wrong(tally, row, expect, got);
    if (!forwards) return;
    if (!is_same_body(row, body)) wrong(tally, row, "another body", got);
    if (!corpus_allows(row, "client_status", head->status)) wrong(tally, row, "another status", got);
    if (reuse != NULL && cJSON_IsTrue(reuse) != (got->end == READER_ENDED)) wrong(tally, row, "the other reuse", got);
}

static void run_response_row(struct tally *tally, const cJSON *row)
{
    struct span method = span_of(corpus_text(row, "method"));
    struct buf stream = {0}, whole_body = {0}, cut_body = {0};
    static struct head head, cut_head;

    if (!corpus_bytes(row, "response", &stream) && !corpus_parts(row, "parts", &stream)) {
        tally->left++;
        return;
    }
    struct reader whole = reader_response(buf_span(&stream), buf_len(&stream) + 1, method, &head, &whole_body);
    struct reader cut = reader_response(buf_span(&stream), 1, method, &cut_head, &cut_body);
    if (whole.end != cut.end || whole.digest != cut.digest || !span_is(buf_span(&whole_body), buf_span(&cut_body)))
        wrong(tally, row, "the same in single bytes", &cut);
    check_response(tally, row, &whole, &head, buf_span(&whole_body));
    buf_clear(&stream), buf_clear(&whole_body), buf_clear(&cut_body);
}

static void every_response_row_gets_its_verdict(void **state)
{
    struct tally tally = {0};
    struct corpus corpus;
    const cJSON *row;

    (void)state;
    if (!corpus_open(&corpus, "http1-responses.jsonl")) skip();
    while ((row = corpus_next(&corpus)) != NULL) run_response_row(&tally, row);
    corpus_close(&corpus);
    print_message("responses: %d run, %d left for the proxy, %d wrong; %d may go either way\n", tally.run, tally.left,
                  tally.wrong, tally.either);
    assert_int_equal(tally.wrong, 0);
    assert_true(tally.run > 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_row_gets_its_verdict),
        cmocka_unit_test(every_response_row_gets_its_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
