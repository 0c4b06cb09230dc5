#include "reactor/net/sockaddr.h"

#include <netinet/in.h>

struct addr addr_from_sockaddr(const struct sockaddr *from)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)from;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)from;
    struct addr addr = {0};

    if (from->sa_family == AF_INET) {
        addr = (struct addr){.family = 4, .port = ntohs(in->sin_port)};
        memcpy(addr.ip, &in->sin_addr, 4);
    }
    if (from->sa_family == AF_INET6) {
        addr = (struct addr){.family = 6, .port = ntohs(in6->sin6_port)};
        memcpy(addr.ip, &in6->sin6_addr, 16);
    }
    return addr;
}

socklen_t addr_to_sockaddr(const struct addr *addr, struct sockaddr_storage *to)
{
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)to;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)to;

    *to = (struct sockaddr_storage){.ss_family = addr->family == 4 ? AF_INET : AF_INET6};
    if (addr->family == 4) {
        in->sin_port = htons(addr->port);
        memcpy(&in->sin_addr, addr->ip, 4);
        return sizeof *in;
    }
    in6->sin6_port = htons(addr->port);
    memcpy(in6->sin6_addr.s6_addr, addr->ip, 16);
    return sizeof *in6;
}

/* A socket for both families says ::ffff:a.b.c.d of its IPv4 clients. */
static struct addr unmapped(const struct sockaddr_storage *name)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct addr addr = addr_from_sockaddr((const struct sockaddr *)name);

    if (addr.family != 6 || memcmp(addr.ip, mapped, sizeof mapped) != 0) return addr;
    addr.family = 4;
    memmove(addr.ip, addr.ip + 12, 4);
    memset(addr.ip + 4, 0, 12);
    return addr;
}

struct addr addr_of_socket(int fd)
{
    struct sockaddr_storage name = {0};
    socklen_t len = sizeof name;

    return getsockname(fd, (struct sockaddr *)&name, &len) == 0 ? unmapped(&name) : (struct addr){0};
}

struct addr addr_of_peer(int fd)
{
    struct sockaddr_storage name = {0};
    socklen_t len = sizeof name;

    return getpeername(fd, (struct sockaddr *)&name, &len) == 0 ? unmapped(&name) : (struct addr){0};
}
