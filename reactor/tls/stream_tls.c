#include "reactor/tls/stream_tls.h"

#include <assert.h>
#include <openssl/err.h>

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"

#define RECORD_PLAIN_MAX KIB(16)
#define RECORD_EXTRA_MAX 64u /* header, nonce, tag and padding of one sealed record */

/* One buffer for every stream: what an owner takes at once is never copied or allocated.  It is lent to one stream at a
 * time; a TLS stream over another finds it taken and decrypts into its own. */
static struct {
    uint8_t at[RECEIVE_BYTES];
    bool lent;
} plain;

static struct stream_tls *tls_of(struct stream *stream) { return CONTAINER_OF(stream, struct stream_tls, stream); }

/* --- telling --------------------------------------------------------------------------------------------- */

/* false: the owner has freed us. */
static bool tell(struct stream_tls *tls, enum stream_event event)
{
    bool freed = false;

    tls->freed = &freed;
    tls->stream.fn(tls->stream.owner, event);
    if (!freed) tls->freed = NULL;
    return !freed;
}

static void gone(struct stream_tls *tls, enum err err, const char *detail)
{
    if (tls->state == TLS_GONE) return;
    tls->state = TLS_GONE;
    tls->stream.err = err;
    tls->stream.detail = detail;
    timer_disarm(&tls->deadline);
    tell(tls, STREAM_GONE);
}

/* The owner hears of it when the alert, if there is one, has left. */
static void fail(struct stream_tls *tls, enum err err, const char *detail)
{
    if (tls->finished) {
        gone(tls, err, detail);
        return;
    }
    if (tls->state == TLS_OPEN) timer_arm(&tls->deadline, loop_now_ms(tls->loop) + TLS_HANDSHAKE_MS);
    tls->state = TLS_FAILING;
    tls->stream.err = err;
    tls->stream.detail = detail;
    stream_finish(tls->lower);
}

/* A certificate that was refused has left its reason, else the library has; without either it is the stream below that
 * took no more, or memory. */
static void fail_ssl(struct stream_tls *tls)
{
    if (tls->stream.detail != NULL)
        fail(tls, ERR_TRUST, tls->stream.detail);
    else if (tls->reason != 0)
        fail(tls, ERR_PEER, ERR_reason_error_string(tls->reason));
    else
        fail(tls, tls->lower->err != ERR_OK ? tls->lower->err : ERR_NOMEM, tls->lower->detail);
}

/* --- the stream below ------------------------------------------------------------------------------------ */

static bool lower_ended(struct stream_tls *tls) { return tls->lower->eof && stream_input(tls->lower).len == 0; }

