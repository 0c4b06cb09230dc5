/* http1_write.c — heads and chunks out; each is measured first, so it is appended whole or not at all. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "reactor/wire/http1.h"
#include "reactor/wire/octets.h"

#define LINE_PARTS 5u

static void put(uint8_t **at, struct span s)
{
    if (s.len > 0) memcpy(*at, s.at, s.len);
    *at += s.len;
}

static void put_fields(uint8_t **at, const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(at, fields[i].name);
        put(at, SPAN_LIT(": "));
        put(at, fields[i].value);
        put(at, SPAN_LIT("\r\n"));
    }
}

/* Adds the length of the fields' lines to *size. */
static enum err measure_fields(const struct field *fields, size_t count, size_t *size)
{
    for (size_t i = 0; i < count; i++) {
        if (!octet_is_token(fields[i].name) || !octet_is_value(fields[i].value)) return ERR_SYNTAX;
        *size += fields[i].name.len + 2 + fields[i].value.len + 2;
    }
    return ERR_OK;
}

static void assert_unframed(const struct head *head)
{
    assert(head_find(head, SPAN_LIT("content-length")) == NULL);
    assert(head_find(head, SPAN_LIT("transfer-encoding")) == NULL);
    assert(head_find(head, SPAN_LIT("connection")) == NULL);
}

/* The fields the writer owns, and the empty line. */
static struct span framing(const struct head *head, bool close, char *text, size_t size)
{
    bool upgrade = !close && head_find(head, SPAN_LIT("upgrade")) != NULL;
    int len = 0;

    if (head->body == BODY_LENGTH || (head->body == BODY_NONE && head->length > 0))
        len = snprintf(text, size, "Content-Length: %" PRIu64 "\r\n", head->length);
    len += snprintf(text + len, size - (size_t)len, "%s%s\r\n",
                    head->body == BODY_CHUNKED ? "Transfer-Encoding: chunked\r\n" : "",
                    close     ? "Connection: close\r\n"
                    : upgrade ? "Connection: upgrade\r\n"
                              : "");
    return (struct span){(const uint8_t *)text, (size_t)len};
}

static enum err write_head(struct buf *out, const struct span line[LINE_PARTS], const struct head *head, bool close)
{
    char text[128];
    uint8_t *at;
    size_t size = 0;

    assert_unframed(head);
    struct span end = framing(head, close, text, sizeof text);
    TRY(measure_fields(head->fields, head->field_count, &size));
    for (size_t i = 0; i < LINE_PARTS; i++) size += line[i].len;
    size += end.len;
    TRY(buf_room(out, size, &at));
    for (size_t i = 0; i < LINE_PARTS; i++) put(&at, line[i]);
    put_fields(&at, head->fields, head->field_count);
    put(&at, end);
    buf_added(out, size);
    return ERR_OK;
}

enum err http1_write_request(struct buf *out, const struct head *head, bool close)
{
    const struct span line[LINE_PARTS] = {head->method, SPAN_LIT(" "), head->target, SPAN_LIT(" HTTP/1.1\r\n")};

    assert(head->body != BODY_UNTIL_CLOSE);
    if (!octet_is_token(head->method) || head->target.len == 0 || !octet_all(head->target, OCTET_TARGET))
        return ERR_SYNTAX;
    return write_head(out, line, head, close);
}

enum err http1_write_response(struct buf *out, const struct head *head, bool close)
{
    const uint8_t code[3] = {(uint8_t)('0' + head->status / 100), (uint8_t)('0' + head->status / 10 % 10),
                             (uint8_t)('0' + head->status % 10)};
    const struct span line[LINE_PARTS] = {
        SPAN_LIT("HTTP/1.1 "), {code, sizeof code}, SPAN_LIT(" "), head->reason, SPAN_LIT("\r\n")};

    assert(head->body != BODY_UNTIL_CLOSE || close);
    assert(head->status >= 100 && head->status <= 599);
    if (!octet_is_value(head->reason)) return ERR_SYNTAX;
    return write_head(out, line, head, close);
}

enum err http1_write_chunk(struct buf *out, struct span data)
{
    char text[16];
    uint8_t *at;

    assert(data.len <= CHUNK_SIZE_MAX);
    if (data.len == 0) return ERR_OK;
    int len = snprintf(text, sizeof text, "%zx\r\n", data.len);
    size_t size = (size_t)len + data.len + 2;
    TRY(buf_room(out, size, &at));
    put(&at, (struct span){(const uint8_t *)text, (size_t)len});
    put(&at, data);
    put(&at, SPAN_LIT("\r\n"));
    buf_added(out, size);
    return ERR_OK;
}

enum err http1_write_last(struct buf *out, const struct field *trailers, size_t trailer_count)
{
    size_t size = 3 + 2;
    uint8_t *at;

    TRY(measure_fields(trailers, trailer_count, &size));
    TRY(buf_room(out, size, &at));
    put(&at, SPAN_LIT("0\r\n"));
    put_fields(&at, trailers, trailer_count);
    put(&at, SPAN_LIT("\r\n"));
    buf_added(out, size);
    return ERR_OK;
}
