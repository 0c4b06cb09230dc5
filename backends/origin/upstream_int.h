/* upstream_int.h — what upstream.c and pool.c share: one connection, and the pool it rests in. */
#pragma once
#include "backends/origin/upstream.h"
#include "backends/origin/upstream_fsm.h"
#include "reactor/net/dial.h"

#define POOL_BUCKETS 256u

struct pool {
    struct loop *loop;
    struct resolver *resolver;
    struct list buckets[POOL_BUCKETS]; /* idle connections by the hash of their key, the latest behind */
    struct list oldest;                /* the same, all of them, the oldest first */
    size_t idle_count;
    uint64_t next_id;
};

enum exchange_part { EXCHANGE_NONE, EXCHANGE_HEAD, EXCHANGE_BODY, EXCHANGE_OVER };

struct upstream {
    struct fsm machine;
    struct pool *pool;
    struct list bucket, age; /* in the pool while idle */
    struct defer told, freed;
    char *key, *host;
    uint64_t key_hash;
    uint16_t port;
    struct tls_client *tls;
    const struct addr_rules *rules;
    struct dial *dial;
    struct stream *stream;
    struct upstream_facts facts;

    /* this exchange */
    upstream_fn *fn; /* NULL: nobody is listening */
    void *owner;
    struct arena *arena;
    struct span method;
    enum exchange_part part;
    bool sent, paused, reading, heard, reusable;
    unsigned interim_count;
    size_t scanned;
    struct http1_body body;
    struct span data;
    struct field *trailers;
    size_t trailer_count;
    struct upstream_failure failure;
};

/* pool.c */
struct upstream *pool_take(struct pool *pool, struct span key); /* out of the pool, or NULL */
void pool_put(struct upstream *upstream);                       /* may push the oldest out */
void pool_forget(struct upstream *upstream);                    /* it is closing */
uint64_t pool_hash(struct span key);
