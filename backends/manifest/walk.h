/* walk.h — the files that a person named, and those in the folders that were named, in the order of their names.
 *
 * Named     whatever it is: a link is followed, a pipe is read.
 * Found     in a folder: plain files alone.  Links are not followed, devices and pipes not opened.  A folder `.git` is
 *           passed over: it holds packed bytes, and `git log -p` prints what they mean.
 */
#pragma once
#include <stdbool.h>
#include "reactor/base/err.h"

struct walk {
    enum err (*on_file)(void *owner, int fd, const char *path); /* fd: the walk's, and ready to be read */
    void (*on_error)(void *owner, const char *path, const char *why);
    void *owner;
};

/* What can't be read is told to on_error, and it goes on.
 * errors: those of on_file, which end it; ERR_NOMEM, ERR_SYS */
MUST_CHECK enum err walk_path(const struct walk *walk, char *path);
