/* http2_memory.h — what nghttp2 allocates: counted, bounded, and wiped as it is given back, for fields are in it. */
#pragma once
#include <stddef.h>

#define HTTP2_MEMORY_BLOCK 16u /* bytes in front of each allocation: its size, and what keeps the rest aligned */

/* As nghttp2_mem wants them; counter is a size_t *: the bytes in use.  NULL beyond HTTP2_MEMORY_MAX. */
void *http2_memory_new(size_t size, void *counter);
void *http2_memory_zeroed(size_t count, size_t size, void *counter);
void *http2_memory_resize(void *memory, size_t size, void *counter);
void http2_memory_free(void *memory, void *counter);
