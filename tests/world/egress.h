/* egress.h — one bottle's whole egress in the simulated world: clients and origins are text on memory streams. */
#pragma once
#include "fsm/conn.h"
#include "fsm/proxy.h"
#include "tests/world/world.h"

/* Routes: api.example.com:80 (10.0.0.1 allowed), names below example.org:80 (GET under /ok only), deep.example.com:80
 * (an address that is refused), pass.example.com:443 passthrough, secure.example.com:443,
 * raw.example.com:80 (bodies of 100 bytes, unscanned).  The vault's one value is
 * EGRESS_SECRET, which secure.example.com is given as its bearer token.  "github-pat" is bound to secure.example.com
 * and api.example.com, in private-token and the query.  One authority signs everybody's leaves. */
#define EGRESS_SECRET "s3cr3t-t0ken-value-of-the-vault"
#define EGRESS_ORIGIN "10.0.0.1"

struct talker { /* one end of a connection, and what has been heard on it */
    struct stream *stream;
    struct buf heard;
    bool open, eof, gone; /* open: TLS is */
};

extern struct egress egress;
extern struct proxy proxy;

void egress_begin(void);  /* world_begin() included */
void egress_reload(void); /* new rules that say the same; what has begun keeps the old ones */
void egress_end(void);    /* every connection must be over, or is cut; world_end() included */

/* A client on the proxy port, or on one that was dialled directly (local port 80). */
void talker_connect(struct talker *client, enum conn_kind kind);
/* The origin's end of the connection that the proxy has made; false when it has made none. */
bool talker_accept(struct talker *origin);

/* TLS over what the talker has: as a client that asks for name, or as an origin that has a leaf for it. */
void talker_shake(struct talker *client, const char *name);
void talker_shake_back(struct talker *origin, const char *name);

void talker_say(struct talker *talker, const char *text);
void talker_say_bytes(struct talker *talker, struct span bytes);
void talker_finish(struct talker *talker); /* half-close */
void talker_leave(struct talker *talker);  /* reset */

/* Everything heard so far, NUL-terminated; good until the next call. */
const char *talker_heard(struct talker *talker);
void talker_forget(struct talker *talker); /* what was heard */

/* What access.c and log.c wrote, NUL-terminated; good until the next call. */
const char *egress_log(void);
