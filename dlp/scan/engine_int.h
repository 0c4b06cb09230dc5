/* engine_int.h — what a scan uses of an engine. */
#pragma once
#include <hs.h>

#include "dlp/scan/engine.h"

struct engine {
    unsigned references;
    struct rule_set *rules;        /* rule i is expression i */
    hs_database_t *block, *stream; /* the same rules; NULL when there are none */
    struct confirm *confirm;
    bool cached;
};

/* Beside memory only its own bounds can stop Hyperscan. */
static inline enum err hs_err(hs_error_t error)
{
    if (error == HS_SUCCESS) return ERR_OK;
    return error == HS_NOMEM ? ERR_NOMEM : ERR_LIMIT;
}
