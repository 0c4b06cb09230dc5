/* inflate.h — the content codings of a body undone, bytes in, bytes out (RFC 9110 section 8.4).
 *
 * Knows    the codings of coding.h, up to CODINGS_MAX of them stacked, the last applied undone first.
 * Owns     a decoder and INFLATE_PIECE bytes for each coding; coding.h says what those hold.
 * Bounds   every coding's output is at most INFLATE_RATIO_MAX times what was fed, rounded up to INFLATE_BLOCK, and
 *          INFLATE_TOTAL_MAX.
 * Promise  how the bytes are cut changes neither the output nor whether there is an error; which one of a body that is
 *          both broken and too large it may.
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/span.h"

struct inflate;

/* Takes the next bytes of the body as it was before any coding; never empty; lent for the call.  An error ends it. */
typedef enum err inflate_fn(void *context, struct span bytes);

/* codings: a Content-Encoding list, looked at during the call.  When it names nothing but identity (or chunked),
 * *inflate_out is NULL.  errors: ERR_DENIED a coding that is not known, or too many; ERR_NOMEM */
MUST_CHECK enum err inflate_new(struct span codings, inflate_fn *fn, void *context, struct inflate **inflate_out);

/* errors: ERR_SYNTAX the bytes are not so coded; ERR_LIMIT a bound; ERR_NOMEM; those of fn.  It stays broken. */
MUST_CHECK enum err inflate_feed(struct inflate *inflate, struct span bytes);

/* The body is whole; no byte at all is a body too.  errors: ERR_SYNTAX the coded bytes are not; those of before */
MUST_CHECK enum err inflate_end(const struct inflate *inflate);
void inflate_free(struct inflate **inflate);
