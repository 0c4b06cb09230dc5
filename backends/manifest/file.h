/* file.h — a whole small file into memory. */
#pragma once
#include <stdbool.h>
#include "reactor/base/buf.h"

/* Follows links; takes regular files alone, so that a pipe cannot hold the program up.
 * errors: ERR_NOT_FOUND, ERR_LIMIT (larger than max bytes), ERR_DENIED (no regular file, or anyone may write it),
 * ERR_SYS, ERR_NOMEM */
MUST_CHECK enum err file_read(const char *path, size_t max, struct buf *out);
