/* proxy.h — what every connection of this process shares, and what those of one bottle share. */
#pragma once
#include "backends/origin/upstream.h"
#include "dlp/secrets/safelist.h"
#include "fsm/access.h"
#include "fsm/rules.h"
#include "queue/asker.h"
#include "reactor/net/listener.h"

struct proxy {
    struct loop *loop;
    struct resolver *resolver;
    struct tls_server *tls;
    struct pool *pool;
    uint64_t next_id; /* of connections, requests and tunnels: one series, so a trace can be locked to one */
    struct access_log access;
    bool draining;                          /* no new connection, no further request on an old one */
    void (*conn_gone)(struct proxy *proxy); /* after each connection's end; or NULL */
};

/* One bottle's way out. */
struct egress {
    struct proxy *proxy;
    char *name;          /* of the bottle */
    struct rules *rules; /* of requests that begin now */
    struct asker *asker; /* about what the scan stops; outlives its requests.  NULL: that is refused at once */
    struct safelist safelist;
    struct list conns; /* every connection, struct conn's node */
    size_t conn_count;
    size_t names_count; /* connections to its name server */
};

static inline uint64_t proxy_id(struct proxy *proxy) { return ++proxy->next_id; }
