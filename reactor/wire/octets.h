/* octets.h — which bytes may stand where, and where a block of lines ends.
 *
 * Knows    RFC 9110 section 5.6.2 (token), 5.5 (field values); one table of 256 bytes, one bit a class.
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/span.h"

enum octet_class {
    OCTET_TOKEN = 1,  /* tchar */
    OCTET_TARGET = 2, /* visible ASCII: what a request target is made of before url.h looks closer */
    OCTET_VALUE = 4,  /* HTAB, SP, visible ASCII and obs-text: field values, reason phrases, quoted text */
    OCTET_HOST = 8,   /* names, addresses, ports: no '@', '%', '/' or ',' that another parser could split at */
};
extern const uint8_t octet_classes[256];

static inline bool octet_is(uint8_t c, enum octet_class class) { return (octet_classes[c] & class) != 0; }

/* The index of the first byte at or after from that is not in the class, or s.len. */
static inline size_t octet_run(struct span s, size_t from, enum octet_class class)
{
    while (from < s.len && octet_is(s.at[from], class)) from++;
    return from;
}

/* The same for OCTET_VALUE, eight bytes at a time: values are most of a head. */
size_t octet_value_run(struct span s, size_t from);

static inline bool octet_all(struct span s, enum octet_class class) { return octet_run(s, 0, class) == s.len; }
static inline bool octet_is_token(struct span s) { return s.len > 0 && octet_all(s, OCTET_TOKEN); }
static inline bool octet_is_value(struct span s) { return octet_value_run(s, 0) == s.len; }

/* Without the spaces and tabs around it (OWS). */
struct span octet_trim(struct span s);

/* Looks for the empty line that ends a block of CRLF lines.
 *   scanned   in/out: how far earlier calls have looked
 *   len_out   on ERR_OK, the block's length with its empty line
 *   errors    ERR_AGAIN not there yet; ERR_LIMIT not within max bytes; ERR_SYNTAX a bare LF
 * An empty line that opens the block ends it, too, where may_be_empty. */
MUST_CHECK enum err octet_find_end(struct span in, size_t max, bool may_be_empty, size_t *scanned, size_t *len_out);
