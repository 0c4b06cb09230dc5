/* span.h — bytes somebody else owns. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct span {
    const uint8_t *at;
    size_t len;
};

#define SPAN_LIT(text) ((struct span){(const uint8_t *)(text), sizeof(text) - 1})
#define SPAN_FMT(s)    (int)(s).len, (const char *)(s).at /* printf("%.*s", SPAN_FMT(s)), for bytes already checked */

static inline struct span span_of(const char *text) { return (struct span){(const uint8_t *)text, strlen(text)}; }
static inline struct span span_from(struct span s,
                                    size_t skip) /* an empty span may be at NULL, which nothing is added to */
{
    return skip == 0 ? s : (struct span){s.at + skip, s.len - skip};
}
static inline struct span span_first(struct span s, size_t len)
{
    return (struct span){s.at, len < s.len ? len : s.len};
}
static inline bool span_is(struct span s, struct span other)
{
    return s.len == other.len && (s.len == 0 || memcmp(s.at, other.at, s.len) == 0);
}
/* ASCII only, as HTTP field names and DNS names compare. */
static inline bool span_is_nocase(struct span s, struct span other)
{
    return s.len == other.len && (s.len == 0 || strncasecmp((const char *)s.at, (const char *)other.at, s.len) == 0);
}
static inline bool span_starts(struct span s, struct span start)
{
    return s.len >= start.len && (start.len == 0 || memcmp(s.at, start.at, start.len) == 0);
}
/* The index of the first c at or after from, or s.len. */
static inline size_t span_find(struct span s, uint8_t c, size_t from)
{
    const uint8_t *hit = from < s.len ? memchr(s.at + from, c, s.len - from) : NULL;
    return hit != NULL ? (size_t)(hit - s.at) : s.len;
}
