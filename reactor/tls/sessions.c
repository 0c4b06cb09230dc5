#include "reactor/tls/sessions.h"

#include <openssl/sha.h>

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"

struct kept {
    struct list node;
    struct session_key key;
    int64_t from_s, to_s; /* good between them: of the loop's clock, which may jump */
    SSL_SESSION *session;
};

struct session_key session_key(struct span host, struct span rest)
{
    struct session_key key;
    SHA256_CTX hash;

    SHA256_Init(&hash);
    SHA256_Update(&hash, host.at, host.len);
    SHA256_Update(&hash, "", 1); /* no host has a NUL: no two pairs hash alike */
    SHA256_Update(&hash, rest.at, rest.len);
    SHA256_Final(key.digest, &hash);
    return key;
}

void sessions_begin(struct sessions *sessions)
{
    list_init(&sessions->kept);
    sessions->count = 0;
}

static void drop(struct sessions *sessions, struct kept *kept)
{
    list_remove(&kept->node);
    SSL_SESSION_free(kept->session);
    mem_free(kept);
    sessions->count--;
}

void sessions_end(struct sessions *sessions)
{
    LIST_EACH (&sessions->kept, node) drop(sessions, LIST_ENTRY(node, struct kept, node));
}

static bool is_for(const struct kept *kept, const struct session_key *key)
{
    return memcmp(&kept->key, key, sizeof *key) == 0;
}

static void make_room(struct sessions *sessions, const struct session_key *key)
{
    size_t same = 0;

    LIST_EACH (&sessions->kept, node) same += is_for(LIST_ENTRY(node, struct kept, node), key);
    if (same < TLS_SESSION_KEY_MAX && sessions->count < TLS_SESSION_MAX) return;
    LIST_EACH (&sessions->kept, node) {
        struct kept *kept = LIST_ENTRY(node, struct kept, node);
        if (same >= TLS_SESSION_KEY_MAX && !is_for(kept, key)) continue;
        drop(sessions, kept);
        return;
    }
}

void sessions_keep(struct sessions *sessions, const struct session_key *key, int64_t now_s, SSL_SESSION *session)
{
    struct kept *kept = NULL;
    const uint8_t *ticket;
    size_t ticket_len;

    SSL_SESSION_get0_ticket(session, &ticket, &ticket_len);
    if (ticket_len <= TLS_TICKET_BYTES_MAX) kept = mem_new(sizeof *kept);
    if (kept == NULL) {
        SSL_SESSION_free(session);
        return;
    }
    make_room(sessions, key);
    *kept = (struct kept){
        .key = *key, .from_s = now_s, .to_s = now_s + SSL_SESSION_get_timeout(session), .session = session};
    list_push(&sessions->kept, &kept->node);
    sessions->count++;
}

SSL_SESSION *sessions_take(struct sessions *sessions, const struct session_key *key, int64_t now_s)
{
    struct kept *newest = NULL;
    SSL_SESSION *session;

    LIST_EACH (&sessions->kept, node) {
        struct kept *kept = LIST_ENTRY(node, struct kept, node);
        if (!is_for(kept, key)) continue;
        if (now_s < kept->from_s || now_s >= kept->to_s)
            drop(sessions, kept);
        else
            newest = kept;
    }
    if (newest == NULL) return NULL;
    session = newest->session;
    SSL_SESSION_up_ref(session);
    if (SSL_SESSION_should_be_single_use(session)) drop(sessions, newest);
    return session;
}
