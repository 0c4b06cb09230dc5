#include "backends/manifest/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int by_name(const FTSENT **a, const FTSENT **b) { return strcmp((*a)->fts_name, (*b)->fts_name); }

/* What was found is opened as what it was found to be: no link, and nothing that waits for another. */
static enum err give(const struct walk *walk, const FTSENT *entry)
{
    int found = O_NOFOLLOW | O_NONBLOCK, flags = O_RDONLY | O_CLOEXEC | O_NOCTTY;
    int fd = open(entry->fts_accpath, entry->fts_level == FTS_ROOTLEVEL ? flags : flags | found);
    struct stat stat;
    enum err err = ERR_OK;

    if (fd < 0) {
        walk->on_error(walk->owner, entry->fts_path, strerror(errno));
        return ERR_OK;
    }
    if (entry->fts_level == FTS_ROOTLEVEL || (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode)))
        err = walk->on_file(walk->owner, fd, entry->fts_path);
    close(fd);
    return err;
}

static enum err visit(const struct walk *walk, FTS *tree, FTSENT *entry)
{
    bool is_named = entry->fts_level == FTS_ROOTLEVEL;

    switch (entry->fts_info) {
    case FTS_D:
        if (!is_named && strcmp(entry->fts_name, ".git") == 0) fts_set(tree, entry, FTS_SKIP);
        return ERR_OK;
    case FTS_F: return give(walk, entry);
    case FTS_DEFAULT: return is_named ? give(walk, entry) : ERR_OK;
    case FTS_SLNONE: /* a named link to nothing */
        walk->on_error(walk->owner, entry->fts_path, strerror(ENOENT));
        return ERR_OK;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS: walk->on_error(walk->owner, entry->fts_path, strerror(entry->fts_errno)); return ERR_OK;
    default: return ERR_OK; /* links, and folders on the way back */
    }
}

enum err walk_path(const struct walk *walk, char *path)
{
    char *const paths[] = {path, NULL};
    enum err err = ERR_OK;
    FTS *tree;

    if (path[0] == '\0') { /* which fts refuses as a whole */
        walk->on_error(walk->owner, path, strerror(ENOENT));
        return ERR_OK;
    }
    tree = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    if (tree == NULL) return errno == ENOMEM ? ERR_NOMEM : ERR_SYS;
    for (FTSENT *entry; err == ERR_OK && (errno = 0, entry = fts_read(tree)) != NULL;) err = visit(walk, tree, entry);
    if (err == ERR_OK && errno != 0) err = ERR_SYS;
    fts_close(tree);
    return err;
}
