/* spool.h — where a request's body rests until it may go: bytes appended once, read in order as often as needed.
 *
 * Memory   the first SPOOL_MEMORY_MAX bytes; what follows goes to an unlinked file in $TMPDIR, else /tmp.
 * Secret   a body can hold secrets: the file is written in AES-256-CTR under a key of this process that is nowhere
 *          else, with a counter block no two spools share; memory is wiped when freed.
 * Limits   what its maker says for one, SPOOL_TOTAL_MAX for all: at either ERR_LIMIT, and nothing was appended.
 * Blocks   writes and reads are synchronous, a listed exception to "no blocking call": SPOOL_PIECE_BYTES at a time.
 * Calls    loop thread only.
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/limits.h"
#include "reactor/base/span.h"

struct spool;

MUST_CHECK enum err spool_new(uint64_t bytes_max, struct spool **spool_out);
void spool_free(struct spool **spool);

/* Behind what is there; the place of reading stays.
 * errors: ERR_LIMIT; ERR_NOMEM; ERR_SYS the file can't be made or written (a full disk): the spool is broken then, and
 * every later append fails too */
MUST_CHECK enum err spool_append(struct spool *spool, struct span bytes);

uint64_t spool_len(const struct spool *spool);

/* The next piece, at most SPOOL_PIECE_BYTES, borrowed until the next call; empty at the end.
 * errors: ERR_SYS; ERR_NOMEM */
MUST_CHECK enum err spool_read(struct spool *spool, struct span *piece_out);

/* Reading starts again from the first byte. */
void spool_rewind(struct spool *spool);
