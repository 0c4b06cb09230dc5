#include "reactor/net/datagram.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/loop/watch.h"

struct datagram {
    struct watch *watch;
    int fd;
    datagram_fn *fn;
    void *owner;
};

/* Where it came from, and (control) where it was sent to: the answer goes back with both turned round. */
static void answer_one(struct datagram *datagram)
{
    uint8_t in[DATAGRAM_BYTES_MAX], out[DATAGRAM_BYTES_MAX];
    struct sockaddr_in peer;
    struct iovec piece = {in, sizeof in};
    union {
        uint8_t bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
        struct cmsghdr align;
    } control;
    struct msghdr message = {.msg_name = &peer,
                             .msg_namelen = sizeof peer,
                             .msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t len = recvmsg(datagram->fd, &message, MSG_DONTWAIT);

    if (len < 0 || (message.msg_flags & MSG_TRUNC) != 0) return;
    size_t answer = datagram->fn(datagram->owner, (struct span){in, (size_t)len}, out, sizeof out);
    if (answer == 0) return;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c))
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo *info = (struct in_pktinfo *)(void *)CMSG_DATA(c);
            info->ipi_spec_dst = info->ipi_addr;
            info->ipi_ifindex = 0;
        }
    piece = (struct iovec){out, answer};
    message.msg_flags = 0;
    if (sendmsg(datagram->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return; /* UDP: the client asks again */
}

static void on_readable(void *context) { answer_one(context); }

enum err datagram_adopt(struct loop *loop, int fd, datagram_fn *fn, void *owner, struct datagram **datagram_out)
{
    AUTO(datagram) datagram = mem_new(sizeof *datagram);

    if (datagram == NULL) {
        close(fd);
        return ERR_NOMEM;
    }
    *datagram = (struct datagram){.fd = fd, .fn = fn, .owner = owner};
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0) return ERR_SYS;
    TRY(watch_readable(loop, fd, on_readable, datagram, &datagram->watch));
    TRY(watch_on(datagram->watch, true));
    *datagram_out = MOVE(datagram);
    return ERR_OK;
}

void datagram_free(struct datagram **held)
{
    struct datagram *datagram = *held;

    if (datagram == NULL) return;
    *held = NULL;
    watch_free(&datagram->watch);
    close(datagram->fd);
    mem_free(datagram);
}
