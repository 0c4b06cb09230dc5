/* ws_hello_test.c — handshakes of both legs, as tables: which are valid, what is agreed on, why others are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/wire/ws_extension.h"
#include "reactor/wire/ws_hello.h"

#define KEY       "dGhlIHNhbXBsZSBub25jZQ==" /* RFC 6455 section 1.3 */
#define ACCEPT    "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define UPGRADE   "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY_IS    "Sec-WebSocket-Key: "
#define ASKS      UPGRADE KEY_IS KEY "\r\n"
#define NO_KEY    "not one Sec-WebSocket-Key of 16 bytes"
#define PROTO     "Sec-WebSocket-Protocol: "
#define GET       "GET / HTTP/1.1"
#define ACCEPT_IS "Sec-WebSocket-Accept: "
#define V13       "Sec-WebSocket-Version: 13\r\n"
#define EXT       "Sec-WebSocket-Extensions: "
#define PMD       "permessage-deflate"
#define ANSWER    PMD "; server_no_context_takeover; client_no_context_takeover"

/* clang-format off */
static const struct { const char *what, *line, *fields; int status; const char *detail; } requests[] = {
    {"one of RFC 6455",           GET, ASKS V13, 0, NULL},
    {"another case",              GET,
     "UPGRADE: WebSocket\r\nconnection: keep-alive, UPGRADE\r\nsec-websocket-key: " KEY "\r\n" V13, 0, NULL},
    {"another protocol beside",   GET, "Upgrade: foo, websocket\r\nConnection: Upgrade\r\n" KEY_IS KEY "\r\n" V13, 0,
     NULL},
    {"subprotocols",              GET, ASKS V13 PROTO "chat, v2.chat\r\n" PROTO "x\r\n", 0, NULL},
    {"a length of 0",             GET, ASKS V13 "Content-Length: 0\r\n", 0, NULL},
    {"POST",                      "POST / HTTP/1.1", ASKS V13, 400, "a WebSocket asked for by another method"},
    {"HTTP/1.0",                  "GET / HTTP/1.0", ASKS V13, 400, "a WebSocket asked for by HTTP/1.0"},
    {"content",                   GET, ASKS V13 "Content-Length: 5\r\n", 400, "a WebSocket asked for with content"},
    {"chunked content",           GET, ASKS V13 "Transfer-Encoding: chunked\r\n", 400,
     "a WebSocket asked for with content"},
    {"no Upgrade",                GET, "Connection: Upgrade\r\n" KEY_IS KEY "\r\n" V13, 400, "no Upgrade: websocket"},
    {"no Connection",             GET, "Upgrade: websocket\r\n" KEY_IS KEY "\r\n" V13, 400, "no Connection: upgrade"},
    {"no key",                    GET, UPGRADE V13, 400, NO_KEY},
    {"two keys",                  GET, ASKS KEY_IS KEY "\r\n" V13, 400, NO_KEY},
    {"a short key",               GET, UPGRADE KEY_IS "AAAA\r\n" V13, 400, NO_KEY},
    {"15 bytes",                  GET, UPGRADE KEY_IS "AAAAAAAAAAAAAAAAAAAA\r\n" V13, 400, NO_KEY},
    {"17 bytes",                  GET, UPGRADE KEY_IS "AAAAAAAAAAAAAAAAAAAAAAA=\r\n" V13, 400, NO_KEY},
    {"bits beyond the 16th",      GET, UPGRADE KEY_IS "dGhlIHNhbXBsZSBub25jZR==\r\n" V13, 400, NO_KEY},
    {"the other alphabet",        GET, UPGRADE KEY_IS "dGhlIHNhbXBsZSBub25j-Q==\r\n" V13, 400, NO_KEY},
    {"no version",                GET, ASKS, 400, "not one Sec-WebSocket-Version"},
    {"two versions",              GET, ASKS V13 V13, 400, "not one Sec-WebSocket-Version"},
    {"version 8",                 GET, ASKS "Sec-WebSocket-Version: 8\r\n", 426,
     "another Sec-WebSocket-Version than 13"},
    {"a list of versions",        GET, ASKS "Sec-WebSocket-Version: 13, 8\r\n", 426,
     "another Sec-WebSocket-Version than 13"},
    {"a subprotocol with spaces", GET, ASKS V13 PROTO "a b\r\n", 400, "a Sec-WebSocket-Protocol that is not tokens"},
    {"an empty subprotocol",      GET, ASKS V13 "Sec-WebSocket-Protocol:\r\n", 400,
     "a Sec-WebSocket-Protocol that is not tokens"},
    {"broken extensions",         GET, ASKS V13 EXT "a;;b\r\n", 400,
     "a Sec-WebSocket-Extensions that is not extensions"},
    {"...in the second field",    GET, ASKS V13 EXT PMD "\r\n" EXT "\"x\"\r\n", 400,
     "a Sec-WebSocket-Extensions that is not extensions"},
};

