/* scanner.h — what one bottle's bytes are searched for, as its scans use it. */
#pragma once
#include <hs.h>

#include "dlp/scan/candidates.h"
#include "dlp/scan/engine_int.h"
#include "dlp/scan/known.h"

struct scanner {
    struct known known;
    struct engine *engine;         /* or NULL */
    const struct part *parts;      /* the engine's */
    size_t part_count;             /* 0 where there is no rule */
    hs_scratch_t *scratch;         /* large enough for all */
    struct candidates *candidates; /* of the call under way: known forms, then rules; NULL when there is neither */
    struct buf rooms[DECODE_DEPTH_MAX + 1]; /* by depth: what a decoder gives; empty between calls */
};

/* Who collects what Hyperscan reports: of known forms, of rules. */
static inline struct reporter report_known(const struct scanner *scanner)
{
    return (struct reporter){scanner->candidates, 0};
}
static inline struct reporter report_rules(const struct scanner *scanner)
{
    return (struct reporter){scanner->candidates, (uint32_t)scanner->known.count};
}
