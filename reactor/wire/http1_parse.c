/* http1_parse.c — one pass over a head: its line, then its fields; nothing is copied. */
#include "reactor/wire/http1_parts.h"
#include "reactor/wire/octets.h"

#define VERSION_LEN 8u /* HTTP/1.1 */

enum err http1_find_head(struct span in, size_t *scanned, size_t *len_out)
{
    if (in.len > 0 && in.at[0] != '\r' && !octet_is(in.at[0], OCTET_TOKEN)) return ERR_SYNTAX;
    return octet_find_end(in, HEAD_BYTES_MAX, false, scanned, len_out);
}

static bool is_crlf_at(struct span in, size_t at)
{
    return in.len - at >= 2 && in.at[at] == '\r' && in.at[at + 1] == '\n';
}
static bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

/* --- fields ---------------------------------------------------------------------------------------------- */
static const char *name_fault(struct span line, size_t name_len)
{
    uint8_t c = name_len < line.len ? line.at[name_len] : 0;

    if (name_len == 0) return c == ' ' || c == '\t' ? "a folded field line" : "a field line without a name";
    return c == ' ' || c == '\t' ? "whitespace before a colon" : "a field name that is not a token";
}

/* One field line in front of in: its length, or 0. */
static size_t parse_field(struct span in, struct field *field, const char **detail)
{
    size_t name_len = octet_run(in, 0, OCTET_TOKEN);

    if (name_len == 0 || name_len == in.len || in.at[name_len] != ':') {
        *detail = name_fault(in, name_len);
        return 0;
    }
    size_t end = octet_value_run(in, name_len + 1);
    if (!is_crlf_at(in, end)) {
        *detail = "a control character in a field value";
        return 0;
    }
    field->name = span_first(in, name_len);
    field->value = octet_trim(span_from(span_first(in, end), name_len + 1));
    return end + 2;
}

enum err http1_parse_fields(struct span lines, struct field *fields, size_t max, size_t *count_out,
                            struct http1_fault *fault)
{
    const char *detail = NULL;
    size_t count = 0;

    while (lines.len > 0) {
        if (count == max) return http1_refuse(fault, 431, "too many fields");
        size_t len = parse_field(lines, &fields[count], &detail);
        if (len == 0) return http1_refuse(fault, 400, detail);
        lines = span_from(lines, len);
        count++;
    }
    *count_out = count;
    return ERR_OK;
}

/* in: the head from its first field on, the empty line included. */
static enum err parse_head_fields(struct span in, struct head *head, struct http1_fault *fault)
{
    size_t count;

    if (in.len < 2 || !is_crlf_at(in, in.len - 2)) return http1_refuse(fault, 400, "no empty line");
    TRY(http1_parse_fields(span_first(in, in.len - 2), head->fields, HEAD_FIELDS_MAX, &count, fault));
    head->field_count = (uint16_t)count;
    return ERR_OK;
}

/* --- the first line -------------------------------------------------------------------------------------- */
static enum err parse_version(struct span in, size_t at, struct head *head, struct http1_fault *fault)
{
    if (in.len - at < VERSION_LEN) return http1_refuse(fault, 400, "not an HTTP version");
    const uint8_t *version = in.at + at;
    if (memcmp(version, "HTTP/", 5) != 0 || !is_digit(version[5]) || version[6] != '.' || !is_digit(version[7]))
        return http1_refuse(fault, 400, "not an HTTP version");
    if (version[5] != '1' || version[7] > '1') return http1_refuse(fault, 505, "neither HTTP/1.0 nor HTTP/1.1");
    head->minor = (uint8_t)(version[7] - '0');
    return ERR_OK;
}

/* method SP target SP version CRLF */
static enum err parse_request_line(struct span in, struct head *head, size_t *len_out, struct http1_fault *fault)
{
    size_t method_len = octet_run(in, 0, OCTET_TOKEN), target_at = method_len + 1;

    if (span_find(span_first(in, HEAD_LINE_MAX + 1), '\r', 0) > HEAD_LINE_MAX)
        return http1_refuse(fault, 414, "the request line is too long");
    if (method_len == 0 || method_len == in.len || in.at[method_len] != ' ')
        return http1_refuse(fault, 400, "the method is not a token");
    size_t target_end = octet_run(in, target_at, OCTET_TARGET);
    if (target_end == target_at || target_end == in.len || in.at[target_end] != ' ')
        return http1_refuse(fault, 400, "the target is not one word of ASCII");
    TRY(parse_version(in, target_end + 1, head, fault));
    if (!is_crlf_at(in, target_end + 1 + VERSION_LEN)) return http1_refuse(fault, 400, "bytes after the version");
    head->method = span_first(in, method_len);
    head->target = span_from(span_first(in, target_end), target_at);
    head->status = 0;
    head->protocol = head->reason = (struct span){0};
    *len_out = target_end + 1 + VERSION_LEN + 2;
    return ERR_OK;
}

enum err http1_parse_request(struct span in, struct head *head, struct http1_fault *fault)
{
    size_t len;

    if (is_crlf_at(in, 0)) in = span_from(in, 2);
    TRY(parse_request_line(in, head, &len, fault));
    TRY(parse_head_fields(span_from(in, len), head, fault));
    return http1_frame_request(head, fault);
}

/* version SP 3DIGIT [ SP reason ] CRLF */
static enum err parse_status_line(struct span in, struct head *head, size_t *len_out, struct http1_fault *fault)
{
    size_t code_at = VERSION_LEN + 1, reason_at = code_at + 3, end;

    TRY(parse_version(in, 0, head, fault));
    if (in.len < reason_at || in.at[VERSION_LEN] != ' ') return http1_refuse(fault, 502, "no status code");
    const uint8_t *code = in.at + code_at;
    if (code[0] < '1' || code[0] > '5' || !is_digit(code[1]) || !is_digit(code[2]))
        return http1_refuse(fault, 502, "a status code outside 100 to 599");
    end = octet_value_run(in, reason_at);
    if (end > HEAD_LINE_MAX) return http1_refuse(fault, 431, "the status line is too long");
    if (!is_crlf_at(in, end) || (end > reason_at && in.at[reason_at] != ' '))
        return http1_refuse(fault, 502, "not a reason phrase");
    head->status = (uint16_t)((code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0'));
    head->reason = span_from(span_first(in, end), end > reason_at ? reason_at + 1 : end);
    head->method = head->target = head->protocol = (struct span){0};
    *len_out = end + 2;
    return ERR_OK;
}

static enum err parse_response(struct span in, struct span method, struct head *head, struct http1_fault *fault)
{
    size_t len;

    TRY(parse_status_line(in, head, &len, fault));
    TRY(parse_head_fields(span_from(in, len), head, fault));
    return http1_frame_response(head, method, fault);
}

enum err http1_parse_response(struct span in, struct span method, struct head *head, struct http1_fault *fault)
{
    enum err err = parse_response(in, method, head, fault);

    if (err != ERR_OK) fault->status = 502;
    return err;
}