#define OK101 "HTTP/1.1 101 Switching Protocols"
#define ACCEPTS UPGRADE ACCEPT_IS ACCEPT "\r\n"
/* To a request that asked for the subprotocols "chat" and "v2", and offered to deflate. */
static const struct { const char *what, *line, *fields, *detail; } responses[] = {
    {"one of RFC 6455",           OK101, ACCEPTS, NULL},
    {"a subprotocol",             OK101, ACCEPTS PROTO "v2\r\n", NULL},
    {"it deflates",               OK101, ACCEPTS EXT PMD "\r\n", NULL},
    {"200",                       "HTTP/1.1 200 OK", ACCEPTS, "no 101"},
    {"HTTP/1.0",                  "HTTP/1.0 101 x", ACCEPTS, "a 101 of HTTP/1.0"},
    {"nothing else",              OK101, "", "a 101 to another protocol"},
    {"h2c",                       OK101, "Upgrade: h2c\r\nConnection: Upgrade\r\n" ACCEPT_IS ACCEPT "\r\n",
     "a 101 to another protocol"},
    {"two protocols",             OK101, "Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n" ACCEPT_IS ACCEPT "\r\n",
     "a 101 to another protocol"},
    {"no Connection",             OK101, "Upgrade: websocket\r\n" ACCEPT_IS ACCEPT "\r\n",
     "a 101 without Connection: upgrade"},
    {"no accept",                 OK101, UPGRADE, "not one Sec-WebSocket-Accept"},
    {"two accepts",               OK101, ACCEPTS ACCEPT_IS ACCEPT "\r\n", "not one Sec-WebSocket-Accept"},
    {"another accept",            OK101, UPGRADE ACCEPT_IS "AAAA\r\n", "a Sec-WebSocket-Accept of another key"},
    {"an accept in another case", OK101, UPGRADE ACCEPT_IS "S3PPLMBITXAQ9KYGZZHZRBK+XOO=\r\n",
     "a Sec-WebSocket-Accept of another key"},
    {"another subprotocol",       OK101, ACCEPTS PROTO "v3\r\n", "a subprotocol that was not asked for"},
    {"a subprotocol's case",      OK101, ACCEPTS PROTO "CHAT\r\n", "a subprotocol that was not asked for"},
    {"both subprotocols",         OK101, ACCEPTS PROTO "chat, v2\r\n", "a subprotocol that was not asked for"},
    {"two fields of them",        OK101, ACCEPTS PROTO "v2\r\n" PROTO "v2\r\n", "two Sec-WebSocket-Protocol fields"},
    {"another extension",         OK101, ACCEPTS EXT "x-foo\r\n", "extensions that were not offered"},
    {"broken extensions",         OK101, ACCEPTS EXT "permessage-deflate;\r\n", "extensions that were not offered"},
};

/* What a client offers, and what we answer; "": nothing. */
static const struct { const char *offer, *answer; } offers[] = {
    {PMD, ANSWER},
    {PMD "; client_max_window_bits", ANSWER},
    {PMD "; client_max_window_bits=8", ANSWER},
    {PMD ";server_no_context_takeover;client_no_context_takeover", ANSWER},
    {PMD "; server_max_window_bits=15", ANSWER "; server_max_window_bits=12"},
    {PMD "; server_max_window_bits=\"10\"", ANSWER "; server_max_window_bits=10"},
    {PMD "; server_max_window_bits=9", ANSWER "; server_max_window_bits=9"},
    {PMD "; server_max_window_bits=8", ""},
    {PMD "; server_max_window_bits=8, " PMD, ANSWER},
    {PMD "; server_max_window_bits=7, " PMD "; server_max_window_bits=11", ANSWER "; server_max_window_bits=11"},
    {"x-foo, " PMD, ANSWER},
    {"x-foo", ""},
    {"x-webkit-deflate-frame; no_context_takeover", ""},
    {PMD "; server_max_window_bits", ""},
    {PMD "; server_max_window_bits=16", ""},
    {PMD "; server_max_window_bits=010", ""},
    {PMD "; server_max_window_bits=1x", ""},
    {PMD "; client_max_window_bits=100", ""},
    {PMD "; client_max_window_bits; client_max_window_bits", ""},
    {PMD "; server_no_context_takeover=1", ""},
    {PMD "; other", ""},
    {"Permessage-Deflate", ""},
};

