/* arena.h — many small allocations that die together: the memory of one request, one manifest.
 *
 * Limits   size_max bytes in all, given at the start: hostile input meets ERR_LIMIT as NULL, not growth.
 * Secret   wiped when freed.
 */
#pragma once
#include <stdarg.h>
#include "reactor/base/span.h"

struct arena_block;
struct arena {
    struct arena_block *blocks;
    size_t size_max, size; /* bytes, blocks included */
};

static inline struct arena arena_begin(size_t size_max) { return (struct arena){.size_max = size_max}; }

/* Zeroed, aligned for anything.  NULL at the bound or when the allocator says no. */
void *arena_new(struct arena *arena, size_t size);

/* A copy, NUL-terminated behind its end.  .at is NULL on failure. */
struct span arena_copy(struct arena *arena, struct span s);
struct span arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

void arena_end(struct arena *arena);
