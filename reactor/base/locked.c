#include "reactor/base/locked.h"

#include <sys/mman.h>
#include <unistd.h>

#include "reactor/base/mem.h"
#include "reactor/base/own.h"

static size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/* Bytes of whole pages, at least one. */
static size_t inner_size(size_t len) { return (len / page_size() + 1) * page_size(); }

enum err locked_copy(struct span bytes, uint8_t **at_out)
{
    size_t page = page_size(), inner = inner_size(bytes.len);
    uint8_t *outer = mmap(NULL, inner + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *at = outer + page;

    if (outer == MAP_FAILED) return ERR_NOMEM;
    if (mprotect(at, inner, PROT_READ | PROT_WRITE) != 0 || madvise(at, inner, MADV_DONTDUMP) != 0 ||
        madvise(at, inner, MADV_WIPEONFORK) != 0) {
        munmap(outer, inner + 2 * page);
        return ERR_NOMEM;
    }
    (void)mlock(at, inner); /* best effort: an unprivileged user may have used up RLIMIT_MEMLOCK */
    if (bytes.len > 0) memcpy(at, bytes.at, bytes.len);
    *at_out = at;
    return ERR_OK;
}

void locked_free(uint8_t **at, size_t len)
{
    uint8_t *freed = MOVE(*at);
    size_t page = page_size();

    if (freed == NULL) return;
    mem_wipe(freed, len);
    munmap(freed - page, inner_size(len) + 2 * page); /* unlocks too */
}
