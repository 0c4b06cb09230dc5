/* gitleaks.h — the rules of a gitleaks configuration (TOML), written as a rule file of ours.
 *
 * Kept     id, description, regex (gitleaks_pattern.h), secretGroup, entropy, keywords, allowlists of secrets.
 * Told     whatever else a rule or the file says, by rule and reason; what could not be carried over makes a rule find
 *          more, or leaves it out.  Our own placeholder list stands for the allowlist of the whole file.
 * Rung     `context` where a name must stand in front, `generic` for ids that begin so, else `prefix`.
 * Promise  what is written is read by rules_read() beside the rules we ship: a rule that either engine refuses is left
 *          out, an id that is taken gets another.
 */
#pragma once
#include "backends/manifest/errors.h"

struct gitleaks_import {
    struct buf yaml, notes; /* notes: lines "rule `x`: what became of it", printable */
    size_t taken, left;     /* rules */
};

/* The caller clears both buffers, also after an error.
 * errors: ERR_SYNTAX, ERR_LIMIT (the reader's list says what); ERR_NOMEM */
MUST_CHECK enum err gitleaks_read(struct reader *reader, struct span toml, struct gitleaks_import *import);

/* The verb: what is written goes to standard output, what is noted to standard error.  The exit code. */
int gitleaks_import_file(const char *path);
