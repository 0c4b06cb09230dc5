/* asker.h — who is asked whether what the scan stopped may leave all the same: declared low, so that a request need not
 * know whether a person sits at a terminal, behind a web page or nowhere.
 *
 * No is the default: an asker that fails, forgets or is slow has said no, as the one who asked waits for so long and no
 * longer.
 * Secret   no byte of a value is in a question: of a finding just what finding.h shows.
 */
#pragma once
#include "dlp/scan/finding.h"
#include "reactor/base/span.h"

/* Lent during the call of ask(). */
struct question {
    struct span bottle, method, host, path; /* method, path: empty where they are withheld */
    uint16_t port;
    uint64_t body_bytes;
    const struct findings *findings; /* those whose ruling is RULING_STOPS are asked about, all at once */
};

enum answer { ANSWER_NO, ANSWER_YES };

/* Once, maybe before ask() returns, maybe never; not after withdraw(). */
typedef void answer_fn(void *owner, enum answer answer);

struct asker {
    /* owner: names the question until it is answered or withdrawn.  An error is a no; fn is then not called. */
    enum err (*ask)(struct asker *self, const struct question *question, answer_fn *fn, void *owner);
    void (*withdraw)(struct asker *self, void *owner); /* nobody waits for the answer any more */
};
