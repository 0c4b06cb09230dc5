/* verdict.h — yes, or no and why: the one vocabulary of refusal.
 *
 * A reason's slug is the same in the HTTP answer, the log, metrics, a WebSocket close and the git gate.  Its detail
 * tells an
 * agent what to do; it names no secret and does not teach the policy.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* clang-format off */
/*    id                        slug                      status  retry  detail for the agent */
#define REASON_LIST(R)                                                                                     \
    R(REASON_NONE,                "allowed",                 200, false,                                   \
      "")                                                                                                  \
    R(REASON_NO_ROUTE,            "no-route",                403, false,                                   \
      "This host and port are not on the bottle's routes. Work without it, or ask the person who runs "    \
      "you to add a route.")                                                                               \
    R(REASON_METHOD,              "method-not-allowed",      403, false,                                   \
      "The route to this host does not allow this method here. Do not retry it; ask for the route to be "  \
      "widened.")                                                                                          \
    R(REASON_PATH,                "path-not-allowed",        403, false,                                   \
      "The route to this host does not allow this path. Do not retry it; ask for the route to be "         \
      "widened.")                                                                                          \
    R(REASON_ADDRESS,             "address-not-allowed",     403, false,                                   \
      "The name leads to a private, local or metadata address, which no bottle may reach unless its "      \
      "route says so.")                                                                                    \
    R(REASON_NAME_MISMATCH,       "name-mismatch",           421, false,                                   \
      "The name in the TLS hello, the CONNECT target and the Host field must be the same.")                \
    R(REASON_MALFORMED,           "malformed-request",       400, false,                                   \
      "The request could be read in two ways, so it was not sent. Send it as RFC 9112 says.")              \
    R(REASON_TARGET,              "bad-target",              400, false,                                   \
      "The request target is not a URL that can be read in one way only.")                                 \
    R(REASON_HEAD_TOO_LARGE,      "head-too-large",          431, false,                                   \
      "The request's header fields are too large.")                                                        \
    R(REASON_TARGET_TOO_LONG,     "target-too-long",         414, false,                                   \
      "The request target is too long.")                                                                   \
    R(REASON_BODY_TOO_LARGE,      "body-too-large",          413, false,                                   \
      "The request body is larger than this route may send at once. Send it in parts, or ask the person "  \
      "who runs you to raise `dlp: {body_max: ...}` of the route.")                                        \
    R(REASON_METHOD_UNKNOWN,      "method-unknown",          501, false,                                   \
      "This method is not supported by the proxy.")                                                        \
    R(REASON_VERSION,             "version-not-supported",   505, false,                                   \
      "Use HTTP/1.1.")                                                                                     \
    R(REASON_EXPECTATION,         "expectation-failed",      417, false,                                   \
      "Only 100-continue can be expected.")                                                                \
    R(REASON_UPGRADE,             "upgrade-not-supported",   426, false,                                   \
      "Use plain requests over HTTPS.")                                                                    \
    R(REASON_CLIENT_SLOW,         "request-timeout",         408, true,                                    \
      "The request did not arrive in time. A client that needs answers before its body ends needs a "      \
      "streaming route.")                                                                                  \
    R(REASON_CODING,              "coding-not-readable",     415, false,                                   \
      "The body's Content-Encoding can't be undone here, so it can't be checked. Send it without one.")    \
    R(REASON_SECRET,              "dlp-token",               403, false,                                   \
      "The request carries a value that must not leave the bottle. Remove it and send the request again.") \
    R(REASON_REJECTED,            "approval-rejected",       403, false,                                   \
      "A person looked at this request and said no. Do not send it again.")                                \
    R(REASON_UNANSWERED,          "approval-timeout",        503, true,                                    \
      "The request waited for a person's approval, and nobody answered in time. An answer may still come: "\
      "send the same request again later.")                                                                \
    R(REASON_QUEUE,               "approval-unavailable",    503, true,                                    \
      "The request needs a person's approval, and the approval queue can't be reached. Tell the person "   \
      "who runs you.")                                                                                     \
    R(REASON_HELD_FULL,           "approval-queue-full",     503, true,                                    \
      "The request needs a person's approval, and too many requests wait for one already.")                \
    R(REASON_SCAN_FAILED,         "scan-failed",             503, true,                                    \
      "The request could not be checked, so it was not sent.")                                             \
    R(REASON_CREDENTIAL,          "credential-unavailable",  503, true,                                    \
      "The credential of this route can't be had now. Tell the person who runs you; the proxy's log says " \
      "why.")                                                                                              \
    R(REASON_DNS,                 "upstream-not-found",      502, true,                                    \
      "The host's name has no address.")                                                                   \
    R(REASON_DNS_TIMEOUT,         "upstream-dns-timeout",    504, true,                                    \
      "The host's name was not answered in time.")                                                         \
    R(REASON_CONNECT,             "upstream-unreachable",    502, true,                                    \
      "The host did not accept a connection.")                                                             \
    R(REASON_UPSTREAM_TIMEOUT,    "upstream-timeout",        504, true,                                    \
      "The host did not answer in time.")                                                                  \
    R(REASON_UPSTREAM_TLS,        "upstream-tls",            502, false,                                   \
      "The host's certificate or TLS could not be verified, so nothing was sent to it.")                   \
    R(REASON_UPSTREAM_CLOSED,     "upstream-closed",         502, true,                                    \
      "The host closed the connection without an answer.")                                                 \
    R(REASON_UPSTREAM_MALFORMED,  "upstream-malformed",      502, false,                                   \
      "The host's answer could be read in two ways.")                                                      \
    R(REASON_BUSY,                "busy",                    503, true,                                    \
      "The proxy is at its limit. Try again soon.")                                                        \
    R(REASON_DRAINING,            "shutting-down",           503, true,                                    \
      "The proxy is ending.")                                                                              \
    R(REASON_INTERNAL,            "internal",                500, true,                                    \
      "The proxy failed, so the request was not sent.")
/* clang-format on */

#define REASON_ENUM_(id, slug, status, retryable, detail) id,
enum reason { REASON_LIST(REASON_ENUM_) REASON_COUNT };

const char *reason_slug(enum reason reason);
const char *reason_detail(enum reason reason);
uint16_t reason_status(enum reason reason);
bool reason_retryable(enum reason reason); /* the same request may pass later: 503 and its like carry Retry-After */