/* What an upstream answers to our offer, and what that comes to. */
static const struct { const char *answer; bool offered; enum err err; struct ws_terms terms; } answers[] = {
    {PMD, true, ERR_OK, {true, {15, false}, {15, true}}},
    {PMD "; server_no_context_takeover", true, ERR_OK, {true, {15, false}, {15, false}}},
    {PMD "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10", true, ERR_OK, {true,
     {15, false}, {10, false}}},
    {PMD "; server_max_window_bits=8", true, ERR_OK, {true, {15, false}, {8, true}}},
    {PMD, false, ERR_PEER, {0}},
    {PMD ", " PMD, true, ERR_PEER, {0}},
    {PMD "; client_max_window_bits=15", true, ERR_PEER, {0}},
    {PMD "; server_max_window_bits", true, ERR_PEER, {0}},
    {PMD "; server_max_window_bits=7", true, ERR_PEER, {0}},
    {PMD "; server_no_context_takeover; server_no_context_takeover", true, ERR_PEER, {0}},
    {PMD "; x", true, ERR_PEER, {0}},
    {"x-foo", true, ERR_PEER, {0}},
    {PMD " server_no_context_takeover", true, ERR_SYNTAX, {0}},
    {"", true, ERR_SYNTAX, {0}},
};

/* A list, and its extensions as "name;param=value|..."; NULL: it is refused. */
static const struct { const char *list, *read; } lists[] = {
    {"foo", "foo|"},
    {"foo, bar; baz=2", "foo|bar;baz=2|"},
    {"deflate-stream", "deflate-stream|"},
    {"mux; max-channels=4; flow-control, deflate-stream", "mux;max-channels=4;flow-control|deflate-stream|"},
    {"private-extension", "private-extension|"},
    {"a\t; b\t,\tc", "a;b|c|"},
    {"a;b=\"c\"", "a;b=c|"},
    {"", NULL}, {",", NULL}, {"a,", NULL}, {",a", NULL}, {"a,,b", NULL}, {"a;", NULL}, {";a", NULL}, {"a;;b", NULL},
    {"a;b=", NULL}, {"a;=b", NULL}, {"a;b =c", NULL}, {"a;b= c", NULL}, {"a;b=\"c", NULL}, {"a;b=\"\"", NULL},
    {"a;b=\"c d\"", NULL}, {"a;b=\"c\\d\"", NULL}, {"a;b=\"c\"d", NULL}, {"a b", NULL}, {"a=b", NULL}, {"\"a\"", NULL},
    {"a;\"b\"", NULL}, {"a;b=c=d", NULL}, {"a\x80", NULL}, {"a;1;2;3;4;5;6;7;8", "a;1;2;3;4;5;6;7;8|"},
    {"a;1;2;3;4;5;6;7;8;9", NULL},
};
/* clang-format on */

/* A head of the text; the text lives until the next call. */
static struct head *read_head(const char *line, const char *fields, bool is_request)
{
    static struct head heads[2];
    static char texts[2][2000];
    static int turn;
    struct head *head = &heads[turn ^= 1];
    struct http1_fault fault = {0};
    int len =
        snprintf(texts[turn], sizeof texts[turn], "%s\r\n%s%s\r\n", line, is_request ? "Host: a\r\n" : "", fields);
    struct span in = {(const uint8_t *)texts[turn], (size_t)len};
    enum err err =
        is_request ? http1_parse_request(in, head, &fault) : http1_parse_response(in, SPAN_LIT("GET"), head, &fault);

