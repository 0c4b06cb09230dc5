/* fuzz_url.c — claim: normalising what is normalised changes nothing, neither text nor the decision of a glob, and
 * nothing forbidden comes out.
 * The first byte says which: an authority, a target, or a glob, a NUL and a path.
 * Reaches url_authority, url_target, url_path, url_glob.  Seeds fuzz/corpus/url. */
#include <stdio.h>
#include <stdlib.h>

#include "reactor/wire/url.h"

static void require(bool claim)
{
    if (!claim) abort();
}

static bool holds(struct span text, const char *bytes)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= 0x20 || text.at[i] >= 0x7f || strchr(bytes, text.at[i]) != NULL) return true;
    return false;
}

static void check_authority(const struct authority *one)
{
    struct arena arena = arena_begin(MIB(1));
    struct authority other;
    bool bracket = span_find(one->host, ':', 0) < one->host.len;
    char text[NAME_BYTES_MAX + 16];

    require(one->host.len > 0 && one->host.len <= NAME_BYTES_MAX && one->port > 0);
    require(!holds(one->host, "@/\\?#%[]ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
    require(bracket || one->host.at[one->host.len - 1] != '.');
    snprintf(text, sizeof text, bracket ? "[%.*s]:%u" : "%.*s:%u", SPAN_FMT(one->host), one->port);
    require(url_authority(span_of(text), 0, &arena, &other) == ERR_OK);
    require(span_is(one->host, other.host) && one->port == other.port && one->is_ip == other.is_ip);
    arena_end(&arena);
}

static bool has_dots(struct span path)
{
    for (size_t i = 0; i < path.len;) {
        size_t end = span_find(path, '/', i + 1);
        struct span segment = {path.at + i + 1, end - i - 1};
        if (span_is(segment, SPAN_LIT(".")) || span_is(segment, SPAN_LIT(".."))) return true;
        i = end;
    }
    return false;
}

static void check_path(struct span path, struct span glob)
{
    struct arena arena = arena_begin(MIB(1));
    struct span again;

    require(path.len > 0 && path.at[0] == '/' && !has_dots(path) && !holds(path, "?\\#"));
    require(url_path(path, &arena, &again) == ERR_OK);
    require(span_is(path, again));
    require(url_glob(glob, path) == url_glob(glob, again));
    require(url_glob(SPAN_LIT("/**"), path));
    if (path.len <= GLOB_BYTES_MAX) require(url_glob(path, path)); /* a '*' in the path matches itself too */
    arena_end(&arena);
}

static void try_target(struct span in, struct arena *arena)
{
    struct target target;

    if (url_target(in, arena, &target) != ERR_OK) return;
    if (target.absolute) check_authority(&target.authority);
    require(!holds(target.raw, "\\#"));
    require(target.raw.at[0] == '/' || span_is(target.raw, SPAN_LIT("*")));
    if (target.path.len > 0 && target.path.at[0] == '/') check_path(target.path, SPAN_LIT("/*/**"));
}

static void try_path(struct span in, struct arena *arena)
{
    size_t nul = span_find(in, '\0', 0);
    struct span path;

    if (nul == in.len) return;
    if (url_path(span_from(in, nul + 1), arena, &path) == ERR_OK) check_path(path, span_first(in, nul));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena arena = arena_begin(MIB(1));
    struct authority authority;

    if (len < 1 || len > 4096) return 0;
    struct span in = {bytes + 1, len - 1};
    switch (bytes[0] % 3) {
    case 0:
        if (url_authority(in, 80, &arena, &authority) == ERR_OK) check_authority(&authority);
        break;
    case 1: try_target(in, &arena); break;
    case 2: try_path(in, &arena); break;
    }
    arena_end(&arena);
    return 0;
}
