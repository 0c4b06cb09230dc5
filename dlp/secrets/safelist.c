#include "dlp/secrets/safelist.h"

static const struct fingerprint none;

static bool is_same(const struct fingerprint *a, const struct fingerprint *b) { return memcmp(a, b, sizeof *a) == 0; }

static bool holds(const struct safelist *safelist, size_t i, const struct fingerprint *value,
                  const struct fingerprint *host)
{
    return is_same(&safelist->list[i].value, value) && is_same(&safelist->list[i].host, host);
}

enum err safelist_add(struct safelist *safelist, const struct fingerprint *value, struct span host, uint64_t id)
{
    size_t at = safelist->count;
    struct fingerprint to = none;

    if (is_same(value, &none)) return ERR_OK;
    if (host.len > 0) TRY(fingerprint_of(host, &to));
    for (size_t i = 0; i < safelist->count; i++)
        if (holds(safelist, i, value, &to)) return ERR_OK;
    if (at == SAFE_COUNT_MAX) {
        at = safelist->oldest;
        safelist->oldest = (at + 1) % SAFE_COUNT_MAX;
    } else {
        safelist->count++;
    }
    safelist->list[at].value = *value;
    safelist->list[at].host = to;
    safelist->list[at].id = id;
    return ERR_OK;
}

uint64_t safelist_find(const struct safelist *safelist, const struct fingerprint *value, struct span host)
{
    struct fingerprint to;

    if (safelist->count == 0 || is_same(value, &none) || fingerprint_of(host, &to) != ERR_OK) return 0;
    for (size_t i = 0; i < safelist->count; i++)
        if (holds(safelist, i, value, &to) || holds(safelist, i, value, &none)) return safelist->list[i].id;
    return 0;
}

/* A place that is free keeps its turn in the ring: it stands for no value. */
void safelist_forget(struct safelist *safelist, uint64_t id)
{
    for (size_t i = 0; i < safelist->count; i++)
        if (safelist->list[i].id == id) memset(&safelist->list[i], 0, sizeof safelist->list[i]);
}
