#include "dlp/scan/shape.h"

#include "dlp/scan/json_shape.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"

/* What was decoded of a secret; wiped by whoever decoded it. */
struct decoded {
    uint8_t bytes[RULE_WINDOW];
    size_t len;
};

static bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

static int base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (is_digit(c)) return c - '0' + 52;
    if (c == '+' || c == '-') return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* RFC 4648 in either alphabet; padding may be there, or not, but not in part; bits that are left over must be zero. */
static bool base64_decode(struct span text, struct decoded *out)
{
    uint32_t bits = 0;
    size_t count = text.len, held = 0;

    while (count > 0 && text.len - count < 2 && text.at[count - 1] == '=') count--;
    if ((count < text.len && text.len % 4 != 0) || count % 4 == 1 || count > sizeof out->bytes) return false;
    out->len = 0;
    for (size_t i = 0; i < count; i++) {
        int value = base64_value(text.at[i]);
        if (value < 0) return false;
        bits = bits << 6 | (unsigned)value;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out->bytes[out->len++] = (uint8_t)(bits >> held);
    }
    return (bits & ((1u << held) - 1)) == 0;
}

static struct span decoded_span(const struct decoded *decoded) { return (struct span){decoded->bytes, decoded->len}; }

static bool is_base64_json(struct span text, const char *member)
{
    struct decoded decoded;
    bool is = base64_decode(text, &decoded) && json_is_object(decoded_span(&decoded), member);

    mem_wipe(&decoded, sizeof decoded);
    return is;
}

enum check_result shape_jwt(struct span secret)
{
    size_t first = span_find(secret, '.', 0), second = span_find(secret, '.', first + 1);
    struct span header = span_first(secret, first);

    if (second >= secret.len) return CHECK_UNKNOWN;
    struct span payload = {secret.at + first + 1, second - first - 1};
    return is_base64_json(header, "alg") && is_base64_json(payload, NULL) ? CHECK_GOOD : CHECK_BAD;
}

/* The number of digits at the start of text. */
static size_t digits_of(struct span text)
{
    size_t count = 0;

    while (count < text.len && is_digit(text.at[count])) count++;
    return count;
}

/* Does the base64 begin with start, digits and a colon? */
static bool is_numbered(struct span text, struct span start)
{
    struct decoded decoded;
    bool is = base64_decode(text, &decoded) && span_starts(decoded_span(&decoded), start);

    if (is) {
        struct span rest = span_from(decoded_span(&decoded), start.len);
        size_t count = digits_of(rest);
        is = count > 0 && count < rest.len && rest.at[count] == ':';
    }
    mem_wipe(&decoded, sizeof decoded);
    return is;
}

static struct span without(struct span text, struct span start)
{
    return span_starts(text, start) ? span_from(text, start.len) : text;
}

enum check_result shape_grafana_json(struct span secret)
{
    return is_base64_json(without(secret, SPAN_LIT("glc_")), NULL) ? CHECK_GOOD : CHECK_BAD;
}

enum check_result shape_atlassian_dc(struct span secret)
{
    return is_numbered(without(secret, SPAN_LIT("BBDC-")), SPAN_LIT("")) ? CHECK_GOOD : CHECK_BAD;
}

enum check_result shape_jfrog_reftkn(struct span secret)
{
    return is_numbered(secret, SPAN_LIT("reftkn:")) ? CHECK_GOOD : CHECK_BAD;
}

enum check_result shape_azure_key(struct span secret)
{
    struct decoded decoded;
    bool is = base64_decode(secret, &decoded) && (decoded.len == 32 || decoded.len == 64);

    mem_wipe(&decoded, sizeof decoded);
    return is ? CHECK_GOOD : CHECK_BAD;
}

/* Bits 1 to 40 of the sixteen characters are the account, of twelve decimal digits at most.  Ids of before 2019 hold
 * none; they go on with I or J. */
enum check_result shape_aws_key_id(struct span secret)
{
    uint64_t account = 0;

