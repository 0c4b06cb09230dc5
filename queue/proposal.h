/* proposal.h — what a person is asked, and what was answered: the two records of the queue.
 *
 * A proposal is written once and never changed; of a secret it holds what may be shown, and no byte more.  A decision
 * is written once beside it.
 * Owned    nothing: texts are lent by whoever filled the record in; how long, they say.
 * Times    milliseconds since 1970.
 * Texts    from outside, and hostile: whoever shows one to a terminal cleans it (show.h).  PROPOSAL_TEXT_MAX each.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "reactor/base/digest.h"
#include "reactor/base/err.h"
#include "reactor/base/span.h"

/* clang-format off */
/* What is asked for.  report: it is about what was found; it can't be modified, and a yes needs its why. */
/*    id             name                   report */
#define TOOL_LIST(T)                                                                                         \
    T(TOOL_TOKEN,    "egress-token-allow",  true)    /* a request carries what looks like a secret */        \
    T(TOOL_GITLEAKS, "gitleaks-allow",      true)    /* a pushed object does */                              \
    T(TOOL_ROUTE,    "egress-route-allow",  false)   /* a request goes to a host that no route names */

/* How far a yes goes. */
#define SCOPE_LIST(S)                                                                                        \
    S(SCOPE_NO,    "no")      /* it may not leave */                                                         \
    S(SCOPE_VALUE, "value")   /* this value, wherever the bottle's routes let it go; a route: as granted */  \
    S(SCOPE_HOST,  "host")    /* this value, to this host alone; not for a route */                          \
    S(SCOPE_ONCE,  "once")    /* what has this very digest, and once */

/* Why.  All but the last say it themselves. */
#define WHY_LIST(W)                                                                                          \
    W(WHY_TESTS,      "used-in-tests")                                                                       \
    W(WHY_FALSE,      "false-positive")                                                                      \
    W(WHY_LEGITIMATE, "legitimate-use")                                                                      \
    W(WHY_LATER,      "fix-later")                                                                           \
    W(WHY_OTHER,      "other")     /* decision.words say it */
/* clang-format on */

#define PROPOSAL_ENUM_(id, ...) id,
enum tool { TOOL_LIST(PROPOSAL_ENUM_) TOOL_COUNT };
enum scope { SCOPE_LIST(PROPOSAL_ENUM_) SCOPE_COUNT };
enum why { WHY_LIST(PROPOSAL_ENUM_) WHY_COUNT };

const char *tool_name(enum tool tool);
bool tool_is_report(enum tool tool);
const char *scope_name(enum scope scope);
const char *why_name(enum why why);

/* errors: ERR_NOT_FOUND */
MUST_CHECK enum err tool_of(struct span name, enum tool *tool_out);
MUST_CHECK enum err scope_of(struct span name, enum scope *scope_out);
MUST_CHECK enum err why_of(struct span name, enum why *why_out);

struct proposal {
    uint64_t id; /* the store's; 0 before it has one */
    enum tool tool;
    uint64_t created_ms, deadline_ms; /* deadline: when the first who waits gives up */

    /* The request. */
    struct span bottle, method, scheme, host, path; /* method, path: empty where a secret is in them */
    uint16_t port;
    uint64_t body_bytes;
    uint8_t digest[DIGEST_BYTES]; /* SHA-256 of method, host, path and body: what SCOPE_ONCE is bound to */

    /* What was found in it; empty for TOOL_ROUTE. */
    struct span rule, title, service, rung; /* "github-pat", "GitHub personal access token", "github", "prefix" */
    struct span where;                      /* "field authorization", "body byte 1042", a path in git */
    struct span pointer;                    /* in a JSON body, RFC 6901; or empty */
    struct span encoding;                   /* "base64 in json"; empty: as it is */
    struct span shown;                      /* "ghp_… 40 characters" */
    struct span context;                    /* what stands around it, with all that might be secret masked; or empty */
    struct span secret;                     /* the name of the known secret it equals; or empty */
    uint8_t fingerprint[8]; /* keyed by the proxy; zeros: it stands for no value, and just SCOPE_ONCE can let it go */
    uint32_t others;        /* findings of the same request that are asked about beside this one */
};

struct decision {
    enum scope scope;
    enum why why;
    uint64_t at_ms;
    struct span operator; /* who; never empty */
    struct span words;    /* free text; never empty for WHY_OTHER, but where a route is granted */

    /* A route that is granted: narrower than host:port of the proposal, or empty: all of that. */
    struct span route_methods; /* "GET HEAD": upper case, by single spaces */
    struct span route_path;    /* a glob, as in a manifest */
};

/* May it stand beside that proposal?  A person reads why_out (static) when not.
 * errors: ERR_DENIED */
MUST_CHECK enum err decision_fits(const struct decision *decision, const struct proposal *proposal,
                                  const char **why_out);
