/* passfd.h — descriptors over a unix socket (SCM_RIGHTS), beside a few bytes that say what they are.
 *
 * One message is one set: use SOCK_SEQPACKET or SOCK_DGRAM, where messages keep their bounds.  Never blocks.
 * Received descriptors are close-on-exec.  A message that is cut short or too long is an error, and whatever
 * descriptors came with it are closed: there is no half a set.
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/limits.h"
#include "reactor/base/span.h"

struct passed {
    uint8_t text[PASSFD_BYTES_MAX];
    size_t len;
    int fds[PASSFD_COUNT_MAX]; /* the receiver's to close */
    size_t count;
};

/* text: 1 to PASSFD_BYTES_MAX bytes; fds stay open here, and may be none.
 * errors: ERR_LIMIT, ERR_AGAIN (the socket is full), ERR_PEER (nobody is there any more), ERR_SYS */
MUST_CHECK enum err passfd_send(int socket, struct span text, const int *fds, size_t count);

/* errors: ERR_AGAIN (nothing yet), ERR_PEER (the end), ERR_LIMIT (cut short: nothing is handed on), ERR_SYS */
MUST_CHECK enum err passfd_receive(int socket, struct passed *passed_out);

/* Closes the descriptors that are left. */
void passed_close(struct passed *passed);
