#include "reactor/tls/leaf.h"

#include "reactor/base/limits.h"
#include "reactor/base/list.h"
#include "reactor/base/mem.h"
#include "reactor/net/addr.h"
#include "reactor/tls/cert.h"

#define LEAF_LIFE_S CERT_DAYS(190) /* with the backdating still under 200 days, above which clients refuse */

struct leaf {
    struct list node;
    int64_t from_s, half_s; /* good between them; earlier only when the clock has been set back */
    CRYPTO_BUFFER *der;
    size_t name_len;
    uint8_t name[];
};

struct leaves {
    const struct ca *ca;
    EVP_PKEY *key;
    struct list used; /* the longest unused first */
    size_t count, minted;
};

static void leaf_free(struct leaf **leaf)
{
    if (*leaf == NULL) return;
    list_remove(&(*leaf)->node);
    CRYPTO_BUFFER_free((*leaf)->der);
    mem_free(*leaf);
    *leaf = NULL;
}

enum err leaves_new(const struct ca *ca, struct leaves **leaves_out)
{
    AUTO(leaves) leaves = mem_new(sizeof *leaves);

    if (leaves == NULL) return ERR_NOMEM;
    leaves->ca = ca;
    list_init(&leaves->used);
    TRY(cert_key_make(&leaves->key));
    *leaves_out = MOVE(leaves);
    return ERR_OK;
}

void leaves_free(struct leaves **leaves)
{
    if (*leaves == NULL) return;
    LIST_EACH (&(*leaves)->used, node) {
        struct leaf *leaf = LIST_ENTRY(node, struct leaf, node);
        leaf_free(&leaf);
    }
    EVP_PKEY_free((*leaves)->key);
    mem_free(*leaves);
    *leaves = NULL;
}

EVP_PKEY *leaves_key(const struct leaves *leaves) { return leaves->key; }
size_t leaves_minted(const struct leaves *leaves) { return leaves->minted; }

/* --- minting --------------------------------------------------------------------------------------------- */

static enum err san_of(struct span name, GENERAL_NAMES **names_out)
{
    BSSL(GENERAL_NAMES) names = GENERAL_NAMES_new();
    BSSL(GENERAL_NAME) entry = GENERAL_NAME_new();
    struct addr addr;
    bool is_ip = addr_parse(name, &addr) == ERR_OK;
    struct span value = is_ip ? (struct span){addr.ip, addr.family == 4 ? 4 : 16} : name;
    ASN1_STRING *text = is_ip ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();

    if (names == NULL || entry == NULL || text == NULL || !ASN1_STRING_set(text, value.at, (int)value.len)) {
        ASN1_STRING_free(text);
        return ERR_NOMEM;
    }
    GENERAL_NAME_set0_value(entry, is_ip ? GEN_IPADD : GEN_DNS, text);
    if (!sk_GENERAL_NAME_push(names, entry)) return ERR_NOMEM;
    entry = NULL; /* names has it */
    *names_out = MOVE(names);
    return ERR_OK;
}

static enum err to_der(X509 *cert, CRYPTO_BUFFER **der_out)
{
    uint8_t *bytes = NULL;
    int len = i2d_X509(cert, &bytes);

    if (len <= 0) return ERR_NOMEM;
    *der_out = CRYPTO_BUFFER_new(bytes, (size_t)len, NULL);
    OPENSSL_free(bytes);
    return *der_out != NULL ? ERR_OK : ERR_NOMEM;
}

static enum err mint(const struct leaves *leaves, struct leaf *leaf, int64_t now_s)
{
    /* clang-format off */
    static const struct cert_extension extensions[] = {
        {NID_basic_constraints,        "critical,CA:FALSE"},
        {NID_key_usage,                "critical,digitalSignature"},
        {NID_ext_key_usage,            "serverAuth"},
        {NID_authority_key_identifier, "keyid:always"},
        {0, NULL},
    };
    /* clang-format on */
    BSSL(GENERAL_NAMES) names = NULL;
    BSSL(X509) cert = NULL;
    int64_t ca_to_s = ca_valid_to_s(leaves->ca), to_s = now_s + LEAF_LIFE_S;

    if (now_s >= ca_to_s) return ERR_TRUST;
    if (to_s > ca_to_s) to_s = ca_to_s;
    TRY(san_of((struct span){leaf->name, leaf->name_len}, &names));
    TRY(cert_make(&(struct cert_plan){.subject = "a name we speak for",
                                      .key = leaves->key,
                                      .issuer = ca_cert(leaves->ca),
                                      .issuer_key = ca_key(leaves->ca),
                                      .from_s = now_s - CERT_BACKDATED_S,
                                      .to_s = to_s,
                                      .extensions = extensions,
                                      .names = names},
                  &cert));
    leaf->from_s = now_s - CERT_BACKDATED_S;
    leaf->half_s = now_s + (to_s - now_s) / 2;
    return to_der(cert, &leaf->der);
}

/* --- keeping --------------------------------------------------------------------------------------------- */

static struct leaf *find(struct leaves *leaves, struct span name)
{
    for (struct list *node = leaves->used.prev; node != &leaves->used; node = node->prev) { /* the latest first */
        struct leaf *leaf = LIST_ENTRY(node, struct leaf, node);
        if (span_is((struct span){leaf->name, leaf->name_len}, name)) return leaf;
    }
    return NULL;
}

static void forget(struct leaves *leaves, struct leaf *leaf)
{
    leaf_free(&leaf);
    leaves->count--;
}

static enum err add(struct leaves *leaves, struct span name, int64_t now_s, struct leaf **leaf_out)
{
    AUTO(leaf) leaf = mem_new(sizeof *leaf + name.len);

    if (leaf == NULL) return ERR_NOMEM;
    leaf->name_len = name.len;
    memcpy(leaf->name, name.at, name.len);
    TRY(mint(leaves, leaf, now_s));
    leaves->minted++;
    if (leaves->count == LEAF_COUNT_MAX) forget(leaves, LIST_ENTRY(leaves->used.next, struct leaf, node));
    leaves->count++;
    list_push(&leaves->used, &leaf->node);
    *leaf_out = MOVE(leaf);
    return ERR_OK;
}

enum err leaves_get(struct leaves *leaves, struct span name, int64_t now_s, CRYPTO_BUFFER **der_out)
{
    struct leaf *leaf;

    if (name.len == 0 || name.len > NAME_BYTES_MAX || span_find(name, '*', 0) < name.len) return ERR_SYNTAX;
    leaf = find(leaves, name);
    if (leaf != NULL && (now_s < leaf->from_s || now_s >= leaf->half_s)) {
        forget(leaves, leaf);
        leaf = NULL;
    }
    if (leaf == NULL) TRY(add(leaves, name, now_s, &leaf));
    list_remove(&leaf->node);
    list_push(&leaves->used, &leaf->node);
    *der_out = leaf->der;
    return ERR_OK;
}
