#include "backends/sandbox/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reactor/base/own.h"

#define LOW32            0xffffffffu /* the kernel reads an int, the filter compares 64 bits */
#define FAMILY_LAST      16u         /* AF_NETLINK; above it are AF_PACKET, AF_ALG, AF_VSOCK, AF_XDP, AF_BLUETOOTH... */
#define ALLOWED_FAMILIES (1u << 1 | 1u << 2 | 1u << 10 | 1u << 16) /* UNIX, INET, INET6, NETLINK */

/* A call refused whole, by name, or by number where this libseccomp has no name for it. */
struct refused {
    const char *name;
    int number; /* when name is not known */
    int answer;
};

/* A call refused when an argument has all bits of want under mask; a second comparison where flag is not 0. */
struct refused_when {
    const char *name;
    int number;
    unsigned argument;
    uint64_t mask, want;
    unsigned flag_argument;
    uint64_t flag;
};

/* clang-format off */
static const struct refused refused[] = {
    {"io_uring_setup",    425, EPERM},  {"io_uring_enter",    426, EPERM},  {"io_uring_register", 427, EPERM},
    {"bpf",               321, EPERM},  {"userfaultfd",       323, EPERM},  {"perf_event_open",   298, EPERM},
    {"keyctl",            250, EPERM},  {"add_key",           248, EPERM},  {"request_key",       249, EPERM},
    {"setns",             308, EPERM},  {"clone3",            435, ENOSYS}, /* flags behind a pointer */
    {"mount",             165, EPERM},  {"umount2",           166, EPERM},  {"pivot_root",        155, EPERM},
    {"chroot",            161, EPERM},  {"fsopen",            430, EPERM},  {"fsconfig",          431, EPERM},
    {"fsmount",           432, EPERM},  {"fspick",            433, EPERM},  {"open_tree",         428, EPERM},
    {"move_mount",        429, EPERM},  {"mount_setattr",     442, EPERM},  {"open_tree_attr",    467, EPERM},
    {"kexec_load",        246, EPERM},  {"kexec_file_load",   320, EPERM},  {"reboot",            169, EPERM},
    {"init_module",       175, EPERM},  {"finit_module",      313, EPERM},  {"delete_module",     176, EPERM},
    {"open_by_handle_at", 304, EPERM},  {"fanotify_init",     300, EPERM},  {"acct",              163, EPERM},
    {"swapon",            167, EPERM},  {"swapoff",           168, EPERM},  {"quotactl",          179, EPERM},
    {"quotactl_fd",       443, EPERM},  {"syslog",            103, EPERM},  {"lookup_dcookie",    212, EPERM},
    {"settimeofday",      164, EPERM},  {"clock_settime",     227, EPERM},  {"vhangup",           153, EPERM},
    {"iopl",              172, EPERM},  {"ioperm",            173, EPERM},  {"modify_ldt",        154, EPERM},
    {"openat2",           437, ENOSYS}, /* mode behind a pointer; for both there is an older call */
};

#define UNNAMED (O_TMPFILE & ~O_DIRECTORY) /* a file that linkat() names later */
#define NEW_NAMESPACE(flag)                                                            \
    {"unshare", 272, 0, (flag), (flag), 0, 0}, {"clone", 56, 0, (flag), (flag), 0, 0}
#define SPECIAL_BIT(bit)                                                               \
    {"chmod",     90, 1, (bit), (bit), 0, 0},                                   \
    {"fchmod",    91, 1, (bit), (bit), 0, 0},                                   \
    {"fchmodat", 268, 2, (bit), (bit), 0, 0},                                   \
    {"fchmodat2", 452, 2, (bit), (bit), 0, 0},                                  \
    {"creat",     85, 1, (bit), (bit), 0, 0},                                   \
    {"open",       2, 2, (bit), (bit), 1, O_CREAT},                             \
    {"open",       2, 2, (bit), (bit), 1, UNNAMED},                             \
    {"openat",   257, 3, (bit), (bit), 2, O_CREAT},                             \
    {"openat",   257, 3, (bit), (bit), 2, UNNAMED},                             \
    {"mknod",    133, 1, (bit), (bit), 0, 0},                                   \
    {"mknodat",  259, 2, (bit), (bit), 0, 0}

