#include "reactor/base/digest.h"

#include <openssl/digest.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "reactor/base/mem.h"

void digest_begin(struct digest *digest) { SHA256_Init(&digest->context); }
void digest_add(struct digest *digest, struct span bytes) { SHA256_Update(&digest->context, bytes.at, bytes.len); }

void digest_end(struct digest *digest, uint8_t out[DIGEST_BYTES])
{
    SHA256_Final(out, &digest->context);
    mem_wipe(digest, sizeof *digest);
}

enum err digest_hmac(struct span key, const struct span *parts, size_t count, uint8_t out[DIGEST_BYTES])
{
    HMAC_CTX context;
    bool done;

    HMAC_CTX_init(&context);
    done = HMAC_Init_ex(&context, key.at != NULL ? (const void *)key.at : "", key.len, EVP_sha256(), NULL);
    for (size_t i = 0; done && i < count; i++) done = HMAC_Update(&context, parts[i].at, parts[i].len);
    if (done) done = HMAC_Final(&context, out, NULL);
    HMAC_CTX_cleanse(&context);
    return done ? ERR_OK : ERR_NOMEM;
}

void digest_sha1(const struct span *parts, size_t count, uint8_t out[DIGEST_SHA1_BYTES])
{
    SHA_CTX context;

    SHA1_Init(&context);
    for (size_t i = 0; i < count; i++) SHA1_Update(&context, parts[i].at, parts[i].len);
    SHA1_Final(out, &context);
}

void digest_random(void *out, size_t len) { RAND_bytes(out, len); /* BoringSSL aborts rather than fail */ }
