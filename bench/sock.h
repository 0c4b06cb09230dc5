/* sock.h — shared by the load generator and the origin: loopback sockets, epoll, when to call TLS again. */
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SOCKS_MAX = 20000, EVENTS_MAX = 256 };

/* What a call that must not block says: go on, come back when the socket is ready, or give up. */
enum outcome { DONE, WANT_READ, WANT_WRITE, FAILED };

__attribute__((noreturn, format(printf, 1, 2))) static inline void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(2);
}

/* "127.0.0.1:443"; any other network than 127.0.0.0/8 ends the program: these tools can't be pointed at anybody. */
static inline struct sockaddr_in loopback(const char *text)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};
    char ip[16];
    unsigned short port;

    if (sscanf(text, "%15[0-9.]:%hu", ip, &port) != 2 || inet_pton(AF_INET, ip, &addr.sin_addr) != 1)
        die("%s: not ADDR:PORT", text);
    if (ntohl(addr.sin_addr.s_addr) >> 24 != 127) die("%s: not on loopback", text);
    addr.sin_port = htons(port);
    return addr;
}

static inline int tcp_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0) die("socket: %s", strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static inline void many_sockets(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static inline void watch(int epoll, int op, int fd, uint32_t events, void *owner)
{
    struct epoll_event event = {.events = events, .data.ptr = owner};

    if (epoll_ctl(epoll, op, fd, &event) < 0) die("epoll_ctl: %s", strerror(errno));
}

static inline enum outcome tls_outcome(const SSL *ssl, int result)
{
    if (result > 0) return DONE;
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ: return WANT_READ;
    case SSL_ERROR_WANT_WRITE: return WANT_WRITE;
    default: return FAILED;
    }
}

/* A number of a head; field is "\r\nContent-Length:", as both tools and every proxy here write it. */
static inline bool head_number(const char *head, const char *field, uint64_t *value_out)
{
    const char *at = strcasestr(head, field);

    if (at == NULL) return false;
    *value_out = strtoull(at + strlen(field), NULL, 10);
    return true;
}

static inline double cpu_ms(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}
