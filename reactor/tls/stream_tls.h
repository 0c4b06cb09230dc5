/* stream_tls.h — what tls_server.c and tls_client.c need of stream_tls.c.
 *
 * Both set up an SSL object; from there on the two sides are one stream.
 */
#pragma once
#include "reactor/base/buf.h"
#include "reactor/loop/timer.h"
#include "reactor/tls/bssl.h"
#include "reactor/tls/sessions.h"
#include "reactor/tls/tls.h"

enum stream_tls_state {
    TLS_HANDSHAKE,
    TLS_OPEN,
    TLS_FAILING, /* the alert is on its way; STREAM_GONE follows when it is out */
    TLS_GONE,
};

struct stream_tls {
    struct stream stream;
    enum stream_tls_state state;
    bool paused, finished;
    bool untold;  /* there was unread input when a pause ended */
    bool stalled; /* held was full: consuming goes on with reading */
    bool *freed;  /* set when the owner frees us in a call of ours */
    struct loop *loop;
    struct stream *lower;
    SSL *ssl;
    uint32_t reason;   /* the library's, of the last reading; its own queue is everybody's */
    struct span shown; /* plaintext in the shared buffer, during STREAM_DATA */
    struct buf held;   /* plaintext that was not consumed then */
    struct timer deadline;
    struct defer work;

    struct tls_client *client; /* held; NULL on the server's side, and so are: */
    char *host;                /* what the certificate must be for */
    struct session_key key;
};

/* An SSL_CTX with what both sides share: TLS 1.2 and up, AEAD with forward secrecy, X25519 before P-256,
 * no SHA-1. */
MUST_CHECK enum err tls_context_new(SSL_CTX **context_out);

/* Takes *ssl and *lower (on failure too); the handshake begins a turn later. */
MUST_CHECK enum err stream_tls_new(struct loop *loop, SSL **ssl, struct stream **lower, stream_fn *fn, void *owner,
                                   struct stream_tls **tls_out);