    if (err != ERR_OK) fail_msg("%s", fault.detail);
    return head;
}

static void a_request_is_answered_by_101_if_it_is_a_handshake(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct head *head = read_head(requests[i].line, requests[i].fields, true);
        struct http1_fault fault = {0};
        struct ws_terms terms;
        struct span key;
        enum err err = ws_hello_check_request(head, &key, &terms, &fault);
        print_message("  %s: %s\n", requests[i].what, fault.detail ? fault.detail : "valid");
        assert_int_equal(fault.status, requests[i].status);
        assert_int_equal(err, requests[i].status == 0 ? ERR_OK : ERR_SYNTAX);
        if (err == ERR_OK) assert_true(span_is(key, SPAN_LIT(KEY)));
        if (err != ERR_OK) assert_string_equal(fault.detail, requests[i].detail);
    }
}

static void a_request_that_asks_for_a_websocket_is_known(void **state)
{
    (void)state;
    assert_true(ws_hello_is(read_head("GET / HTTP/1.1", UPGRADE, true)));
    assert_true(ws_hello_is(read_head("POST / HTTP/1.1", "Upgrade: h2c, WEBSOCKET\r\n", true)));
    assert_false(ws_hello_is(read_head("GET / HTTP/1.1", "Upgrade: h2c\r\nConnection: Upgrade\r\n", true)));
    assert_false(ws_hello_is(read_head("GET / HTTP/1.1", V13, true)));
}

static void a_response_switches_if_it_answers_what_was_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(responses); i++) {
        struct head *request = read_head("GET / HTTP/1.1", ASKS V13 "Sec-WebSocket-Protocol: chat, v2\r\n", true);
        struct head *response = read_head(responses[i].line, responses[i].fields, false);
        struct http1_fault fault = {0};
        struct ws_terms terms;
        enum err err = ws_hello_check_response(response, request, true, &terms, &fault);
        print_message("  %s: %s\n", responses[i].what, fault.detail ? fault.detail : "valid");
        assert_int_equal(err, responses[i].detail == NULL ? ERR_OK : ERR_SYNTAX);
        if (err != ERR_OK) assert_int_equal(fault.status, 502);
        if (err != ERR_OK) assert_string_equal(fault.detail, responses[i].detail);
    }
}

static void the_accept_of_a_key_is_that_of_rfc_6455(void **state)
{
    struct buf out = {0};

    (void)state;
    assert_int_equal(ws_hello_accept(SPAN_LIT(KEY), &out), ERR_OK);
    assert_true(span_is(buf_span(&out), SPAN_LIT(ACCEPT)));
    buf_clear(&out);
    mem_fail_at(1);
    assert_int_equal(ws_hello_accept(SPAN_LIT(KEY), &out), ERR_NOMEM);
    mem_fail_at(0);
    buf_clear(&out);
}

static void a_new_key_is_another_one_and_valid(void **state)
{
    struct buf one = {0}, other = {0};
    struct http1_fault fault = {0};
    struct ws_terms terms;
    struct span key;
    char fields[200];

    (void)state;
    assert_int_equal(ws_hello_key(&one), ERR_OK);
    assert_int_equal(ws_hello_key(&other), ERR_OK);
    assert_false(span_is(buf_span(&one), buf_span(&other)));
    snprintf(fields, sizeof fields, UPGRADE V13 "Sec-WebSocket-Key: %.*s\r\n", SPAN_FMT(buf_span(&one)));
    assert_int_equal(ws_hello_check_request(read_head("GET / HTTP/1.1", fields, true), &key, &terms, &fault), ERR_OK);
    buf_clear(&one);
    buf_clear(&other);
}

static void the_first_offer_that_can_be_undone_is_accepted(void **state)
{
    char fields[400];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(offers); i++) {
        struct buf out = {0};
        struct ws_terms terms;
        snprintf(fields, sizeof fields, EXT "%s\r\n", offers[i].offer);
        assert_int_equal(ws_terms_accept(read_head("GET / HTTP/1.1", fields, true), &terms), ERR_OK);
        print_message("  %s\n", offers[i].offer);
        assert_int_equal(terms.deflates, offers[i].answer[0] != '\0');
        if (terms.deflates) assert_int_equal(ws_terms_answer(&terms, &out), ERR_OK);
        assert_true(span_is(buf_span(&out), span_of(offers[i].answer)));
        if (terms.deflates) assert_true(!terms.client.keeps_context && !terms.server.keeps_context);
        buf_clear(&out);
    }
}

