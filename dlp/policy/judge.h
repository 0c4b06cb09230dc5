/* judge.h — what becomes of a finding of one request: by its rung, by where it is going, by what a person has allowed.
 *
 * Set when a request's names are known, before its first byte is scanned; everything it points at outlives it.
 */
#pragma once
#include "dlp/policy/policy.h"
#include "dlp/scan/finding.h"
#include "dlp/secrets/safelist.h"

struct request_judge {
    struct judge judge; /* say: request_judge_say */
    const struct policy *policy;
    const struct safelist *safelist; /* or NULL */
    struct span host, path;          /* normalised */
    bool tls;                        /* to the origin */
    uint64_t query_at;               /* where the query begins in the target that is scanned */
};

/* What a rung that does not stop says; else a yes of a person to this value and host; else a binding, over TLS, of what
 * is no known secret; else it stops.  A trailer binds nothing. */
enum ruling request_judge_say(const struct judge *self, const struct finding *finding);
