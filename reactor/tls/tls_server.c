#include <openssl/sha.h>

#include "reactor/base/mem.h"
#include "reactor/tls/leaf.h"
#include "reactor/tls/stream_tls.h"

struct tls_server {
    struct loop *loop;
    struct leaves *leaves;
    SSL_CTX *context;
};

/* A client that offers protocols, but none of ours, is told so (RFC 7301 section 3.2). */
static int choose_protocol(SSL *ssl, const uint8_t **chosen, uint8_t *chosen_len, const uint8_t *offered,
                           unsigned offered_len, void *context)
{
    static const uint8_t ours[] = "\x02h2\x08http/1.1";
    uint8_t *found;

    (void)ssl, (void)context;
    if (SSL_select_next_proto(&found, chosen_len, ours, sizeof ours - 1, offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

void tls_server_free(struct tls_server **server)
{
    if (*server == NULL) return;
    leaves_free(&(*server)->leaves);
    SSL_CTX_free((*server)->context);
    mem_free(*server);
    *server = NULL;
}

/* Tickets are sealed with keys the library makes and rotates; no session is kept here. */
enum err tls_server_new(struct loop *loop, struct ca *ca, struct tls_server **server_out)
{
    AUTO(tls_server) server = mem_new(sizeof *server);

    if (server == NULL) return ERR_NOMEM;
    server->loop = loop;
    TRY(leaves_new(ca, &server->leaves));
    TRY(tls_context_new(&server->context));
    SSL_CTX_set_alpn_select_cb(server->context, choose_protocol, NULL);
    SSL_CTX_set_session_cache_mode(server->context, SSL_SESS_CACHE_OFF);
    *server_out = MOVE(server);
    return ERR_OK;
}

/* The context of a ticket is the name it was given under: it resumes for no other. */
static enum err prepare(struct tls_server *server, SSL *ssl, struct span name)
{
    CRYPTO_BUFFER *leaf;
    uint8_t context[SHA256_DIGEST_LENGTH];

    TRY(leaves_get(server->leaves, name, loop_wall_s(server->loop), &leaf));
    SHA256(name.at, name.len, context);
    if (!SSL_set_chain_and_key(ssl, &leaf, 1, leaves_key(server->leaves), NULL) ||
        !SSL_set_session_id_context(ssl, context, sizeof context))
        return ERR_NOMEM;
    SSL_set_accept_state(ssl);
    return ERR_OK;
}

enum err stream_tls_accept(struct tls_server *server, struct stream **lower, struct span name, stream_fn *fn,
                           void *owner, struct stream **stream_out)
{
    BSSL(SSL) ssl = SSL_new(server->context);
    enum err err = ssl != NULL ? prepare(server, ssl, name) : ERR_NOMEM;
    struct stream_tls *tls;

    if (err != ERR_OK) {
        stream_free(lower);
        return err;
    }
    TRY(stream_tls_new(server->loop, &ssl, lower, fn, owner, &tls));
    *stream_out = &tls->stream;
    return ERR_OK;
}
