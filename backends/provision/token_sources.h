/* token_sources.h — the sources of credentials that answer at once.  NULL, or what is wrong (static text). */
#pragma once
#include "dlp/secrets/vault.h"

/* The first call for a name takes the variable away: it is wiped where execve() put it (/proc/PID/environ) and unset,
 * and later calls (another bottle, a reload) get the value from a vault of our own. */
const char *token_from_env(struct vault *vault, size_t slot, struct span name);

/* Opened without following a link at its end, a regular file of ours that nobody else may read. */
const char *token_from_file(struct vault *vault, size_t slot, struct span path);
