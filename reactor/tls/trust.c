#include "reactor/tls/trust.h"

#include <openssl/err.h>
#include <openssl/obj.h>
#include <openssl/pem.h>

#include "reactor/base/limits.h"
#include "reactor/net/addr.h"

#define RSA_BITS_MIN   2048
#define CURVE_BITS_MIN 256

static void certs_drop(STACK_OF(X509) * *certs) { sk_X509_pop_free(*certs, X509_free); }

enum err trust_add_file(X509_STORE *roots, const char *path)
{
    BSSL(BIO) in = BIO_new_file(path, "re");
    int count = 0;
    bool at_end;

    if (in == NULL) return ERR_NOT_FOUND;
    for (;;) {
        BSSL(X509) root = PEM_read_bio_X509(in, NULL, NULL, NULL);
        if (root == NULL) break;
        if (!X509_STORE_add_cert(roots, root)) return ERR_NOMEM;
        count++;
    }
    at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return at_end && count > 0 ? ERR_OK : ERR_SYNTAX;
}

/* --- strength -------------------------------------------------------------------------------------------- */

static bool is_strong_key(X509 *cert)
{
    BSSL(EVP_PKEY) key = X509_get_pubkey(cert);

    if (key == NULL) return false;
    if (EVP_PKEY_id(key) == EVP_PKEY_RSA) return EVP_PKEY_bits(key) >= RSA_BITS_MIN;
    if (EVP_PKEY_id(key) == EVP_PKEY_EC) return EVP_PKEY_bits(key) >= CURVE_BITS_MIN;
    return EVP_PKEY_id(key) == EVP_PKEY_ED25519;
}

/* RSA-PSS names its digest elsewhere; public CAs don't sign with it, so it is not taken. */
static bool is_strong_signature(const X509 *cert)
{
    int digest = NID_undef;

    if (X509_get_signature_nid(cert) == NID_ED25519) return true;
    return OBJ_find_sigid_algs(X509_get_signature_nid(cert), &digest, NULL) &&
           (digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512);
}

/* A root is trusted for being there, not for its signature. */
static const char *weakness(STACK_OF(X509) * path)
{
    for (size_t i = 0; i < sk_X509_num(path); i++) {
        X509 *cert = sk_X509_value(path, i);
        if (!is_strong_key(cert)) return "a weak key in the chain";
        if (i + 1 < sk_X509_num(path) && !is_strong_signature(cert)) return "a weak signature in the chain";
    }
    return NULL;
}

/* --- the path -------------------------------------------------------------------------------------------- */

/* All but the leaf go to others. */
static int parse_chain(const STACK_OF(CRYPTO_BUFFER) * chain, X509 **leaf, STACK_OF(X509) * others)
{
    size_t count = sk_CRYPTO_BUFFER_num(chain);

    if (count == 0 || count > TLS_CHAIN_COUNT_MAX) return X509_V_ERR_CERT_CHAIN_TOO_LONG;
    for (size_t i = 0; i < count; i++) {
        X509 *cert = X509_parse_from_buffer(sk_CRYPTO_BUFFER_value(chain, i));
        if (cert == NULL) return X509_V_ERR_UNSPECIFIED;
        if (i == 0) {
            *leaf = cert;
        } else if (!sk_X509_push(others, cert)) {
            X509_free(cert);
            return X509_V_ERR_OUT_OF_MEM;
        }
    }
    return X509_V_OK;
}

static bool expect_host(X509_VERIFY_PARAM *param, const char *host)
{
    struct addr addr;

    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (addr_parse(span_of(host), &addr) == ERR_OK)
        return X509_VERIFY_PARAM_set1_ip(param, addr.ip, addr.family == 4 ? 4 : 16);
    return X509_VERIFY_PARAM_set1_host(param, host, strlen(host));
}

static int find_path(X509_STORE_CTX *context, X509_STORE *roots, X509 *leaf, STACK_OF(X509) * others, const char *host,
                     int64_t now_s)
{
    int result;

    if (!X509_STORE_CTX_init(context, roots, leaf, others) || !X509_STORE_CTX_set_default(context, "ssl_server") ||
        !expect_host(X509_STORE_CTX_get0_param(context), host))
        return X509_V_ERR_OUT_OF_MEM;
    X509_STORE_CTX_set_flags(context, X509_V_FLAG_TRUSTED_FIRST); /* a cross-signed root may have expired */
    X509_STORE_CTX_set_time(context, 0, (time_t)now_s);
    if (X509_verify_cert(context) == 1) return X509_V_OK;
    result = X509_STORE_CTX_get_error(context);
    return result != X509_V_OK ? result : X509_V_ERR_UNSPECIFIED;
}

const char *trust_refused(X509_STORE *roots, const STACK_OF(CRYPTO_BUFFER) * chain, const char *host, int64_t now_s,
                          uint8_t *alert_out)
{
    BSSL(X509) leaf = NULL;
    BSSL(X509_STORE_CTX) context = X509_STORE_CTX_new();
    __attribute__((cleanup(certs_drop))) STACK_OF(X509) *others = sk_X509_new_null();
    int result = X509_V_ERR_OUT_OF_MEM;

    if (context != NULL && others != NULL) result = parse_chain(chain, &leaf, others);
    if (result == X509_V_OK) result = find_path(context, roots, leaf, others, host, now_s);
    *alert_out = (uint8_t)SSL_alert_from_verify_result(result);
    if (result != X509_V_OK) return X509_verify_cert_error_string(result);
    *alert_out = SSL_AD_BAD_CERTIFICATE;
    return weakness(X509_STORE_CTX_get0_chain(context));
}
