#include "reactor/base/arena.h"

#include <stdalign.h>
#include <stdio.h>

#include "reactor/base/mem.h"

/* With the block's own head each is a size that allocators have.  Many arenas hold little, and for long. */
#define ARENA_FIRST_SIZE 1000u
#define ARENA_BLOCK_SIZE 4000u

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    alignas(max_align_t) uint8_t bytes[];
};

static struct arena_block *add_block(struct arena *arena, size_t need)
{
    size_t usual = arena->blocks == NULL ? ARENA_FIRST_SIZE : ARENA_BLOCK_SIZE, size = need > usual ? need : usual;
    struct arena_block *block;

    if (need > arena->size_max - arena->size) return NULL;
    if (size > arena->size_max - arena->size) size = need;
    block = mem_new(sizeof *block + size);
    if (block == NULL) return NULL;
    *block = (struct arena_block){.next = arena->blocks, .size = size};
    arena->blocks = block;
    arena->size += size;
    return block;
}

void *arena_new(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->blocks;
    size_t need = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);

    if (need < size) return NULL;
    if (block == NULL || block->size - block->used < need) block = add_block(arena, need);
    if (block == NULL) return NULL;
    block->used += need;
    return block->bytes + block->used - need;
}

struct span arena_copy(struct arena *arena, struct span s)
{
    uint8_t *copy = arena_new(arena, s.len + 1);

    if (copy == NULL) return (struct span){0};
    if (s.len > 0) memcpy(copy, s.at, s.len);
    return (struct span){copy, s.len};
}

struct span arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    char *text;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    text = arena_new(arena, (size_t)len + 1);
    if (text == NULL) return (struct span){0};
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return (struct span){(uint8_t *)text, (size_t)len};
}

void arena_end(struct arena *arena)
{
    while (arena->blocks != NULL) {
        struct arena_block *next = arena->blocks->next;
        mem_wipe(arena->blocks->bytes, arena->blocks->used);
        mem_free(arena->blocks);
        arena->blocks = next;
    }
    arena->size = 0;
}
