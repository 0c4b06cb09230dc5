#include "reactor/wire/url.h"

#include "reactor/wire/octets.h"

/* The value of a hex digit, or -1. */
static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte an escape at text[i] stands for, or -1. */
static int escape_at(struct span text, size_t i)
{
    int high, low;

    if (text.at[i] != '%' || text.len - i < 3) return -1;
    high = hex_value(text.at[i + 1]);
    low = hex_value(text.at[i + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool is_unreserved(int c) /* RFC 3986 section 2.3 */
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' || c == '.' || c == '_' ||
           c == '~';
}

/* A path with a '/' in front, of visible ASCII, every '%' of which begins an escape. */
static bool is_path_text(struct span text)
{
    if (text.len == 0 || text.at[0] != '/') return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!octet_is(text.at[i], OCTET_TARGET) || text.at[i] == '\\' || text.at[i] == '#') return false;
        if (text.at[i] == '%' && escape_at(text, i) < 0) return false;
    }
    return true;
}

/* RFC 3986 section 5.2.4 over segments, into out (as long as text).  False for ".." above the root, or over an empty
 * segment, which a server that merges slashes takes off elsewhere. */
static bool remove_dots(struct span text, uint8_t *out, size_t *len_out)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len;) { /* at a slash, each time */
        size_t end = span_find(text, '/', i + 1);
        struct span segment = {text.at + i + 1, end - i - 1};
        bool up = span_is(segment, SPAN_LIT("..")), here = span_is(segment, SPAN_LIT("."));
        if (up) {
            if (len == 0 || out[len - 1] == '/') return false;
            while (out[--len] != '/') continue;
        } else if (!here) {
            memcpy(out + len, text.at + i, end - i);
            len += end - i;
        }
        if ((up || here) && end == text.len) out[len++] = '/'; /* "/a/." and "/a/b/.." end in a slash */
        i = end;
    }
    *len_out = len;
    return true;
}

/* What no escape may stand for: it could cut or join segments, or end the path, somewhere. */
static bool is_dangerous(int c) { return c == '/' || c == '\\' || c < 0x20 || c == 0x7f; }

/* UTF-8 that spells a shorter character in more bytes (RFC 3629 section 10); old decoders read C0 AF as '/'. */
static bool is_overlong(struct span text, size_t i)
{
    uint8_t c = text.at[i], next = i + 1 < text.len ? text.at[i + 1] : 0xff;

    return c == 0xc0 || c == 0xc1 || (c == 0xe0 && next < 0xa0) || (c == 0xf0 && next < 0x90);
}

/* A dot segment, with or without parameters: some servers take ";x" off before they look at the dots. */
static bool has_dot_segment(struct span text)
{
    for (size_t i = 0; i < text.len;) {
        size_t end = span_find(text, '/', i + 1);
        struct span segment = {text.at + i + 1, end - i - 1};
        segment = span_first(segment, span_find(segment, ';', 0));
        if (span_is(segment, SPAN_LIT(".")) || span_is(segment, SPAN_LIT(".."))) return true;
        i = end;
    }
    return false;
}

/* Takes one layer of escapes off, in place.  False when one of them is dangerous, or a '.' below the first layer. */
static bool decode_layer(uint8_t *text, size_t *len, bool first)
{
    size_t to = 0;

    for (size_t i = 0; i < *len; i++) {
        int c = escape_at((struct span){text, *len}, i);
        if (c >= 0 && (is_dangerous(c) || (!first && c == '.'))) return false;
        if (c >= 0) i += 2;
        text[to++] = c >= 0 ? (uint8_t)c : text[i];
    }
    *len = to;
    for (size_t i = 0; i < to; i++)
        if (is_overlong((struct span){text, to}, i)) return false;
    return true;
}

/* Does the text, under its layers of encoding, say something its face does not?  Eats the text. */
static bool hides_something(uint8_t *text, size_t len)
{
    for (unsigned layer = 0; layer <= URL_LAYERS_MAX; layer++) {
        size_t before = len;
        if (has_dot_segment((struct span){text, len})) return true;
        if (!decode_layer(text, &len, layer == 0)) return true;
        if (len == before) return false;
    }
    return true;
}

enum err url_unescape(struct span text, struct arena *arena, struct span *out)
{
    uint8_t *plain = arena_new(arena, text.len + 1);
    size_t to = 0;

    if (plain == NULL) return ERR_NOMEM;
    for (size_t i = 0; i < text.len; i++) {
        int c = escape_at(text, i);
        plain[to++] = c >= 0 ? (uint8_t)c : text.at[i];
        if (c >= 0) i += 2;
    }
    *out = (struct span){plain, to};
    return ERR_OK;
}

/* Unreserved escapes become what they stand for, the others upper case; in place. */
static size_t tidy_escapes(uint8_t *text, size_t len)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t to = 0;

    for (size_t i = 0; i < len; i++) {
        int c = escape_at((struct span){text, len}, i);
        if (c < 0 || is_unreserved(c)) {
            text[to++] = c < 0 ? text[i] : (uint8_t)c;
        } else {
            text[to++] = '%';
            text[to++] = (uint8_t)hex[c >> 4];
            text[to++] = (uint8_t)hex[c & 15];
        }
        if (c >= 0) i += 2;
    }
    return to;
}

enum err url_path(struct span raw, struct arena *arena, struct span *path_out)
{
    struct span text = span_first(raw, span_find(raw, '?', 0)), scratch;
    uint8_t *path;
    size_t len;

    if (!is_path_text(text)) return ERR_SYNTAX;
    path = arena_new(arena, text.len + 1);
    if (path == NULL) return ERR_NOMEM;
    if (!remove_dots(text, path, &len)) return ERR_SYNTAX;
    scratch = arena_copy(arena, (struct span){path, len});
    if (scratch.at == NULL) return ERR_NOMEM;
    if (hides_something((uint8_t *)scratch.at, scratch.len)) return ERR_SYNTAX;
    *path_out = (struct span){path, tidy_escapes(path, len)};
    return ERR_OK;
}

/* How many bytes of star are at glob[i]: 0, 1 or 2. */
static size_t star_at(struct span glob, size_t i)
{
    if (i >= glob.len || glob.at[i] != '*') return 0;
    return i + 1 < glob.len && glob.at[i + 1] == '*' ? 2 : 1;
}

/* reached[i]: the glob's first i bytes can match all that has been read of the path. */
bool url_glob(struct span glob, struct span path)
{
    bool reached[GLOB_BYTES_MAX + 2] = {true}, next[GLOB_BYTES_MAX + 2];

    if (glob.len > GLOB_BYTES_MAX) return false;
    for (size_t at = 0; at <= path.len; at++) {
        memset(next, 0, glob.len + 1);
        for (size_t i = 0; i <= glob.len; i++) {
            size_t star = star_at(glob, i);
            if (!reached[i]) continue;
            if (star > 0) reached[i + star] = true; /* it may match nothing */
            if (at == path.len || i == glob.len) continue;
            if (star == 2 || (star == 1 && path.at[at] != '/')) next[i] = true;
            if (star == 0 && glob.at[i] == path.at[at]) next[i + 1] = true;
        }
        if (at < path.len) memcpy(reached, next, glob.len + 1);
    }
    return reached[glob.len];
}
