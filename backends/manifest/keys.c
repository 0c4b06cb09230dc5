#include "backends/manifest/keys.h"

#include "backends/manifest/text.h"
#include "backends/provision/env.h"
#include "backends/provision/provision.h"
#include "reactor/base/limits.h"

bool is_manifest_name(struct span name)
{
    return name.len <= MANIFEST_NAME_MAX && text_is_of(name, "abcdefghijklmnopqrstuvwxyz0123456789-") &&
           name.at[0] != '-';
}

void read_name(struct reader *reader, const struct yaml_node *value, void *into)
{
    struct span *name = into;

    if (!want_text(reader, value, "a name", name) || is_manifest_name(*name)) return;
    complain(reader, value->place, "write lower-case letters, digits and `-`, at most 63", "`%s` is no name",
             quoted(*name));
}

void read_texts(struct reader *reader, const struct yaml_node *value, void *into)
{
    struct span text;

    if (want_text(reader, value, "an item of this list", &text)) *(struct span *)into = text;
}

static void read_variable(struct reader *reader, const struct yaml_node *value, struct env_var *var)
{
    bool is_name = text_is_of(value->key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") && value->key.at[0] > '9';

    if (!is_name) {
        complain(reader, value->key_place, "write capital letters, digits and `_`", "`%s` is no name for a variable",
                 quoted(value->key));
    } else if (provision_sets(value->key)) {
        complain(reader, value->key_place, "leave it out: tools in the bottle must find the proxy and trust its CA",
                 "`%s` is set by bottled itself", quoted(value->key));
    }
    var->name = arena_copy(reader->arena, value->key);
    if (!want_text(reader, value, "the value of a variable", &var->value)) var->value = (struct span){0};
}

void read_env(struct reader *reader, const struct yaml_node *value, void *into)
{
    struct env_list *env = into;
    struct env_var *list;

    if (value->kind != YAML_MAP || value->count > ENV_COUNT_MAX) {
        complain(reader, value->place, "write `NAME: \"value\"` lines", "`env` is a map of at most %u variables",
                 ENV_COUNT_MAX);
        return;
    }
    list = arena_new(reader->arena, sizeof *list * value->count);
    if (list == NULL) {
        complain(reader, value->place, "shorten it", "`env` needs too much memory");
        return;
    }
    *env = (struct env_list){list, value->count};
    for (const struct yaml_node *child = value->first; child != NULL; child = child->next)
        read_variable(reader, child, list++);
}

void read_because(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct span *because = into;

    if (want_text(reader, node, "`because`", because) && because->len == 0)
        complain(reader, node->place, "write a sentence for whoever reads this next", "`because` is empty");
}
