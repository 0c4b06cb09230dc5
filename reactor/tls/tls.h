/* tls.h — TLS 1.2 and 1.3 as streams: stream_tls over any stream, BoringSSL driven directly.
 *
 * Server side  a leaf of our CA for the name in question; session tickets with a key of this process, rotated, good for
 *              the name they were given under.  ALPN h2, else http/1.1; a client that offers only others is refused.
 * Client side  the upstream's chain and name are verified (trust.h) before STREAM_OPEN: no request byte goes to an
 *              unverified peer.  Sessions are resumed per key (bottle + route + CA set + host + port) and never across
 *              keys; the certificate they came with is verified again.
 * Ends         close_notify is STREAM_EOF; a bare end of the stream below is STREAM_GONE with ERR_PEER (truncation).
 *              That comes after the last STREAM_DATA; while the owner has paused and input is unread, it waits.
 * Failures     stream->detail says what: a certificate's fault (with ERR_TRUST), an alert, a name of BoringSSL's.  The
 *              alert is handed to the kernel before STREAM_GONE is told.
 * Writes       ERR_PEER before STREAM_OPEN.  A stream whose write failed with ERR_NOMEM is STREAM_GONE a turn later.
 * Memory       one shared buffer of RECEIVE_BYTES for plaintext; an idle pair of connections holds about 6 KiB.
 */
#pragma once
#include "reactor/loop/loop.h"
#include "reactor/net/stream.h"
#include "reactor/tls/ca.h"

struct tls_server;
struct tls_client;

enum tls_alpn { TLS_ALPN_NONE, TLS_ALPN_HTTP1, TLS_ALPN_H2 };

/* ca outlives it. */
MUST_CHECK enum err tls_server_new(struct loop *loop, struct ca *ca, struct tls_server **server_out);
void tls_server_free(struct tls_server **server);

/* Trust roots: the system's (/etc/ssl/certs/ca-certificates.crt), plus those of extra_pem_path when not NULL.
 * errors: ERR_NOT_FOUND no such file, ERR_SYNTAX no certificate in it */
MUST_CHECK enum err tls_client_new(struct loop *loop, const char *extra_pem_path, struct tls_client **client_out);
void tls_client_free(struct tls_client **client); /* its streams may live on */

/* Wraps *lower (taken, set to NULL, freed on failure too) and starts the handshake; STREAM_OPEN or STREAM_GONE
 * follows, the latter after TLS_HANDSHAKE_MS at the latest.
 *   name    the DNS name or IP literal the leaf is for
 *   errors  ERR_SYNTAX a name no leaf is for; ERR_TRUST our CA is not valid now; ERR_NOMEM */
MUST_CHECK enum err stream_tls_accept(struct tls_server *server, struct stream **lower, struct span name, stream_fn *fn,
                                      void *owner, struct stream **stream_out);

struct tls_target {
    struct span host;        /* verified against the certificate's SAN, sent as SNI unless it is an IP literal */
    struct span session_key; /* see above */
    bool offer_h2;
};
/* errors: ERR_SYNTAX an empty host; ERR_NOMEM */
MUST_CHECK enum err stream_tls_connect(struct tls_client *client, struct stream **lower,
                                       const struct tls_target *target, stream_fn *fn, void *owner,
                                       struct stream **stream_out);

enum tls_alpn stream_tls_alpn(const struct stream *stream); /* after STREAM_OPEN */
bool stream_tls_resumed(const struct stream *stream);
