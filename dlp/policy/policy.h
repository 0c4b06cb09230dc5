/* policy.h — what a bottle may reach: its routes, and the one question asked of them.
 *
 * Default deny.  A policy is data compiled once by backends/manifest and never changed: a reload makes a new one, and
 * requests that began under the old one end under it (counted references).
 * Memory   everything a policy points at lives in its own arena, of POLICY_BYTES_MAX.
 */
#pragma once
#include "dlp/policy/binding.h"
#include "dlp/policy/verdict.h"
#include "reactor/base/arena.h"
#include "reactor/base/err.h"
#include "reactor/base/limits.h"
#include "reactor/base/span.h"
#include "reactor/net/addr.h"

enum auth_scheme {
    AUTH_NONE,
    AUTH_BEARER, /* Authorization: Bearer VALUE */
    AUTH_BASIC,  /* Authorization: Basic base64(VALUE), VALUE being user:password */
    AUTH_HEADER, /* route->auth_header: VALUE */
};

struct route {
    struct span host;           /* lower case: "api.example.com", or what follows "*." of a suffix route */
    bool suffix;                /* names strictly below host, at any depth; never host itself */
    uint16_t port;              /* 443 unless said */
    const struct span *methods; /* upper case; none listed: every method */
    size_t method_count;
    const struct span *paths; /* globs for url_glob() over the normalised path; none listed: every path */
    size_t path_count;
    enum auth_scheme auth;
    struct span auth_header; /* of AUTH_HEADER */
    uint16_t slot;           /* of the vault, when auth is not AUTH_NONE */
    bool tls_passthrough;    /* spliced unread after the name and address checks; neither methods, paths nor auth */
    struct addr_rules addrs; /* the private ranges it may reach */
    const char *ca_path;     /* extra roots for this upstream, or NULL */
    bool body_unscanned;     /* only its heads and trailers are */
    struct span because;     /* why, where body_unscanned */
    uint64_t body_max;       /* bytes of one request body; 0: SPOOL_BODY_MAX */
    unsigned line;           /* in the manifest, for check and the log */
};

/* Whether a person is asked instead of a refusal. */
struct supervise {
    bool tokens, routes; /* about what the scan stops; about hosts that no route names */
    uint32_t wait_ms;    /* for an answer; at most HOLD_MS */
};

struct policy {
    struct arena arena;
    struct span bottle; /* its name */
    const struct route *routes;
    size_t route_count;
    const struct span *token_refs; /* slot -> "env:NAME", "file:PATH", "cmd:..."; one slot a distinct reference */
    size_t token_ref_count;
    const struct span *secret_names; /* slot -> its name under dlp.secrets, empty for a route's token; NULL: no names */
    const struct binding *bindings;  /* in force: those shipped, less what is off, and the bottle's own */
    size_t binding_count;
    struct supervise supervise;
    unsigned references;
};

/* A policy with one reference, no route, the bindings that we ship and an empty arena.  errors: ERR_NOMEM */
MUST_CHECK enum err policy_new(struct policy **policy_out);
struct policy *policy_hold(struct policy *policy); /* one reference more */
void policy_free(struct policy **policy);          /* one reference less; the last frees */

/* By what name a value of the vault is spoken of: that under dlp.secrets, else its reference. */
struct span policy_secret_name(const struct policy *policy, size_t slot);

/* Is it one of dlp.secrets, without which the bottle is not served? */
bool policy_is_secret(const struct policy *policy, size_t slot);

struct ask {
    struct span host; /* normalised by url.h */
    uint16_t port;
    bool tls;           /* the client speaks TLS to us for this */
    struct span method; /* as sent: methods are case-sensitive (RFC 9110 section 9.1) */
    struct span path;   /* a target's normalised path, without the query; empty: no path rule allows it */
};

struct verdict {
    enum reason reason;        /* REASON_NONE: allowed */
    const struct route *route; /* the one that allowed, or the nearest that did not, or NULL */
};

/* May anything at all be asked of host:port?  For CONNECT and a TLS hello.  A route's tls_passthrough is then the
 * caller's to see.  reason: REASON_NONE or REASON_NO_ROUTE. */
struct verdict policy_reach(const struct policy *policy, struct span host, uint16_t port);

/* The first route that allows all of it wins; else the nearest miss: REASON_NO_ROUTE, REASON_PATH, REASON_METHOD, in
 * this order.  A route with a credential never matches without TLS: a secret does not go out in the clear.  Passthrough
 * routes never match here. */
struct verdict policy_decide(const struct policy *policy, const struct ask *ask);
