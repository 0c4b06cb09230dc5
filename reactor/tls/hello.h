/* hello.h — the server name and ALPN of a ClientHello, read before any TLS is done.
 *
 * Knows    RFC 8446 sections 4.1.2 and 5.1, RFC 6066 section 3, RFC 7301, the type byte of RFC 9849 (ECH).
 * Asks     nothing: no socket, no clock, no allocation.
 * Bounds   HELLO_BYTES_MAX bytes, record headers included; the hello may span records and segments within them.
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/limits.h"
#include "reactor/base/span.h"

struct hello {
    uint8_t name[NAME_BYTES_MAX + 1]; /* server_name, lower case, no trailing dot, NUL-terminated; "" when there is
                                         none */
    bool has_ech;                     /* encrypted_client_hello with an outer hello: the name may not be the name.
                                         A GREASE extension looks the same, by design */
    bool alpn_h2, alpn_http1;
};

/* in: what the client has sent so far, from its first byte.  Call it again with more after ERR_AGAIN.
 * What follows the record that ends the hello is not looked at.
 * errors: ERR_AGAIN more is needed; ERR_SYNTAX not a TLS ClientHello or a broken one (SSLv2, two names, a name that is
 * not a DNS name, an IP address); ERR_LIMIT.  hello_out is set on ERR_OK only. */
MUST_CHECK enum err hello_peek(struct span in, struct hello *hello_out);
