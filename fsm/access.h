/* access.h — one JSON line a request or tunnel: what was asked, what was answered and why, how long, how it ended.
 *
 * Written at the end of the loop's turn, all lines of the turn with one write(2).
 * Never in it: the query, any field's value, a body, a credential; method, host and path are withheld when the
 * scanner finds a secret in one of them.
 */
#pragma once
#include "dlp/policy/policy.h"
#include "dlp/scan/scan.h"
#include "reactor/base/buf.h"
#include "reactor/machine/machine.h"
#include "reactor/wire/url.h"

#define ACCESS_PHASE_MAX 8u

struct access {
    const struct fsm *machine; /* its id, state and last event */
    struct span bottle, method, scheme, path;
    const struct authority *authority;
    const struct verdict *verdict;
    const struct policy *policy;     /* that names the secrets in findings; or NULL */
    const struct findings *findings; /* or NULL */
    const char *detail;              /* or NULL */
    uint64_t proposal;               /* that a person was asked by, or 0 */
    bool unscanned;                  /* its body, as the route says */
    bool withheld;                   /* method, host and path */
    struct addr upstream;
    bool reused;
    uint16_t status; /* 0: none was told */
    uint64_t conn_id, up_bytes, down_bytes, born_ms;
    struct {
        const char *name;
        uint64_t ms;
    } phases[ACCESS_PHASE_MAX]; /* name NULL at the end */
};

struct access_log {
    struct loop *loop;
    int fd; /* -1: nothing is kept */
    struct buf lines;
    struct defer flush;
};

void access_write(struct access_log *log, const struct access *access);

/* What is still held back goes out now. */
void access_flush(struct access_log *log);
