/* gitleaks_pattern.h — a pattern written for Go's RE2, as our two engines want it.
 *
 * Lead     a lazy run at the start, or at the start of its first groups, is dropped: it tells where a name begins,
 *          which nobody asks, and a sweep that starts at every word is slow.
 * Tail     where a secret must be followed by blanks, quotes or the end, any byte that can't be a part of it will do:
 *          in JSON, XML and URLs others follow.
 * Runs     without a bound get one of PATTERN_RUN_MAX: a window is as wide as what matches.
 * (?i)     of the whole pattern becomes `nocase`.
 * The result finds what the pattern found, runs beyond the bound excepted, and a little more.
 */
#pragma once
#include "reactor/base/buf.h"

struct gitleaks_pattern {
    struct buf text; /* whether our engines take it is theirs to say; printable, one line */
    unsigned groups; /* that capture */
    bool nocase, had_lead, was_bounded;
};

/* The caller clears pattern->text, also after an error.  errors: ERR_NOMEM */
MUST_CHECK enum err gitleaks_pattern_port(struct span text, struct gitleaks_pattern *pattern);
