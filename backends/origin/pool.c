#include "backends/origin/upstream_int.h"

#include <assert.h>

#include "reactor/base/mem.h"

/* FNV-1a: keys are ours, not the agent's to choose freely, and a long bucket is only slow. */
uint64_t pool_hash(struct span key)
{
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < key.len; i++) hash = (hash ^ key.at[i]) * 1099511628211u;
    return hash;
}

enum err pool_new(struct loop *loop, struct resolver *resolver, struct pool **pool_out)
{
    struct pool *pool = mem_new(sizeof *pool);

    if (pool == NULL) return ERR_NOMEM;
    pool->loop = loop;
    pool->resolver = resolver;
    for (size_t i = 0; i < POOL_BUCKETS; i++) list_init(&pool->buckets[i]);
    list_init(&pool->oldest);
    *pool_out = pool;
    return ERR_OK;
}

void pool_clear(struct pool *pool)
{
    LIST_EACH (&pool->oldest, node) fsm_post(&LIST_ENTRY(node, struct upstream, age)->machine, UP_EV_DROPPED);
}

void pool_free(struct pool **pool)
{
    if (*pool == NULL) return;
    pool_clear(*pool);
    mem_free(*pool);
    *pool = NULL;
}

size_t pool_idle(const struct pool *pool) { return pool->idle_count; }

static bool has_key(const struct upstream *upstream, struct span key) { return span_is(span_of(upstream->key), key); }

struct upstream *pool_take(struct pool *pool, struct span key)
{
    struct list *bucket = &pool->buckets[pool_hash(key) % POOL_BUCKETS];

    for (struct list *node = bucket->prev; node != bucket;
         node = node->prev) { /* the latest is the likeliest to live */
        struct upstream *upstream = LIST_ENTRY(node, struct upstream, bucket);
        if (!has_key(upstream, key)) continue;
        pool_forget(upstream);
        return upstream;
    }
    return NULL;
}

/* Where a key has too many its own oldest goes: no bottle pushes out another's. */
static struct upstream *one_too_many(struct pool *pool, struct list *bucket, struct span key)
{
    struct upstream *oldest = NULL;
    size_t count = 0;

    LIST_EACH (bucket, node) {
        struct upstream *upstream = LIST_ENTRY(node, struct upstream, bucket);
        if (!has_key(upstream, key)) continue;
        if (count++ == 0) oldest = upstream;
    }
    if (count > POOL_KEY_MAX) return oldest;
    return pool->idle_count > POOL_COUNT_MAX ? LIST_ENTRY(pool->oldest.next, struct upstream, age) : NULL;
}

void pool_put(struct upstream *upstream)
{
    struct pool *pool = upstream->pool;
    struct list *bucket = &pool->buckets[upstream->key_hash % POOL_BUCKETS];
    struct upstream *leaves;

    list_push(bucket, &upstream->bucket);
    list_push(&pool->oldest, &upstream->age);
    pool->idle_count++;
    leaves = one_too_many(pool, bucket, span_of(upstream->key));
    if (leaves != NULL) fsm_post(&leaves->machine, UP_EV_DROPPED);
}

void pool_forget(struct upstream *upstream)
{
    if (!list_linked(&upstream->age)) return;
    list_remove(&upstream->bucket);
    list_remove(&upstream->age);
    assert(upstream->pool->idle_count > 0);
    upstream->pool->idle_count--;
}
