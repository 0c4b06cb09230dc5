#include "backends/provision/token_sources.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/provision/token.h"
#include "reactor/base/mem.h"

/* --- env: -------------------------------------------------------------------------------------------------- */

/* What was taken out of the environment, for the life of the process. */
static struct {
    char *names[SECRET_COUNT_MAX];
    size_t count;
    struct vault *values;
} taken;

static const char *take(struct span name, char *value)
{
    char *copy = mem_text(name);
    const char *why;

    if (taken.values == NULL && vault_new(SECRET_COUNT_MAX, &taken.values) != ERR_OK) taken.values = NULL;
    if (copy == NULL || taken.values == NULL || taken.count == SECRET_COUNT_MAX) {
        mem_free(copy);
        return "there is no memory to keep it";
    }
    why = token_store(taken.values, taken.count, span_of(value));
    if (why == NULL) {
        taken.names[taken.count++] = copy;
        copy = NULL;
    }
    mem_free(copy);
    return why;
}

const char *token_from_env(struct vault *vault, size_t slot, struct span name)
{
    char *text = mem_text(name), *value = text != NULL ? getenv(text) : NULL;
    const char *why = "the variable is not set";

    if (value != NULL) {
        why = take(name, value);
        mem_wipe(value, strlen(value));
        unsetenv(text);
    }
    for (size_t i = 0; i < taken.count; i++)
        if (span_is(name, span_of(taken.names[i]))) why = token_store(vault, slot, vault_get(taken.values, i));
    mem_free(text);
    return why;
}

/* --- file: ------------------------------------------------------------------------------------------------- */

static const char *check(int fd)
{
    struct stat stat;

    if (fstat(fd, &stat) != 0) return "the file can't be looked at";
    if (!S_ISREG(stat.st_mode)) return "it is no regular file";
    if (stat.st_uid != geteuid()) return "the file belongs to another user; chown it";
    if ((stat.st_mode & 077) != 0) return "others may read the file; chmod 600 it";
    return NULL;
}

static const char *read_line(int fd, struct vault *vault, size_t slot)
{
    uint8_t line[SECRET_BYTES_MAX + 3]; /* a line end, and one byte more than may be there */
    size_t len = 0;
    ssize_t got = 1;
    const char *why;

    while (got > 0 && len < sizeof line) {
        got = read(fd, line + len, sizeof line - len);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            len += (size_t)got;
    }
    why = got < 0 ? "the file can't be read" : token_store(vault, slot, (struct span){line, len});
    mem_wipe(line, sizeof line);
    return why;
}

static bool full_path(struct span path, char out[PATH_MAX])
{
    const char *home = getenv("HOME");
    bool in_home = span_starts(path, SPAN_LIT("~/"));
    struct span rest = in_home ? span_from(path, 1) : path;
    int len;

    if (in_home && (home == NULL || home[0] != '/')) return false;
    len = snprintf(out, PATH_MAX, "%s%.*s", in_home ? home : "", SPAN_FMT(rest));
    return len > 0 && len < PATH_MAX;
}

const char *token_from_file(struct vault *vault, size_t slot, struct span path)
{
    char name[PATH_MAX];
    const char *why;
    int fd;

    if (!full_path(path, name)) return "the path is too long, or HOME is not set";
    fd = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return errno == ENOENT  ? "there is no such file"
               : errno == ELOOP ? "it is a symbolic link; name the file itself"
                                : "the file can't be opened";
    why = check(fd);
    if (why == NULL) why = read_line(fd, vault, slot);
    close(fd);
    return why;
}
