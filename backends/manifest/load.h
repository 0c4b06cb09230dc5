/* load.h — every manifest of one tree: ROOT/bottles/NAME.md and ROOT/agents/NAME.md.
 *
 * A file with errors does not keep the others from being read: its bottle or agent is there with its policy or bottle
 * NULL, and the errors of all files are in one list.
 * Owns     all of it; the names and paths live as long as this.  A policy lives on where policy_hold() was called.
 */
#pragma once
#include "backends/manifest/agent.h"
#include "backends/manifest/bottle.h"

struct manifests {
    struct arena arena;
    struct manifest_errors errors;
    const char *root;
    struct rule_set *shipped; /* all the rules we ship: those of every bottle that does not say otherwise */
    struct bottle *bottles;   /* by name, ascending */
    struct agent *agents;
    size_t bottle_count, agent_count;
};

/* errors: ERR_NOT_FOUND (root is no folder), ERR_NOMEM; what is wrong inside a file is in errors */
MUST_CHECK enum err manifests_load(const char *root, struct manifests **manifests_out);
void manifests_free(struct manifests **manifests);

const struct bottle *manifests_bottle(const struct manifests *manifests, struct span name);
const struct agent *manifests_agent(const struct manifests *manifests, struct span name);
