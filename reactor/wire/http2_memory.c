#include "reactor/wire/http2_memory.h"

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"

static size_t *block_of(void *memory) { return (size_t *)(void *)((char *)memory - HTTP2_MEMORY_BLOCK); }

void *http2_memory_new(size_t size, void *counter)
{
    size_t *used = counter, *block;

    if (size > HTTP2_MEMORY_MAX || *used > HTTP2_MEMORY_MAX - size) return NULL;
    block = mem_room(HTTP2_MEMORY_BLOCK + size);
    if (block == NULL) return NULL;
    *block = size;
    *used += size;
    return (char *)block + HTTP2_MEMORY_BLOCK;
}

void *http2_memory_zeroed(size_t count, size_t size, void *counter)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total)) return NULL;
    void *memory = http2_memory_new(total, counter);
    if (memory != NULL) memset(memory, 0, total);
    return memory;
}

void http2_memory_free(void *memory, void *counter)
{
    size_t *used = counter;

    if (memory == NULL) return;
    *used -= *block_of(memory);
    mem_wipe(memory, *block_of(memory));
    mem_free(block_of(memory));
}

void *http2_memory_resize(void *memory, size_t size, void *counter)
{
    void *other = http2_memory_new(size, counter);

    if (other != NULL && memory != NULL) {
        size_t before = *block_of(memory);
        memcpy(other, memory, before < size ? before : size);
        http2_memory_free(memory, counter);
    }
    return other;
}
