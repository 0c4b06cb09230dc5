/* rules.h — what one bottle's requests are judged by: policy, credentials, scanner, trust.
 *
 * Made whole at a start or a reload and never changed after; a request keeps the rules it began under by a counted
 * reference.
 */
#pragma once
#include "dlp/policy/policy.h"
#include "dlp/scan/engine.h"
#include "dlp/scan/scan.h"
#include "dlp/secrets/vault.h"
#include "reactor/tls/tls.h"

struct rules {
    struct policy *policy;
    struct vault *vault;
    struct engine *engine;
    struct scanner *scanner;
    struct tls_client *tls;        /* the system's roots */
    struct tls_client **route_tls; /* by route, where it names roots of its own, else NULL */
    uint64_t generation;           /* a number no other rules of this process have */
    unsigned references;
};

/* Takes policy and vault; holds engine (NULL: only the vault's values are searched for). */
MUST_CHECK enum err rules_new(struct loop *loop, struct policy **policy, struct vault **vault, struct engine *engine,
                              struct rules **rules_out);
struct rules *rules_hold(struct rules *rules);
void rules_free(struct rules **rules); /* drops one reference */

/* May text that we did not write be in a log line?  Not when the scanner finds a secret in it, or fails. */
bool rules_find_nothing(const struct rules *rules, struct span text);

/* Of a route of these rules from 0; those that a person has granted since share the next one: they have nothing of
 * their own. */
size_t rules_route_number(const struct rules *rules, const struct route *route);

struct tls_client *rules_tls(const struct rules *rules, const struct route *route);
