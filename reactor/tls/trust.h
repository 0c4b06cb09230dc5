/* trust.h — roots, and whether a chain leads from one of them to the host we meant.
 *
 * Checks   path (RFC 5280), validity now, purpose TLS server, SAN against the host (RFC 9525: the common name does not
 *          count, a wildcard is one whole leftmost label), SHA-2 signatures, RSA of 2048 bits or more.
 * Not      revocation, SCTs, stapled answers, public-suffix wildcards.
 * Bounds   TLS_CHAIN_COUNT_MAX certificates.
 */
#pragma once
#include <stdint.h>
#include "reactor/base/err.h"
#include "reactor/base/span.h"
#include "reactor/tls/bssl.h"

/* Adds the certificates of a PEM file.  errors: ERR_NOT_FOUND no such file, ERR_SYNTAX none in it or one is broken */
MUST_CHECK enum err trust_add_file(X509_STORE *roots, const char *path);

/* NULL when the chain (leaf first, then any order) is good for host, else why not (static text).
 *   alert_out  set when it is not: the TLS alert that says so */
MUST_CHECK const char *trust_refused(X509_STORE *roots, const STACK_OF(CRYPTO_BUFFER) * chain, const char *host,
                                     int64_t now_s, uint8_t *alert_out);
