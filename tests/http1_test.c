/* http1_test.c — tables of heads and bodies, each read whole and one byte at a time; then what the writers write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "reactor/base/mem.h"
#include "reactor/wire/octets.h"
#include "tests/http1_reader.h"

#define H "Host: a\r\n"

#define GET     "GET / HTTP/1.1\r\n" H
#define PUT     "PUT / HTTP/1.1\r\n" H
#define OK      "HTTP/1.1 200 OK\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define LENGTH  "Content-Length: "

#define ENDED   READER_ENDED
#define CLOSED  READER_CLOSED
#define TUNNEL  READER_TUNNEL
#define REFUSED READER_REFUSED
#define CUT     READER_CUT

/* clang-format off */
static const struct {
    const char *what;
    enum reader_end end;
    unsigned messages;
    uint16_t status; /* of READER_REFUSED */
    const char *in;
} requests[] = {
    {"a request",                    ENDED,   1, 0,   GET "\r\n"},
    {"two requests",                 ENDED,   2, 0,   GET "\r\nPUT /b HTTP/1.1\r\n" H "\r\n"},
    {"an empty line before",         ENDED,   1, 0,   "\r\nGET / HTTP/1.1\r\n" H "\r\n"},
    {"two empty lines before",       REFUSED, 0, 400, "\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"},
    {"a bare LF before",             REFUSED, 0, 400, "\nGET / HTTP/1.1\r\n" H "\r\n"},
    {"an empty line after a body",   ENDED,   1, 0,   "POST / HTTP/1.1\r\n" H LENGTH "2\r\n\r\nok\r\n"},
    {"cut in the head",              CUT,     0, 0,   "GET / HTTP/1.1\r\nHost"},
    {"a TLS record",                 REFUSED, 0, 400, "\x16\x03\x01"},
    {"a space before the method",    REFUSED, 0, 400, " GET / HTTP/1.1\r\n" H "\r\n"},
    {"a method that is no token",    REFUSED, 0, 400, "G(T / HTTP/1.1\r\n" H "\r\n"},
    {"two spaces",                   REFUSED, 0, 400, "GET  / HTTP/1.1\r\n" H "\r\n"},
    {"a tab for a space",            REFUSED, 0, 400, "GET\t/ HTTP/1.1\r\n" H "\r\n"},
    {"a space after the version",    REFUSED, 0, 400, "GET / HTTP/1.1 \r\n" H "\r\n"},
    {"a control in the target",      REFUSED, 0, 400, "GET /\x7f HTTP/1.1\r\n" H "\r\n"},
    {"a target beyond ASCII",        REFUSED, 0, 400, "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n"},
    {"HTTP/0.9",                     REFUSED, 0, 400, "GET /\r\n\r\n"},
    {"a lower-case version",         REFUSED, 0, 400, "GET / http/1.1\r\n" H "\r\n"},
    {"the preface of HTTP/2",        REFUSED, 0, 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    {"HTTP/1.2",                     REFUSED, 0, 505, "GET / HTTP/1.2\r\n" H "\r\n"},
    {"a bare LF",                    REFUSED, 0, 400, "GET / HTTP/1.1\n" H "\r\n"},
    {"a bare CR in the line",        REFUSED, 0, 400, "GET /\rx HTTP/1.1\r\n" H "\r\n"},
    {"a bare CR in a value",         REFUSED, 0, 400, GET "X: a\rb\r\n\r\n"},
    {"a control in a value",         REFUSED, 0, 400, GET "X: a\x01" "b\r\n\r\n"},
    {"DEL far into a value",         REFUSED, 0, 400, GET "X: 0123456789abcdef\x7f\r\n\r\n"},
    {"tabs and obs-text in a value", ENDED,   1, 0,   GET "X: 01234\t67\xff\x80 \t\tb\r\n\r\n"},
    {"a folded line",                REFUSED, 0, 400, GET "X: a\r\n b\r\n\r\n"},
    {"a space before the colon",     REFUSED, 0, 400, GET "X : a\r\n\r\n"},
    {"an empty name",                REFUSED, 0, 400, GET ": a\r\n\r\n"},
    {"a name that is no token",      REFUSED, 0, 400, GET "X/Y: a\r\n\r\n"},
    {"a line without a colon",       REFUSED, 0, 400, GET "X\r\n\r\n"},
    {"no Host",                      REFUSED, 0, 400, "GET / HTTP/1.1\r\nX: a\r\n\r\n"},
    {"no Host in HTTP/1.0",          CLOSED,  1, 0,   "GET / HTTP/1.0\r\n\r\n"},
    {"two Hosts",                    REFUSED, 0, 400, GET "hOST: a\r\n\r\n"},
    {"two Hosts in HTTP/1.0",        REFUSED, 0, 400, "GET / HTTP/1.0\r\n" H H "\r\n"},
    {"a user in Host",               REFUSED, 0, 400, "GET / HTTP/1.1\r\nHost: b@a\r\n\r\n"},
    {"a list in Host",               REFUSED, 0, 400, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"},
    {"a counted body",               ENDED,   1, 0,   PUT LENGTH "0003\r\n\r\nabc"},
    {"a counted body cut short",     CUT,     0, 0,   PUT LENGTH "3\r\n\r\nab"},
    {"the longest length",           CUT,     0, 0,   PUT LENGTH "9223372036854775807\r\n\r\n"},
    {"one more than the longest",    REFUSED, 0, 400, PUT LENGTH "9223372036854775808\r\n\r\n"},
    {"a length beyond 64 bits",      REFUSED, 0, 400, PUT LENGTH "18446744073709551617\r\n\r\n"},
    {"a signed length",              REFUSED, 0, 400, PUT LENGTH "+3\r\n\r\nabc"},
    {"a list of lengths",            REFUSED, 0, 400, PUT LENGTH "3, 3\r\n\r\nabc"},
    {"an empty length",              REFUSED, 0, 400, PUT "Content-Length:\r\n\r\n"},
    {"the same length twice",        REFUSED, 0, 400, PUT LENGTH "3\r\n" LENGTH "3\r\n\r\nabc"},
    {"a chunked body",               ENDED,   1, 0,   PUT "Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"},
    {"both framings",                REFUSED, 0, 400, PUT LENGTH "3\r\n" CHUNKED "\r\n"},
    {"chunked twice",                REFUSED, 0, 400, PUT CHUNKED CHUNKED "\r\n"},
    {"another coding",               REFUSED, 0, 501, PUT "Transfer-Encoding: gzip\r\n\r\n"},
    {"two codings",                  REFUSED, 0, 400, PUT "Transfer-Encoding: gzip, chunked\r\n\r\n"},
    {"a coding with obs-text",       REFUSED, 0, 400, PUT "Transfer-Encoding: \xa0" "chunked\r\n\r\n"},
    {"chunked in HTTP/1.0",          REFUSED, 0, 400, "PUT / HTTP/1.0\r\n" H CHUNKED "\r\n"},
    {"a trailer",                    ENDED,   1, 0,   PUT CHUNKED "\r\n0\r\nX: y\r\n\r\n"},
    {"a trailer that frames",        REFUSED, 0, 400, PUT CHUNKED "\r\n0\r\n" LENGTH "3\r\n\r\n"},
    {"a trailer that is a request",  REFUSED, 0, 400, PUT CHUNKED "\r\n0\r\nGET / HTTP/1.1\r\n\r\n"},
    {"close",                        CLOSED,  1, 0,   GET "Connection: x, Close\r\n\r\nGET"},
    {"keep-alive in HTTP/1.0",       ENDED,   1, 0,   "GET / HTTP/1.0\r\n" H "Connection: keep-alive\r\n\r\n"},
    {"close beats keep-alive",       CLOSED,  1, 0,   GET "Connection: keep-alive\r\nConnection: close\r\n\r\n"},
    {"too many connection options",  REFUSED, 0, 400,
        GET "Connection: 1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3\r\n\r\n"},
    {"an expectation",               ENDED,   1, 0,   GET "Expect: 100-Continue\r\n\r\n"},
    {"another expectation",          REFUSED, 0, 417, GET "Expect: y 100-continue\r\n\r\n"},
    {"the expectation twice",        REFUSED, 0, 417, GET "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n"},
    {"CONNECT",                      TUNNEL,  1, 0,   "CONNECT a:443 HTTP/1.1\r\n" H "\r\n\x16\x03\x01"},
    {"CONNECT with a length of 0",   TUNNEL,  1, 0,   "CONNECT a:443 HTTP/1.1\r\n" H LENGTH "0\r\n\r\n"},
    {"CONNECT with content",         REFUSED, 0, 400, "CONNECT a:443 HTTP/1.1\r\n" H LENGTH "3\r\n\r\nabc"},
    {"TRACE with content",           REFUSED, 0, 400, "TRACE / HTTP/1.1\r\n" H CHUNKED "\r\n"},
};

static const struct {
    const char *what, *method;
    enum reader_end end;
    uint16_t status;
    bool complete; /* else the origin failed: 502 or a truncated body */
    const char *body, *in;
} responses[] = {
    {"a counted body",           "GET",     ENDED,   200, true,  "ok", OK LENGTH "2\r\n\r\nok"},
    {"a chunked body",           "GET",     ENDED,   200, true,  "ok", OK CHUNKED "\r\n2\r\nok\r\n0\r\n\r\n"},
    {"a body until the end",     "GET",     CLOSED,  200, true,  "ok", OK "\r\nok"},
    {"HEAD has no body",         "HEAD",    ENDED,   200, true,  "",   OK LENGTH "2\r\n\r\n"},
    {"HEAD that sends one",      "HEAD",    CLOSED,  200, true,  "",   OK LENGTH "2\r\n\r\nok"},
    {"304 has no body",          "GET",     ENDED,   304, true,  "",   "HTTP/1.1 304 \r\n" LENGTH "9\r\n\r\n"},
    {"204 has no body",          "GET",     ENDED,   204, true,  "",   "HTTP/1.1 204 No\r\n\r\n"},
    {"204 with one is the last", "GET",     CLOSED,  204, true,  "",   "HTTP/1.1 204 No\r\n" LENGTH "2\r\n\r\n"},
    {"CONNECT opens a tunnel",   "CONNECT", CLOSED,  200, true,  "",   OK LENGTH "2\r\n\r\n"},
    {"CONNECT refused",          "CONNECT", ENDED,   403, true,  "no", "HTTP/1.1 403 No\r\n" LENGTH "2\r\n\r\nno"},
    {"interim responses first",  "GET",     ENDED,   200, true,  "",
        "HTTP/1.1 103 H\r\nLink: x\r\n\r\n" OK LENGTH "0\r\n\r\n"},
    {"an interim with content",  "GET",     REFUSED, 0,   false, "",   "HTTP/1.1 100 C\r\n" LENGTH "2\r\n\r\nok"},
    {"switching protocols",      "GET",     TUNNEL,  101, true,  "",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n\x81"},
    {"no reason and no space",   "GET",     ENDED,   200, true,  "",   "HTTP/1.1 200\r\n" LENGTH "0\r\n\r\n"},
    {"a reason beyond ASCII",    "GET",     ENDED,   200, true,  "",   "HTTP/1.1 200 \xc3\x96K\r\n" LENGTH "0\r\n\r\n"},
    {"a control in the reason",  "GET",     REFUSED, 0,   false, "",   "HTTP/1.1 200 O\x01K\r\n" LENGTH "0\r\n\r\n"},
    {"four digits",              "GET",     REFUSED, 0,   false, "",   "HTTP/1.1 2000 OK\r\n" LENGTH "0\r\n\r\n"},
    {"two digits",               "GET",     REFUSED, 0,   false, "",   "HTTP/1.1 20 OK\r\n" LENGTH "0\r\n\r\n"},
    {"below 100",                "GET",     REFUSED, 0,   false, "",   "HTTP/1.1 099 OK\r\n" LENGTH "0\r\n\r\n"},
    {"above 599",                "GET",     REFUSED, 0,   false, "",   "HTTP/1.1 600 OK\r\n" LENGTH "0\r\n\r\n"},
    {"an empty line before",     "GET",     REFUSED, 0,   false, "",   "\r\n" OK LENGTH "0\r\n\r\n"},
    {"another protocol",         "GET",     REFUSED, 0,   false, "",   "ICY 200 OK\r\n" LENGTH "0\r\n\r\n"},
    {"both framings",            "GET",     REFUSED, 0,   false, "",   OK LENGTH "2\r\n" CHUNKED "\r\n"},
    {"another coding",           "GET",     REFUSED, 0,   false, "",   OK "Transfer-Encoding: gzip\r\n\r\n"},
    {"chunked in HTTP/1.0",      "GET",     REFUSED, 0,   false, "",   "HTTP/1.0 200 OK\r\n" CHUNKED "\r\n"},
    {"HTTP/1.0 closes",          "GET",     CLOSED,  200, true,  "ok", "HTTP/1.0 200 OK\r\n" LENGTH "2\r\n\r\nok"},
    {"cut in the body",          "GET",     CUT,     200, false, "ok", OK LENGTH "3\r\n\r\nok"},
    {"trailers that frame",      "GET",     ENDED,   200, true,  "",   OK CHUNKED "\r\n0\r\n" LENGTH "3\r\n\r\n"},
    {"trailers that are none",   "GET",     REFUSED, 200, false, "",   OK CHUNKED "\r\n0\r\nbogus\r\n\r\n"},
    {"bytes after the body",     "GET",     CLOSED,  200, true,  "ok", OK LENGTH "2\r\n\r\nokHTTP/1.1 200 OK\r\n"},
};
/* clang-format on */

static void every_request_reads_the_same_whole_and_in_bytes(void **state)
{
    uint64_t digest = 0;

    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        for (size_t step = 1; step <= 1000; step += 999) {
            struct reader r = reader_requests(span_of(requests[i].in), step);
            print_message("  %s, %zu at a time: %s\n", requests[i].what, step, r.fault.detail ? r.fault.detail : "");
            assert_int_equal(r.end, requests[i].end);
            assert_int_equal(r.messages, requests[i].messages);
            if (r.end == READER_REFUSED) assert_int_equal(r.fault.status, requests[i].status);
            if (step == 1)
                digest = r.digest;
            else
                assert_true(digest == r.digest);
        }
}

static void every_response_reads_the_same_whole_and_in_bytes(void **state)
{
    static struct head head;

    (void)state;
    for (size_t i = 0; i < sizeof responses / sizeof *responses; i++)
        for (size_t step = 1; step <= 1000; step += 999) {
            struct buf body = {0};
            struct reader r =
                reader_response(span_of(responses[i].in), step, span_of(responses[i].method), &head, &body);
            print_message("  %s, %zu at a time: %s\n", responses[i].what, step, r.fault.detail ? r.fault.detail : "");
            assert_int_equal(r.end, responses[i].end);
            assert_int_equal(head.status, responses[i].status);
            assert_true(span_is(buf_span(&body), span_of(responses[i].body)));
            assert_int_equal(r.end == READER_ENDED || r.end == READER_CLOSED || r.end == READER_TUNNEL,
                             responses[i].complete);
            buf_clear(&body);
        }
}

/* --- bounds ---------------------------------------------------------------------------------------------- */
static void add(struct buf *buf, const char *text) { assert_int_equal(buf_add(buf, span_of(text)), ERR_OK); }
static void add_many(struct buf *buf, const char *text, size_t times)
{
    while (times-- > 0) add(buf, text);
}

static void expect_request(struct buf *in, enum reader_end end, int status)
{
    struct reader r = reader_requests(buf_span(in), 1000);

    assert_int_equal(r.end, end);
    if (end == READER_REFUSED) assert_int_equal(r.fault.status, status);
    buf_clear(in);
}

static void a_request_line_has_a_bound(void **state)
{
    struct buf in = {0};

    (void)state;
    for (size_t over = 0; over < 2; over++) {
        add(&in, "GET /");
        add_many(&in, "a", HEAD_LINE_MAX - strlen("GET / HTTP/1.1") + over);
        add(&in, " HTTP/1.1\r\n" H "\r\n");
        expect_request(&in, over ? READER_REFUSED : READER_ENDED, 414);
    }
}

static void the_number_of_fields_has_a_bound(void **state)
{
    struct buf in = {0};

    (void)state;
    for (size_t over = 0; over < 2; over++) {
        add(&in, "GET / HTTP/1.1\r\n" H);
        add_many(&in, "X: y\r\n", HEAD_FIELDS_MAX - 1 + over);
        add(&in, "\r\n");
        expect_request(&in, over ? READER_REFUSED : READER_ENDED, 431);
    }
}

static void a_head_has_a_bound(void **state)
{
    struct buf in = {0};

    (void)state;
    for (size_t over = 0; over < 2; over++) {
        add(&in, "GET / HTTP/1.1\r\n" H "X: ");
        add_many(&in, "a", HEAD_BYTES_MAX - strlen("GET / HTTP/1.1\r\n" H "X: \r\n\r\n") + over);
        add(&in, "\r\n\r\n");
        expect_request(&in, over ? READER_REFUSED : READER_ENDED, 431);
    }
}

static void a_slow_head_is_not_read_again_from_its_start(void **state)
{
    struct span in = SPAN_LIT("GET / HTTP/1.1\r\nHost");
    size_t scanned = 0, len;

    (void)state;
    assert_int_equal(http1_find_head(in, &scanned, &len), ERR_AGAIN);
    assert_int_equal(scanned, in.len);
}

static void nul_is_no_value(void **state)
{
    const struct span in = SPAN_LIT("GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n");

    (void)state;
    assert_int_equal(reader_requests(in, 1000).end, READER_REFUSED);
}

/* Every byte at every distance from the eight-byte steps. */
static void a_run_of_value_bytes_ends_at_the_first_control(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++)
        for (size_t at = 0; at < 20; at++) {
            uint8_t bytes[20];
            memset(bytes, 'a', sizeof bytes);
            bytes[at] = (uint8_t)c;
            bool is_value = c == '\t' || (c >= ' ' && c != 0x7f);
            assert_int_equal(octet_value_run((struct span){bytes, sizeof bytes}, 0), is_value ? sizeof bytes : at);
        }
}

/* --- heads as data --------------------------------------------------------------------------------------- */
static struct head parsed(const char *text)
{
    static struct head head;
    struct http1_fault fault;

    assert_int_equal(http1_parse_request(span_of(text), &head, &fault), ERR_OK);
    return head;
}

static void a_parsed_head_says_what_was_sent(void **state)
{
    struct head head = parsed("POST /a?b HTTP/1.1\r\nHost: a:80\r\nX:\t y z\t \r\nEmpty:\r\nExpect: 100-continue\r\n"
                              "Content-Length: 12\r\n\r\n");

    (void)state;
    assert_true(span_is(head.method, SPAN_LIT("POST")));
    assert_true(span_is(head.target, SPAN_LIT("/a?b")));
    assert_int_equal(head.minor, 1);
    assert_int_equal(head.field_count, 5);
    assert_true(span_is(head.fields[1].name, SPAN_LIT("X")));
    assert_true(span_is(head.fields[1].value, SPAN_LIT("y z")));
    assert_int_equal(head.fields[2].value.len, 0);
    assert_int_equal(head.body, BODY_LENGTH);
    assert_int_equal(head.length, 12);
    assert_true(head.keep_alive);
    assert_true(head.expect_continue);
}

static void http_1_0_never_waits_for_100(void **state)
{
    struct head head = parsed("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n");

    (void)state;
    assert_int_equal(head.minor, 0);
    assert_false(head.expect_continue);
}

/* --- writers --------------------------------------------------------------------------------------------- */
static void assert_written(struct buf *out, const char *expected)
{
    assert_true(span_is(buf_span(out), span_of(expected)));
    buf_clear(out);
}

static void a_request_is_written_with_its_framing(void **state)
{
    struct head head = parsed("PUT /a HTTP/1.1\r\n" H "X: y\r\n\r\n");
    struct buf out = {0};

    (void)state;
    assert_int_equal(http1_write_request(&out, &head, false), ERR_OK);
    assert_written(&out, "PUT /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n");
    head.body = BODY_LENGTH;
    assert_int_equal(http1_write_request(&out, &head, true), ERR_OK);
    assert_written(&out, "PUT /a HTTP/1.1\r\nHost: a\r\nX: y\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    head.body = BODY_CHUNKED;
    assert_int_equal(head_add(&head, SPAN_LIT("Upgrade"), SPAN_LIT("websocket")), ERR_OK);
    assert_int_equal(http1_write_request(&out, &head, false), ERR_OK);
    assert_written(&out, "PUT /a HTTP/1.1\r\nHost: a\r\nX: y\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n"
                         "Connection: upgrade\r\n\r\n");
}

static void a_response_is_written_with_its_framing(void **state)
{
    struct head head = {
        .status = 404, .reason = SPAN_LIT("Not Found"), .body = BODY_LENGTH, .length = 18446744073709551615u};
    struct buf out = {0};

    (void)state;
    assert_int_equal(http1_write_response(&out, &head, false), ERR_OK);
    assert_written(&out, "HTTP/1.1 404 Not Found\r\nContent-Length: 18446744073709551615\r\n\r\n");
    head = (struct head){.status = 200, .body = BODY_UNTIL_CLOSE};
    assert_int_equal(http1_write_response(&out, &head, true), ERR_OK);
    assert_written(&out, "HTTP/1.1 200 \r\nConnection: close\r\n\r\n");
}

static void the_length_that_head_announces_is_kept(void **state)
{
    static struct head head;
    struct http1_fault fault;
    struct buf out = {0};

    (void)state;
    assert_int_equal(
        http1_parse_response(SPAN_LIT("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"), SPAN_LIT("HEAD"), &head, &fault),
        ERR_OK);
    assert_int_equal(head.body, BODY_NONE);
    head_remove(&head, SPAN_LIT("content-length"));
    assert_int_equal(http1_write_response(&out, &head, false), ERR_OK);
    assert_written(&out, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
}

static void nothing_is_written_that_would_be_read_as_more(void **state)
{
    struct head head = parsed("GET / HTTP/1.1\r\n" H "\r\n");
    struct field bad = {SPAN_LIT("X"), SPAN_LIT("a\r\nY: b")};
    struct buf out = {0};

    (void)state;
    head.fields[1] = bad, head.field_count = 2;
    assert_int_equal(http1_write_request(&out, &head, false), ERR_SYNTAX);
    head.fields[1] = (struct field){SPAN_LIT("X: y"), SPAN_LIT("z")};
    assert_int_equal(http1_write_request(&out, &head, false), ERR_SYNTAX);
    head.field_count = 1, head.target = SPAN_LIT("/ HTTP/1.1");
    assert_int_equal(http1_write_request(&out, &head, false), ERR_SYNTAX);
    head = (struct head){.status = 200, .reason = SPAN_LIT("OK\r\n")};
    assert_int_equal(http1_write_response(&out, &head, false), ERR_SYNTAX);
    assert_int_equal(http1_write_last(&out, &bad, 1), ERR_SYNTAX);
    assert_int_equal(buf_len(&out), 0);
}

static void a_chunked_body_is_written_in_pieces(void **state)
{
    const struct field trailer = {SPAN_LIT("Sum"), SPAN_LIT("1")};
    struct buf out = {0};

    (void)state;
    assert_int_equal(http1_write_chunk(&out, SPAN_LIT("0123456789abcdef")), ERR_OK);
    assert_int_equal(http1_write_chunk(&out, (struct span){0}), ERR_OK);
    assert_int_equal(http1_write_last(&out, &trailer, 1), ERR_OK);
    assert_written(&out, "10\r\n0123456789abcdef\r\n0\r\nSum: 1\r\n\r\n");
}

static void without_memory_nothing_is_appended(void **state)
{
    struct head head = parsed("GET / HTTP/1.1\r\n" H "\r\n");
    struct buf out = {0};

    (void)state;
    mem_fail_at(1);
    assert_int_equal(http1_write_request(&out, &head, false), ERR_NOMEM);
    mem_fail_at(1);
    assert_int_equal(http1_write_chunk(&out, SPAN_LIT("x")), ERR_NOMEM);
    mem_fail_at(1);
    assert_int_equal(http1_write_last(&out, NULL, 0), ERR_NOMEM);
    mem_fail_at(0);
    assert_int_equal(buf_len(&out), 0);
}

/* --- trailers -------------------------------------------------------------------------------------------- */
static void trailers_are_fields_that_change_nothing(void **state)
{
    struct field fields[2];
    size_t count = 9;

    (void)state;
    assert_int_equal(http1_parse_trailers((struct span){0}, fields, 2, &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(http1_parse_trailers(SPAN_LIT("grpc-status: 0\r\nX: y\r\n"), fields, 2, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_true(span_is(fields[0].value, SPAN_LIT("0")));
    assert_int_equal(http1_parse_trailers(SPAN_LIT("A: 1\r\nB: 2\r\nC: 3\r\n"), fields, 2, &count), ERR_LIMIT);
    assert_int_equal(http1_parse_trailers(SPAN_LIT("X: y\r\nAuthorization: z\r\n"), fields, 2, &count), ERR_DENIED);
    assert_int_equal(http1_parse_trailers(SPAN_LIT("X: y\r\n Y: z\r\n"), fields, 2, &count), ERR_SYNTAX);
    assert_int_equal(http1_parse_trailers(SPAN_LIT("X: y"), fields, 2, &count), ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_reads_the_same_whole_and_in_bytes),
        cmocka_unit_test(every_response_reads_the_same_whole_and_in_bytes),
        cmocka_unit_test(a_request_line_has_a_bound),
        cmocka_unit_test(the_number_of_fields_has_a_bound),
        cmocka_unit_test(a_head_has_a_bound),
        cmocka_unit_test(a_slow_head_is_not_read_again_from_its_start),
        cmocka_unit_test(nul_is_no_value),
        cmocka_unit_test(a_run_of_value_bytes_ends_at_the_first_control),
        cmocka_unit_test(a_parsed_head_says_what_was_sent),
        cmocka_unit_test(http_1_0_never_waits_for_100),
        cmocka_unit_test(a_request_is_written_with_its_framing),
        cmocka_unit_test(a_response_is_written_with_its_framing),
        cmocka_unit_test(the_length_that_head_announces_is_kept),
        cmocka_unit_test(nothing_is_written_that_would_be_read_as_more),
        cmocka_unit_test(a_chunked_body_is_written_in_pieces),
        cmocka_unit_test(without_memory_nothing_is_appended),
        cmocka_unit_test(trailers_are_fields_that_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
