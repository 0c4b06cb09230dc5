#include "reactor/proc/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum err pty_open(int *master_out, int *slave_out)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK), slave = -1;

    if (master < 0) return ERR_SYS;
    if (grantpt(master) == 0 && unlockpt(master) == 0)
        slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) {
        int reason = errno;
        close(master);
        errno = reason;
        return ERR_SYS;
    }
    *master_out = master;
    *slave_out = slave;
    return ERR_OK;
}

void pty_resize_like(int pty, int fd)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) == 0) (void)ioctl(pty, TIOCSWINSZ, &size);
}
