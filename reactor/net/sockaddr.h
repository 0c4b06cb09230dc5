/* sockaddr.h — struct addr as the kernel writes it.
 *
 * A unix socket has no address (family 0).
 */
#pragma once
#include <sys/socket.h>

#include "reactor/net/addr.h"

struct addr addr_from_sockaddr(const struct sockaddr *from);

/* The length to hand to bind() or connect(). */
socklen_t addr_to_sockaddr(const struct addr *addr, struct sockaddr_storage *to);

/* Of a socket; family 0 when it has none.  What the kernel itself calls ::ffff:a.b.c.d is the IPv4 address it is;
 * addr_from_sockaddr() leaves one that came from a name server as it came, for addr_refused(). */
struct addr addr_of_socket(int fd);
struct addr addr_of_peer(int fd);
