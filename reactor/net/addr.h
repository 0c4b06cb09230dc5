/* addr.h — one IP address (v4 or v6) and port, and the table of addresses that are nobody's business.
 *
 * An IPv4-mapped IPv6 address (::ffff:a.b.c.d) stays IPv6 and is special, whatever it maps to: nobody's DNS answers
 * with one but to get past a check that knows only IPv4.
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

/* Strict text: dotted quad of four decimal numbers without leading zeros, or RFC 4291 without zone and brackets.  The
 * port is 0.  errors: ERR_SYNTAX */
MUST_CHECK enum err addr_parse(struct span text, struct addr *addr_out);

/* "10.1.0.0/16"; host bits must be zero.  errors: ERR_SYNTAX */
MUST_CHECK enum err prefix_parse(struct span text, struct prefix *prefix_out);

/* "93.184.216.34:443", "[2001:db8::1]:443" in RFC 5952 form; without port and brackets when the port is 0. */
const char *addr_text(const struct addr *addr, char text[ADDR_TEXT_MAX]);

bool addr_in(const struct addr *addr, const struct prefix *prefix);

/* NULL when addr is global unicast, else the name of the block it is in ("loopback", "link-local"): addr_table.c, from
 * the IANA special-purpose registries (RFC 6890 and updates) and what clouds keep for themselves in public space.
 * NAT64's 64:ff9b::/96 is judged by the IPv4 address in it; what else embeds one (mapped, translated, 6to4, Teredo,
 * NAT64's 64:ff9b:1::/48) is special as it is; an ISATAP address is judged by its prefix, which is all that routes. */
const char *addr_special(const struct addr *addr);

/* What a dial may reach: global unicast, and these private ranges. */
struct addr_rules {
    const struct prefix *allow;
    size_t allow_count;
};

/* NULL when allowed, else why not (static text). */
const char *addr_refused(const struct addr *addr, const struct addr_rules *rules);
