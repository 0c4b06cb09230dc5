#include "reactor/base/mem.h"

#include <stdlib.h>
#include <string.h>

static size_t made, fail_at;

static bool refused(void) { return ++made == fail_at; }

void *mem_new(size_t size) { return refused() ? NULL : calloc(1, size == 0 ? 1 : size); }
void *mem_room(size_t size) { return refused() ? NULL : malloc(size == 0 ? 1 : size); }
void mem_free(void *memory) { free(memory); }

char *mem_text(struct span s)
{
    char *text = mem_new(s.len + 1);

    if (text != NULL && s.len > 0) memcpy(text, s.at, s.len);
    return text;
}

void mem_wipe(void *memory, size_t size) { explicit_bzero(memory, size); }

bool mem_same(const void *a, const void *b, size_t size)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t different = 0;

    for (size_t i = 0; i < size; i++) different |= x[i] ^ y[i];
    return different == 0;
}

size_t mem_fail_at(size_t n)
{
    size_t since = made;

    made = 0;
    fail_at = n;
    return since;
}
