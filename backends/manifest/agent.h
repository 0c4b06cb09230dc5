/* agent.h — an agent's manifest: which bottle it lives in, what it runs, and, as Markdown, its system prompt.
 *
 *   bottle: dev
 *   command: [claude, --print]
 *   env: {NAME: "value"}
 */
#pragma once
#include "backends/manifest/bottle.h"

struct agent {
    struct span name;
    const char *path; /* below the root: "agents/dev.md" */
    struct span bottle_name;
    struct place bottle_place;
    const struct bottle *bottle; /* NULL when the agent or its bottle has errors */
    const struct span *command;  /* words, each NUL-terminated; none: the caller has one */
    size_t command_count;
    struct env_list env; /* over the bottle's */
    struct span prompt;  /* the Markdown, as it stands */
};

/* Into reader->arena.  False when there were errors. */
bool agent_read(struct reader *reader, const struct yaml_node *root, struct span name, struct span body,
                struct agent *agent);
