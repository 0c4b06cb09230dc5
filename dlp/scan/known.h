/* known.h — the known values of one bottle, in every form of literal.h, compiled for Hyperscan. */
#pragma once
#include <hs.h>

#include "dlp/scan/finding.h"
#include "dlp/secrets/vault.h"

struct known {
    hs_database_t *block, *stream; /* literal i is expression i; NULL when there are none */
    struct known_form {
        uint16_t slot, len;
    } * forms;
    size_t count;
    struct fingerprint *values; /* by slot */
};

/* The vault may change or go.  errors: ERR_NOMEM; ERR_LIMIT Hyperscan can't hold them (known is then empty) */
MUST_CHECK enum err known_make(const struct vault *vault, struct known *known);
void known_free(struct known *known);
