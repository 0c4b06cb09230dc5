/* dlp.h — what a bottle says about the scan: rules of its own, rules of ours that it does without, where credentials
 * are normal, secrets that must not leave and that no route is given.
 *
 *   dlp:
 *     rules: [acme.yaml]              rule files (rule_file.h), absolute or beside the manifest
 *     off: [github-pat]               an opening, which `check` shows
 *     bindings: {off: [github], add: [{service: acme, host: api.acme.com, in: [authorization]}]}      (bindings.h)
 *     secrets: [{name: prod-db, token_ref: env:PROD_DB_PASSWORD}]
 *     because: "the tests use dead ones"
 */
#pragma once
#include "backends/manifest/bindings.h"
#include "backends/manifest/rule_file.h"
#include "backends/manifest/yaml.h"

struct dlp_secret {
    struct span name, token_ref;
};

struct bottle_dlp {
    struct rule_set *rules;   /* what we ship and what the files add; one reference */
    const struct span *files; /* as errors name them: "bottles/acme.yaml"; there with errors too */
    size_t file_count;
    const struct span *off; /* ids, each off in rules */
    size_t off_count;
    struct bindings_said bindings_said;
    const struct binding *bindings; /* in force */
    size_t binding_count;
    const struct dlp_secret *secrets;
    size_t secret_count;
    struct span because; /* not empty where there is an opening: rules that are off, bindings that are added */
};

/* Compiles the value of the key `dlp`; node is NULL where a bottle has none, and shipped, the set of all that we ship,
 * is then its set.  With errors dlp->rules is NULL.
 *   names   where the files' names live, as long as the errors
 *   errors  ERR_NOMEM */
MUST_CHECK enum err dlp_read(struct reader *reader, struct arena *names, const struct yaml_node *node,
                             struct rule_set *shipped, struct bottle_dlp *dlp);
