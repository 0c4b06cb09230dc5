/* bindings.h — what a bottle says about where credentials are normal (dlp/policy/binding.h).
 *
 *   bindings:
 *     off: [github]                     services or rules whose rows it does without
 *     add:                              an opening, which `check` shows
 *       - service: acme                 a service that rules name, or one rule by its id
 *         host: api.acme.com            or "*.acme.com"
 *         in: [authorization, query]    names of fields, and query, path, body
 *         path: /v1/models              left out: every path; a glob
 */
#pragma once
#include "backends/manifest/schema.h"
#include "dlp/policy/binding.h"
#include "dlp/scan/rule_set.h"

struct binding_draft {
    struct binding row; /* whole when there were no errors */
    struct place place; /* of its service */
};

struct bindings_said {
    const struct span *off;
    struct binding_draft *added;
    size_t off_count, added_count;
};

key_fn read_bindings; /* into struct bindings_said */

/* The table in force, into reader->arena; what names nothing is told.  node is the value of `bindings`, or NULL.
 * errors: ERR_NOMEM */
MUST_CHECK enum err bindings_compile(struct reader *reader, const struct yaml_node *node,
                                     const struct bindings_said *said, const struct rule_set *rules,
                                     const struct binding **list_out, size_t *count_out);
