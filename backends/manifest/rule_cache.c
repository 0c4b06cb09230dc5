#include "backends/manifest/rule_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/manifest/file.h"
#include "reactor/base/digest.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

#define PATH_BYTES_MAX 4096

/* ROOT/cache/rules-HEX.bin; false when that is too long. */
static bool make_path(const char *root, const struct rule_set *rules, char path[PATH_BYTES_MAX])
{
    char hex[DIGEST_BYTES * 2 + 1];

    for (size_t i = 0; i < DIGEST_BYTES; i++) snprintf(hex + i * 2, 3, "%02x", rules->digest[i]);
    return snprintf(path, PATH_BYTES_MAX, "%s/cache/rules-%s.bin", root, hex) < PATH_BYTES_MAX;
}

/* What is loaded is trusted like code. */
static bool is_ours(const char *path)
{
    struct stat stat;

    return lstat(path, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_uid == geteuid() && (stat.st_mode & 077) == 0;
}

static enum err write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t len = write(fd, bytes.at, bytes.len);
        if (len < 0 && errno == EINTR) continue;
        if (len <= 0) return ERR_SYS;
        bytes = span_from(bytes, (size_t)len);
    }
    return ERR_OK;
}

static enum err write_beside(const char *path, struct span bytes)
{
    char beside[PATH_BYTES_MAX + 16];
    enum err err;
    int fd;

    snprintf(beside, sizeof beside, "%s.%d", path, (int)getpid());
    unlink(beside); /* of a process of this number that died over it */
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return ERR_SYS;
    err = write_all(fd, bytes);
    if (close(fd) != 0 || (err == ERR_OK && rename(beside, path) != 0)) err = ERR_SYS;
    if (err != ERR_OK) unlink(beside);
    return err;
}

static enum err keep(const char *root, const char *path, const struct engine *engine)
{
    char folder[PATH_BYTES_MAX];
    struct buf bytes = {0};
    enum err err;

    snprintf(folder, sizeof folder, "%s/cache", root);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) return ERR_SYS;
    err = engine_save(engine, &bytes);
    if (err == ERR_OK) err = write_beside(path, buf_span(&bytes));
    buf_clear(&bytes);
    return err;
}

static enum rule_cache_use judge(bool was_there, bool was_used, bool is_kept)
{
    if (was_used) return RULE_CACHE_USED;
    if (!is_kept) return RULE_CACHE_UNKEPT;
    return was_there ? RULE_CACHE_BAD : RULE_CACHE_NEW;
}

enum err rule_cache_open(const char *root, const struct rule_set *rules, struct rule_fault *fault,
                         enum rule_cache_use *use_out, struct engine **engine_out)
{
    char path[PATH_BYTES_MAX];
    bool has_path = root != NULL && make_path(root, rules, path), was_there, is_kept = false;
    struct buf cached = {0};
    enum err err;

    was_there = has_path && access(path, F_OK) == 0;
    if (was_there && (!is_ours(path) || file_read(path, RULE_CACHE_MAX, &cached) != ERR_OK)) buf_clear(&cached);
    err = engine_new(rules, buf_span(&cached), fault, engine_out);
    buf_clear(&cached);
    if (err != ERR_OK) return err;
    if (has_path && !engine_was_cached(*engine_out)) is_kept = keep(root, path, *engine_out) == ERR_OK;
    *use_out = judge(was_there, engine_was_cached(*engine_out), is_kept);
    return ERR_OK;
}

bool rule_cache_has(const char *root, const struct rule_set *rules)
{
    char path[PATH_BYTES_MAX];

    return make_path(root, rules, path) && is_ours(path);
}
