/* http2_write.c — a head becomes a list of names and values, each looked at as a reader will (RFC 9113 section 8.2). */
#include <inttypes.h>
#include <stdio.h>

#include "reactor/wire/http2_parts.h"
#include "reactor/wire/octets.h"

/* One list at a time: nghttp2 copies it as it is submitted. */
#define PSEUDO_MAX 6u
static nghttp2_nv list[HEAD_FIELDS_MAX + PSEUDO_MAX];
static size_t list_count;
static char number[24]; /* of a status or a length */

static void put(struct span name, struct span value, uint8_t flags)
{
    /* nghttp2 has no const here, and changes nothing */
    list[list_count++] = (nghttp2_nv){(uint8_t *)name.at, (uint8_t *)value.at, name.len, value.len, flags};
}

/* HTTP/2 has framing of its own (section 8.2.2); it refuses them, so they are dropped before. */
static const struct span never_fields[] = {
    SPAN_LIT("connection"),        SPAN_LIT("keep-alive"), SPAN_LIT("proxy-connection"),
    SPAN_LIT("transfer-encoding"), SPAN_LIT("upgrade"),    SPAN_LIT("content-length"),
};

bool http2_is_plain(const struct field *field)
{
    if (!octet_is_token(field->name) || !octet_is_value(field->value)) return false;
    if (octet_trim(field->value).len != field->value.len) return false;
    for (size_t i = 0; i < COUNT_OF(never_fields); i++)
        if (span_is_nocase(field->name, never_fields[i])) return false;
    return !span_is_nocase(field->name, SPAN_LIT("te")) || span_is_nocase(field->value, SPAN_LIT("trailers"));
}

static enum err put_fields(const struct head *head, const struct field *but, uint8_t flags)
{
    for (size_t i = 0; i < head->field_count; i++) {
        const struct field *field = &head->fields[i];
        if (field == but) continue;
        if (!http2_is_plain(field)) return ERR_SYNTAX;
        put(field->name, field->value, flags);
    }
    if (head->body == BODY_LENGTH || (head->body == BODY_NONE && head->length > 0)) {
        int len = snprintf(number, sizeof number, "%" PRIu64, head->length);
        put(SPAN_LIT("content-length"), (struct span){(const uint8_t *)number, (size_t)len}, flags);
    }
    return ERR_OK;
}

static void list_is(const nghttp2_nv **list_out, size_t *count_out)
{
    *list_out = list;
    *count_out = list_count;
}

/* A request may hold a credential in any field: none of them is indexed (RFC 7541 section 7.1.3). */
enum err http2_list_request(const struct head *head, const nghttp2_nv **list_out, size_t *count_out)
{
    const struct field *host = head_find(head, SPAN_LIT("host"));
    bool connect = span_is(head->method, SPAN_LIT("CONNECT")), extended = head->protocol.len > 0;
    bool star = span_is(head->target, SPAN_LIT("*"));

    list_count = 0;
    if (host == NULL || host->value.len == 0 || !octet_all(host->value, OCTET_HOST)) return ERR_SYNTAX;
    if (!octet_is_token(head->method) || connect != extended) return ERR_SYNTAX;
    if (!octet_all(head->target, OCTET_TARGET) || !(star || span_starts(head->target, SPAN_LIT("/"))))
        return ERR_SYNTAX;
    put(SPAN_LIT(":method"), head->method, NGHTTP2_NV_FLAG_NONE);
    put(SPAN_LIT(":scheme"), SPAN_LIT("https"), NGHTTP2_NV_FLAG_NONE);
    put(SPAN_LIT(":authority"), host->value, NGHTTP2_NV_FLAG_NONE);
    put(SPAN_LIT(":path"), head->target, NGHTTP2_NV_FLAG_NO_INDEX);
    if (extended) {
        if (!octet_is_token(head->protocol)) return ERR_SYNTAX;
        put(SPAN_LIT(":protocol"), head->protocol, NGHTTP2_NV_FLAG_NONE);
    }
    TRY(put_fields(head, host, NGHTTP2_NV_FLAG_NO_INDEX));
    list_is(list_out, count_out);
    return ERR_OK;
}

enum err http2_list_response(const struct head *head, const nghttp2_nv **list_out, size_t *count_out)
{
    static char status[8];
    int len = snprintf(status, sizeof status, "%u", head->status);

    list_count = 0;
    if (head->status < 100 || head->status > 599 || head->status == 101) return ERR_SYNTAX;
    put(SPAN_LIT(":status"), (struct span){(const uint8_t *)status, (size_t)len}, NGHTTP2_NV_FLAG_NONE);
    TRY(put_fields(head, NULL, NGHTTP2_NV_FLAG_NONE));
    list_is(list_out, count_out);
    return ERR_OK;
}

void http2_list_trailers(const struct http2_fields *trailers, uint8_t flags, const nghttp2_nv **list_out,
                         size_t *count_out)
{
    struct span text = buf_span(&trailers->text);
    struct field field;

    list_count = 0;
    while (http2_fields_next(&text, &field)) put(field.name, field.value, flags);
    list_is(list_out, count_out);
}
