/* fuzz_request_head.c — claim: how the bytes are cut changes nothing; an accepted head holds no CR, LF or NUL in any
 * span, and what the writer makes of it parses to the same fields.
 * The first byte is the cut.  Reaches http1_find_head, http1_parse_request, http1_body_feed, http1_parse_trailers,
 * http1_write_request, head_drop_hop_fields.  Seeds fuzz/corpus/request_head. */
#include <stdlib.h>

#include "tests/http1_reader.h"

static void assert_plain(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] == '\r' || s.at[i] == '\n' || s.at[i] == '\0') abort();
}

static void assert_plain_head(const struct head *head)
{
    assert_plain(head->method), assert_plain(head->target);
    for (size_t i = 0; i < head->field_count; i++) {
        if (head->fields[i].name.len == 0) abort();
        assert_plain(head->fields[i].name), assert_plain(head->fields[i].value);
    }
}

static void assert_same(const struct head *a, const struct head *b)
{
    if (!span_is(a->method, b->method) || !span_is(a->target, b->target)) abort();
    if (a->body != b->body || a->length != b->length || a->expect_continue != b->expect_continue) abort();
    if (b->field_count < a->field_count) abort();
    for (size_t i = 0; i < a->field_count; i++) /* the writer's own fields come last */
        if (!span_is(a->fields[i].name, b->fields[i].name) || !span_is(a->fields[i].value, b->fields[i].value)) abort();
}

/* As the proxy does: a head for the next hop, with a Host. */
static bool forward(struct head *head)
{
    head_drop_hop_fields(head);
    head_remove(head, SPAN_LIT("content-length"));
    if (head_find(head, SPAN_LIT("connection")) != NULL || head_find(head, SPAN_LIT("upgrade")) != NULL) abort();
    head->expect_continue =
        head_find(head, SPAN_LIT("expect")) != NULL; /* HTTP/1.0 becomes HTTP/1.1, or it was named */
    if (head_find(head, SPAN_LIT("host")) == NULL && head_add(head, SPAN_LIT("Host"), SPAN_LIT("a")) != ERR_OK)
        return false;
    return head->field_count + 2u <= HEAD_FIELDS_MAX;
}

static void write_and_read_again(struct span in)
{
    static struct head head, again;
    struct http1_fault fault = {0};
    struct buf out = {0};
    size_t scanned = 0, len;

    if (http1_find_head(in, &scanned, &len) != ERR_OK) return;
    if (http1_parse_request(span_first(in, len), &head, &fault) != ERR_OK) {
        if (fault.status < 400 || fault.detail == NULL) abort();
        return;
    }
    assert_plain_head(&head);
    if (!forward(&head)) return;
    if (http1_write_request(&out, &head, !head.keep_alive) != ERR_OK) abort();
    scanned = 0;
    enum err found = http1_find_head(buf_span(&out), &scanned, &len);
    if (found == ERR_OK) { /* else the bound: the writer's "HTTP/1.1" fields made it longer */
        if (len != buf_len(&out) || http1_parse_request(buf_span(&out), &again, &fault) != ERR_OK) abort();
        assert_same(&head, &again);
        if (again.keep_alive != head.keep_alive) abort();
    } else if (found != ERR_LIMIT)
        abort();
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 2) return 0;
    struct span in = {bytes + 1, len - 1};
    struct reader whole = reader_requests(in, len), cut = reader_requests(in, 1 + bytes[0] % 16u);

    if (whole.end != cut.end || whole.messages != cut.messages || whole.digest != cut.digest) abort();
    if (whole.fault.status != cut.fault.status) abort();
    write_and_read_again(in);
    return 0;
}
