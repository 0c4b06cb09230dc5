/* addr.h — one IP address (v4 or v6) and port, and the table of addresses that are nobody's business.
 *
 * An IPv4-mapped IPv6 address (::ffff:a.b.c.d) is made IPv4 when read, so that it is judged as what it reaches.
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/span.h"

struct addr {
    uint8_t family; /* 0 none, 4, 6 */
    uint16_t port;
    uint8_t ip[16]; /* network order; the first 4 for IPv4 */
};

struct prefix {
    struct addr base;
    uint8_t bits;
};

#define ADDR_TEXT_MAX 56 /* "[ffff:...:255.255.255.255]:65535" and a NUL */

/* Strict text: dotted quad of four decimal numbers without leading zeros, or RFC 4291 without zone and brackets. */
MUST_CHECK enum err addr_parse(struct span text, struct addr *addr_out);
MUST_CHECK enum err prefix_parse(struct span text,
                                 struct prefix *prefix_out); /* "10.1.0.0/16"; host bits must be zero */

/* "93.184.216.34:443", "[2001:db8::1]:443"; without the port when it is 0. */
const char *addr_text(const struct addr *addr, char text[ADDR_TEXT_MAX]);

bool addr_in(const struct addr *addr, const struct prefix *prefix);

/* NULL when addr is global unicast, else the name of the special-purpose block it is in ("loopback", "link-local",
 * "6to4 of a private address"), from the IANA special-purpose registries (RFC 6890 and updates); embedded IPv4
 * addresses
 * (mapped, NAT64 64:ff9b::/96 and 64:ff9b:1::/48, 6to4, Teredo, ISATAP) are judged too. */
const char *addr_special(const struct addr *addr);

/* What a dial may reach: global unicast, and these private ranges. */
struct addr_rules {
    const struct prefix *allow;
    size_t allow_count;
};

/* NULL when allowed, else why not (static text). */
const char *addr_refused(const struct addr *addr, const struct addr_rules *rules);
