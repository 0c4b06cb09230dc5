/* fuzz_response_head.c — claim: how the bytes are cut changes nothing, whatever method is answered; an accepted head is
 * written so that it reads the same, and a connection that is kept has been read to its last byte.
 * The first byte is the cut and the method.  Reaches http1_find_head, http1_parse_response, http1_body_feed,
 * http1_parse_trailers, http1_write_response.  Seeds fuzz/corpus/response_head. */
#include <stdlib.h>

#include "tests/http1_reader.h"

static const char *const methods[] = {"GET", "HEAD", "CONNECT", "POST"};

static void write_and_read_again(struct head *head, struct span method)
{
    static struct head again;
    struct http1_fault fault;
    struct buf out = {0};
    size_t scanned = 0, len;

    head_drop_hop_fields(head);
    head_remove(head, SPAN_LIT("content-length"));
    if (head->field_count + 2u > HEAD_FIELDS_MAX) return;
    if (http1_write_response(&out, head, !head->keep_alive) != ERR_OK) abort();
    if (http1_find_head(buf_span(&out), &scanned, &len) != ERR_OK || len != buf_len(&out)) abort();
    if (http1_parse_response(buf_span(&out), method, &again, &fault) != ERR_OK) abort();
    if (again.status != head->status || !span_is(again.reason, head->reason)) abort();
    if (again.body != head->body || again.length != head->length || again.keep_alive != head->keep_alive) abort();
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct head head, cut_head;
    struct buf body = {0}, cut_body = {0};

    if (len < 2 || len > HEAD_BYTES_MAX / 2) return 0;
    struct span in = {bytes + 1, len - 1}, method = span_of(methods[bytes[0] & 3]);
    struct reader whole = reader_response(in, len, method, &head, &body);
    struct reader cut = reader_response(in, 1 + bytes[0] / 16u, method, &cut_head, &cut_body);

    if (whole.end != cut.end || whole.digest != cut.digest || head.status != cut_head.status) abort();
    if (!span_is(buf_span(&body), buf_span(&cut_body))) abort();
    if (whole.end == READER_ENDED && whole.from != in.len) abort();
    if (whole.end == READER_REFUSED && (whole.fault.status == 0 || whole.fault.detail == NULL)) abort();
    if (whole.end == READER_ENDED || whole.end == READER_CLOSED) write_and_read_again(&head, method);
    buf_clear(&body), buf_clear(&cut_body);
    return 0;
}
