/* engine_int.h — what a scan uses of an engine. */
#pragma once
#include <hs.h>

#include "dlp/scan/engine.h"

enum { ENGINE_PARTS = 2 };

/* The rules from one on, up to the next part's; rule i of the set is expression i. */
struct part {
    size_t from;
    hs_database_t *block, *stream;
};

struct engine {
    unsigned references;
    struct rule_set *rules;
    struct part parts[ENGINE_PARTS]; /* in the rules' order; all are swept */
    size_t part_count;               /* 0 when there are no rules */
    struct confirm *confirm;
    bool cached;
};

/* Beside memory only its own bounds can stop Hyperscan. */
static inline enum err hs_err(hs_error_t error)
{
    if (error == HS_SUCCESS) return ERR_OK;
    return error == HS_NOMEM ? ERR_NOMEM : ERR_LIMIT;
}
