/* compile.h — rules that are not in the cache yet, compiled by a child: seconds that the loop does not wait for.
 *
 * The child is this program once more, `bottled __compile ROOT BOTTLE...`, with no environment and no credential.  It
 * reads the manifests again and leaves what it compiled in ROOT/cache (rule_cache.h); that file is all that comes back.
 * Calls    fn once, when the child has ended, well or not: whoever then opens the cache sees which.
 */
#pragma once
#include "reactor/loop/loop.h"

struct compile;
typedef void compile_fn(void *owner);

/* bottles: at most APP_BOTTLES_MAX names.  errors: as child_spawn() */
MUST_CHECK enum err compile_start(struct loop *loop, const char *root, const char *const *bottles, size_t count,
                                  compile_fn *fn, void *owner, struct compile **compile_out);
void compile_free(struct compile **compile); /* ends the child; nothing is told */

/* The verb. */
int compile_main(int argc, char **argv);
