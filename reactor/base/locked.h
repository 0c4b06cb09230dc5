/* locked.h — memory for secrets: pages of their own, between two guard pages.
 *
 * Locked in RAM where the kernel lets us (RLIMIT_MEMLOCK), left out of core dumps, wiped in a forked child before it
 * runs a line, wiped when freed.  A page or more each: for few values that live long.
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/span.h"

/* A copy of bytes at *at_out.  errors: ERR_NOMEM */
MUST_CHECK enum err locked_copy(struct span bytes, uint8_t **at_out);
/* len as it was given; NULL is fine. */
void locked_free(uint8_t **at, size_t len);
