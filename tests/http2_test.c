/* http2_test.c — frames in, and what must come of them: each case fed whole and one byte at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/http2_peer.h"

struct http2_case {
    const char *what;
    const char
        *mode; /* a answers; - no SETTINGS first; ! HTTP/1; of a client: h opens by HEAD, p by a POST without end */
    const char *in, *events, *out;
};

#include "tests/http2_cases.h"

static struct peer peer;

static const char *as_text(struct buf *out)
{
    static char text[1 << 16];

    frames_read_faults(buf_span(out), text, sizeof text);
    return text;
}

static void open_stream(const struct http2_case *c, struct buf *out)
{
    const char *method = c->mode[0] == 'h' ? "HEAD" : c->mode[0] == 'p' ? "POST" : "GET";
    struct head head = {.method = span_of(method), .target = SPAN_LIT("/"), .field_count = 1};
    struct http2_stream *stream;

    head.fields[0] = (struct field){SPAN_LIT("host"), SPAN_LIT("a")};
    assert_int_equal(http2_open(peer.http2, &head, c->mode[0] != 'p', (void *)1, &stream), ERR_OK);
    assert_int_equal(http2_take(peer.http2, out, SIZE_MAX), ERR_OK);
    buf_clear(out);
}

/* piece: bytes that come at once. */
static void run(const struct http2_case *c, enum http2_role role, size_t piece)
{
    struct buf in = {0}, out = {0};

    peer_begin(&peer, role);
    peer.answers = c->mode[0] == 'a';
    if (role == HTTP2_SERVER && c->mode[0] != '!') frames_add(&in, FRAMES_PREFACE, sizeof FRAMES_PREFACE - 1);
    if (c->mode[0] == '!') frames_add(&in, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
    if (c->mode[0] != '!' && c->mode[0] != '-') frames_write(&in, "settings 0");
    frames_write(&in, c->in);
    if (role == HTTP2_CLIENT) open_stream(c, &out);
    for (struct span left = buf_span(&in); left.len > 0; left = span_from(left, span_first(left, piece).len))
        assert_int_equal(http2_feed(peer.http2, span_first(left, piece), 0), ERR_OK);
    assert_int_equal(http2_take(peer.http2, &out, SIZE_MAX), ERR_OK);
    const char *text = as_text(&out);
    if (strcmp(peer.log, c->events) != 0 || strcmp(text, c->out) != 0)
        fail_msg("%s (%zu at once): {%s} {%s}", c->what, piece, peer.log, text);
    bool ended = strstr(text, "GOAWAY") != NULL;
    if ((ended && !http2_over(peer.http2)) || ended != (peer.goaways > 0)) fail_msg("%s: over or not", c->what);
    http2_free(&peer.http2);
    buf_clear(&in);
    buf_clear(&out);
}

static void a_server_reads_its_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(server_cases); i++) {
        run(&server_cases[i], HTTP2_SERVER, SIZE_MAX);
        run(&server_cases[i], HTTP2_SERVER, 1);
    }
}

static void a_client_reads_its_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(client_cases); i++) {
        run(&client_cases[i], HTTP2_CLIENT, SIZE_MAX);
        run(&client_cases[i], HTTP2_CLIENT, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_reads_its_table),
        cmocka_unit_test(a_client_reads_its_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
