#include "reactor/base/mem.h"
#include "reactor/tls/stream_tls.h"
#include "reactor/tls/trust.h"

#define SYSTEM_ROOTS "/etc/ssl/certs/ca-certificates.crt"

struct tls_client {
    struct loop *loop;
    SSL_CTX *context;
    X509_STORE *roots;
    CRYPTO_BUFFER_POOL *pool; /* a chain is in memory once, however many connections and sessions hold it */
    struct sessions sessions;
    unsigned references; /* the maker's, and one of each stream: tickets come at any time */
};

/* --- what the library asks ------------------------------------------------------------------------------- */

static enum ssl_verify_result_t verify(SSL *ssl, uint8_t *alert_out)
{
    struct stream_tls *tls = SSL_get_app_data(ssl);
    struct tls_client *client = tls->client;

    tls->stream.detail =
        trust_refused(client->roots, SSL_get0_peer_certificates(ssl), tls->host, loop_wall_s(client->loop), alert_out);
    return tls->stream.detail == NULL ? ssl_verify_ok : ssl_verify_invalid;
}

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct stream_tls *tls = SSL_get_app_data(ssl);

    sessions_keep(&tls->client->sessions, &tls->key, loop_wall_s(tls->loop), session);
    return 1; /* taken */
}

/* --- the client ------------------------------------------------------------------------------------------ */

void tls_client_free(struct tls_client **client)
{
    struct tls_client *freed = MOVE(*client);

    if (freed == NULL || --freed->references > 0) return;
    sessions_end(&freed->sessions);
    SSL_CTX_free(freed->context);
    X509_STORE_free(freed->roots);
    CRYPTO_BUFFER_POOL_free(freed->pool);
    mem_free(freed);
}

enum err tls_client_new(struct loop *loop, const char *extra_pem_path, struct tls_client **client_out)
{
    AUTO(tls_client) client = mem_new(sizeof *client);

    if (client == NULL) return ERR_NOMEM;
    client->loop = loop;
    client->references = 1;
    sessions_begin(&client->sessions);
    client->pool = CRYPTO_BUFFER_POOL_new();
    client->roots = X509_STORE_new();
    if (client->pool == NULL || client->roots == NULL) return ERR_NOMEM;
    TRY(trust_add_file(client->roots, SYSTEM_ROOTS));
    if (extra_pem_path != NULL) TRY(trust_add_file(client->roots, extra_pem_path));
    TRY(tls_context_new(&client->context));
    SSL_CTX_set0_buffer_pool(client->context, client->pool);
    SSL_CTX_set_custom_verify(client->context, SSL_VERIFY_PEER, verify);
    SSL_CTX_set_reverify_on_resume(client->context, 1);
    SSL_CTX_set_session_cache_mode(client->context, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(client->context, keep_session);
    *client_out = MOVE(client);
    return ERR_OK;
}

/* --- a connection ---------------------------------------------------------------------------------------- */

static enum err offer(SSL *ssl, const char *host, bool offer_h2)
{
    static const uint8_t both[] = "\x02h2\x08http/1.1", http1[] = "\x08http/1.1";
    struct addr addr;
    bool is_ip = addr_parse(span_of(host), &addr) == ERR_OK;

    if (!is_ip && !SSL_set_tlsext_host_name(ssl, host)) return ERR_SYNTAX;
    return SSL_set_alpn_protos(ssl, offer_h2 ? both : http1, (offer_h2 ? sizeof both : sizeof http1) - 1) == 0
               ? ERR_OK
               : ERR_NOMEM;
}

static enum err prepare(struct stream_tls *tls, struct tls_client *client, const struct tls_target *target)
{
    BSSL(SSL_SESSION) session = NULL;

    tls->client = client;
    client->references++;
    tls->key = session_key(target->host, target->session_key);
    tls->host = mem_text(target->host);
    if (tls->host == NULL) return ERR_NOMEM;
    if (strlen(tls->host) != target->host.len || target->host.len == 0) return ERR_SYNTAX;
    TRY(offer(tls->ssl, tls->host, target->offer_h2));
    session = sessions_take(&client->sessions, &tls->key, loop_wall_s(client->loop));
    return session == NULL || SSL_set_session(tls->ssl, session) ? ERR_OK : ERR_NOMEM;
}

enum err stream_tls_connect(struct tls_client *client, struct stream **lower, const struct tls_target *target,
                            stream_fn *fn, void *owner, struct stream **stream_out)
{
    BSSL(SSL) ssl = SSL_new(client->context);
    struct stream_tls *tls;
    struct stream *stream;
    enum err err;

    if (ssl == NULL) {
        stream_free(lower);
        return ERR_NOMEM;
    }
    SSL_set_connect_state(ssl);
    TRY(stream_tls_new(client->loop, &ssl, lower, fn, owner, &tls));
    stream = &tls->stream;
    err = prepare(tls, client, target);
    if (err != ERR_OK) {
        stream_free(&stream);
        return err;
    }
    *stream_out = stream;
    return ERR_OK;
}
