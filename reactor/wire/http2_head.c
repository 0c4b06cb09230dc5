/* http2_head.c — a header block becomes a head.  nghttp2 has seen to it that pseudo-fields come first, once, and are
 * known, that names are lower-case tokens and values hold no control bytes (RFC 9113 sections 8.2 and 8.3). */
#include <assert.h>

#include "reactor/wire/http2_parts.h"
#include "reactor/wire/octets.h"

/* --- fields behind each other ------------------------------------------------------------------------------ */
struct lengths {
    uint32_t name, value;
};

enum err http2_fields_add(struct http2_fields *fields, struct field field, size_t size_max)
{
    const struct lengths lengths = {(uint32_t)field.name.len, (uint32_t)field.value.len};
    size_t size = fields->size + field.name.len + field.value.len + HTTP2_FIELD_OVERHEAD;
    uint8_t *at;

    if (size > size_max || fields->count == HEAD_FIELDS_MAX) return ERR_LIMIT;
    TRY(buf_room(&fields->text, sizeof lengths + field.name.len + field.value.len, &at));
    memcpy(at, &lengths, sizeof lengths);
    memcpy(at + sizeof lengths, field.name.at, field.name.len);
    if (field.value.len > 0) memcpy(at + sizeof lengths + field.name.len, field.value.at, field.value.len);
    buf_added(&fields->text, sizeof lengths + field.name.len + field.value.len);
    fields->size = size;
    fields->count++;
    return ERR_OK;
}

void http2_fields_clear(struct http2_fields *fields)
{
    buf_clear(&fields->text);
    *fields = (struct http2_fields){0};
}

bool http2_fields_next(struct span *text, struct field *field)
{
    struct lengths lengths;

    if (text->len == 0) return false;
    assert(text->at != NULL && text->len >= sizeof lengths); /* it is what http2_fields_add() wrote */
    memcpy(&lengths, text->at, sizeof lengths);
    *text = span_from(*text, sizeof lengths);
    field->name = span_first(*text, lengths.name);
    *text = span_from(*text, lengths.name);
    field->value = span_first(*text, lengths.value);
    *text = span_from(*text, lengths.value);
    return true;
}

/* --- a block into a head ------------------------------------------------------------------------------------ */
enum pseudo { METHOD, SCHEME, AUTHORITY, PATH, PROTOCOL, STATUS, PSEUDO_COUNT };

static const struct span pseudo_names[PSEUDO_COUNT] = {
    [METHOD] = SPAN_LIT(":method"), [SCHEME] = SPAN_LIT(":scheme"), [AUTHORITY] = SPAN_LIT(":authority"),
    [PATH] = SPAN_LIT(":path"),     [STATUS] = SPAN_LIT(":status"), [PROTOCOL] = SPAN_LIT(":protocol"),
};

struct block {
    struct span pseudo[PSEUDO_COUNT];
    const struct field *host, *length, *expect; /* the last of each */
    uint16_t host_count, expect_count;
};

static void keep_pseudo(struct block *block, const struct field *field)
{
    for (size_t i = 0; i < PSEUDO_COUNT; i++)
        if (span_is(field->name, pseudo_names[i])) block->pseudo[i] = field->value;
}

static void keep_special(struct block *block, const struct field *field)
{
    if (span_is(field->name, SPAN_LIT("host"))) {
        block->host = field;
        block->host_count++;
    } else if (span_is(field->name, SPAN_LIT("content-length"))) {
        block->length = field;
    } else if (span_is(field->name, SPAN_LIT("expect"))) {
        block->expect = field;
        block->expect_count++;
    }
}

/* A cookie may come in crumbs, one field each; outside HTTP/2 it is one field again (RFC 9113 section 8.2.3). */
static enum err join_cookies(struct http2 *http2, struct head *head)
{
    const struct span name = SPAN_LIT("cookie");
    struct field *first = NULL;
    uint16_t kept = 0, before = head->field_count;

    if (head_count(head, name) < 2) return ERR_OK;
    for (size_t i = 0; i < before; i++) {
        bool cookie = span_is(head->fields[i].name, name);
        if (cookie && first != NULL) TRY(buf_add(&http2->cookie, SPAN_LIT("; ")));
        if (cookie) TRY(buf_add(&http2->cookie, head->fields[i].value));
        if (cookie && first != NULL) continue;
        head->fields[kept] = head->fields[i];
        if (cookie) first = &head->fields[kept];
        kept++;
    }
    assert(first != NULL); /* there are two */
    first->value = buf_span(&http2->cookie);
    head->field_count = kept;
    return ERR_OK;
}

