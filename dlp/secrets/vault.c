#include "dlp/secrets/vault.h"

#include <assert.h>

#include "reactor/base/locked.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/wire/octets.h"

struct secret {
    uint8_t *at; /* locked; NULL: no value */
    size_t len;
};

struct vault {
    size_t slot_count;
    struct secret secrets[];
};

enum err vault_new(size_t slot_count, struct vault **vault_out)
{
    struct vault *vault;

    if (slot_count > SECRET_COUNT_MAX) return ERR_LIMIT;
    vault = mem_new(sizeof *vault + slot_count * sizeof(struct secret));
    if (vault == NULL) return ERR_NOMEM;
    vault->slot_count = slot_count;
    *vault_out = vault;
    return ERR_OK;
}

void vault_free(struct vault **vault)
{
    struct vault *freed = MOVE(*vault);

    if (freed == NULL) return;
    for (size_t i = 0; i < freed->slot_count; i++) locked_free(&freed->secrets[i].at, freed->secrets[i].len);
    mem_free(freed);
}

static bool is_field_value(struct span value)
{
    return value.len > 0 && octet_is_value(value) && octet_trim(value).len == value.len;
}

enum err vault_set(struct vault *vault, size_t slot, struct span value)
{
    struct secret secret = {.len = value.len};

    assert(slot < vault->slot_count);
    if (value.len > SECRET_BYTES_MAX) return ERR_LIMIT;
    if (!is_field_value(value)) return ERR_SYNTAX;
    TRY(locked_copy(value, &secret.at));
    locked_free(&vault->secrets[slot].at, vault->secrets[slot].len);
    vault->secrets[slot] = secret;
    return ERR_OK;
}

struct span vault_get(const struct vault *vault, size_t slot)
{
    assert(slot < vault->slot_count);
    return (struct span){vault->secrets[slot].at, vault->secrets[slot].len};
}

size_t vault_slots(const struct vault *vault) { return vault->slot_count; }
