/* http2_memory.h — what nghttp2 allocates: counted, bounded, wiped as it is given back (fields are in it), and known
 * block by block.
 *
 * A session is ended by http2_memory_end(), never by nghttp2_session_del(): that frees twice what it was about to queue
 * when an allocation failed, and a bound is an allocation that fails.
 */
#pragma once
#include "reactor/base/list.h"

struct http2_memory {
    struct list blocks;
    size_t used; /* bytes, up to HTTP2_MEMORY_MAX */
};

void http2_memory_begin(struct http2_memory *memory);
void http2_memory_end(struct http2_memory *memory);

/* As nghttp2_mem wants them; memory is a struct http2_memory *. */
void *http2_memory_new(size_t size, void *memory);
void *http2_memory_zeroed(size_t count, size_t size, void *memory);
void *http2_memory_resize(void *bytes, size_t size, void *memory);
void http2_memory_free(void *bytes, void *memory);
