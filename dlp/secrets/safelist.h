/* safelist.h — values that a person has judged, each for one host or wherever the routes let it go.
 *
 * In memory only, and of the values nothing but their keyed fingerprints (dlp/scan/finding.h).  A bottle has one of
 * what may leave, which the judge reads.
 * Limits   SAFE_COUNT_MAX; then the oldest is forgotten, and would be asked about again.
 */
#pragma once
#include "dlp/scan/finding.h"
#include "reactor/base/span.h"

struct safelist {
    struct {
        struct fingerprint value, host; /* host: zeros for every host */
        uint64_t id;                    /* of the judgement */
    } list[SAFE_COUNT_MAX];             /* a ring */
    size_t count, oldest;
};

/* host: empty for every host.  A finding that stands for no value ("too-many-hits") is neither remembered nor found.
 * errors: ERR_NOMEM */
MUST_CHECK enum err safelist_add(struct safelist *safelist, const struct fingerprint *value, struct span host,
                                 uint64_t id);

/* The judgement's id, or 0: there is none. */
uint64_t safelist_find(const struct safelist *safelist, const struct fingerprint *value, struct span host);
void safelist_forget(struct safelist *safelist, uint64_t id);
