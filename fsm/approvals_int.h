/* approvals_int.h — for approvals.c (who asks), hold.c (what is asked), poll.c (who looks) and remembered.c (what was
 * answered). */
#pragma once
#include "dlp/secrets/safelist.h"
#include "fsm/approvals.h"
#include "fsm/hold_fsm.h"
#include "fsm/poll_fsm.h"
#include "reactor/net/poke.h"

struct approvals {
    struct fsm poll;
    struct loop *loop;
    const char *folder;
    approvals_open_fn *open;
    void *owner;
    uint64_t run; /* by which the queue knows this process */
    struct store *store;
    struct poke *bell;
    uint64_t since;        /* the last answer that was heard */
    uint64_t heard_before; /* ...when the queue was lost: up to there answers are heard again, and "once" was */
    struct list desks, holds, waiters;
    struct list unwritten; /* holds in HOLD_DRAFT and HOLD_ENDING */
    struct list ready;     /* waiters who may go once it is written */
    uint64_t counted_ms;   /* when it was last told how many wait */
    uint64_t next_id;      /* of holds, for the trace */
    bool ending, looking;  /* looking: the one who looks will see what is new */
};

/* An answer "once" that came when nobody waited. */
struct once {
    struct fingerprint value;
    uint8_t digest[DIGEST_BYTES];
    uint64_t id; /* 0: a free place */
};

struct grant {
    struct policy *policy;
    uint64_t id;
};

/* One bottle's. */
struct desk {
    struct asker asker;
    struct list node;
    struct approvals *all;
    struct egress *egress; /* its safelist is what may leave */
    struct safelist refused;
    struct once onces[ONCE_COUNT_MAX];
    struct grant grants[GRANT_COUNT_MAX];
    size_t next_once, next_grant; /* rings */
    size_t hold_count;
};

/* What is asked about: a value on its way to a host; what stands for no value ("too-many-hits") in one request; or a
 * host and port. */
struct matter {
    struct fingerprint value, host;
};

struct hold {
    struct fsm machine;
    struct desk *desk;
    struct list node, unwritten;
    struct defer freed;
    struct matter matter;
    uint8_t digest[DIGEST_BYTES]; /* of the request that was shown */
    uint64_t id;                  /* 0: not written yet */
    struct list links;
    uint32_t waiting, told;
    bool late;        /* the last who left had waited in vain */
    enum scope scope; /* of the answer */
};

/* One of what a request waits for. */
struct link {
    struct list node; /* in hold->links, while it waits */
    struct hold *hold;
    struct waiter *waiter;
    const struct finding *finding; /* NULL: the host */
};

/* One request that waits. */
struct waiter {
    struct list node; /* in waiters, or ready */
    struct desk *desk;
    struct question question;
    answer_fn *fn;
    void *owner;
    struct policy *granted;
    size_t pending, link_count, pass_count;
    struct {
        uint64_t id;
        enum audit_event how;
    } passes[SCAN_FINDINGS_MAX];
    struct link links[]; /* SCAN_FINDINGS_MAX at most */
};

/* approvals.c */
void waiter_tell(struct waiter *waiter, enum answer answer, uint64_t proposal); /* and frees it */
void waiter_pass(struct waiter *waiter, uint64_t id);                           /* one of what it waits for may go */
enum store_err approvals_write_passes(struct approvals *approvals);
void approvals_lose(struct approvals *approvals); /* the queue: all who wait hear no */
uint64_t approvals_wall_ms(const struct approvals *approvals);

/* hold.c */
enum answer hold_join(struct waiter *waiter, struct link *link, const struct matter *matter); /* ANSWER_YES: it waits */
struct hold *hold_leave(struct link *link, bool late); /* what it waited for, or NULL; then hold_look_empty() */
void hold_look_empty(struct hold *hold);
enum store_err hold_write(struct hold *hold);
struct hold *hold_of(const struct approvals *approvals, uint64_t id);
void holds_free(struct approvals *approvals);

/* remembered.c.  errors: ERR_NOMEM */
MUST_CHECK enum err matter_of(const struct question *question, const struct finding *finding,
                              struct matter *matter_out);

/* ANSWER_YES, ANSWER_NO, or ANSWER_DIGEST: nothing is known of it. */
enum answer remembered(struct desk *desk, const struct matter *matter, struct waiter *waiter, uint64_t *id_out);
/* A host is granted: sets waiter->granted to the route that lets it go.  False: the grant is narrower, or no memory. */
bool waiter_grant(struct waiter *waiter, enum scope scope);
void remember(struct approvals *approvals, const struct store_item *item,
              bool again); /* again: not for the first time */
void forget(struct approvals *approvals, uint64_t id);
void forget_all(struct approvals *approvals);
void desk_free(struct desk *desk);

/* poll.c */
void poll_start(struct approvals *approvals);
void poll_want(struct approvals *approvals); /* there is something new to be written */
void poll_tell_lost(enum store_err err);     /* to the log */
