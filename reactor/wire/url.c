#include "reactor/wire/url.h"

#include "reactor/net/addr.h"
#include "reactor/wire/octets.h"

#define PORT_DIGITS_MAX 8u

static bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }
static bool is_alpha(uint8_t c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
static bool is_hex(uint8_t c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }
static bool is_label_byte(uint8_t c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_'; }

/* 1 to 65535, decimal, no sign.  Leading zeros are legal (RFC 3986 section 3.2.3), but no route is written so. */
static enum err parse_port(struct span text, uint16_t *port_out)
{
    unsigned port = 0;

    if (text.len == 0 || text.len > PORT_DIGITS_MAX) return ERR_SYNTAX;
    if (text.at[0] == '0' && text.len > 1) return ERR_DENIED;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.at[i])) return ERR_SYNTAX;
        port = port * 10 + text.at[i] - '0';
    }
    if (port > UINT16_MAX) return ERR_SYNTAX;
    *port_out = (uint16_t)port;
    return ERR_OK;
}

/* Labels of 1 to 63 letters, digits, '-' and '_' that do not begin with '-' (RFC 1123 section 2.1; '_' is in use). */
static bool is_name(struct span name)
{
    size_t label = 0;

    if (name.len == 0 || name.len > NAME_BYTES_MAX) return false;
    for (size_t i = 0; i <= name.len; i++) {
        if (i == name.len || name.at[i] == '.') {
            if (i == label || i - label > 63 || name.at[label] == '-') return false;
            label = i + 1;
        } else if (!is_label_byte(name.at[i])) {
            return false;
        }
    }
    return true;
}

/* Would inet_aton() or a browser take the name for an IPv4 address?  They do when its last label is a number. */
static bool ends_in_number(struct span name)
{
    size_t label = name.len, digits = 0, hex = 0;

    while (label > 0 && name.at[label - 1] != '.') label--;
    name = span_from(name, label);
    while (digits < name.len && is_digit(name.at[digits])) digits++;
    if (digits == name.len) return true;
    if (name.len < 2 || name.at[0] != '0' || (name.at[1] | 0x20) != 'x') return false;
    while (hex < name.len - 2 && is_hex(name.at[hex + 2])) hex++;
    return hex == name.len - 2;
}

static enum err read_ip6(struct span text, struct arena *arena, struct authority *out)
{
    char canonical[ADDR_TEXT_MAX];
    struct addr addr;

    TRY(addr_parse(text, &addr));
    if (addr.family != 6) return ERR_SYNTAX;
    out->host = arena_copy(arena, span_of(addr_text(&addr, canonical)));
    out->is_ip = true;
    return out->host.at != NULL ? ERR_OK : ERR_NOMEM;
}

static enum err read_name(struct span text, struct arena *arena, struct authority *out)
{
    bool dot = text.len > 0 && text.at[text.len - 1] == '.';
    struct addr addr;
    uint8_t *host;

    text = span_first(text, text.len - dot);
    if (!is_name(text)) return ERR_SYNTAX;
    if (ends_in_number(text)) {
        if (dot) return ERR_SYNTAX;
        TRY(addr_parse(text, &addr));
        out->is_ip = true;
    }
    host = arena_new(arena, text.len + 1);
    if (host == NULL) return ERR_NOMEM;
    for (size_t i = 0; i < text.len; i++)
        host[i] = text.at[i] >= 'A' && text.at[i] <= 'Z' ? text.at[i] | 0x20 : text.at[i];
    out->host = (struct span){host, text.len};
    return ERR_OK;
}

enum err url_authority(struct span text, uint16_t default_port, struct arena *arena, struct authority *out)
{
    struct authority authority = {.port = default_port};
    bool bracket = text.len > 0 && text.at[0] == '[';
    size_t close = bracket ? span_find(text, ']', 0) : 0;
    size_t end = bracket ? close + 1 : span_find(text, ':', 0); /* of the host */

    if (bracket && close == text.len) return ERR_SYNTAX;
    if (end < text.len) {
        if (text.at[end] != ':') return ERR_SYNTAX;
        TRY(parse_port(span_from(text, end + 1), &authority.port));
    }
    if (authority.port == 0) return ERR_SYNTAX;
    if (bracket)
        TRY(read_ip6((struct span){text.at + 1, close - 1}, arena, &authority));
    else
        TRY(read_name(span_first(text, end), arena, &authority));
    *out = authority;
    return ERR_OK;
}

/* Visible ASCII but what a URI never holds and somebody would "repair": '\' to '/', '#' to a cut. */
static bool is_target_text(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!octet_is(text.at[i], OCTET_TARGET) || text.at[i] == '\\' || text.at[i] == '#') return false;
    return true;
}

/* Takes scheme and authority off the front of an absolute-form target; what is left is in rest. */
static enum err read_absolute(struct span text, struct arena *arena, struct target *target, struct span *rest)
{
    static const struct {
        struct span prefix;
        bool tls;
        uint16_t port;
    } schemes[] = {{SPAN_LIT("http://"), false, 80}, {SPAN_LIT("https://"), true, 443}};

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        struct span prefix = schemes[i].prefix;
        if (!span_is_nocase(span_first(text, prefix.len), prefix)) continue;
        text = span_from(text, prefix.len);
        size_t slash = span_find(text, '/', 0), query = span_find(text, '?', 0), end = slash < query ? slash : query;
        target->absolute = true;
        target->tls = schemes[i].tls;
        *rest = span_from(text, end);
        return url_authority(span_first(text, end), schemes[i].port, arena, &target->authority);
    }
    return ERR_SYNTAX;
}

enum err url_target(struct span text, struct arena *arena, struct target *out)
{
    struct target target = {0};
    struct span rest = text;
    enum err err;

    if (text.len == 0 || !is_target_text(text)) return ERR_SYNTAX;
    if (text.at[0] != '/' && !span_is(text, SPAN_LIT("*"))) TRY(read_absolute(text, arena, &target, &rest));
    if (rest.len == 0 || rest.at[0] == '?') /* RFC 9112 section 3.2.1: an empty path goes out as "/" */
        target.raw = arena_printf(arena, "/%.*s", SPAN_FMT(rest));
    else
        target.raw = arena_copy(arena, rest);
    if (target.raw.at == NULL) return ERR_NOMEM;
    if (span_is(rest, SPAN_LIT("*"))) {
        target.path = target.raw;
    } else {
        err = url_path(target.raw, arena, &target.path);
        if (err != ERR_OK && err != ERR_SYNTAX) return err;
    }
    *out = target;
    return ERR_OK;
}
