/* request_int.h — a request, for request.c and the files beside it: names, refusals, sending, the log. */
#pragma once
#include "dlp/policy/judge.h"
#include "fsm/request.h"
#include "dlp/scan/surround.h"
#include "fsm/request_fsm.h"
#include "reactor/base/digest.h"
#include "reactor/base/spool.h"

struct request {
    struct fsm machine;
    struct egress *egress;
    struct rules *rules;
    struct client *client;
    struct request_origin origin;
    request_over_fn *fn;
    void *owner;
    struct defer over;

    struct arena arena;
    struct span raw; /* the head as it came, in the arena; head's spans point into it */
    struct target target;
    struct authority authority; /* whom it is for */
    bool tls;                   /* to the origin */
    struct verdict verdict;
    const char *detail; /* of a refusal, for the log: static text */

    struct scan *scan;
    struct spool *spool;
    struct request_judge judge; /* of findings */
    struct findings findings;
    struct field *trailers;
    size_t trailer_count;

    struct upstream *upstream;
    struct upstream_facts facts;
    bool retried, clean;
    bool secret_in_line; /* in the method or the target */

    bool asked;             /* the egress' asker knows of it... */
    void *ticket;           /* ...by this */
    uint64_t proposal;      /* by which it was decided, or for which it waited; 0: none */
    struct policy *granted; /* the route that a person has granted, or NULL */
    bool digested;          /* digest is that of the whole of it */
    struct digest digesting;
    struct surround *surround; /* while it is digested */
    struct beside *beside;     /* each finding, once a person has to see it; or NULL */
    uint8_t digest[DIGEST_BYTES];
    struct defer next_turn;

    uint16_t status; /* told to the client */
    uint64_t up_bytes, down_bytes;
    uint64_t born_ms, entered_ms[REQ_STATE_COUNT];

    struct head head; /* last: its fields are not zeroed at birth */
};

/* agree.c: who it is for, if all that names it agrees.  REASON_NONE or why not. */
enum reason request_read_names(struct request *request);

/* refusal.c: tells the client no, in the one vocabulary. */
void request_tell_refusal(struct request *request);

/* send.c: between injection and its undoing the head holds the real credential; nothing else sees it.
 * errors: ERR_NOT_FOUND the credential is not to be had */
MUST_CHECK enum err request_write_head(struct request *request);
/* send.c: as much of the spool as the upstream takes now. */
MUST_CHECK enum err request_pump_body(struct request *request, bool *whole_out);

/* request_line.c */
void request_write_line(struct request *request);
bool request_withholds(const struct request *request); /* a secret is, or may be, in its method, host or path */

static inline void request_mark(struct request *request)
{
    request->entered_ms[request->machine.state] = loop_now_ms(request->machine.timer.loop);
}

static inline uint64_t request_body_max(const struct route *route)
{
    return route->body_max > 0 ? route->body_max : SPOOL_BODY_MAX;
}

/* request_decide.c */
fsm_action_fn request_decide;

/* request.c */
void request_say_no(struct request *request, enum reason reason, const char *detail);
fsm_action_fn request_dial, request_refuse_now;

/* request_hold.c: reads the names, which decide what findings mean; REASON_NONE or why they don't agree. */
enum reason request_name_judge(struct request *request);
bool request_is_stopped(const struct request *request);   /* by what was found so far, and nobody can be asked */
bool request_may_propose(const struct request *request);  /* to somebody, that its host be allowed */
bool request_needs_asking(const struct request *request); /* what was found in it */
void request_digest_head(struct request *request);
fsm_action_fn request_hold, request_release, request_unanswered, request_propose, request_digest, request_digest_on;
void request_unask(struct request *request); /* it waits for no answer any more */
