/* entropy.h — how evenly a text uses its characters: Shannon, in whole numbers, the same on every machine. */
#pragma once
#include "reactor/base/span.h"

#define ENTROPY_BIT 65536u /* one bit */

/* Per character, in ENTROPY_BIT, rounded to its last place or two; exact where every count is a power of two.
 * Of nothing: 0.  Limits: text is under 16 MiB. */
uint32_t entropy_of(struct span text);
