/* url.h — authorities, request targets and paths, read in one way only (RFC 3986, RFC 9110 section 4, RFC 9112
 * section 3).
 *
 * What could name two things is refused: userinfo, backslash, control and non-ASCII bytes, an empty host or port, a
 * host that looks like an IPv4 address but is not four plain decimal numbers (0x7f.1, 017700000001, 127.1), zone ids,
 * percent-encoding in a host, a fragment.  One trailing dot is taken off the name; names are lower case; A-labels stay
 * as they are.
 */
#pragma once
#include "reactor/base/arena.h"
#include "reactor/base/err.h"
#include "reactor/base/limits.h"
#include "reactor/base/span.h"

struct authority {
    struct span host; /* lower case, no trailing dot, IPv6 without brackets in RFC 5952 form */
    uint16_t port;
    bool is_ip;
};

struct target {
    struct authority authority; /* of an absolute-form target */
    bool absolute, tls;         /* tls: the scheme was https */
    struct span path;           /* normalised by url_path(); empty when that refused it: then no path rule allows it */
    struct span raw;            /* path and query as they go upstream, byte for byte: origin-form, or "*" */
};

/* "example.com:443", "[::1]:80"; default_port 0: the port must be there.  The host is in arena.
 * errors: ERR_SYNTAX, ERR_NOMEM */
MUST_CHECK enum err url_authority(struct span text, uint16_t default_port, struct arena *arena, struct authority *out);

/* A request target for any method but CONNECT: absolute-form or origin-form ("*" for OPTIONS is a path of "*").
 * errors: ERR_SYNTAX, ERR_NOMEM */
MUST_CHECK enum err url_target(struct span text, struct arena *arena, struct target *out);

/* The path as rules see it: unreserved escapes decoded, other escapes in upper case, dot segments removed (RFC 3986
 * section 5.2.4), the query cut off.  Doing it twice changes nothing.
 * errors: ERR_NOMEM, and ERR_SYNTAX for what a server could read as another path: an encoded slash, backslash, NUL,
 * control or dot segment ("%2e%2e", "..;x"), an escape that is not hex, overlong UTF-8, a ".." above the root or over
 * an empty segment ("//.."), any of these under up to URL_LAYERS_MAX layers of encoding, and more layers than that */
MUST_CHECK enum err url_path(struct span raw, struct arena *arena, struct span *path_out);

/* One layer of escapes off; a '%' that begins none stays.  As long as text when there was none.  errors: ERR_NOMEM */
MUST_CHECK enum err url_unescape(struct span text, struct arena *arena, struct span *out);

/* Does a normalised path match a route's glob?  '*' matches within a segment, '**' across segments; all else is
 * literal.  A glob longer than GLOB_BYTES_MAX matches nothing.  Takes len(glob) * len(path) steps whatever they are. */
bool url_glob(struct span glob, struct span path);
