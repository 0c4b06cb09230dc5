/* sessions.h — TLS sessions of upstreams, kept for resumption.
 *
 * Key      SHA-256 of the host and of what else must be the same (tls.h): a session never crosses keys.
 * Bounds   TLS_SESSION_MAX in all, TLS_SESSION_KEY_MAX of one key: an upstream that hands out thousands of tickets only
 *          pushes out its own.  The oldest goes first.  A ticket over TLS_TICKET_BYTES_MAX is not kept.
 */
#pragma once
#include <stdint.h>
#include "reactor/base/err.h"
#include "reactor/base/list.h"
#include "reactor/base/span.h"
#include "reactor/tls/bssl.h"

struct session_key {
    uint8_t digest[32];
};

struct sessions {
    struct list kept; /* the oldest first */
    size_t count;
};

struct session_key session_key(struct span host, struct span rest);

void sessions_begin(struct sessions *sessions);
void sessions_end(struct sessions *sessions);

/* Takes the session; it is dropped when memory is short or its ticket is too long. */
void sessions_keep(struct sessions *sessions, const struct session_key *key, int64_t now_s, SSL_SESSION *session);

/* The newest that is still good, or NULL.  It is the caller's; one that must be used once only is kept no more. */
SSL_SESSION *sessions_take(struct sessions *sessions, const struct session_key *key, int64_t now_s);
