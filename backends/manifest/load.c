#include "backends/manifest/load.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/manifest/file.h"
#include "backends/manifest/frontmatter.h"
#include "backends/manifest/keys.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

/* What a folder's files are read into. */
struct kind {
    const char *folder;
    enum err (*read)(struct manifests *m, struct reader *reader, const struct yaml_node *root, struct span name,
                     struct span body);
    void (*keep)(struct manifests *m, struct span name, const char *path); /* a file that can't be read is there too */
};

/* --- the names in a folder --------------------------------------------------------------------------------- */

struct names {
    struct span list[MANIFEST_COUNT_MAX];
    size_t count;
};

static int compare(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    int order = memcmp(x->at, y->at, x->len < y->len ? x->len : y->len);

    return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

static struct reader reader_of(struct manifests *m, const char *folder, const char *path)
{
    return (struct reader){.path = path, .folder = folder, .errors = &m->errors, .arena = &m->arena};
}

/* "dev.md" is a manifest; hidden files, backups and whatever else lies there are not. */
static bool take_name(struct manifests *m, const char *folder, const char *file, struct names *names)
{
    struct span name = span_of(file);
    struct reader reader = reader_of(m, NULL, folder);

    if (name.len <= 3 || name.at[0] == '.' || !span_is(span_from(name, name.len - 3), SPAN_LIT(".md"))) return true;
    name.len -= 3;
    if (!is_manifest_name(name)) {
        complain(&reader, (struct place){0}, "use lower-case letters, digits and `-`, at most 63, and `.md`",
                 "the file name `%s` is no name for a manifest", quoted(span_of(file)));
        return true;
    }
    if (names->count == MANIFEST_COUNT_MAX) {
        complain(&reader, (struct place){0}, "move some away", "more than %u manifests", MANIFEST_COUNT_MAX);
        return true;
    }
    names->list[names->count] = arena_copy(&m->arena, name);
    return names->list[names->count++].at != NULL;
}

static enum err list_names(struct manifests *m, const char *folder, const char *path, struct names *names)
{
    DIR *dir = opendir(path);
    bool room = true;

    names->count = 0;
    if (dir == NULL) return ERR_OK;
    for (struct dirent *entry; room && (entry = readdir(dir)) != NULL;)
        room = take_name(m, folder, entry->d_name, names);
    closedir(dir);
    qsort(names->list, names->count, sizeof *names->list, compare);
    return room ? ERR_OK : ERR_NOMEM;
}

/* --- one file ---------------------------------------------------------------------------------------------- */

static enum err read_bottle(struct manifests *m, struct reader *reader, const struct yaml_node *root, struct span name,
                            struct span body)
{
    (void)body;
    return bottle_read(reader, root, name, m->shipped, &m->bottles[m->bottle_count - 1]);
}

static void keep_bottle(struct manifests *m, struct span name, const char *path)
{
    m->bottles[m->bottle_count++] = (struct bottle){.name = name, .path = path};
}

static const char *bottle_name(const void *list, size_t i)
{
    return (const char *)((const struct bottle *)list)[i].name.at;
}

static void no_bottle(const struct manifests *m, struct reader *reader, const struct agent *agent)
{
    const char *meant = nearest(agent->bottle_name, bottle_name, m->bottles, m->bottle_count);
    char hint[MANIFEST_NAME_MAX + 20];

    snprintf(hint, sizeof hint, "did you mean `%s`?", meant != NULL ? meant : "");
    complain(reader, agent->bottle_place, meant != NULL ? hint : "name a file of bottles/, without .md",
             "there is no bottle `%s`", quoted(agent->bottle_name));
}

/* Bottles are all read by now. */
static enum err read_agent(struct manifests *m, struct reader *reader, const struct yaml_node *root, struct span name,
                           struct span body)
{
    struct agent *agent = &m->agents[m->agent_count - 1];
    const struct bottle *bottle;

    if (!agent_read(reader, root, name, body, agent)) return ERR_OK;
    bottle = manifests_bottle(m, agent->bottle_name);
    if (bottle == NULL)
        no_bottle(m, reader, agent);
    else if (bottle->policy == NULL)
        complain(reader, agent->bottle_place, "mend that file first", "the bottle `%s` has errors",
                 quoted(agent->bottle_name));
    else
        agent->bottle = bottle;
    return ERR_OK;
}

static void keep_agent(struct manifests *m, struct span name, const char *path)
{
    m->agents[m->agent_count++] = (struct agent){.name = name, .path = path};
}

static void bad_file(struct reader *reader, enum err err)
{
    switch (err) {
    case ERR_LIMIT:
        complain(reader, (struct place){0}, "shorten it", "the file is larger than %u bytes", MANIFEST_BYTES_MAX);
        return;
    case ERR_DENIED:
        complain(reader, (struct place){0}, "make it a regular file, and `chmod o-w` it",
                 "anyone may write this file, or it is no regular file");
        return;
    case ERR_OK:
    case ERR_AGAIN:
    case ERR_SYNTAX:
    case ERR_NOMEM:
    case ERR_PEER:
    case ERR_TRUST:
    case ERR_NOT_FOUND:
    case ERR_TIMEOUT:
    case ERR_SYS:
    case ERR_COUNT: complain(reader, (struct place){0}, NULL, "the file can't be read (%s)", err_meaning(err)); return;
    }
}

static enum err parse_file(struct manifests *m, const struct kind *kind, struct reader *reader, struct span name,
                           struct span file)
{
    struct arena tree = arena_begin(YAML_TREE_BYTES_MAX);
    struct frontmatter front;
    struct yaml_node *root = NULL;
    enum err err = frontmatter_find(reader, file, &front);

    if (err == ERR_OK) err = yaml_read(reader, front.yaml, FRONT_FIRST_LINE, &tree, &root);
    if (err == ERR_OK) err = kind->read(m, reader, root, name, front.body);
    arena_end(&tree);
    return err == ERR_NOMEM ? ERR_NOMEM : ERR_OK; /* else the list says what is wrong */
}

static enum err load_file(struct manifests *m, const struct kind *kind, const char *folder, struct span name)
{
    struct span path = arena_printf(&m->arena, "%s/%.*s.md", kind->folder, SPAN_FMT(name));
    struct span whole = arena_printf(&m->arena, "%s/%.*s.md", folder, SPAN_FMT(name));
    struct reader reader = reader_of(m, folder, (const char *)path.at);
    struct buf file = {0};
    enum err err;

    if (path.at == NULL || whole.at == NULL) return ERR_NOMEM;
    kind->keep(m, name, (const char *)path.at);
    err = file_read((const char *)whole.at, MANIFEST_BYTES_MAX, &file);
    if (err == ERR_OK)
        err = parse_file(m, kind, &reader, name, buf_span(&file));
    else
        bad_file(&reader, err), err = ERR_OK;
    buf_clear(&file);
    return err;
}

/* --- all --------------------------------------------------------------------------------------------------- */

static enum err load_folder(struct manifests *m, const struct kind *kind)
{
    struct span folder = arena_printf(&m->arena, "%s/%s", m->root, kind->folder);
    struct names *names = arena_new(&m->arena, sizeof *names);

    if (folder.at == NULL || names == NULL) return ERR_NOMEM;
    TRY(list_names(m, kind->folder, (const char *)folder.at, names));
    for (size_t i = 0; i < names->count; i++) TRY(load_file(m, kind, (const char *)folder.at, names->list[i]));
    return ERR_OK;
}

static enum err load_all(struct manifests *m)
{
    static const struct kind bottles = {"bottles", read_bottle, keep_bottle};
    static const struct kind agents = {"agents", read_agent, keep_agent};

    m->bottles = arena_new(&m->arena, sizeof *m->bottles * MANIFEST_COUNT_MAX);
    m->agents = arena_new(&m->arena, sizeof *m->agents * MANIFEST_COUNT_MAX);
    if (m->root == NULL || m->bottles == NULL || m->agents == NULL) return ERR_NOMEM;
    TRY(rules_read_shipped(&m->errors, &m->shipped));
    if (m->shipped == NULL) return ERR_SYNTAX; /* a test reads them: it is memory that is wanting */
    TRY(load_folder(m, &bottles));
    return load_folder(m, &agents);
}

enum err manifests_load(const char *root, struct manifests **manifests_out)
{
    AUTO(manifests) m = NULL;
    struct stat stat_;

    if (stat(root, &stat_) != 0 || !S_ISDIR(stat_.st_mode)) return ERR_NOT_FOUND;
    m = mem_new(sizeof *m);
    if (m == NULL) return ERR_NOMEM;
    *m = (struct manifests){.arena = arena_begin(MANIFESTS_SIZE_MAX), .errors = manifest_errors_begin()};
    m->root = (const char *)arena_copy(&m->arena, span_of(root)).at;
    TRY(load_all(m));
    *manifests_out = MOVE(m);
    return ERR_OK;
}

void manifests_free(struct manifests **manifests)
{
    struct manifests *m = MOVE(*manifests);

    if (m == NULL) return;
    for (size_t i = 0; i < m->bottle_count; i++) bottle_end(&m->bottles[i]);
    rule_set_free(&m->shipped);
    manifest_errors_end(&m->errors);
    arena_end(&m->arena);
    mem_free(m);
}

const struct bottle *manifests_bottle(const struct manifests *manifests, struct span name)
{
    for (size_t i = 0; i < manifests->bottle_count; i++)
        if (span_is(manifests->bottles[i].name, name)) return &manifests->bottles[i];
    return NULL;
}

const struct agent *manifests_agent(const struct manifests *manifests, struct span name)
{
    for (size_t i = 0; i < manifests->agent_count; i++)
        if (span_is(manifests->agents[i].name, name)) return &manifests->agents[i];
    return NULL;
}
