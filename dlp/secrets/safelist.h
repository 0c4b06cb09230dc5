/* safelist.h — values that a person has allowed to leave a bottle, each to one host.
 *
 * In memory only, and of the values nothing but their keyed fingerprints (dlp/scan/finding.h).  Written by a yes, read
 * by the judge.
 * Limits   SAFE_COUNT_MAX; then the oldest is forgotten, and would be asked about again.
 */
#pragma once
#include "dlp/scan/finding.h"
#include "reactor/base/span.h"

struct safelist {
    struct {
        struct fingerprint value, host;
    } list[SAFE_COUNT_MAX]; /* a ring */
    size_t count, oldest;
};

/* A finding that stands for no value ("too-many-hits") is neither remembered nor found.
 * errors: ERR_NOMEM */
MUST_CHECK enum err safelist_add(struct safelist *safelist, const struct fingerprint *value, struct span host);
bool safelist_has(const struct safelist *safelist, const struct fingerprint *value, struct span host);