static const struct refused_when refused_when[] = {
    NEW_NAMESPACE(CLONE_NEWUSER), NEW_NAMESPACE(CLONE_NEWNET), NEW_NAMESPACE(CLONE_NEWNS),  NEW_NAMESPACE(CLONE_NEWPID),
    NEW_NAMESPACE(CLONE_NEWIPC),  NEW_NAMESPACE(CLONE_NEWUTS), NEW_NAMESPACE(CLONE_NEWCGROUP),
    {"unshare", 272, 0, 0x80, 0x80, 0, 0}, /* CLONE_NEWTIME; for clone() the bit belongs to the exit signal */
    {"ioctl", 16, 1, LOW32, 0x5412, 0, 0}, /* TIOCSTI types into the terminal of whoever started us */
    {"ioctl", 16, 1, LOW32, 0x541c, 0, 0}, /* TIOCLINUX pastes into it */
    {"ioctl", 16, 1, LOW32, 0x5423, 0, 0}, /* TIOCSETD: line disciplines nobody needs, with a history of holes */
    SPECIAL_BIT(S_ISUID), SPECIAL_BIT(S_ISGID),
};
/* clang-format on */

static int number_of(const char *name, int number)
{
    int known = seccomp_syscall_resolve_name(name);

    return known == __NR_SCMP_ERROR ? number : known;
}

static bool refuse_calls(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        int number = number_of(refused[i].name, refused[i].number);
        if (seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned)refused[i].answer), number, 0) != 0) return false;
    }
    return true;
}

static bool refuse_arguments(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < COUNT_OF(refused_when); i++) {
        const struct refused_when *row = &refused_when[i];
        const struct scmp_arg_cmp compare[] = {
            {row->argument, SCMP_CMP_MASKED_EQ, row->mask, row->want},
            {row->flag_argument, SCMP_CMP_MASKED_EQ, row->flag, row->flag},
        };
        if (seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), number_of(row->name, row->number),
                                   row->flag != 0 ? 2 : 1, compare) != 0)
            return false;
    }
    return true;
}

/* Compared on 64 bits: a family with bits above the 32 the kernel reads is greater than any allowed one. */
static bool refuse_families(scmp_filter_ctx filter)
{
    const uint32_t no = SCMP_ACT_ERRNO(EAFNOSUPPORT);
    const int call = SCMP_SYS(socket);

    if (seccomp_rule_add(filter, no, call, 1, SCMP_A0_64(SCMP_CMP_GT, FAMILY_LAST, 0)) != 0) return false;
    for (unsigned family = 0; family < FAMILY_LAST; family++)
        if ((ALLOWED_FAMILIES >> family & 1) == 0 &&
            seccomp_rule_add(filter, no, call, 1, SCMP_A0_64(SCMP_CMP_EQ, family, 0)) != 0)
            return false;
    /* Of netlink only NETLINK_ROUTE, protocol 0: getifaddrs() reads with it. */
    return seccomp_rule_add(filter, no, call, 2, SCMP_A0_64(SCMP_CMP_EQ, FAMILY_LAST, 0),
                            SCMP_A2_64(SCMP_CMP_NE, 0, 0)) == 0;
}

static enum err export_to(scmp_filter_ctx filter, int *fd_out)
{
    int fd;

    if (seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0 || !refuse_calls(filter) ||
        !refuse_arguments(filter) || !refuse_families(filter))
        return ERR_SYS;
    fd = memfd_create("filter", MFD_CLOEXEC);
    if (fd < 0) return ERR_SYS;
    if (seccomp_export_bpf(filter, fd) != 0 || lseek(fd, 0, SEEK_SET) != 0) {
        close(fd);
        return ERR_SYS;
    }
    *fd_out = fd;
    return ERR_OK;
}

enum err filter_new(int *fd_out)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    enum err err;

    if (filter == NULL) return ERR_NOMEM;
    err = export_to(filter, fd_out);
    seccomp_release(filter);
    return err;
}
