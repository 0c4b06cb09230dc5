#include "backends/manifest/dlp.h"

#include <stdio.h>

#include "backends/manifest/file.h"
#include "backends/manifest/keys.h"
#include "backends/manifest/route.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

/* What the rules are read from: the files we ship, then the bottle's own. */
struct sources {
    struct arena *names;
    struct rule_text list[RULE_FILES_MAX];
    struct buf texts[RULE_FILES_MAX]; /* of the bottle's own, in their places */
    size_t count;
};

static void read_rules(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct items files = {"rules", sizeof(struct span), RULE_FILES_OWN_MAX, read_texts, false};
    struct bottle_dlp *dlp = into;

    dlp->files = items_read(reader, node, &files, &dlp->file_count);
}

static void read_off(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct items off = {"off", sizeof(struct span), RULE_COUNT_MAX, read_texts, false};
    struct bottle_dlp *dlp = into;

    dlp->off = items_read(reader, node, &off, &dlp->off_count);
}

static void read_secret(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct key list[] = {
        {"name", read_name, offsetof(struct dlp_secret, name), true, NULL},
        {"token_ref", read_token_ref, offsetof(struct dlp_secret, token_ref), true, NULL},
    };
    static const struct keys keys = {"a secret", list, COUNT_OF(list)};

    keys_read(reader, node, &keys, into);
}

static void read_secrets(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct items secrets = {"secrets", sizeof(struct dlp_secret), SECRET_COUNT_MAX, read_secret, false};
    struct bottle_dlp *dlp = into;
    struct dlp_secret *list = items_read(reader, node, &secrets, &dlp->secret_count);
    const struct yaml_node *item = node->first;

    dlp->secrets = list;
    for (size_t i = 0; list != NULL && i < dlp->secret_count; i++, item = item->next)
        for (size_t j = 0; j < i; j++)
            if (span_is(list[i].name, list[j].name) || span_is(list[i].token_ref, list[j].token_ref))
                complain(reader, item->place, "keep one of them", "this secret is there already, as `%s`",
                         quoted(list[j].name));
}

static const struct key dlp_keys[] = {
    {"rules", read_rules, 0, false, NULL},
    {"off", read_off, 0, false, NULL},
    {"bindings", read_bindings, offsetof(struct bottle_dlp, bindings_said), false, NULL},
    {"secrets", read_secrets, 0, false, NULL},
    {"because", read_because, offsetof(struct bottle_dlp, because), false, NULL},
};

static void read_keys(struct reader *reader, const struct yaml_node *node, struct bottle_dlp *dlp)
{
    static const struct keys keys = {"`dlp`", dlp_keys, COUNT_OF(dlp_keys)};
    const struct yaml_node *because = yaml_find(node, "because");

    keys_read(reader, node, &keys, dlp);
    if (dlp->off_count > 0 && because == NULL)
        complain(reader, yaml_find(node, "off")->key_place, "add `because: \"...\"`",
                 "rules are switched off, and nobody says why");
    if (dlp->bindings_said.added_count > 0 && because == NULL)
        complain(reader, yaml_find(node, "bindings")->key_place, "add `because: \"...\"`",
                 "bindings are added, and nobody says why");
    if (dlp->off_count == 0 && dlp->bindings_said.added_count == 0 && dlp->because.len > 0)
        complain(reader, because->key_place, "leave it out",
                 "`because` is for rules that are `off`, or bindings added");
}

/* --- the files --------------------------------------------------------------------------------------------- */

/* "bottles/acme.yaml", as a person sees it from the root. */
static struct span shown_path(struct reader *reader, struct arena *names, struct span name)
{
    const char *slash = strrchr(reader->path, '/');
    int folder_len = slash != NULL && name.at[0] != '/' ? (int)(slash - reader->path + 1) : 0;

    return arena_printf(names, "%.*s%s", folder_len, reader->path, quoted(name));
}

static enum err add_file(struct reader *reader, const struct yaml_node *node, struct span name, struct sources *sources,
                         struct span *shown)
{
    bool is_absolute = name.len > 0 && name.at[0] == '/';
    struct span path = is_absolute ? name : arena_printf(reader->arena, "%s/%s", reader->folder, name.at);
    struct buf *text = &sources->texts[sources->count];
    enum err err;

    *shown = shown_path(reader, sources->names, name);
    if (path.at == NULL || shown->at == NULL) return ERR_NOMEM;
    err = file_read((const char *)path.at, RULE_FILE_BYTES_MAX, text);
    if (err == ERR_NOMEM) return ERR_NOMEM;
    if (err != ERR_OK) {
        complain(reader, node->place, "name a rule file, absolute or beside this manifest, that others may not write",
                 "`%s` can't be read: %s", quoted(path), err_meaning(err));
        return ERR_OK;
    }
    sources->list[sources->count++] = (struct rule_text){(const char *)shown->at, buf_span(text), false};
    return ERR_OK;
}

