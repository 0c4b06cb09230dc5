#include "dlp/secrets/safelist.h"

static bool is_same(const struct fingerprint *a, const struct fingerprint *b) { return memcmp(a, b, sizeof *a) == 0; }

static bool is_value(const struct fingerprint *value)
{
    static const struct fingerprint none;

    return !is_same(value, &none);
}

enum err safelist_add(struct safelist *safelist, const struct fingerprint *value, struct span host)
{
    size_t at = safelist->count;
    struct fingerprint to;

    if (!is_value(value) || safelist_has(safelist, value, host)) return ERR_OK;
    TRY(fingerprint_of(host, &to));
    if (at == SAFE_COUNT_MAX) {
        at = safelist->oldest;
        safelist->oldest = (at + 1) % SAFE_COUNT_MAX;
    } else {
        safelist->count++;
    }
    safelist->list[at].value = *value;
    safelist->list[at].host = to;
    return ERR_OK;
}

bool safelist_has(const struct safelist *safelist, const struct fingerprint *value, struct span host)
{
    struct fingerprint to;

    if (safelist->count == 0 || !is_value(value) || fingerprint_of(host, &to) != ERR_OK) return false;
    for (size_t i = 0; i < safelist->count; i++)
        if (is_same(&safelist->list[i].value, value) && is_same(&safelist->list[i].host, &to)) return true;
    return false;
}