/* "Nothing yet" at the end as well: whether that is an end is decided by lower_ended(). */
static int bio_read(BIO *bio, char *to, int len)
{
    struct stream *lower = ((struct stream_tls *)BIO_get_data(bio))->lower;
    struct span in = span_first(stream_input(lower), (size_t)len);

    BIO_clear_retry_flags(bio);
    if (in.len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(to, in.at, in.len);
    stream_consume(lower, in.len);
    return (int)in.len;
}

static int bio_write(BIO *bio, const char *from, int len)
{
    struct stream *lower = ((struct stream_tls *)BIO_get_data(bio))->lower;

    BIO_clear_retry_flags(bio);
    return stream_write(lower, (struct span){(const uint8_t *)from, (size_t)len}) == ERR_OK ? len : -1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH; /* the stream below sends once a turn */
}

static const BIO_METHOD bio_method = {
    .type = BIO_TYPE_SOURCE_SINK, .name = "stream", .bwrite = bio_write, .bread = bio_read, .ctrl = bio_ctrl};

static enum err connect_bio(struct stream_tls *tls)
{
    BIO *bio = BIO_new(&bio_method);

    if (bio == NULL) return ERR_NOMEM;
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    return ERR_OK;
}

/* --- reading --------------------------------------------------------------------------------------------- */

/* false: waiting, failed or freed. */
static bool shake_hands(struct stream_tls *tls)
{
    int result;

    ERR_clear_error();
    result = SSL_do_handshake(tls->ssl);
    tls->reason = ERR_peek_error();
    if (result == 1) {
        tls->state = TLS_OPEN;
        timer_disarm(&tls->deadline);
        return tell(tls, STREAM_OPEN);
    }
    if (SSL_get_error(tls->ssl, result) != SSL_ERROR_WANT_READ)
        fail_ssl(tls);
    else if (lower_ended(tls))
        gone(tls, ERR_PEER, "ended in the handshake");
    return false;
}

/* Decrypts into to, until it is full or nothing more is there.  Returns an SSL_ERROR_. */
static int decrypt(struct stream_tls *tls, uint8_t *to, size_t size, size_t *len_out)
{
    size_t len = 0;
    int result = 1;

    ERR_clear_error();
    while (len < size && (result = SSL_read(tls->ssl, to + len, (int)(size - len))) > 0) len += (size_t)result;
    tls->reason = ERR_peek_error();
    *len_out = len;
    return result > 0 ? SSL_ERROR_NONE : SSL_get_error(tls->ssl, result);
}

static int decrypt_held(struct stream_tls *tls, size_t *len_out)
{
    uint8_t *at;
    int status;

    *len_out = 0;
    tls->reason = 0;
    if (buf_room(&tls->held, RECORD_PLAIN_MAX, &at) != ERR_OK) return SSL_ERROR_SYSCALL;
    status = decrypt(tls, at, RECORD_PLAIN_MAX, len_out);
    buf_added(&tls->held, *len_out);
    if (buf_len(&tls->held) == 0) buf_clear(&tls->held);
    return status;
}

/* Shows what lies in the shared buffer, and keeps what the owner leaves.  false: failed or freed. */
static bool show_shared(struct stream_tls *tls, size_t len)
{
    bool alive;

    tls->shown = (struct span){plain.at, len};
    plain.lent = true;
    alive = tell(tls, STREAM_DATA);
    plain.lent = false;
    if (!alive) return false;
    if (buf_add(&tls->held, tls->shown) != ERR_OK) fail(tls, ERR_NOMEM, NULL);
    tls->shown = (struct span){0};
    return tls->state == TLS_OPEN;
}

/* What is held of a paused stream is told when it goes on. */
static bool show_held(struct stream_tls *tls)
{
    if (tls->paused) return true;
    tls->untold = false;
    return tell(tls, STREAM_DATA);
}

/* One round: decrypt, show.  Returns an SSL_ERROR_; after a negative number, nothing may be done any more. */
static int read_once(struct stream_tls *tls)
{
    bool shared = !tls->paused && !plain.lent && buf_len(&tls->held) == 0, fine = true;
    size_t len;
    int status = shared ? decrypt(tls, plain.at, sizeof plain.at, &len) : decrypt_held(tls, &len);

    if (len > 0) fine = shared ? show_shared(tls, len) : show_held(tls);
    return fine ? status : -1;
}

/* What the end of reading means.  While paused, plaintext that is held is not lost to a bare end: that waits. */
static void end_reading(struct stream_tls *tls, int status)
{
    if (status == SSL_ERROR_ZERO_RETURN) {
        tls->stream.eof = true;
        tell(tls, STREAM_EOF);
    } else if (status != SSL_ERROR_WANT_READ) {
        fail_ssl(tls);
    } else if (lower_ended(tls) && !(tls->paused && buf_len(&tls->held) > 0)) {
        gone(tls, ERR_PEER, "ended without close_notify");
    }
}

static void read_plain(struct stream_tls *tls)
{
    int status = SSL_ERROR_NONE;

    if (tls->untold && !show_held(tls)) return;
    while (status == SSL_ERROR_NONE && tls->state == TLS_OPEN && !tls->stream.eof) {
        tls->stalled = buf_len(&tls->held) >= STREAM_INPUT_MAX;
        if (tls->stalled) return;
        status = read_once(tls);
    }
    if (status > SSL_ERROR_NONE) end_reading(tls, status);
}

static void pump(struct stream_tls *tls)
{
    if (tls->state == TLS_HANDSHAKE && !shake_hands(tls)) return;
    if (tls->state == TLS_OPEN) read_plain(tls);
}

static void on_work(struct defer *work) { pump(CONTAINER_OF(work, struct stream_tls, work)); }

static void on_deadline(struct timer *timer)
{
    struct stream_tls *tls = CONTAINER_OF(timer, struct stream_tls, deadline);

    if (tls->state == TLS_HANDSHAKE)
        gone(tls, ERR_TIMEOUT, "the handshake took too long");
    else
        gone(tls, tls->stream.err, tls->stream.detail);
}

static void on_lower(void *owner, enum stream_event event)
{
    struct stream_tls *tls = owner;

    switch (event) {
    case STREAM_OPEN: return;
    case STREAM_DATA:
    case STREAM_EOF: pump(tls); return;
    case STREAM_DRAINED:
        if (tls->state == TLS_OPEN) tell(tls, STREAM_DRAINED);
        return;
    case STREAM_SENT:
        if (tls->state == TLS_FAILING)
            gone(tls, tls->stream.err, tls->stream.detail);
        else if (tls->state != TLS_GONE)
            tell(tls, STREAM_SENT);
        return;
    case STREAM_GONE:
        if (tls->state == TLS_FAILING)
            gone(tls, tls->stream.err, tls->stream.detail);
        else
            gone(tls, tls->lower->err, tls->lower->detail);
        return;
    }
}

/* --- the owner's calls ----------------------------------------------------------------------------------- */

static struct span tls_input(struct stream *stream)
{
    struct stream_tls *tls = tls_of(stream);

    return tls->shown.len > 0 ? tls->shown : buf_span(&tls->held);
}

static void tls_consume(struct stream *stream, size_t len)
{
    struct stream_tls *tls = tls_of(stream);

    assert(len <= tls_input(stream).len);
    if (tls->shown.len > 0)
        tls->shown = span_from(tls->shown, len);
    else if (len > 0)
        buf_consume(&tls->held, len);
    if (tls->stalled && buf_len(&tls->held) < STREAM_INPUT_MAX) loop_defer(tls->loop, &tls->work, on_work);
}

static void tls_pause(struct stream *stream, bool paused)
{
    struct stream_tls *tls = tls_of(stream);

    if (tls->paused && !paused) {
        tls->untold = tls_input(stream).len > 0;
        loop_defer(tls->loop, &tls->work, on_work);
    }
    tls->paused = paused;
}

static size_t tls_queued(const struct stream *stream)
{
    const struct stream *lower = CONTAINER_OF(stream, const struct stream_tls, stream)->lower;

    return lower->ops->queued(lower);
}

/* Whole or not at all: what it will be sealed has room below, or nothing is sealed. */
static enum err tls_write(struct stream *stream, struct span data)
{
    struct stream_tls *tls = tls_of(stream);
    size_t sealed = data.len + (data.len / RECORD_PLAIN_MAX + 1) * RECORD_EXTRA_MAX;

    if (tls->state != TLS_OPEN || tls->finished) return ERR_PEER;
    if (data.len > STREAM_OUTPUT_MAX || tls_queued(stream) + sealed > STREAM_OUTPUT_MAX) return ERR_LIMIT;
    if (data.len == 0) return ERR_OK;
    ERR_clear_error();
    if (SSL_write(tls->ssl, data.at, (int)data.len) == (int)data.len) return ERR_OK;
    if (tls->reason != 0) return ERR_PEER; /* reading has failed, behind the input that is being told just now */
    tls->state = TLS_FAILING;              /* some of it may be out: no more may follow, a close_notify least of all */
    tls->stream.err = ERR_NOMEM;
    timer_arm(&tls->deadline, loop_now_ms(tls->loop));
    return ERR_NOMEM;
}

static void tls_finish(struct stream *stream)
{
    struct stream_tls *tls = tls_of(stream);

    if (tls->finished || tls->state >= TLS_FAILING) return;
    tls->finished = true;
    ERR_clear_error();
    if (tls->state == TLS_OPEN) SSL_shutdown(tls->ssl); /* 0: close_notify is out, the peer's is not in */
    stream_finish(tls->lower);
}

static void tls_free(struct stream *stream)
{
    struct stream_tls *tls = tls_of(stream);

    if (tls->freed != NULL) *tls->freed = true;
    loop_defer_cancel(&tls->work);
    timer_disarm(&tls->deadline);
    SSL_free(tls->ssl);
    tls_client_free(&tls->client);
    stream_free(&tls->lower);
    buf_clear(&tls->held);
    mem_free(tls->host);
    mem_free(tls);
}

static const struct stream_ops tls_ops = {
    .input = tls_input,
    .consume = tls_consume,
    .pause = tls_pause,
    .write = tls_write,
    .queued = tls_queued,
    .finish = tls_finish,
    .free = tls_free,
};

/* --- making ---------------------------------------------------------------------------------------------- */

enum err tls_context_new(SSL_CTX **context_out)
{
    /* P-384 is for the certificates of TLS 1.2 servers, whose curve must be among these. */
    static const int curves[] = {NID_X25519, NID_X9_62_prime256v1, NID_secp384r1};
    static const uint16_t signatures[] = {/* the library's own list but SHA-1 */
                                          SSL_SIGN_ECDSA_SECP256R1_SHA256, SSL_SIGN_RSA_PSS_RSAE_SHA256,
                                          SSL_SIGN_RSA_PKCS1_SHA256,       SSL_SIGN_ECDSA_SECP384R1_SHA384,
                                          SSL_SIGN_RSA_PSS_RSAE_SHA384,    SSL_SIGN_RSA_PKCS1_SHA384,
                                          SSL_SIGN_RSA_PSS_RSAE_SHA512,    SSL_SIGN_RSA_PKCS1_SHA512};
    SSL_CTX *context = SSL_CTX_new(TLS_with_buffers_method());

    if (context == NULL || !SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) ||
        !SSL_CTX_set1_curves(context, curves, COUNT_OF(curves)) ||
        !SSL_CTX_set_verify_algorithm_prefs(context, signatures, COUNT_OF(signatures)) ||
        !SSL_CTX_set_strict_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20")) {
        SSL_CTX_free(context);
        return ERR_NOMEM;
    }
    SSL_CTX_set_max_cert_list(context, TLS_CHAIN_BYTES_MAX);
    *context_out = context;
    return ERR_OK;
}

