/* bottle.h — a bottle's manifest, compiled.
 *
 *   egress:                what it may reach; the key must be there, an empty list is a bottle without a way out
 *     routes:
 *       - host: api.example.com        or "*.example.com" (names below it), or an address
 *         port: 443
 *         methods: [GET, POST]         left out: every method
 *         path: /v1/models              one glob or a list; left out: every path
 *         auth: {scheme: bearer, token_ref: env:EXAMPLE_TOKEN}      scheme header: also header: X-Api-Key
 *         allow_private: [10.1.0.0/16]
 *         ca: corp-root.pem
 *         dlp: {body: off, because: "model weights", body_max: 5G}      bodies unscanned; larger ones
 *         tls_passthrough: true        spliced unread; alone with host, port, allow_private
 *   dlp: {rules: [acme.yaml], off: [github-pat], because: "the tests use dead ones"}      (dlp.h)
 *   supervise: true              a person is asked about what the scan stops      (supervise.h)
 *   env: {NAME: "value"}
 *   resources: {memory: 2G, pids: 512}
 *
 * The Markdown below is for people.
 */
#pragma once
#include "backends/manifest/dlp.h"
#include "backends/manifest/errors.h"
#include "backends/manifest/yaml.h"
#include "backends/provision/env.h"
#include "dlp/policy/policy.h"

struct bottle {
    struct span name;
    const char *path;                /* below the root: "bottles/dev.md" */
    struct policy *policy;           /* one reference; NULL when the manifest has errors */
    struct bottle_dlp dlp;           /* its rules are NULL when the manifest has errors */
    struct env_list env;             /* in the policy's arena, like all else but dlp.files */
    uint64_t memory_bytes, pids_max; /* 0: not said */
};

/* Compiles a tree.  What is wrong goes to the reader's errors, and bottle->policy is NULL then.
 *   name, path  outlive the bottle
 *   shipped     all the rules we ship
 *   reader      its arena takes what errors name, the files of rules
 *   errors      ERR_NOMEM */
MUST_CHECK enum err bottle_read(struct reader *reader, const struct yaml_node *root, struct span name,
                                struct rule_set *shipped, struct bottle *bottle);
void bottle_end(struct bottle *bottle);
