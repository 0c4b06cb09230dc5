#include "backends/manifest/bindings.h"

#include <stdio.h>

#include "backends/manifest/keys.h"
#include "backends/manifest/route.h"
#include "backends/manifest/text.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

#define FIELD_CHARS "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz" /* RFC 9110 section 5.6.2, less the large */

/* --- read -------------------------------------------------------------------------------------------------- */

static void read_off(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct items off = {"off", sizeof(struct span), BINDING_COUNT_MAX, read_texts, false};
    struct bindings_said *said = into;

    said->off = items_read(reader, node, &off, &said->off_count);
}

static void read_service(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct binding_draft *draft = into;
    struct span text;

    if (!want_text(reader, node, "a service", &text)) return;
    draft->row.class = (const char *)text.at;
    draft->place = node->place;
}

static void read_hosts(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct route route = {0};

    read_host(reader, node, &route);
    *(const char **)into =
        (const char *)arena_printf(reader->arena, "%s%.*s", route.suffix ? "*." : "", SPAN_FMT(route.host)).at;
}

static void read_place(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct span text;

    if (!want_text(reader, node, "a place", &text)) return;
    if (!text_is_of(text, FIELD_CHARS))
        complain(reader, node->place, "write a field's name in lower case, or query, path, body", "`%s` is no place",
                 quoted(text));
    *(struct span *)into = text;
}

/* "authorization query" */
static void read_in(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct items places = {"in", sizeof(struct span), ROUTE_RULES_MAX, read_place, true};
    size_t count;
    const struct span *list = items_read(reader, node, &places, &count);
    struct span joined = {(const uint8_t *)"", 0};

    for (size_t i = 0; i < count && joined.at != NULL; i++)
        joined = arena_printf(reader->arena, "%.*s%s%.*s", SPAN_FMT(joined), i > 0 ? " " : "", SPAN_FMT(list[i]));
    if (count == 0 && node->kind == YAML_LIST)
        complain(reader, node->place, "name a field, or query, path, body", "`in` is empty");
    *(const char **)into = (const char *)joined.at;
}

static void read_glob(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct span text = {0};

    read_path(reader, node, &text);
    *(const char **)into = (const char *)text.at;
}

#define AT(member) offsetof(struct binding_draft, member)

static void read_added(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct key list[] = {
        {"service", read_service, 0, true, NULL},
        {"host", read_hosts, AT(row.hosts), true, NULL},
        {"in", read_in, AT(row.in), true, NULL},
        {"path", read_glob, AT(row.path), false, NULL},
    };
    static const struct keys keys = {"a binding", list, COUNT_OF(list)};

    keys_read(reader, node, &keys, into);
}

static void read_add(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct items add = {"add", sizeof(struct binding_draft), BINDING_COUNT_MAX, read_added, false};
    struct bindings_said *said = into;

    said->added = items_read(reader, node, &add, &said->added_count);
}

void read_bindings(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct key list[] = {{"off", read_off, 0, false, NULL}, {"add", read_add, 0, false, NULL}};
    static const struct keys keys = {"`bindings`", list, COUNT_OF(list)};

    keys_read(reader, node, &keys, into);
}

/* --- compiled ---------------------------------------------------------------------------------------------- */

static const char *shipped_class(const void *list, size_t i) { return ((const struct binding *)list)[i].class; }
static const char *rule_id(const void *list, size_t i) { return (const char *)((const struct rule *)list)[i].id.at; }
static const char *rule_service(const void *list, size_t i)
{
    const struct rule *rule = &((const struct rule *)list)[i];

    return rule->service.len > 0 ? (const char *)rule->service.at : "";
}

static bool is_listed(struct span text, const char *(*name_at)(const void *list, size_t i), const void *list,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_is(text, span_of(name_at(list, i)))) return true;
    return false;
}

static void no_class(struct reader *reader, struct place place, const char *meant, const char *otherwise,
                     const char *format, struct span class)
{
    char hint[MANIFEST_NAME_MAX + 20];

    snprintf(hint, sizeof hint, "did you mean `%s`?", meant != NULL ? meant : "");
    complain(reader, place, meant != NULL ? hint : otherwise, format, quoted(class));
}

static void check_off(struct reader *reader, const struct yaml_node *node, const struct bindings_said *said)
{
    const struct yaml_node *item = said->off_count > 0 ? yaml_find(node, "off")->first : NULL;

    for (size_t i = 0; i < said->off_count; i++, item = item->next)
        if (!is_listed(said->off[i], shipped_class, bindings_shipped, bindings_shipped_count))
            no_class(reader, item->place,
                     nearest(said->off[i], shipped_class, bindings_shipped, bindings_shipped_count),
                     "`bottled check BOTTLE` lists them", "no binding is of `%s`", said->off[i]);
}

static void check_added(struct reader *reader, const struct bindings_said *said, const struct rule_set *rules)
{
    for (size_t i = 0; i < said->added_count; i++) {
        struct span class = span_of(said->added[i].row.class);
        const char *meant = nearest(class, rule_service, rules->list, rules->count);
        if (is_listed(class, rule_service, rules->list, rules->count) ||
            is_listed(class, rule_id, rules->list, rules->count))
            continue;
        if (meant == NULL) meant = nearest(class, rule_id, rules->list, rules->count);
        no_class(reader, said->added[i].place, meant, "`bottled scan --list-rules` lists them",
                 "no rule is of the service `%s`, or called so", class);
    }
}

static bool is_off(const struct bindings_said *said, const struct binding *row)
{
    for (size_t i = 0; i < said->off_count; i++)
        if (span_is(said->off[i], span_of(row->class))) return true;
    return false;
}

enum err bindings_compile(struct reader *reader, const struct yaml_node *node, const struct bindings_said *said,
                          const struct rule_set *rules, const struct binding **list_out, size_t *count_out)
{
    struct binding *list =
        arena_new(reader->arena, (bindings_shipped_count + said->added_count) * sizeof(struct binding));
    size_t count = 0;

    if (list == NULL) return ERR_NOMEM;
    check_off(reader, node, said);
    check_added(reader, said, rules);
    for (size_t i = 0; i < bindings_shipped_count; i++)
        if (!is_off(said, &bindings_shipped[i])) list[count++] = bindings_shipped[i];
    for (size_t i = 0; i < said->added_count; i++) list[count++] = said->added[i].row;
    *list_out = list;
    *count_out = count;
    return ERR_OK;
}
