#include "reactor/base/json.h"

#include <inttypes.h>

#include "reactor/base/utf8.h"

static void put(struct json *json, struct span bytes)
{
    if (json->err == ERR_OK) json->err = buf_add(json->out, bytes);
}

static bool is_plain(struct span s)
{
    bool c1_control = s.len > 1 && s.at[0] == 0xc2 && s.at[1] < 0xa0; /* U+0080..9F steer terminals too */

    return s.at[0] >= 0x20 && s.at[0] != 0x7f && s.at[0] != '"' && s.at[0] != '\\' && !c1_control;
}

static void put_quoted(struct json *json, struct span text)
{
    put(json, SPAN_LIT("\""));
    while (text.len > 0 && json->err == ERR_OK) {
        size_t len = utf8_len(text);
        if (len > 0 && is_plain(text))
            put(json, span_first(text, len));
        else
            json->err = buf_printf(json->out, "\\u%04x", text.at[0]), len = 1;
        text = span_from(text, len);
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

void json_number(struct json *json, const char *key, uint64_t value)
{
    begin_member(json, key);
    if (json->err == ERR_OK) json->err = buf_printf(json->out, "%" PRIu64, value);
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
