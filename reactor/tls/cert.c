#include "reactor/tls/cert.h"

#include <openssl/rand.h>

enum { SERIAL_LEN = 16 };

static enum err done(int ok) { return ok ? ERR_OK : ERR_NOMEM; }

enum err cert_key_make(EVP_PKEY **key_out)
{
    BSSL(EC_KEY) ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    BSSL(EVP_PKEY) key = EVP_PKEY_new();

    TRY(done(ec != NULL && key != NULL && EC_KEY_generate_key(ec) && EVP_PKEY_set1_EC_KEY(key, ec)));
    *key_out = MOVE(key);
    return ERR_OK;
}

/* The top bits are 01: positive, and always of the same length. */
static enum err set_serial(X509 *cert)
{
    uint8_t bytes[SERIAL_LEN];
    BSSL(ASN1_INTEGER) serial = ASN1_INTEGER_new();

    RAND_bytes(bytes, sizeof bytes);
    bytes[0] = (uint8_t)((bytes[0] & 0x3f) | 0x40);
    return done(serial != NULL && ASN1_STRING_set(serial, bytes, sizeof bytes) && X509_set_serialNumber(cert, serial));
}

static enum err set_validity(X509 *cert, int64_t from_s, int64_t to_s)
{
    BSSL(ASN1_TIME) from = ASN1_TIME_set(NULL, from_s);
    BSSL(ASN1_TIME) to = ASN1_TIME_set(NULL, to_s);

    return done(from != NULL && to != NULL && X509_set1_notBefore(cert, from) && X509_set1_notAfter(cert, to));
}

static enum err set_names(X509 *cert, const char *subject, X509 *issuer)
{
    X509_NAME *name = X509_get_subject_name(cert);

    TRY(done(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const uint8_t *)"bottled", -1, -1, 0)));
    TRY(done(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)subject, -1, -1, 0)));
    return done(X509_set_issuer_name(cert, X509_get_subject_name(issuer)));
}

static enum err add_extensions(X509 *cert, X509 *issuer, const struct cert_plan *plan)
{
    X509V3_CTX context;

    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    for (const struct cert_extension *e = plan->extensions; e->nid != 0; e++) {
        BSSL(X509_EXTENSION) extension = X509V3_EXT_nconf_nid(NULL, &context, e->nid, e->value);
        TRY(done(extension != NULL && X509_add_ext(cert, extension, -1)));
    }
    if (plan->names == NULL) return ERR_OK;
    return done(X509_add1_ext_i2d(cert, NID_subject_alt_name, plan->names, 0, X509V3_ADD_DEFAULT));
}

enum err cert_make(const struct cert_plan *plan, X509 **cert_out)
{
    BSSL(X509) cert = X509_new();
    X509 *issuer = plan->issuer != NULL ? plan->issuer : cert;

    TRY(done(cert != NULL && X509_set_version(cert, X509_VERSION_3) && X509_set_pubkey(cert, plan->key)));
    TRY(set_serial(cert));
    TRY(set_validity(cert, plan->from_s, plan->to_s));
    TRY(set_names(cert, plan->subject, issuer));
    TRY(add_extensions(cert, issuer, plan));
    TRY(done(X509_sign(cert, plan->issuer_key, EVP_sha256())));
    *cert_out = MOVE(cert);
    return ERR_OK;
}
