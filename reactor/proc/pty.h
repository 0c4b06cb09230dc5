/* pty.h — a terminal of the bottle's own (pty(7)). */
#pragma once
#include <sys/ioctl.h>
#include "reactor/base/err.h"

/* Both ends close-on-exec; the master is non-blocking.  Reading the master gives EIO when the last slave has closed:
 * its end.  The caller's.  errors: ERR_SYS */
MUST_CHECK enum err pty_open(int *master_out, int *slave_out);

/* Gives pty the size of the terminal at fd; the processes on it get SIGWINCH. */
void pty_resize_like(int pty, int fd);
