#include "backends/manifest/route.h"

#include <stdio.h>

#include "backends/manifest/file.h"
#include "backends/manifest/keys.h"
#include "backends/manifest/text.h"
#include "backends/provision/token_ref.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"
#include "reactor/wire/url.h"

#define TOKEN_CHARS "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" /* RFC 9110 section 5.6.2, less the small */

/* --- host -------------------------------------------------------------------------------------------------- */

static void bad_host(struct reader *reader, const struct yaml_node *node, const char *hint, struct span text)
{
    complain(reader, node->place, hint, "`%s` is not the name of a host", quoted(text));
}

/* A name is taken in the one form that url.h makes of it: what a request will be compared with. */
static bool check_name(struct reader *reader, const struct yaml_node *node, struct span text, struct authority *out)
{
    bool is_v6 = span_find(text, ':', span_find(text, ':', 0) + 1) < text.len; /* two colons */
    struct span whole = is_v6 ? arena_printf(reader->arena, "[%.*s]", SPAN_FMT(text)) : text;
    char hint[120 + NAME_BYTES_MAX];

    if (text.len == 0 || url_authority(whole, 443, reader->arena, out) != ERR_OK) {
        bad_host(reader, node, "write a name like api.example.com, an internationalised one as its xn-- form", text);
        return false;
    }
    if (span_is(out->host, text)) return true;
    snprintf(hint, sizeof hint, "write `%.*s`, and a port under `port`", SPAN_FMT(out->host));
    bad_host(reader, node, hint, text);
    return false;
}

void read_host(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct route *route = into;
    struct authority name;
    struct span text;

    if (!want_text(reader, node, "a host", &text)) return;
    route->suffix = span_starts(text, SPAN_LIT("*."));
    if (route->suffix) text = span_from(text, 2);
    if (memchr(text.at, '*', text.len) != NULL) {
        bad_host(reader, node, "a `*` stands for whole labels in front: \"*.example.org\"", text);
        return;
    }
    if (!check_name(reader, node, text, &name)) return;
    if (route->suffix && (name.is_ip || memchr(text.at, '.', text.len) == NULL)) {
        bad_host(reader, node, "name at least two labels behind the `*.`: \"*.example.org\"", text);
        return;
    }
    route->host = text;
}

/* --- port, methods, paths ---------------------------------------------------------------------------------- */

static void read_port(struct reader *reader, const struct yaml_node *node, void *into)
{
    uint64_t port;

    if (want_number(reader, node, "a port", 1, UINT16_MAX, &port)) *(uint16_t *)into = (uint16_t)port;
}

static void read_method(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct span text;

    if (!want_text(reader, node, "a method", &text)) return;
    if (!text_is_of(text, TOKEN_CHARS))
        complain(reader, node->place, "methods are case-sensitive: write GET, POST", "`%s` is no method", quoted(text));
    *(struct span *)into = text;
}

static void check_twice(struct reader *reader, const struct yaml_node *node, const struct span *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (span_is(list[i], list[j]) && list[i].len > 0)
                complain(reader, node->place, "keep one of them", "`%s` is listed twice", quoted(list[i]));
}

static void read_methods(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct items methods = {"methods", sizeof(struct span), ROUTE_RULES_MAX, read_method, false};
    struct route *route = into;

    route->methods = items_read(reader, node, &methods, &route->method_count);
    check_twice(reader, node, route->methods, route->method_count);
    if (node->kind == YAML_LIST && node->count == 0)
        complain(reader, node->place, "leave the key out to allow all, or the route to allow none",
                 "`methods` is empty");
}

/* A glob is compared with normalised paths, so one that is not normalised itself never matches. */
void read_path(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct span text, normal;
    char hint[200];

    if (!want_text(reader, node, "a path", &text)) return;
    *(struct span *)into = text;
    if (text.len > GLOB_BYTES_MAX) {
        complain(reader, node->place, "shorten it", "a path holds at most %u bytes", GLOB_BYTES_MAX);
        return;
    }
    if (text.len > 0 && text.at[0] == '/' && url_path(text, reader->arena, &normal) == ERR_OK) {
        if (span_is(text, normal)) return;
        snprintf(hint, sizeof hint, "write `%s`", quoted(normal));
        complain(reader, node->place, hint,
                 "`%s` would never match: paths are compared without queries and dot segments", quoted(text));
        return;
    }
    complain(reader, node->place, "begin with `/`; `*` matches within a segment, `**` across them", "`%s` is no path",
             quoted(text));
}

