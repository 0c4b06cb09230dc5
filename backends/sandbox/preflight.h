/* preflight.h — the namespaces driver's two answers before anything runs; driver.h has their contract. */
#pragma once
#include "backends/sandbox/driver.h"

size_t preflight_checks(const struct sandbox_plan *plan, struct sandbox_check checks[SANDBOX_CHECKS_MAX]);
MUST_CHECK enum err preflight_describe(const struct sandbox_plan *plan, struct buf *out);

/* The doors every bottle has: the proxy, what ignores proxy variables, and names. */
struct fixed_door {
    bool tcp;
    uint16_t port;
    const char *what;
};
#define FIXED_DOORS 5
extern const struct fixed_door fixed_doors[FIXED_DOORS];
bool is_fixed_door(uint16_t port); /* among the TCP ones */
