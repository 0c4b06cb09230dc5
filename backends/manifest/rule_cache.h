/* rule_cache.h — the engine of a set of rules, out of what was compiled before: what we ship by the build, a bottle's
 * own at an earlier start.
 *
 * Shipped  is inside the program (dlp/scan/shipped.h).  Rules that are off make no difference.
 * Own      what a bottle adds: ROOT/cache/rules-HEX.bin, HEX being engine_key(), mode 0600, written beside and renamed,
 *          so that whoever reads it finds all of it.  It is believed when it is this user's alone, and engine.h finds
 *          it whole; else it is thrown away.  One that nobody used for RULE_CACHE_DAYS goes when another is written.
 */
#pragma once
#include "dlp/scan/engine.h"
#include "dlp/scan/rule_set.h"

enum rule_cache_use {
    RULE_CACHE_SHIPPED, /* it was in the program */
    RULE_CACHE_USED,    /* it was in the folder */
    RULE_CACHE_NEW,     /* compiled, and kept for the next time */
    RULE_CACHE_UNKEPT,  /* compiled, and it can't be kept: the next start takes as long */
};

/* Compiles nothing.  root: NULL is no folder.
 * errors: ERR_NOT_FOUND it is neither here nor there; ERR_DENIED there was a file, and it was thrown away; as
 *         engine_load() */
MUST_CHECK enum err rule_cache_find(const char *root, const struct rule_set *rules, enum rule_cache_use *use_out,
                                    struct engine **engine_out);

/* The same, but what isn't found is compiled and kept: a bottle's few rules in some 0.2 s, all of ours in 9 s.
 * root is not made, its folder cache/ is.  errors: as engine_new() */
MUST_CHECK enum err rule_cache_open(const char *root, const struct rule_set *rules, struct rule_fault *fault,
                                    enum rule_cache_use *use_out, struct engine **engine_out);
