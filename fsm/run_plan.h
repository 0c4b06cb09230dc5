/* run_plan.h — from an agent's manifest to the plan of its sandbox: environment, files, doors.
 *
 * The prompt stands in a file of the bottle, named by BOTTLED_PROMPT, for the command to read.
 */
#pragma once
#include "backends/manifest/load.h"
#include "backends/sandbox/driver.h"
#include "reactor/base/arena.h"

#define PROXY_PORT 3128
#define NAMES_PORT 53

struct run_request {
    const struct agent *agent;  /* with a bottle and, unless command is given, a command */
    const char *root, *project; /* absolute, free of symbolic links */
    const char *const *command; /* instead of the agent's, or NULL */
    struct span ca;             /* our authority, PEM */
};

/* All that the plan points at is in the arena, or in what the request points at; fds and tty are the caller's to fill.
 * errors: ERR_NOMEM; whatever reading the system's roots gave */
MUST_CHECK enum err run_plan_make(struct arena *arena, const struct run_request *request, struct sandbox_plan *plan);
