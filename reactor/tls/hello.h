/* hello.h — the server name and ALPN of a ClientHello, read before any TLS is done (RFC 8446 section 4.1.2, RFC 6066
 * section 3).
 *
 * The hello may span records and segments: it is reassembled up to HELLO_BYTES_MAX.  Asks nothing; allocates nothing.
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/limits.h"
#include "reactor/base/span.h"

struct hello {
    uint8_t name[NAME_BYTES_MAX + 1]; /* server_name, lower case, NUL-terminated; "" when there is none */
    bool has_ech;                     /* encrypted_client_hello with an outer hello: the name is not the name */
    bool alpn_h2, alpn_http1;
};

/* in: what the client has sent so far, from its first byte.
 * errors: ERR_AGAIN more is needed; ERR_SYNTAX not a TLS ClientHello or a broken one (SSLv2, two names, a name that is
 * not a
 * DNS name); ERR_LIMIT */
MUST_CHECK enum err hello_peek(struct span in, struct hello *hello_out);
