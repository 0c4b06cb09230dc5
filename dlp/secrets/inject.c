#include "dlp/secrets/inject.h"

#include "reactor/base/encode.h"

/* The field a route sets, or an empty name. */
static struct span field_name(const struct route *route)
{
    switch (route->auth) {
    case AUTH_NONE: return (struct span){0};
    case AUTH_BEARER:
    case AUTH_BASIC: return SPAN_LIT("Authorization");
    case AUTH_HEADER: return route->auth_header;
    }
    return (struct span){0};
}

static uint8_t folded(uint8_t c) { return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? c | 0x20 : c; }

bool inject_owns(const struct route *route, struct span name)
{
    struct span own = field_name(route);
    size_t same = 0;

    while (same < own.len && same < name.len && folded(own.at[same]) == folded(name.at[same])) same++;
    return own.len > 0 && same == own.len && same == name.len;
}

void inject_drop(const struct route *route, struct head *head)
{
    uint16_t kept = 0;

    for (size_t i = 0; i < head->field_count; i++)
        if (!inject_owns(route, head->fields[i].name)) head->fields[kept++] = head->fields[i];
    head->field_count = kept;
}

/* What goes behind the name: scheme, then the value, as it is or in base64 (RFC 7617 section 2). */
static enum err build_value(const struct route *route, struct span secret, struct arena *arena, struct span *value_out)
{
    struct buf text = {0};
    enum err err = ERR_OK;

    if (route->auth == AUTH_BEARER) err = buf_add(&text, SPAN_LIT("Bearer "));
    if (route->auth == AUTH_BASIC) err = buf_add(&text, SPAN_LIT("Basic "));
    if (err == ERR_OK)
        err = route->auth == AUTH_BASIC ? encode_base64(&text, secret, BASE64_STANDARD) : buf_add(&text, secret);
    if (err == ERR_OK) {
        *value_out = arena_copy(arena, buf_span(&text));
        if (value_out->at == NULL) err = ERR_NOMEM;
    }
    buf_clear(&text);
    return err;
}

enum err inject_add(const struct route *route, const struct vault *vault, struct arena *arena, struct head *head)
{
    struct span secret, value;

    if (route->auth == AUTH_NONE) return ERR_OK;
    secret = vault_get(vault, route->slot);
    if (secret.len == 0) return ERR_NOT_FOUND;
    TRY(build_value(route, secret, arena, &value));
    return head_add(head, field_name(route), value);
}
