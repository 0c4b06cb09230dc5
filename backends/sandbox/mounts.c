#include "backends/sandbox/mounts.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SANDBOX_MOUNT_BYTES KIB(64) /* paths of the list */

/* clang-format off */
/* A symbolic link stays one (the merged /usr), a folder is shown. */
static const char *const top[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt"};

/* Of /etc: what programs need to start.  No credentials, no client's own configuration (npmrc, gitconfig, pip.conf
 * often hold tokens); a star stands for any end. */
static const char *const etc[] = {
    "alternatives", "bash.bashrc", "binfmt.d", "debian_version", "fonts", "host.conf", "inputrc", "java-*",
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "lsb-release", "locale.alias", "localtime", "magic", "magic.mime",
    "mime.types", "os-release", "perl", "pki", "profile", "profile.d", "protocols", "python*", "rpc", "services",
    "shells", "terminfo", "timezone", "X11",
};
static const char *const certificates[] = {"/etc/ssl/certs", "/etc/ssl/openssl.cnf"};

#define TEXT(where, text) {.path = (where), .mode = 0444, .content = {(const uint8_t *)(text), sizeof(text) - 1}}
static const struct sandbox_file known[] = {
    TEXT("/etc/passwd", "root:x:0:0:root:/root:/usr/sbin/nologin\n"
                        "agent:x:1000:1000:agent:/home/agent:/bin/bash\n"
                        "nobody:x:65534:65534:the host:/nonexistent:/usr/sbin/nologin\n"),
    TEXT("/etc/group", "root:x:0:\nagent:x:1000:\nnogroup:x:65534:\n"),
    TEXT("/etc/hosts", "127.0.0.1 localhost bottle\n::1 localhost ip6-localhost\n"),
    TEXT("/etc/hostname", "bottle\n"),
    TEXT("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"),
    TEXT("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:2 attempts:2\n"),
};

static const struct mount_row system_rows[] = {
    {MOUNT_PROC,    NULL, "/proc", NULL}, {MOUNT_DEV,     NULL, "/dev",     NULL}, {MOUNT_SCRATCH, NULL, "/tmp", NULL},
    {MOUNT_SCRATCH, NULL, "/run",  NULL}, {MOUNT_SCRATCH, NULL, "/var/tmp", NULL},
};
/* clang-format on */

static void add(struct mounts *mounts, struct mount_row row)
{
    if (mounts->err == ERR_OK && mounts->count == SANDBOX_MOUNTS_MAX) mounts->err = ERR_LIMIT;
    if (mounts->err == ERR_OK) mounts->rows[mounts->count++] = row;
}

static const char *keep(struct mounts *mounts, const char *folder, const char *name)
{
    struct span text = arena_printf(&mounts->arena, "%s%s", folder, name);

    if (text.at == NULL) mounts->err = ERR_NOMEM;
    return (const char *)text.at;
}

static void add_top(struct mounts *mounts, const char *path)
{
    char target[PATH_MAX];
    struct stat what;
    ssize_t len;

    if (lstat(path, &what) != 0) return;
    if (!S_ISLNK(what.st_mode)) {
        add(mounts, (struct mount_row){MOUNT_SHOW, path, path, NULL});
        return;
    }
    len = readlink(path, target, sizeof target - 1);
    if (len <= 0) return;
    target[len] = '\0';
    add(mounts, (struct mount_row){MOUNT_LINK, keep(mounts, target, ""), path, NULL});
}

static bool matches(const char *pattern, const char *name)
{
    size_t len = strlen(pattern);

    return pattern[len - 1] == '*' ? strncmp(pattern, name, len - 1) == 0 : strcmp(pattern, name) == 0;
}

/* A file is copied when anybody may read it: we may be root. */
static void show_etc(struct mounts *mounts, const char *path)
{
    struct stat what;

    if (path == NULL || stat(path, &what) != 0) return;
    if (S_ISDIR(what.st_mode)) add(mounts, (struct mount_row){MOUNT_SHOW, path, path, NULL});
    if (S_ISREG(what.st_mode) && (what.st_mode & S_IROTH) != 0)
        add(mounts, (struct mount_row){MOUNT_COPY, path, path, NULL});
}

static void add_etc(struct mounts *mounts, const char *name)
{
    for (size_t i = 0; i < COUNT_OF(etc); i++) {
        if (!matches(etc[i], name)) continue;
        show_etc(mounts, keep(mounts, "/etc/", name));
        return;
    }
}

static void list_etc(struct mounts *mounts)
{
    DIR *folder = opendir("/etc");
    const struct dirent *entry;

    for (size_t i = 0; i < COUNT_OF(certificates); i++) show_etc(mounts, certificates[i]);
    if (folder == NULL) return;
    while ((entry = readdir(folder)) != NULL) add_etc(mounts, entry->d_name);
    closedir(folder);
}

static void add_file(struct mounts *mounts, const struct sandbox_file *file)
{
    add(mounts, (struct mount_row){(file->mode & 0222) != 0 ? MOUNT_FILE : MOUNT_CONST, NULL, file->path, file});
}

enum err mounts_list(struct mounts *mounts, const struct sandbox_plan *plan)
{
    *mounts = (struct mounts){.arena = arena_begin((size_t)SANDBOX_MOUNT_BYTES)};
    for (size_t i = 0; i < COUNT_OF(top); i++) add_top(mounts, top[i]);
    list_etc(mounts);
    for (size_t i = 0; i < COUNT_OF(system_rows); i++) add(mounts, system_rows[i]);
    add(mounts, (struct mount_row){MOUNT_SCRATCH, NULL, plan->home, NULL});
    add(mounts, (struct mount_row){MOUNT_PROJECT, plan->project, plan->project, NULL});
    for (size_t i = 0; i < COUNT_OF(known); i++)
        add(mounts, (struct mount_row){MOUNT_COPY, NULL, known[i].path, &known[i]});
    for (size_t i = 0; i < plan->file_count; i++) add_file(mounts, &plan->files[i]);
    add(mounts, (struct mount_row){MOUNT_SEAL, NULL, "/", NULL});
    return mounts->err;
}

void mounts_free(struct mounts *mounts) { arena_end(&mounts->arena); }

/* --- the project folder ---------------------------------------------------------------------------------- */

/* Is path folder, or somewhere in it? */
static bool within(const char *folder, const char *path)
{
    size_t len = strlen(folder);

    return strncmp(folder, path, len) == 0 && (path[len] == '\0' || path[len] == '/' || strcmp(folder, "/") == 0);
}

static bool holds_system(const char *project)
{
    for (size_t i = 0; i < COUNT_OF(top); i++)
        if (within(project, top[i]) || within(top[i], project)) return true;
    for (size_t i = 0; i < COUNT_OF(system_rows); i++)
        if (within(project, system_rows[i].to)) return true;
    return within("/etc", project) || within("/proc", project) || within("/sys", project) || within("/dev", project) ||
           within("/boot", project);
}

const char *mounts_refuse_project(const struct sandbox_plan *plan)
{
    const char *project = plan->project, *home = getenv("HOME");
    char resolved[PATH_MAX];
    struct stat folder;

    if (project[0] != '/' || realpath(project, resolved) == NULL || strcmp(project, resolved) != 0)
        return "the project folder is not an absolute path free of symbolic links";
    if (stat(project, &folder) != 0 || !S_ISDIR(folder.st_mode)) return "the project folder is not a folder";
    if (holds_system(project)) return "the project folder is part of the system, or holds it";
    if (within(project, plan->home)) return "the project folder is the agent's own home inside the bottle";
    if (home != NULL && home[0] == '/' && within(project, home))
        return "the project folder is your home folder, or holds it: an agent would own your keys and shell start-up "
               "files";
    if (plan->secret != NULL && (within(project, plan->secret) || within(plan->secret, project)))
        return "the project folder holds bottled's own files";
    return NULL;
}
