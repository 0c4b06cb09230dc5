/* leaf.h — the certificates our CA signs, kept while they are young and in use.
 *
 * Owns     one P-256 key for all of them, and at most LEAF_COUNT_MAX certificates, the longest unused goes first.
 * Never    wildcards: a leaf is for the one name that was asked for.
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/span.h"
#include "reactor/tls/bssl.h"
#include "reactor/tls/ca.h"

struct leaves;

MUST_CHECK enum err leaves_new(const struct ca *ca, struct leaves **leaves_out); /* ca outlives them */
void leaves_free(struct leaves **leaves);

/* The certificate for name (a normalised DNS name or an IP literal), made or found.
 *   der_out  borrowed until the next call
 *   errors   ERR_SYNTAX an empty name, one over NAME_BYTES_MAX, or a wildcard; ERR_TRUST our CA is not valid now;
 *            ERR_NOMEM */
MUST_CHECK enum err leaves_get(struct leaves *leaves, struct span name, int64_t now_s, CRYPTO_BUFFER **der_out);

EVP_PKEY *leaves_key(const struct leaves *leaves); /* borrowed */
size_t leaves_minted(const struct leaves *leaves); /* certificates made so far */

/* What leaf.c needs of ca.c. */
X509 *ca_cert(const struct ca *ca);
EVP_PKEY *ca_key(const struct ca *ca);
int64_t ca_valid_to_s(const struct ca *ca);
