/* provision.h — what a bottle must hold so that every tool in it finds the proxy and trusts its CA.
 *
 * One table (provision.c) says it all: nothing else sets a proxy or CA variable or writes these files.  The tools'
 * own words for each row are in the table; a tool that knows neither proxy nor variable is intercepted all the same.
 * Never    a credential, or userinfo in the proxy's URL: who calls is known by the socket it calls on.
 * CA       a variable that replaces the tool's roots gets the bundle, one that adds to them the CA alone, so that a
 *          `tls_passthrough` host still verifies.
 */
#pragma once
#include "backends/provision/env.h"
#include "reactor/base/arena.h"
#include "reactor/base/buf.h"
#include "reactor/base/err.h"

struct provision_input {
    const char *proxy_host; /* as the bottle sees it: a name or an address, IPv6 without brackets */
    uint16_t proxy_port;
    const char *ca_path, *bundle_path; /* inside the bottle, world-readable */
    const char *home;                  /* inside the bottle */
};

struct provision_file {
    struct span path; /* inside the bottle, NUL-terminated */
    uint16_t mode;
    struct span content;
};

struct provision {
    struct env_list env;
    const struct provision_file *files;
    size_t file_count;
};

/* All of it in the arena.  errors: ERR_NOMEM */
MUST_CHECK enum err provision_make(const struct provision_input *input, struct arena *arena, struct provision *out);

/* Is it one of the variables above?  A manifest may not set those. */
bool provision_sets(struct span name);

/* The bundle: the system's roots (PEM), then ours.  errors: ERR_NOMEM */
MUST_CHECK enum err provision_bundle(struct span roots, struct span ca, struct buf *out);