static void an_answer_holds_nothing_that_was_not_offered(void **state)
{
    char fields[400];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        struct ws_terms terms, expected = answers[i].terms;
        snprintf(fields, sizeof fields, EXT "%s\r\n", answers[i].answer);
        print_message("  %s\n", answers[i].answer);
        assert_int_equal(ws_terms_agree(read_head(OK101, fields, false), answers[i].offered, &terms), answers[i].err);
        assert_int_equal(terms.deflates, expected.deflates);
        assert_int_equal(terms.client.window_bits, expected.client.window_bits);
        assert_int_equal(terms.server.window_bits, expected.server.window_bits);
        assert_int_equal(terms.server.keeps_context, expected.server.keeps_context);
        assert_false(terms.client.keeps_context); /* we never keep ours */
    }
}

static void two_fields_of_extensions_answer_nothing(void **state)
{
    struct ws_terms terms;

    (void)state;
    assert_int_equal(ws_terms_agree(read_head(OK101, EXT PMD "\r\n" EXT PMD "\r\n", false), true, &terms), ERR_PEER);
    assert_false(terms.deflates);
    assert_int_equal(ws_terms_agree(read_head(OK101, "", false), true, &terms), ERR_OK);
    assert_false(terms.deflates);
}

static void what_we_offer_is_an_offer_and_what_we_answer_agrees(void **state)
{
    struct buf fields = {0};
    struct ws_terms terms;
    char text[300];

    (void)state;
    snprintf(text, sizeof text, EXT "%.*s\r\n", SPAN_FMT(WS_TERMS_OFFER));
    assert_int_equal(ws_terms_accept(read_head("GET / HTTP/1.1", text, true), &terms), ERR_OK);
    assert_true(terms.deflates);
    assert_int_equal(ws_terms_answer(&terms, &fields), ERR_OK);
    snprintf(text, sizeof text, EXT "%.*s\r\n", SPAN_FMT(buf_span(&fields)));
    assert_int_equal(ws_terms_agree(read_head(OK101, text, false), true, &terms), ERR_OK);
    assert_true(terms.deflates && !terms.server.keeps_context);
    buf_clear(&fields);
}

static enum err read_list(struct span list, struct buf *out)
{
    struct ws_extension e;

    do {
        TRY(ws_extension_next(&list, &e));
        assert_int_equal(buf_add(out, e.name), ERR_OK);
        for (size_t i = 0; i < e.count; i++) {
            assert_int_equal(buf_printf(out, ";%.*s", SPAN_FMT(e.params[i].name)), ERR_OK);
            if (e.params[i].has_value) assert_int_equal(buf_printf(out, "=%.*s", SPAN_FMT(e.params[i].value)), ERR_OK);
        }
        assert_int_equal(buf_add(out, SPAN_LIT("|")), ERR_OK);
    } while (list.len > 0);
    return ERR_OK;
}

static void a_list_of_extensions_has_one_reading_or_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        struct buf out = {0};
        enum err err = read_list(span_of(lists[i].list), &out);
        print_message("  %s: %s\n", lists[i].list, err_name(err));
        assert_int_equal(err == ERR_OK, lists[i].read != NULL);
        if (err == ERR_OK) assert_true(span_is(buf_span(&out), span_of(lists[i].read)));
        buf_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered_by_101_if_it_is_a_handshake),
        cmocka_unit_test(a_request_that_asks_for_a_websocket_is_known),
        cmocka_unit_test(a_response_switches_if_it_answers_what_was_asked),
        cmocka_unit_test(the_accept_of_a_key_is_that_of_rfc_6455),
        cmocka_unit_test(a_new_key_is_another_one_and_valid),
        cmocka_unit_test(the_first_offer_that_can_be_undone_is_accepted),
        cmocka_unit_test(an_answer_holds_nothing_that_was_not_offered),
        cmocka_unit_test(two_fields_of_extensions_answer_nothing),
        cmocka_unit_test(what_we_offer_is_an_offer_and_what_we_answer_agrees),
        cmocka_unit_test(a_list_of_extensions_has_one_reading_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