enum err stream_tls_new(struct loop *loop, SSL **ssl, struct stream **lower, stream_fn *fn, void *owner,
                        struct stream_tls **tls_out)
{
    struct stream_tls *tls = mem_new(sizeof *tls);

    if (tls == NULL) {
        SSL_free(*ssl);
        *ssl = NULL;
        stream_free(lower);
        return ERR_NOMEM;
    }
    *tls = (struct stream_tls){
        .stream = {.ops = &tls_ops, .fn = fn, .owner = owner, .local = (*lower)->local, .peer = (*lower)->peer},
        .loop = loop,
        .lower = MOVE(*lower),
        .ssl = MOVE(*ssl)};
    timer_init(&tls->deadline, loop, on_deadline);
    SSL_set_app_data(tls->ssl, tls);
    SSL_set_shed_handshake_config(tls->ssl, 1);
    if (connect_bio(tls) != ERR_OK) {
        tls_free(&tls->stream);
        return ERR_NOMEM;
    }
    stream_own(tls->lower, on_lower, tls);
    timer_arm(&tls->deadline, loop_now_ms(loop) + TLS_HANDSHAKE_MS);
    loop_defer(loop, &tls->work, on_work);
    *tls_out = tls;
    return ERR_OK;
}

enum tls_alpn stream_tls_alpn(const struct stream *stream)
{
    const uint8_t *name;
    unsigned len;

    SSL_get0_alpn_selected(CONTAINER_OF(stream, const struct stream_tls, stream)->ssl, &name, &len);
    if (span_is((struct span){name, len}, SPAN_LIT("h2"))) return TLS_ALPN_H2;
    return span_is((struct span){name, len}, SPAN_LIT("http/1.1")) ? TLS_ALPN_HTTP1 : TLS_ALPN_NONE;
}

bool stream_tls_resumed(const struct stream *stream)
{
    return SSL_session_reused(CONTAINER_OF(stream, const struct stream_tls, stream)->ssl) == 1;
}
