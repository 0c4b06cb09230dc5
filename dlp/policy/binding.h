/* binding.h — where a credential is normal: at the service that issued it, in the place that is for it.  Anywhere else
 * it is a finding.
 *
 * Shipped and visible, a table: class x host x place.  A bottle switches classes off and adds rows of its own
 * (backends/manifest/binding.h).
 * No row   for what LLM providers issue: an agent's own traffic goes there, and a foreign key on the way is how data
 *          leaves through somebody else's account; the way there is injection.  No wildcard reaches their hosts either.
 *          None for hosts where tenants run code that sees a request's head.  None for a value of the vault: its place
 *          is on its own routes.
 * TLS      a credential in the clear is a finding wherever it goes; the caller sees to that.
 */
#pragma once
#include <stdbool.h>
#include "reactor/base/span.h"

struct binding {
    const char *class; /* a service, as rules name it, or one rule by its id */
    const char *hosts; /* lower case, cut at spaces; "*.example.com": the names below it */
    const char *in;    /* names of fields, and "query", "path", "body"; lower case, cut at spaces */
    const char *path;  /* a glob for url_glob() over the normalised path, or NULL: every path */
};

extern const struct binding bindings_shipped[];
extern const size_t bindings_shipped_count;

/* A credential, and where it is on its way. */
struct passage {
    struct span service, rule; /* whose it is, or empty; by which rule */
    struct span host, path;    /* normalised */
    struct span field;         /* lower case; empty: it is in part */
    const char *part;          /* "query", "path", "body" */
};

/* The next of the words, or an empty one behind the last. */
struct span binding_word(const char **words);

/* Is it one of the words, as in `in`?  "query", "path" and "body" are no names of fields there. */
bool binding_lists(const char *words, struct span word);
bool binding_is_part(struct span word);

/* Is one of the bindings for it? */
bool binding_holds(const struct binding *bindings, size_t count, const struct passage *passage);
