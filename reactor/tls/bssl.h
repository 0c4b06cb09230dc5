/* bssl.h — BoringSSL's objects under the rule of own.h.
 *
 *   BSSL(X509) cert = X509_new();     X509_free(cert) runs on every way out; MOVE(cert) lets go of it
 */
#pragma once
#include <openssl/base.h>
#include <openssl/bio.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "reactor/base/own.h"

#ifndef OPENSSL_IS_BORINGSSL
#error "these are OpenSSL's headers; .ci/boringssl/build prints the folder of the right ones"
#endif

#define BSSL(type) __attribute__((cleanup(type##_drop))) type *

#define BSSL_DROP_(type)                                                                                               \
    static inline void type##_drop(type **object)                                                                      \
    {                                                                                                                  \
        type##_free(*object);                                                                                          \
        *object = NULL;                                                                                                \
    }
BSSL_DROP_(ASN1_INTEGER)
BSSL_DROP_(ASN1_TIME)
BSSL_DROP_(BIO)
BSSL_DROP_(CRYPTO_BUFFER)
BSSL_DROP_(EC_KEY)
BSSL_DROP_(EVP_PKEY)
BSSL_DROP_(GENERAL_NAME)
BSSL_DROP_(GENERAL_NAMES)
BSSL_DROP_(SSL)
BSSL_DROP_(SSL_SESSION)
BSSL_DROP_(X509)
BSSL_DROP_(X509_EXTENSION)
BSSL_DROP_(X509_STORE)
BSSL_DROP_(X509_STORE_CTX)
