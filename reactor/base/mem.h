/* mem.h — the only door to the allocator, and to forgetting.
 *
 * Every allocation goes through here, so a test can make the n-th one fail.  Memory is zeroed,
 * but that of mem_room().
 */
#pragma once
#include <stddef.h>
#include "reactor/base/span.h"

/* NULL when the allocator says no. */
void *mem_new(size_t size);

/* The same with whatever was there before, for what is written before it is read: zeroing large memory makes the
 * allocator give its pages back and the kernel bring others, which doubles what a 64 KiB body costs. */
void *mem_room(size_t size);
void mem_free(void *memory);

/* A copy with a NUL behind it, or NULL. */
char *mem_text(struct span s);

/* Overwrites what held a secret; the compiler may not leave it out. */
void mem_wipe(void *memory, size_t size);

/* Equal?  Takes the same time wherever the first difference is. */
bool mem_same(const void *a, const void *b, size_t size);

/* For tests: the n-th allocation from now fails, once (0: none does).  Returns how many have been made since the
 * last call. */
size_t mem_fail_at(size_t n);
