/* literal.h — what is searched for: every form of every known value, and parts of it, once each.
 *
 * Parts   of SECRET_PART bytes, so near each other that SECRET_PART_RUN bytes of a value hold one: SECRET_PARTS_MAX of
 *         each value, so of long ones parts further apart.  Only where they look random, as a value may hold words that
 *         others say too; of a JWT only in its signature, of a PEM key none: the rest of those is public, or the same
 *         in others.
 */
#pragma once
#include "dlp/secrets/vault.h"
#include "reactor/base/buf.h"

struct literal {
    struct span bytes; /* the form, or its last SCAN_LITERAL_MAX bytes: a JWT's end is its own, its start is not */
    uint16_t slot;
    bool nocase;
};

/* Secret   its memory holds the values, and is wiped by literals_free(). */
struct literals {
    struct literal *list;
    size_t count;
    struct buf bytes; /* all of them, end to end */
};

/* The values of SECRET_BYTES_MIN bytes or more, and of a "user:password" the password alone when it is as long.
 * errors: ERR_NOMEM (literals is then empty) */
MUST_CHECK enum err literals_make(const struct vault *vault, struct literals *literals);
void literals_free(struct literals *literals);
