/* rule_cache.h — the engine of a set of rules, out of ROOT/cache/ where it was compiled before.
 *
 * File     rules-HEX.bin, HEX being the set's digest: mode 0600, written beside and renamed, so that whoever reads it
 *          finds all of it.  It is believed when it is this user's alone, and engine.h finds it whole.  Nothing removes
 *          the files of rules that were changed.
 * Blocks   a second where it has to be compiled.
 */
#pragma once
#include "dlp/scan/engine.h"
#include "dlp/scan/rule_set.h"

enum rule_cache_use {
    RULE_CACHE_USED,   /* it was there */
    RULE_CACHE_NEW,    /* compiled, and kept for the next time */
    RULE_CACHE_BAD,    /* it was there and not to be believed: thrown away, compiled, and kept anew */
    RULE_CACHE_UNKEPT, /* compiled, and it can't be kept: the next start takes as long */
};

/* root: NULL keeps nothing; it is not made, its folder cache/ is.  rules outlive the engine.
 * errors: as engine_new() */
MUST_CHECK enum err rule_cache_open(const char *root, const struct rule_set *rules, struct rule_fault *fault,
                                    enum rule_cache_use *use_out, struct engine **engine_out);

/* Is it there, as far as a look at the folder tells? */
bool rule_cache_has(const char *root, const struct rule_set *rules);
