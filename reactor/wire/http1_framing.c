/* http1_framing.c — what the fields say about where a message ends and what comes after it (RFC 9112 sections 6, 9). */
#include "reactor/wire/http1_parts.h"
#include "reactor/wire/octets.h"

/* The fields a recipient acts upon, each found in one walk over the head. */
enum special { HOST, LENGTH, CODING, CONNECTION, EXPECT, SPECIAL_COUNT };

static const struct span special_names[SPECIAL_COUNT] = {
    [HOST] = SPAN_LIT("host"),
    [LENGTH] = SPAN_LIT("content-length"),
    [CODING] = SPAN_LIT("transfer-encoding"),
    [CONNECTION] = SPAN_LIT("connection"),
    [EXPECT] = SPAN_LIT("expect"),
};

struct specials {
    struct span value[SPECIAL_COUNT]; /* of the last one */
    uint16_t count[SPECIAL_COUNT];
};

static void find_specials(const struct head *head, struct specials *out)
{
    *out = (struct specials){0};
    for (const struct field *field = head->fields; field < head->fields + head->field_count; field++)
        for (size_t i = 0; i < SPECIAL_COUNT; i++)
            if (span_is_nocase(field->name, special_names[i])) {
                out->value[i] = field->value;
                out->count[i]++;
            }
}

/* Sets body and length: BODY_LENGTH, BODY_CHUNKED, or BODY_NONE where neither field is there. */
static enum err read_framing(struct head *head, const struct specials *found, struct http1_fault *fault)
{
    struct span coding = found->value[CODING];

    head->body = BODY_NONE;
    head->length = 0;
    if (found->count[LENGTH] > 1) return http1_refuse(fault, 400, "two Content-Length fields");
    if (found->count[CODING] > 1) return http1_refuse(fault, 400, "two Transfer-Encoding fields");
    if (found->count[CODING] == 1) {
        if (found->count[LENGTH] == 1) return http1_refuse(fault, 400, "Content-Length and Transfer-Encoding");
        if (head->minor == 0) return http1_refuse(fault, 400, "Transfer-Encoding in HTTP/1.0");
        if (!span_is_nocase(coding, SPAN_LIT("chunked")))
            return http1_refuse(fault, octet_is_token(coding) ? 501 : 400, "a Transfer-Encoding that is not chunked");
        head->body = BODY_CHUNKED;
    }
    if (found->count[LENGTH] == 1) {
        if (!head_parse_length(found->value[LENGTH], &head->length))
            return http1_refuse(fault, 400, "a Content-Length that is not one number");
        head->body = BODY_LENGTH;
    }
    return ERR_OK;
}

/* RFC 9112 section 9.3. */
static enum err read_connection(struct head *head, const struct specials *found, struct http1_fault *fault)
{
    bool close = false, keep = head->minor == 1;
    size_t options = 0;
    struct span list, option;

    for (size_t i = 0; i < head->field_count && found->count[CONNECTION] > 0; i++) {
        if (!span_is_nocase(head->fields[i].name, special_names[CONNECTION])) continue;
        for (list = head->fields[i].value; head_next_element(&list, &option);) {
            if (++options > HEAD_OPTIONS_MAX) return http1_refuse(fault, 400, "too many connection options");
            close |= span_is_nocase(option, SPAN_LIT("close"));
            keep |= span_is_nocase(option, SPAN_LIT("keep-alive"));
        }
    }
    head->keep_alive = keep && !close;
    return ERR_OK;
}

/* Another expectation, or an obfuscated one, may be met by one hop and not by the next (RFC 9110 section 10.1.1). */
static enum err read_expect(struct head *head, const struct specials *found, struct http1_fault *fault)
{
    bool is_continue = found->count[EXPECT] == 1 && span_is_nocase(found->value[EXPECT], SPAN_LIT("100-continue"));

    head->expect_continue = is_continue && head->minor == 1;
    if (found->count[EXPECT] > 0 && !is_continue) return http1_refuse(fault, 417, "an unknown expectation");
    return ERR_OK;
}

/* RFC 9112 section 3.2. */
static enum err check_host(const struct head *head, const struct specials *found, struct http1_fault *fault)
{
    if (found->count[HOST] > 1) return http1_refuse(fault, 400, "two Host fields");
    if (found->count[HOST] == 0 && head->minor == 1) return http1_refuse(fault, 400, "no Host field");
    if (!octet_all(found->value[HOST], OCTET_HOST)) return http1_refuse(fault, 400, "not a host in Host");
    return ERR_OK;
}

enum err http1_frame_request(struct head *head, struct http1_fault *fault)
{
    struct specials found;

    find_specials(head, &found);
    TRY(check_host(head, &found, fault));
    TRY(read_framing(head, &found, fault));
    TRY(read_connection(head, &found, fault));
    TRY(read_expect(head, &found, fault));
    bool has_content = head->body == BODY_CHUNKED || head->length > 0,
         connect = span_is(head->method, SPAN_LIT("CONNECT"));
    if (has_content && (connect || span_is(head->method, SPAN_LIT("TRACE"))))
        return http1_refuse(fault, 400, "content in CONNECT or TRACE");
    if (connect) head->body = BODY_NONE;
    return ERR_OK;
}

/* RFC 9112 section 6.3, items 1 and 2. */
static bool never_has_content(const struct head *head, struct span method)
{
    return head->status < 200 || head->status == 204 || head->status == 304 || span_is(method, SPAN_LIT("HEAD")) ||
           (head->status < 300 && span_is(method, SPAN_LIT("CONNECT")));
}

enum err http1_frame_response(struct head *head, struct span method, struct http1_fault *fault)
{
    struct specials found;

    find_specials(head, &found);
    TRY(read_framing(head, &found, fault));
    TRY(read_connection(head, &found, fault));
    head->expect_continue = false;
    if (never_has_content(head, method)) {
        bool announced = head->status == 304 || span_is(method, SPAN_LIT("HEAD"));
        bool has_content = head->body == BODY_CHUNKED || head->length > 0;
        if (head->status < 200 && has_content) return http1_refuse(fault, 502, "content in an interim response");
        if (has_content && !announced) head->keep_alive = false; /* a sender that counts otherwise than we do */
        if (!announced) head->length = 0;
        head->body = BODY_NONE;
    } else if (head->body == BODY_NONE) {
        head->body = BODY_UNTIL_CLOSE;
        head->keep_alive = false;
    }
    return ERR_OK;
}
