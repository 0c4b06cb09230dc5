#include "reactor/proc/netns.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reactor/proc/passfd.h"

static enum err fail_closed(int fd)
{
    int reason = errno;

    close(fd);
    errno = reason;
    return ERR_SYS;
}

static enum err lo_up(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0) return ERR_SYS;
    if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) return fail_closed(fd);
    close(fd);
    return ERR_OK;
}

/* One RTM_NEWROUTE (rtnetlink(7)): table local, type local, every destination, by lo. */
struct route_request {
    struct nlmsghdr head;
    struct rtmsg route;
    struct rtattr out_interface;
    uint32_t out_index;
};
_Static_assert(offsetof(struct route_request, out_interface) == NLMSG_ALIGN(NLMSG_LENGTH(sizeof(struct rtmsg))),
               "the attribute follows the message without a gap");

static enum err ask_route(int fd, const struct route_request *request)
{
    union {
        struct nlmsghdr head;
        char bytes[256];
    } answer;
    const struct nlmsgerr *result = NLMSG_DATA(&answer.head);
    ssize_t len;

    if (send(fd, request, sizeof *request, 0) != (ssize_t)sizeof *request) return ERR_SYS;
    len = recv(fd, &answer, sizeof answer, 0);
    if (len < (ssize_t)NLMSG_LENGTH(sizeof *result) || answer.head.nlmsg_type != NLMSG_ERROR) {
        errno = EPROTO;
        return ERR_SYS;
    }
    errno = -result->error;
    return result->error == 0 ? ERR_OK : ERR_SYS;
}

static enum err route_up(void)
{
    struct route_request request = {
        .head = {.nlmsg_len = sizeof request,
                 .nlmsg_type = RTM_NEWROUTE,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK},
        .route = {.rtm_family = AF_INET,
                  .rtm_table = RT_TABLE_LOCAL,
                  .rtm_scope = RT_SCOPE_HOST,
                  .rtm_type = RTN_LOCAL,
                  .rtm_protocol = RTPROT_BOOT},
        .out_interface = {.rta_type = RTA_OIF, .rta_len = RTA_LENGTH(sizeof request.out_index)},
        .out_index = if_nametoindex("lo"),
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0) return ERR_SYS;
    if (ask_route(fd, &request) != ERR_OK) return fail_closed(fd);
    close(fd);
    return ERR_OK;
}

enum err netns_up(void)
{
    TRY(lo_up());
    return route_up();
}

enum err netns_socket(enum netns_kind kind, uint16_t port, int *fd_out)
{
    const struct sockaddr_in every = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int type = kind == NETNS_TCP ? SOCK_STREAM : SOCK_DGRAM, on = 1;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ok;

    if (fd < 0) return ERR_SYS;
    ok = bind(fd, (const struct sockaddr *)&every, sizeof every) == 0;
    if (kind == NETNS_TCP)
        ok = ok && listen(fd, LISTEN_BACKLOG) == 0;
    else
        ok = ok && setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0;
    if (!ok) return fail_closed(fd);
    *fd_out = fd;
    return ERR_OK;
}

/* --- handing out ----------------------------------------------------------------------------------------- */

static bool carries_fd(enum netns_kind kind) { return kind == NETNS_TCP || kind == NETNS_UDP; }

/* A note in bytes: kind, port (most significant byte first), text. */
#define NOTE_HEAD 3u

enum err netns_send(int control, const struct netns_note *note)
{
    uint8_t bytes[NOTE_HEAD + NETNS_TEXT_MAX] = {(uint8_t)note->kind, (uint8_t)(note->port >> 8), (uint8_t)note->port};
    size_t len = strnlen(note->text, sizeof note->text);

    memcpy(bytes + NOTE_HEAD, note->text, len);
    return passfd_send(control, (struct span){bytes, NOTE_HEAD + len}, &note->fd, carries_fd(note->kind));
}

static bool read_note(const struct passed *passed, struct netns_note *note)
{
    static const char kinds[] = {NETNS_TCP, NETNS_UDP, NETNS_READY, NETNS_STARTED, NETNS_FAILED};
    size_t len = passed->len - NOTE_HEAD;

    if (passed->len < NOTE_HEAD || len >= sizeof note->text || memchr(kinds, passed->text[0], sizeof kinds) == NULL)
        return false;
    *note = (struct netns_note){.kind = passed->text[0], .fd = -1};
    if (passed->count != carries_fd(note->kind)) return false;
    note->port = (uint16_t)(passed->text[1] << 8 | passed->text[2]);
    memcpy(note->text, passed->text + NOTE_HEAD, len);
    if (carries_fd(note->kind)) note->fd = passed->fds[0];
    return true;
}

enum err netns_receive(int control, struct netns_note *note_out)
{
    struct passed passed;

    TRY(passfd_receive(control, &passed));
    if (read_note(&passed, note_out)) return ERR_OK;
    passed_close(&passed);
    return ERR_SYNTAX;
}