static enum err gather(struct reader *reader, const struct yaml_node *node, const struct bottle_dlp *said,
                       struct sources *sources, struct span *names)
{
    const struct rule_text *shipped = rules_shipped(&sources->count);
    const struct yaml_node *item = said->file_count > 0 ? yaml_find(node, "rules")->first : NULL;

    for (size_t i = 0; i < sources->count; i++) sources->list[i] = shipped[i];
    for (size_t i = 0; i < said->file_count; i++, item = item->next)
        TRY(add_file(reader, item, said->files[i], sources, &names[i]));
    return ERR_OK;
}

/* --- what is off ------------------------------------------------------------------------------------------- */

static const char *rule_id(const void *list, size_t i) { return (const char *)((const struct rule *)list)[i].id.at; }

static void no_rule(struct reader *reader, struct place place, struct span id, const struct rule_set *set)
{
    const char *meant = nearest(id, rule_id, set->list, set->count);
    char hint[MANIFEST_NAME_MAX + 20];

    snprintf(hint, sizeof hint, "did you mean `%s`?", meant != NULL ? meant : "");
    complain(reader, place, meant != NULL ? hint : "`bottled scan --list-rules` lists them", "there is no rule `%s`",
             quoted(id));
}

static void switch_off(struct reader *reader, const struct yaml_node *node, struct bottle_dlp *dlp)
{
    const struct yaml_node *item = dlp->off_count > 0 ? yaml_find(node, "off")->first : NULL;

    for (size_t i = 0; i < dlp->off_count; i++, item = item->next) {
        bool twice = false;
        for (size_t j = 0; j < i; j++) twice = twice || span_is(dlp->off[i], dlp->off[j]);
        if (twice)
            complain(reader, item->place, "keep one of them", "`%s` is listed twice", quoted(dlp->off[i]));
        else if (!rule_set_off(dlp->rules, dlp->off[i]))
            no_rule(reader, item->place, dlp->off[i], dlp->rules);
    }
}

/* --- the whole --------------------------------------------------------------------------------------------- */

static enum err read_set(struct reader *reader, const struct yaml_node *node, struct sources *sources,
                         struct bottle_dlp *dlp)
{
    struct span *names = arena_new(sources->names, dlp->file_count * sizeof *names);

    if (names == NULL) return ERR_NOMEM;
    TRY(gather(reader, node, dlp, sources, names));
    dlp->files = names;
    return rules_read(reader->errors, sources->list, sources->count, &dlp->rules);
}

static enum err read_own_set(struct reader *reader, struct arena *names, const struct yaml_node *node,
                             struct bottle_dlp *dlp)
{
    struct sources *sources = mem_new(sizeof *sources);
    enum err err;

    if (sources == NULL) return ERR_NOMEM;
    sources->names = names;
    err = read_set(reader, node, sources, dlp);
    for (size_t i = 0; i < RULE_FILES_MAX; i++) buf_clear(&sources->texts[i]);
    mem_free(sources);
    return err;
}

static enum err compile(struct reader *reader, struct arena *names, const struct yaml_node *node,
                        struct rule_set *shipped, struct bottle_dlp *dlp)
{
    size_t errors = reader->errors->count;

    if (dlp->file_count == 0 && dlp->off_count == 0)
        dlp->rules = rule_set_hold(shipped);
    else
        TRY(read_own_set(reader, names, node, dlp));
    if (dlp->rules == NULL) return ERR_OK;
    TRY(bindings_compile(reader, yaml_find(node, "bindings"), &dlp->bindings_said, dlp->rules, &dlp->bindings,
                         &dlp->binding_count));
    switch_off(reader, node, dlp);
    if (reader->errors->count > errors) rule_set_free(&dlp->rules);
    return ERR_OK;
}

enum err dlp_read(struct reader *reader, struct arena *names, const struct yaml_node *node, struct rule_set *shipped,
                  struct bottle_dlp *dlp)
{
    size_t errors = reader->errors->count;
    struct bottle_dlp said = {0};

    if (node == NULL) {
        dlp->rules = rule_set_hold(shipped);
        dlp->bindings = bindings_shipped;
        dlp->binding_count = bindings_shipped_count;
        return ERR_OK;
    }
    read_keys(reader, node, &said);
    if (reader->errors->count > errors) return ERR_OK;
    *dlp = said;
    return compile(reader, names, node, shipped, dlp);
}
