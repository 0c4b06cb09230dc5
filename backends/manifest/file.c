#include "backends/manifest/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err check(int fd, size_t max, size_t *size_out)
{
    struct stat stat;

    if (fstat(fd, &stat) != 0) return ERR_SYS;
    if (!S_ISREG(stat.st_mode) || (stat.st_mode & S_IWOTH) != 0) return ERR_DENIED;
    if ((uint64_t)stat.st_size > max) return ERR_LIMIT;
    *size_out = (size_t)stat.st_size;
    return ERR_OK;
}

/* The file may change its length under us: what is read is bounded by what was seen first. */
static enum err fill(int fd, size_t size, struct buf *out)
{
    while (size > 0) {
        uint8_t *at;
        ssize_t len;

        TRY(buf_room(out, size, &at));
        len = read(fd, at, size);
        if (len < 0 && errno == EINTR) continue;
        if (len < 0) return ERR_SYS;
        if (len == 0) break;
        buf_added(out, (size_t)len);
        size -= (size_t)len;
    }
    return ERR_OK;
}

enum err file_read(const char *path, size_t max, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    size_t size;
    enum err err;

    if (fd < 0) return errno == ENOENT ? ERR_NOT_FOUND : ERR_SYS;
    err = check(fd, max, &size);
    if (err == ERR_OK) err = fill(fd, size, out);
    close(fd);
    return err;
}