static void read_block(const struct http2 *http2, struct block *block, struct head *head)
{
    struct span text = buf_span(&http2->block.text);
    struct field field;

    *block = (struct block){0};
    memset(head, 0, offsetof(struct head, fields)); /* what is behind field_count is never looked at */
    head->minor = 1;
    head->keep_alive = true;
    while (http2_fields_next(&text, &field)) {
        if (field.name.at[0] == ':') {
            keep_pseudo(block, &field);
        } else {
            head->fields[head->field_count] = field; /* a block has no more than HEAD_FIELDS_MAX */
            keep_special(block, &head->fields[head->field_count++]);
        }
    }
}

/* Sets body and length of a message that may have content. */
static const char *read_framing(const struct block *block, bool whole, struct head *head)
{
    head->body = whole ? BODY_NONE : BODY_CHUNKED;
    if (block->length == NULL) return NULL;
    if (!head_parse_length(block->length->value, &head->length)) return "a Content-Length that is not one number";
    head->body = BODY_LENGTH;
    return NULL;
}

/* --- requests ------------------------------------------------------------------------------------------------ */
static const char *check_names(const struct block *block, const struct head *head)
{
    struct span authority = block->pseudo[AUTHORITY], path = block->pseudo[PATH];
    struct span host = authority;

    if (host.len == 0 && block->host != NULL) host = block->host->value;
    if (!octet_all(host, OCTET_HOST)) return "not a host in :authority or Host";
    if (block->host_count > 1) return "two Host fields";
    if (block->host != NULL && !span_is_nocase(block->host->value, host)) return "a Host that is not :authority";
    if (path.len > HEAD_LINE_MAX) return "a :path that is too long";
    if (!octet_all(path, OCTET_TARGET)) return "a :path that is not one word of ASCII";
    if (path.len > 0 && !span_is_nocase(block->pseudo[SCHEME], SPAN_LIT("https"))) return "a scheme that is not https";
    if (block->host == NULL && head->field_count == HEAD_FIELDS_MAX) return "too many fields";
    return NULL;
}

/* As http1.h does it. */
static const char *check_content(const struct block *block, bool whole, const struct head *head)
{
    bool connect = span_is(head->method, SPAN_LIT("CONNECT"));

    if (connect && block->length != NULL) return "a Content-Length in CONNECT";
    if (!whole && span_is(head->method, SPAN_LIT("TRACE"))) return "content in TRACE";
    if (block->expect_count > 1 ||
        (block->expect != NULL && !span_is_nocase(block->expect->value, SPAN_LIT("100-continue"))))
        return "an unknown expectation";
    return NULL;
}

const char *http2_read_request(struct http2 *http2, bool whole, struct head *head, enum err *err)
{
    struct block block;
    const char *why;

    *err = ERR_OK;
    read_block(http2, &block, head);
    head->method = block.pseudo[METHOD];
    head->protocol = block.pseudo[PROTOCOL];
    head->target = block.pseudo[PATH].len > 0 ? block.pseudo[PATH] : block.pseudo[AUTHORITY];
    head->expect_continue = block.expect != NULL;
    why = check_names(&block, head);
    if (why == NULL) why = check_content(&block, whole, head);
    if (why == NULL) why = read_framing(&block, whole, head);
    if (why != NULL) return why;
    if (block.host == NULL)
        head->fields[head->field_count++] = (struct field){SPAN_LIT("host"), block.pseudo[AUTHORITY]};
    *err = join_cookies(http2, head);
    return NULL;
}

/* --- responses ----------------------------------------------------------------------------------------------- */
static bool parse_status(struct span text, uint16_t *out)
{
    if (text.len != 3 || text.at[0] < '1' || text.at[0] > '5') return false; /* its digits are digits */
    *out = (uint16_t)((text.at[0] - '0') * 100 + (text.at[1] - '0') * 10 + (text.at[2] - '0'));
    return true;
}

const char *http2_read_response(struct http2 *http2, bool whole, bool to_head, struct head *head, enum err *err)
{
    struct block block;
    const char *why;

    *err = ERR_OK;
    read_block(http2, &block, head);
    if (!parse_status(block.pseudo[STATUS], &head->status)) return "a status outside 100 to 599";
    why = read_framing(&block, whole, head);
    if (why != NULL) return why;
    if (head->status < 200 || head->status == 204 || head->status == 304 || to_head)
        head->body = BODY_NONE;
    else if (head->body == BODY_NONE)
        head->body = BODY_LENGTH; /* of 0: HTTP/1 would wait for more */
    *err = join_cookies(http2, head);
    return NULL;
}
