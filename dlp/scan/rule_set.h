/* rule_set.h — the rules that one bottle is scanned by, as a whole.
 *
 * Everything a set points at lives in its own arena, of RULE_SET_BYTES_MAX.  It outlives the manifests it came with:
 * engines hold it (counted references).
 */
#pragma once
#include "dlp/scan/rule.h"

/* One reference, no rule, an empty arena.  errors: ERR_NOMEM */
MUST_CHECK enum err rule_set_new(struct rule_set **set_out);

/* One reference more, and one less: the last frees.  A set without any is static and outlives all. */
struct rule_set *rule_set_hold(const struct rule_set *set);
void rule_set_free(struct rule_set **set);

/* The rule of this id, or NULL. */
const struct rule *rule_find(const struct rule_set *set, struct span id);

/* The rule of this id is off, which makes the digest another.  Before anybody else holds the set.  False when there is
 * none. */
bool rule_set_off(struct rule_set *set, struct span id);
