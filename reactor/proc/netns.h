/* netns.h — a network of one interface, and its sockets handed out of it.
 *
 * Inside, by a launcher: netns_up() in a fresh network namespace makes every IPv4 address local, so a connect to any
 * address ends at a socket in here; netns_socket() opens those; netns_send() hands them out (SCM_RIGHTS, unix(7)).
 * Outside, by the proxy: netns_receive().  A socket stays in the namespace it was made in, so the proxy needs no way
 * into it, and getsockname() of an accepted connection is the address the client had asked for.
 * IPv6  has no route (connect: network unreachable); ::1 is there for the bottle's own programs.
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/limits.h"
#include "reactor/base/span.h"

enum netns_kind {
    NETNS_TCP = 'T',     /* fd listens on port */
    NETNS_UDP = 'U',     /* fd is bound to port and tells the asked address (IP_PKTINFO, ip(7)) */
    NETNS_READY = 'R',   /* that was all */
    NETNS_STARTED = 'S', /* said from inside, by whoever waits there for the last go */
    NETNS_FAILED = 'F',  /* text says what */
};

struct netns_note {
    enum netns_kind kind;
    uint16_t port;
    int fd; /* -1 unless NETNS_TCP or NETNS_UDP; received: the caller's */
    char text[NETNS_TEXT_MAX];
};

/* Brings lo up and adds the route `local default dev lo`.  errors: ERR_SYS */
MUST_CHECK enum err netns_up(void);

/* A socket of kind NETNS_TCP or NETNS_UDP on every address, close-on-exec, non-blocking.  errors: ERR_SYS */
MUST_CHECK enum err netns_socket(enum netns_kind kind, uint16_t port, int *fd_out);

/* One message (passfd.h) of a SOCK_SEQPACKET socket; the descriptor stays the caller's.
 * errors: as passfd_send() */
MUST_CHECK enum err netns_send(int control, const struct netns_note *note);

/* errors: as passfd_receive(), and ERR_SYNTAX (not such a note: what came with it is closed) */
MUST_CHECK enum err netns_receive(int control, struct netns_note *note_out);