    if (secret.len != 20 || secret.at[4] == 'I' || secret.at[4] == 'J') return CHECK_UNKNOWN;
    for (size_t i = 4; i < secret.len; i++) {
        uint8_t c = secret.at[i];
        bool letter = c >= 'A' && c <= 'Z';
        if (!letter && (c < '2' || c > '7')) return CHECK_BAD;
        if (i < 13) account = account << 5 | (unsigned)(letter ? c - 'A' : c - '2' + 26);
    }
    account = account >> 4 & ((UINT64_C(1) << 40) - 1);
    return account > 0 && account < UINT64_C(1000000000000) ? CHECK_GOOD : CHECK_BAD;
}

enum check_result shape_discord(struct span secret)
{
    struct decoded decoded;
    size_t dot = span_find(secret, '.', 0);

    if (dot == secret.len) return CHECK_UNKNOWN;
    if (!base64_decode(span_first(secret, dot), &decoded)) return CHECK_BAD;
    bool number = digits_of(decoded_span(&decoded)) == decoded.len;
    return number && decoded.len >= 17 && decoded.len <= 20 ? CHECK_GOOD : CHECK_BAD;
}

/* Cuts "-----WORD label-----" off the front of text. */
static bool cut_line(struct span *text, struct span word, struct span *label)
{
    static const struct span dashes = SPAN_LIT("-----");
    struct span rest = *text;

    if (!span_starts(rest, dashes)) return false;
    rest = span_from(rest, dashes.len);
    if (!span_starts(rest, word)) return false;
    rest = span_from(rest, word.len);
    *label = span_first(rest, span_find(rest, '-', 0));
    rest = span_from(rest, label->len);
    if (!span_starts(rest, dashes)) return false;
    *text = span_from(rest, dashes.len);
    return true;
}

/* The body without white space and the escapes that stand for it. */
static size_t squeeze(struct span body, uint8_t *out)
{
    size_t len = 0;

    for (size_t i = 0; i < body.len; i++) {
        uint8_t c = body.at[i];
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
        if (c == '\\' && i + 1 < body.len) {
            while (i + 1 < body.len && body.at[i + 1] == '\\') i++;
            i++;
            continue;
        }
        out[len++] = c;
    }
    return len;
}

/* X.690 section 8.1.3: is der one whole SEQUENCE with a length in the definite form? */
static bool is_sequence(struct span der)
{
    size_t octets, len = 0;

    if (der.len < 2 || der.at[0] != 0x30) return false;
    if (der.at[1] < 0x80) return der.len == 2u + der.at[1];
    octets = der.at[1] & 0x7f;
    if (octets == 0 || octets > 2 || der.len < 2 + octets) return false;
    for (size_t i = 0; i < octets; i++) len = len << 8 | der.at[2 + i];
    return der.len == 2 + octets + len;
}

static bool is_key(struct span body)
{
    uint8_t text[RULE_WINDOW];
    struct decoded decoded;
    bool is = base64_decode((struct span){text, squeeze(body, text)}, &decoded);

    is = is &&
         (is_sequence(decoded_span(&decoded)) || span_starts(decoded_span(&decoded), SPAN_LIT("openssh-key-v1\0")));
    mem_wipe(text, sizeof text);
    mem_wipe(&decoded, sizeof decoded);
    return is;
}

enum check_result shape_pem(struct span secret)
{
    struct span begin, end, body;

    if (!cut_line(&secret, SPAN_LIT("BEGIN "), &begin)) return CHECK_UNKNOWN;
    body = span_first(secret, span_find(secret, '-', 0));
    secret = span_from(secret, body.len);
    if (!cut_line(&secret, SPAN_LIT("END "), &end)) return CHECK_UNKNOWN;
    if (span_find(body, ':', 0) < body.len) return CHECK_UNKNOWN;
    return span_is(begin, end) && is_key(body) ? CHECK_GOOD : CHECK_BAD;
}
