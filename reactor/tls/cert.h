/* cert.h — X.509 certificates, made: what our CA's own and its leaves have in common.
 *
 * Serial   16 random bytes, positive.  Signature ECDSA with SHA-256.
 * Errors   ERR_NOMEM: nothing else can go wrong with a plan of ours.
 */
#pragma once
#include <stdint.h>
#include "reactor/base/err.h"
#include "reactor/tls/bssl.h"

#define CERT_DAYS(n)     ((int64_t)(n)*86400)
#define CERT_BACKDATED_S CERT_DAYS(2) /* clocks of clients run behind; date lines are crossed */

struct cert_extension {
    int nid;           /* 0 ends a list */
    const char *value; /* as OpenSSL's configuration files write it */
};

struct cert_plan {
    const char *subject; /* the common name; names that are checked go into names */
    EVP_PKEY *key;       /* the subject's */
    X509 *issuer;        /* NULL: self-signed */
    EVP_PKEY *issuer_key;
    int64_t from_s, to_s;
    const struct cert_extension *extensions;
    GENERAL_NAMES *names; /* subjectAltName, or NULL */
};

MUST_CHECK enum err cert_make(const struct cert_plan *plan, X509 **cert_out);
MUST_CHECK enum err cert_key_make(EVP_PKEY **key_out); /* P-256 */
