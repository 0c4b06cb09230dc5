#include "backends/manifest/rule_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backends/manifest/file.h"
#include "dlp/scan/shipped.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

#define PATH_BYTES_MAX 4096

/* ROOT/cache/rules-HEX.bin; false when there is no root, or that is too long. */
static bool make_path(const char *root, const struct rule_set *rules, char path[PATH_BYTES_MAX])
{
    char hex[DIGEST_BYTES * 2 + 1];
    uint8_t key[DIGEST_BYTES];

    engine_key(rules, key);
    for (size_t i = 0; i < DIGEST_BYTES; i++) snprintf(hex + i * 2, 3, "%02x", key[i]);
    return root != NULL && snprintf(path, PATH_BYTES_MAX, "%s/cache/rules-%s.bin", root, hex) < PATH_BYTES_MAX;
}

/* What is loaded is trusted like code. */
static bool is_ours(const char *path)
{
    struct stat stat;

    return lstat(path, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_uid == geteuid() && (stat.st_mode & 077) == 0;
}

/* --- found ------------------------------------------------------------------------------------------------- */

/* What we ship, and the rest out of the file. */
static enum err load(const char *path, const struct rule_set *rules, struct engine **engine_out)
{
    struct buf bytes = {0};
    enum err err = is_ours(path) ? file_read(path, RULE_CACHE_MAX, &bytes) : ERR_DENIED;
    const struct span both[] = {rules_compiled(), buf_span(&bytes)};

    if (err == ERR_OK) err = engine_load(rules, both, COUNT_OF(both), engine_out);
    buf_clear(&bytes);
    return err;
}

static enum err load_or_throw_away(const char *path, const struct rule_set *rules, struct engine **engine_out)
{
    struct stat stat;
    enum err err;

    if (lstat(path, &stat) != 0) return ERR_NOT_FOUND;
    err = load(path, rules, engine_out);
    if (err == ERR_NOMEM) return err; /* no fault of the file's */
    if (err == ERR_OK)
        (void)utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW); /* used today: see remove_old() */
    else
        unlink(path);
    return err == ERR_OK ? ERR_OK : ERR_DENIED;
}

enum err rule_cache_find(const char *root, const struct rule_set *rules, enum rule_cache_use *use_out,
                         struct engine **engine_out)
{
    char path[PATH_BYTES_MAX];
    const struct span shipped = rules_compiled();
    enum err err = engine_load(rules, &shipped, 1, engine_out);

    *use_out = err == ERR_OK ? RULE_CACHE_SHIPPED : RULE_CACHE_USED;
    if (err != ERR_NOT_FOUND) return err;
    return make_path(root, rules, path) ? load_or_throw_away(path, rules, engine_out) : ERR_NOT_FOUND;
}

/* --- kept -------------------------------------------------------------------------------------------------- */

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

/* What is here was written for rules that have changed since, or for another library. */
static void remove_old(const char *folder)
{
    DIR *dir = opendir(folder);
    time_t oldest = time(NULL) - (time_t)RULE_CACHE_DAYS * 24 * 60 * 60;
    struct stat stat;

    if (dir == NULL) return;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (strncmp(entry->d_name, "rules-", 6) == 0 &&
            fstatat(dirfd(dir), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) == 0 && stat.st_mtime < oldest)
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
}

static enum err keep(const char *root, const char *path, const struct engine *engine)
{
    char folder[PATH_BYTES_MAX];
    struct buf bytes = {0};
    enum err err;

    snprintf(folder, sizeof folder, "%s/cache", root);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) return ERR_SYS;
    remove_old(folder);
    err = engine_save(engine, &bytes);
    if (err == ERR_OK) err = write_beside(path, buf_span(&bytes));
    buf_clear(&bytes);
    return err;
}

enum err rule_cache_open(const char *root, const struct rule_set *rules, struct rule_fault *fault,
                         enum rule_cache_use *use_out, struct engine **engine_out)
{
    char path[PATH_BYTES_MAX];
    enum err err = rule_cache_find(root, rules, use_out, engine_out);

    if (err != ERR_NOT_FOUND && err != ERR_DENIED) return err;
    TRY(engine_new(rules, rules_compiled(), fault, engine_out));
    err = make_path(root, rules, path) ? keep(root, path, *engine_out) : ERR_NOT_FOUND;
    *use_out = err == ERR_OK ? RULE_CACHE_NEW : RULE_CACHE_UNKEPT;
    return ERR_OK;
}
