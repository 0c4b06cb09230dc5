/* upstream.h — a request's way to its origin: a verified HTTP/1.1 connection, pooled.
 *
 * Owns     its stream.  A connection that ended cleanly goes back to the pool; any other is closed.
 * Pool     one a process; a connection is lent only for the same key (bottle, rules, route, scheme, host, port), so
 *          neither TLS sessions nor connections ever cross bottles or CA sets.  POOL_KEY_MAX, POOL_COUNT_MAX,
 *          POOL_IDLE_MS.  When descriptors run out the idle ones are closed, and the dial is made again.
 * Events   told to the owner's function, never from inside one of its calls.
 * Body     upstream_pause() stops the response where it is; what was not taken stays in the stream.
 */
#pragma once
#include "dlp/policy/verdict.h"
#include "reactor/base/arena.h"
#include "reactor/net/dial.h"
#include "reactor/tls/tls.h"
#include "reactor/wire/http1.h"

struct pool;
struct upstream;

enum upstream_event {
    UPSTREAM_READY,   /* send the head now */
    UPSTREAM_DRAINED, /* upstream_room() is large again */
    UPSTREAM_INTERIM, /* a 1xx head in upstream_head() */
    UPSTREAM_HEAD,    /* the final head in upstream_head() */
    UPSTREAM_BODY,    /* upstream_data() */
    UPSTREAM_END,     /* the response is whole; trailers are in upstream_trailers() */
    UPSTREAM_FAILED,  /* upstream_failure() says why; nothing more is told */
};
typedef void upstream_fn(void *owner, enum upstream_event event);

struct upstream_failure {
    enum reason reason;
    const char *detail; /* static text for the log, or NULL */
    bool stale; /* a pooled connection that ended before a byte of response: the request may be tried once more */
};

struct upstream_target {
    struct span key;  /* see Pool above */
    struct span host; /* normalised name or IP literal */
    uint16_t port;
    const struct addr_rules *rules; /* outlives the upstream */
    struct tls_client *tls;         /* NULL: plain */
    bool fresh;                     /* not a pooled connection */
};

MUST_CHECK enum err pool_new(struct loop *loop, struct resolver *resolver, struct pool **pool_out);
void pool_free(struct pool **pool); /* idle connections are closed; none may be lent */
void pool_clear(struct pool *pool); /* closes the idle ones: after a reload, and when descriptors run out */
size_t pool_idle(const struct pool *pool);

/* UPSTREAM_READY or UPSTREAM_FAILED follows.  arena keeps the bytes of the response's heads; it outlives the
 * upstream. */
MUST_CHECK enum err upstream_open(struct pool *pool, const struct upstream_target *target, struct arena *arena,
                                  upstream_fn *fn, void *owner, struct upstream **upstream_out);

/* Writes the request's head; bytes may hold a credential and are looked at during the call only.
 *   method   for the framing of the response; outlives the exchange */
MUST_CHECK enum err upstream_send(struct upstream *upstream, struct span method, struct span head);
MUST_CHECK enum err upstream_send_body(struct upstream *upstream, struct span data); /* framed by the caller */
size_t upstream_room(const struct upstream *upstream);
void upstream_sent(struct upstream *upstream); /* the request is whole: only now may the connection be pooled */

struct head *upstream_head(void); /* during UPSTREAM_INTERIM and UPSTREAM_HEAD only; the owner may change it */
struct span upstream_data(const struct upstream *upstream);
const struct field *upstream_trailers(const struct upstream *upstream, size_t *count_out);
const struct upstream_failure *upstream_failure(const struct upstream *upstream);
void upstream_pause(struct upstream *upstream, bool paused);

/* For the log. */
struct upstream_facts {
    struct addr addr;
    bool reused, tls_resumed;
    uint32_t resolve_ms, connect_ms, tls_ms;
};
const struct upstream_facts *upstream_facts(const struct upstream *upstream);

/* Why a dial failed, in the words of a refusal. */
enum reason dial_reason(const struct dial_result *result);

/* The request lets go: back to the pool after a clean exchange, else closed. */
void upstream_free(struct upstream **upstream);
