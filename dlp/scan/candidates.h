/* candidates.h — what Hyperscan reports, collected by its callback and put in order.
 *
 * It reports every place where a match can end, so a pattern with a soft end is reported at each byte of a run; ends of
 * one expression that follow each other are one candidate, and the last counts.
 * Limits   ENGINE_CANDIDATES_MAX between two orderings; beyond it `more` is set and the rest is lost: the caller fails
 *          closed.
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/limits.h"
#include "reactor/base/span.h"

struct candidate {
    uint64_t first, last; /* ends, in bytes from the start of the text */
    uint32_t id;
};

struct candidates {
    struct candidate list[ENGINE_CANDIDATES_MAX];
    size_t count;
    bool more;
    bool scattered; /* a run may have come in parts */
    size_t id_count;
    uint16_t latest[]; /* by id: 1 + where in the list the latest of it is; 0; or CANDIDATE_IGNORED */
};

#define CANDIDATE_IGNORED UINT16_MAX

/* For ids below id_count.  errors: ERR_NOMEM */
MUST_CHECK enum err candidates_new(size_t id_count, struct candidates **candidates_out);
void candidates_free(struct candidates **candidates);

/* Nothing is collected of this id from now on. */
void candidates_ignore(struct candidates *candidates, uint32_t id);

/* Whoever reports; its expressions are base, base + 1, ... */
struct reporter {
    struct candidates *candidates;
    uint32_t base;
};

/* A match_event_handler with a reporter as its context. */
int candidates_on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context);

void candidates_add(struct candidates *candidates, const struct candidate *candidate);

/* By last end, those with the same by id. */
void candidates_order(struct candidates *candidates);
void candidates_clear(struct candidates *candidates);
