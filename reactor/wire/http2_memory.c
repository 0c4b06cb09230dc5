#include "reactor/wire/http2_memory.h"

#include <stdalign.h>

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"

struct block {
    struct list node;
    size_t size;
    alignas(max_align_t) uint8_t bytes[];
};

static struct block *block_of(void *bytes) { return CONTAINER_OF(bytes, struct block, bytes); }

void *http2_memory_new(size_t size, void *owner)
{
    struct http2_memory *memory = owner;
    struct block *block;

    if (size > HTTP2_MEMORY_MAX || memory->used > HTTP2_MEMORY_MAX - size) return NULL;
    block = mem_room(sizeof *block + size);
    if (block == NULL) return NULL;
    block->size = size;
    list_push(&memory->blocks, &block->node);
    memory->used += size;
    return block->bytes;
}

void *http2_memory_zeroed(size_t count, size_t size, void *owner)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total)) return NULL;
    void *bytes = http2_memory_new(total, owner);
    if (bytes != NULL) memset(bytes, 0, total);
    return bytes;
}

static void give_back(struct http2_memory *memory, struct block *block)
{
    memory->used -= block->size;
    list_remove(&block->node);
    mem_wipe(block->bytes, block->size);
    mem_free(block);
}

void http2_memory_free(void *bytes, void *owner)
{
    if (bytes != NULL) give_back(owner, block_of(bytes));
}

void *http2_memory_resize(void *bytes, size_t size, void *owner)
{
    void *other = http2_memory_new(size, owner);

    if (other != NULL && bytes != NULL) {
        size_t before = block_of(bytes)->size;
        memcpy(other, bytes, before < size ? before : size);
        http2_memory_free(bytes, owner);
    }
    return other;
}

void http2_memory_begin(struct http2_memory *memory)
{
    list_init(&memory->blocks);
    memory->used = 0;
}

void http2_memory_end(struct http2_memory *memory)
{
    LIST_EACH (&memory->blocks, node) give_back(memory, LIST_ENTRY(node, struct block, node));
}
