/* asker.h — who is asked whether what would be refused may go all the same: declared low, so that a request need not
 * know whether a person sits at a terminal, behind a web page or nowhere.
 *
 * No is the default: an asker that forgets or is slow has said no, as the one who asked waits for so long and no
 * longer.
 * Secret   no byte of a value is in a question: of a finding just what finding.h shows.
 */
#pragma once
#include "dlp/policy/policy.h"
#include "dlp/scan/finding.h"
#include "dlp/scan/surround.h"
#include "reactor/base/digest.h"

/* Lent until it is answered or withdrawn. */
struct question {
    struct span scheme, method, host, path; /* method, path: empty where they are withheld */
    uint16_t port;
    uint64_t body_bytes, request;    /* request: its number in the logs */
    const struct findings *findings; /* those that stop, or were allowed before, are asked about, all at once; NULL: the
                                        host is, which no route names */
    const struct policy *policy;     /* says how long it may wait, and the names of secrets */
    const struct beside *beside;     /* what stands beside each finding; NULL: not known */
    const uint8_t *digest;           /* DIGEST_BYTES, of method, host, path and body; NULL: not known yet */
};

/* clang-format off */
#define ANSWER_LIST(A)                                                                                       \
    A(ANSWER_YES)         /* it may go */                                                                    \
    A(ANSWER_NO)          /* a person said so */                                                             \
    A(ANSWER_DIGEST)      /* ask again, with the digest: a person has to see it */                           \
    A(ANSWER_UNREACHED)   /* the queue can't be had */                                                       \
    A(ANSWER_FULL)        /* too many wait already */                                                        \
    A(ANSWER_ENDING)      /* the program ends */
/* clang-format on */

#define ANSWER_ENUM_(id) id,
enum answer { ANSWER_LIST(ANSWER_ENUM_) ANSWER_COUNT };

/* Lent during the call. */
struct reply {
    enum answer answer;
    uint64_t proposal;     /* by which it was decided, or 0 */
    struct policy *policy; /* of a host that was granted: the route that lets it go; to be held */
};

/* Once, maybe before ask() returns; not after withdraw(). */
typedef void answer_fn(void *owner, const struct reply *reply);

struct asker {
    /* Returns what withdraw() takes, or NULL: it was answered from inside. */
    void *(*ask)(struct asker *self, const struct question *question, answer_fn *fn, void *owner);
    /* Nobody waits for the answer any more.  late: it did not come in time.  Returns the proposal that was waited for,
     * or 0. */
    uint64_t (*withdraw)(struct asker *self, void *ticket, bool late);
};