static void read_paths(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct items paths = {"path", sizeof(struct span), ROUTE_RULES_MAX, read_path, true};
    struct route *route = into;

    route->paths = items_read(reader, node, &paths, &route->path_count);
    check_twice(reader, node, route->paths, route->path_count);
    if (node->kind == YAML_LIST && node->count == 0)
        complain(reader, node->place, "leave the key out to allow all, or the route to allow none", "`path` is empty");
}

/* --- auth -------------------------------------------------------------------------------------------------- */

static const char *const scheme_names[] = {
    [AUTH_NONE] = "none", [AUTH_BEARER] = "bearer", [AUTH_BASIC] = "basic", [AUTH_HEADER] = "header"};

const char *auth_scheme_name(enum auth_scheme scheme) { return scheme_names[scheme]; }

static void read_scheme(struct reader *reader, const struct yaml_node *node, void *into)
{
    int i = want_word(reader, node, "a scheme", scheme_names + 1, COUNT_OF(scheme_names) - 1); /* "none": no `auth` */

    if (i >= 0) *(enum auth_scheme *)into = (enum auth_scheme)(i + 1);
}

void read_token_ref(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct token_ref ref;
    struct span text;
    const char *why;

    if (!want_text(reader, node, "a token_ref", &text)) return;
    why = token_ref_parse(text, &ref);
    if (why == NULL) {
        *(struct span *)into = text;
        return;
    }
    /* A person may have put the token itself here: it is not repeated. */
    complain(reader, node->place, "write env:NAME, file:PATH or \"cmd:COMMAND ARGUMENTS\"", "%s", why);
}

