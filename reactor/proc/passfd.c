#include "reactor/proc/passfd.h"

#include <errno.h>
#include <stdalign.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define CONTROL_BYTES CMSG_SPACE(PASSFD_COUNT_MAX * sizeof(int))

static enum err err_of(int why)
{
    if (why == EAGAIN || why == EINTR || why == ENOBUFS) return ERR_AGAIN;
    return why == EPIPE || why == ECONNRESET || why == ECONNREFUSED || why == ENOTCONN ? ERR_PEER : ERR_SYS;
}

enum err passfd_send(int socket, struct span text, const int *fds, size_t count)
{
    alignas(struct cmsghdr) char control[CONTROL_BYTES] = {0};
    struct iovec bytes = {.iov_base = (void *)text.at, .iov_len = text.len};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};

    if (text.len == 0 || text.len > PASSFD_BYTES_MAX || count > PASSFD_COUNT_MAX) return ERR_LIMIT;
    if (count > 0) {
        struct cmsghdr *rights;

        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(count * sizeof *fds);
        rights = CMSG_FIRSTHDR(&message);
        *rights = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(count * sizeof *fds), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(rights), fds, count * sizeof *fds);
    }
    if (sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return err_of(errno);
    return ERR_OK;
}

/* The kernel may put several sets into one message; every descriptor is ours now, wanted or not. */
static void take_rights(struct msghdr *message, struct passed *passed)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        for (size_t i = 0; i < count; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            passed->fds[passed->count++] = fd; /* CONTROL_BYTES holds no more than PASSFD_COUNT_MAX */
        }
    }
}

enum err passfd_receive(int socket, struct passed *passed_out)
{
    alignas(struct cmsghdr) char control[CONTROL_BYTES];
    struct iovec bytes = {.iov_base = passed_out->text, .iov_len = sizeof passed_out->text};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    passed_out->len = passed_out->count = 0;
    if (n < 0) return err_of(errno);
    take_rights(&message, passed_out);
    if (n > 0 && (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0) {
        passed_out->len = (size_t)n;
        return ERR_OK;
    }
    passed_close(passed_out);
    return n == 0 ? ERR_PEER : ERR_LIMIT;
}

void passed_close(struct passed *passed)
{
    for (size_t i = 0; i < passed->count; i++) close(passed->fds[i]);
    passed->count = 0;
}
