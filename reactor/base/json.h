/* json.h — writes one JSON value into a buffer, a member at a time.
 *
 *   struct json json = json_begin(&buf);
 *   json_open(&json, NULL, '{');  json_text(&json, "host", host);  json_number(&json, "status", 200);
 * json_close(&json, '}');
 *
 * Text from outside is escaped: control characters and bytes that are not UTF-8 come out as \u00xx, so a line stays a
 * line
 * and a terminal stays unharmed.
 * Errors   a failed append is remembered in json.err; the rest of the calls do nothing.
 */
#pragma once
#include "reactor/base/buf.h"

struct json {
    struct buf *out;
    enum err err;
    bool comma; /* the next member needs one in front */
};

static inline struct json json_begin(struct buf *out) { return (struct json){.out = out}; }

/* key is NULL inside an array and at the top. */
void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);
void json_text(struct json *json, const char *key, struct span value);
void json_hex(struct json *json, const char *key, struct span bytes); /* a text of lower-case digits */
void json_number(struct json *json, const char *key, uint64_t value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);