/* What frames a message or belongs to one hop is not a credential's place (RFC 9110 section 7.6.1). */
static bool is_framing(struct span name)
{
    static const char *const names[] = {
        "host",    "content-length",   "transfer-encoding",   "connection", "te",
        "trailer", "upgrade",          "proxy-authorization", "expect",     "keep-alive",
        "range",   "content-encoding", "proxy-connection"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (span_is_nocase(name, span_of(names[i]))) return true;
    return false;
}

static void read_header(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct span text;

    if (!want_text(reader, node, "a header", &text)) return;
    if (!text_is_of(text, TOKEN_CHARS "abcdefghijklmnopqrstuvwxyz") || is_framing(text))
        complain(reader, node->place, "name the field that carries the credential: X-Api-Key",
                 "`%s` can't be that header", quoted(text));
    *(struct span *)into = text;
}

static void read_auth(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct key list[] = {
        {"scheme", read_scheme, offsetof(struct auth_draft, scheme), true, NULL},
        {"token_ref", read_token_ref, offsetof(struct auth_draft, token_ref), true, NULL},
        {"header", read_header, offsetof(struct auth_draft, header), false, NULL},
    };
    static const struct keys keys = {"`auth`", list, COUNT_OF(list)};
    struct auth_draft *auth = into;

    keys_read(reader, node, &keys, auth);
    if (auth->scheme == AUTH_HEADER && auth->header.len == 0)
        complain(reader, node->place, "add `header: X-Api-Key`", "the scheme `header` needs a header's name");
    if (auth->scheme != AUTH_HEADER && auth->scheme != AUTH_NONE && auth->header.len > 0)
        complain(reader, node->place, "leave `header` out, or write `scheme: header`",
                 "this scheme sets Authorization and no other header");
}

/* --- openings ---------------------------------------------------------------------------------------------- */

static void read_passthrough(struct reader *reader, const struct yaml_node *node, void *into)
{
    if (!want_flag(reader, node, "tls_passthrough", into)) *(bool *)into = false;
}

/* Both ends of a range lie in one special-purpose block: 10.0.0.0/7 or ::/0 would open more than it says. */
static bool is_private_range(const struct prefix *prefix)
{
    struct addr last = prefix->base;
    size_t size = prefix->base.family == 4 ? 4 : 16;
    const char *first_block = addr_special(&prefix->base), *last_block;

    for (size_t bit = prefix->bits; bit < size * 8; bit++) last.ip[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
    last_block = addr_special(&last);
    return first_block != NULL && last_block != NULL && strcmp(first_block, last_block) == 0;
}

static void read_prefix(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct prefix *prefix = into;
    struct span text;

    if (!want_text(reader, node, "a range", &text)) return;
    if (prefix_parse(text, prefix) != ERR_OK)
        complain(reader, node->place, "write it like 10.1.0.0/16 or fd00:1::/32, with zeros behind the prefix",
                 "`%s` is no range of addresses", quoted(text));
    else if (!is_private_range(prefix))
        complain(reader, node->place, "public addresses need no mention; write a range within 10.0.0.0/8 or its like",
                 "`%s` is not within one private block", quoted(text));
}

static void read_allow_private(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct items ranges = {"allow_private", sizeof(struct prefix), ROUTE_RULES_MAX, read_prefix, false};
    struct addr_rules *rules = into;

    rules->allow = items_read(reader, node, &ranges, &rules->allow_count);
}

static void read_ca(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct span mark = {(const uint8_t *)"-----BEGIN CERTIFICATE-----", 27};
    struct span text;
    struct buf file = {0};

    if (!want_text(reader, node, "a file name", &text)) return;
    if (text.len > 0 && text.at[0] != '/') text = arena_printf(reader->arena, "%s/%s", reader->folder, text.at);
    if (text.at == NULL || file_read((const char *)text.at, ROUTE_CA_BYTES_MAX, &file) != ERR_OK)
        complain(reader, node->place, "name a PEM file, absolute or beside this manifest, that others may not write",
                 "`%s` can't be read", quoted(text));
    else if (buf_span(&file).at == NULL || memmem(buf_span(&file).at, buf_len(&file), mark.at, mark.len) == NULL)
        complain(reader, node->place, "name a PEM file", "`%s` holds no certificate", quoted(text));
    buf_clear(&file);
    *(const char **)into = (const char *)text.at;
}

static void read_body(struct reader *reader, const struct yaml_node *node, void *into)
{
    if (node->kind != YAML_TEXT || !span_is(node->text, SPAN_LIT("off")))
        complain(reader, node->place, "write `off`, or leave the key out", "`body` is scanned, or it is `off`");
    *(bool *)into = true;
}

static void read_body_max(struct reader *reader, const struct yaml_node *node, void *into)
{
    uint64_t *bytes = into;

    if (want_bytes(reader, node, "`body_max`", bytes) && *bytes > SPOOL_TOTAL_MAX)
        complain(reader, node->place, "write 8G or less", "all bodies together have %llu MiB of the disk",
                 SPOOL_TOTAL_MAX >> 20);
}

static void read_dlp(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct key list[] = {
        {"body", read_body, offsetof(struct route, body_unscanned), false, NULL},
        {"body_max", read_body_max, offsetof(struct route, body_max), false, NULL},
        {"because", read_because, offsetof(struct route, because), false, NULL},
    };
    static const struct keys keys = {"`dlp` of a route", list, COUNT_OF(list)};

    keys_read(reader, node, &keys, into);
    if (yaml_find(node, "body") != NULL && yaml_find(node, "because") == NULL)
        complain(reader, yaml_find(node, "body")->key_place, "add `because: \"...\"`",
                 "the scan of bodies is switched off, and nobody says why");
    if (yaml_find(node, "body") == NULL && yaml_find(node, "because") != NULL)
        complain(reader, yaml_find(node, "because")->key_place, "leave it out",
                 "`because` is for a `body` that is `off`");
}

/* --- the whole --------------------------------------------------------------------------------------------- */

#define AT(member) offsetof(struct route_draft, member)
/* clang-format off */
static const struct key route_keys[] = {
    {"host",            read_host,          AT(route), true,  NULL},
    {"port",            read_port,          AT(route.port), false, NULL},
    {"methods",         read_methods,       AT(route), false, NULL},
    {"path",            read_paths,         AT(route), false, NULL},
    {"auth",            read_auth,          AT(auth),  false, NULL},
    {"tls_passthrough", read_passthrough,   AT(route.tls_passthrough), false, NULL},
    {"allow_private",   read_allow_private, AT(route.addrs), false, NULL},
    {"dlp",             read_dlp,           AT(route), false, NULL},
    {"ca",              read_ca,            AT(route.ca_path), false, NULL},
    {"role",            NULL,               0, false, "it is reserved; leave it out"},
};
/* clang-format on */

static struct place key_place(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *child = yaml_find(map, key);

    return child != NULL ? child->key_place : map->place;
}

/* What is never looked into can have no rule that looks into it. */
static void check_passthrough(struct reader *reader, const struct yaml_node *node)
{
    static const char *const forbidden[] = {"methods", "path", "auth", "ca", "dlp"};

    for (size_t i = 0; i < COUNT_OF(forbidden); i++)
        if (yaml_find(node, forbidden[i]) != NULL)
            complain(reader, key_place(node, forbidden[i]), "leave out one of the two",
                     "`%s` can't be kept on a route with `tls_passthrough`, which nobody looks into", forbidden[i]);
}

static void check_literal(struct reader *reader, const struct yaml_node *node, const struct route *route)
{
    struct addr addr;
    const char *why;

    if (route->suffix || addr_parse(route->host, &addr) != ERR_OK) return;
    why = addr_refused(&addr, &route->addrs);
    if (why != NULL)
        complain(reader, key_place(node, "host"), "add the range it is in to `allow_private`",
                 "`%s` is no public address (%s)", quoted(route->host), why);
}

void read_route(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct keys keys = {"a route", route_keys, COUNT_OF(route_keys)};
    struct route_draft *draft = into;
    struct route *route = &draft->route;

    route->port = 443;
    route->line = node->place.line;
    keys_read(reader, node, &keys, draft);
    if (node->kind != YAML_MAP) return;
    route->auth = draft->auth.scheme;
    route->auth_header = draft->auth.header;
    if (route->tls_passthrough) check_passthrough(reader, node);
    if (yaml_find(node, "auth") != NULL && route->port == 80)
        complain(reader, key_place(node, "auth"), "use port 443", "a credential never goes out in the clear");
    check_literal(reader, node, route);
}

static bool same_list(const struct span *a, size_t a_count, const struct span *b, size_t b_count)
{
    for (size_t i = 0; i < a_count && a_count == b_count; i++)
        if (!span_is(a[i], b[i])) return false;
    return a_count == b_count;
}

static bool same_place(const struct route *a, const struct route *b)
{
    return a->host.len > 0 && a->suffix == b->suffix && a->port == b->port && span_is(a->host, b->host);
}

static void check_pair(struct reader *reader, const struct yaml_node *node, const struct route *a,
                       const struct route *earlier)
{
    if (!same_place(a, earlier)) return;
    if (a->tls_passthrough != earlier->tls_passthrough)
        complain(reader, node->place, "keep one of them",
                 "the route on line %u is for the same host and port, and one of "
                 "the two is `tls_passthrough`",
                 earlier->line);
    else if (same_list(a->methods, a->method_count, earlier->methods, earlier->method_count) &&
             same_list(a->paths, a->path_count, earlier->paths, earlier->path_count))
        complain(reader, node->place, "keep one of them", "this route is there already, on line %u", earlier->line);
}

void check_route_pairs(struct reader *reader, const struct yaml_node *list, const struct route_draft *drafts,
                       size_t count)
{
    const struct yaml_node *node = list->first;

    for (size_t i = 0; i < count; i++, node = node->next)
        for (size_t j = 0; j < i; j++) check_pair(reader, node, &drafts[i].route, &drafts[j].route);
}
