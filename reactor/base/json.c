#include "reactor/base/json.h"

#include "reactor/base/encode.h"
#include "reactor/base/utf8.h"

static void put(struct json *json, struct span bytes)
{
    if (json->err == ERR_OK) json->err = buf_add(json->out, bytes);
}

/* Stand as they are: printable ASCII but the quote and the backslash. */
static const bool plain[256] = {[0x20 ... 0x21] = true, [0x23 ... 0x5b] = true, [0x5d ... 0x7e] = true};

/* The length of the character in front when it may stand as it is, else 0. */
static size_t wide_len(struct span s)
{
    size_t len = utf8_len(s);
    bool c1_control = len == 2 && s.at[0] == 0xc2 && s.at[1] < 0xa0; /* U+0080..9F steer terminals too */

    return len > 1 && !c1_control ? len : 0;
}

/* How many bytes in front may stand as they are. */
static size_t plain_len(struct span text)
{
    size_t at, len;

    for (at = 0; at < text.len; at += len) {
        len = plain[text.at[at]] ? 1 : wide_len(span_from(text, at));
        if (len == 0) break;
    }
    return at;
}

static void put_quoted(struct json *json, struct span text)
{
    put(json, SPAN_LIT("\""));
    for (;;) {
        size_t len = plain_len(text);
        put(json, span_first(text, len));
        text = span_from(text, len);
        if (text.len == 0 || json->err != ERR_OK) break;
        json->err = buf_printf(json->out, "\\u%04x", text.at[0]);
        text = span_from(text, 1);
    }
    put(json, SPAN_LIT("\""));
}

static void begin_member(struct json *json, const char *key)
{
    if (json->comma) put(json, SPAN_LIT(","));
    json->comma = true;
    if (key == NULL) return;
    put_quoted(json, span_of(key));
    put(json, SPAN_LIT(":"));
}

void json_open(struct json *json, const char *key, char bracket)
{
    begin_member(json, key);
    put(json, (struct span){(const uint8_t *)&bracket, 1});
    json->comma = false;
}

void json_close(struct json *json, char bracket)
{
    put(json, (struct span){(const uint8_t *)&bracket, 1});
    json->comma = true;
}

void json_text(struct json *json, const char *key, struct span value)
{
    begin_member(json, key);
    put_quoted(json, value);
}

void json_hex(struct json *json, const char *key, struct span bytes)
{
    begin_member(json, key);
    put(json, SPAN_LIT("\""));
    if (json->err == ERR_OK) json->err = encode_hex(json->out, bytes);
    put(json, SPAN_LIT("\""));
}

void json_number(struct json *json, const char *key, uint64_t value)
{
    uint8_t digits[20]; /* of 2^64 - 1 */
    size_t at = sizeof digits;

    begin_member(json, key);
    do digits[--at] = (uint8_t)('0' + value % 10);
    while ((value /= 10) > 0);
    put(json, (struct span){digits + at, sizeof digits - at});
}

void json_bool(struct json *json, const char *key, bool value)
{
    begin_member(json, key);
    put(json, value ? SPAN_LIT("true") : SPAN_LIT("false"));
}

void json_null(struct json *json, const char *key)
{
    begin_member(json, key);
    put(json, SPAN_LIT("null"));
}
