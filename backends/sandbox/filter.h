/* filter.h — the system calls a bottle may not make: a seccomp filter (seccomp(2)) as a table.
 *
 * Everything is allowed but what reaches past the namespaces (AF_VSOCK is not namespaced), widens the kernel's
 * surface (io_uring, bpf), makes namespaces anew, or would leave a set-user-id file in the project folder, which is
 * the host's.  Another architecture's calls, x32's included, kill the process.
 */
#pragma once
#include "reactor/base/err.h"

/* A memfd with the program, at its start, as `bwrap --seccomp` reads it; the caller's.  errors: ERR_NOMEM, ERR_SYS */
MUST_CHECK enum err filter_new(int *fd_out);
