/* digest.h — SHA-256, HMAC-SHA256, SHA-1 and random bytes, by BoringSSL. */
#pragma once
#include <openssl/sha.h>

#include "reactor/base/err.h"
#include "reactor/base/span.h"

#define DIGEST_BYTES      32
#define DIGEST_SHA1_BYTES 20

/* SHA-256 (FIPS 180-4) of bytes as they come; how they are cut changes nothing. */
struct digest {
    SHA256_CTX context;
};

void digest_begin(struct digest *digest);
void digest_add(struct digest *digest, struct span bytes);
void digest_end(struct digest *digest, uint8_t out[DIGEST_BYTES]); /* and forgets what was added */

/* HMAC-SHA256 (RFC 2104) of the parts as if they stood together; a caller whose parts vary in length puts the lengths
 * in.  Compare with mem_same().  errors: ERR_NOMEM */
MUST_CHECK enum err digest_hmac(struct span key, const struct span *parts, size_t count, uint8_t out[DIGEST_BYTES]);

/* SHA-1 (FIPS 180-4) of the parts as if they stood together: where a protocol asks for it, and nothing is kept safe by
 * it (RFC 6455 section 4.2.2). */
void digest_sha1(const struct span *parts, size_t count, uint8_t out[DIGEST_SHA1_BYTES]);

/* From the kernel's generator; does not fail. */
void digest_random(void *out, size_t len);
