#include "backends/manifest/toml.h"

#include <assert.h>

#include "backends/manifest/text.h"
#include "backends/manifest/toml_string.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

/* How a table or array came to be decides what may still be added to it. */
enum origin {
    FROM_VALUE,   /* a scalar, `{...}`, `[...]`: nothing */
    FROM_PATH,    /* on the way of a header: it may have one of its own */
    FROM_HEADER,  /* `[a]`, an element of `[[a]]`: tables below it by their headers */
    FROM_DOTS,    /* on the way of a dotted key: other dotted keys */
    FROM_HEADERS, /* the array of `[[a]]`: elements by such headers */
};

struct toml_node {
    struct yaml_node node;
    enum origin origin;
    struct toml_node *last; /* child */
};

struct toml {
    struct toml_text text;
    struct arena *arena;
    struct toml_node *table; /* where keys go */
    size_t node_count;
};

#define KEY_PARTS_MAX YAML_DEPTH_MAX

struct toml_key {
    struct span parts[KEY_PARTS_MAX];
    struct place places[KEY_PARTS_MAX];
    size_t count;
};

static enum err read_value(struct toml *toml, unsigned depth, struct toml_node *node);

/* --- the tree ---------------------------------------------------------------------------------------------- */

static struct toml_node *of(struct yaml_node *node) { return CONTAINER_OF(node, struct toml_node, node); }

static struct toml_node *find(struct toml_node *map, struct span key)
{
    for (struct yaml_node *child = map->node.first; child != NULL; child = child->next)
        if (child->key.at != NULL && span_is(child->key, key)) return of(child);
    return NULL;
}

static enum err add(struct toml *toml, struct toml_node *parent, enum yaml_kind kind, enum origin origin,
                    struct toml_node **child_out)
{
    struct toml_node *child;

    if (toml->node_count++ == TOML_NODES_MAX) return toml_limit(&toml->text, "the file holds too many values");
    child = arena_new(toml->arena, sizeof *child);
    if (child == NULL) return ERR_NOMEM;
    child->node.kind = kind;
    child->node.place = toml_place(&toml->text);
    child->origin = origin;
    if (parent->last == NULL)
        parent->node.first = &child->node;
    else
        parent->last->node.next = &child->node;
    parent->last = child;
    parent->node.count++;
    *child_out = child;
    return ERR_OK;
}

static enum err add_keyed(struct toml *toml, struct toml_node *map, const struct toml_key *key, size_t part,
                          enum yaml_kind kind, enum origin origin, struct toml_node **child_out)
{
    struct toml_node *child = NULL;

    TRY(add(toml, map, kind, origin, &child));
    assert(child != NULL);
    child->node.key = key->parts[part];
    child->node.key_place = key->places[part];
    *child_out = child;
    return ERR_OK;
}

static enum err taken(struct toml *toml, const struct toml_key *key, size_t part)
{
    complain(toml->text.reader, key->places[part], "keep one of them", "`%s` is there already",
             quoted(key->parts[part]));
    return ERR_SYNTAX;
}

/* --- keys -------------------------------------------------------------------------------------------------- */

static bool is_bare(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static enum err read_part(struct toml *toml, struct span *part)
{
    struct toml_text *text = &toml->text;
    size_t from = text->at;
    uint8_t c = toml_peek(text);

    if (c == '"' || c == '\'') return toml_string(text, toml->arena, false, part);
    while (is_bare(toml_peek(text))) text->at++;
    if (text->at == from) return toml_fault(text, "write a key here: letters, digits, `-`, `_`, or in quotes");
    *part = arena_copy(toml->arena, (struct span){text->bytes.at + from, text->at - from});
    return part->at != NULL ? ERR_OK : ERR_NOMEM;
}

static enum err read_key(struct toml *toml, struct toml_key *key)
{
    struct toml_text *text = &toml->text;

    for (key->count = 0; key->count < KEY_PARTS_MAX;) {
        toml_skip_blanks(text);
        key->places[key->count] = toml_place(text);
        TRY(read_part(toml, &key->parts[key->count++]));
        toml_skip_blanks(text);
        if (!toml_take(text, '.')) return ERR_OK;
    }
    return toml_limit(text, "a key has too many parts");
}

/* `a.b.c = value` into map. */
static enum err read_pair(struct toml *toml, struct toml_node *map, unsigned depth)
{
    struct toml_key key = {0};
    struct toml_node *child;

    TRY(read_key(toml, &key));
    for (size_t i = 0; i + 1 < key.count; i++) {
        child = find(map, key.parts[i]);
        if (child != NULL && child->origin != FROM_DOTS) return taken(toml, &key, i);
        if (child == NULL) TRY(add_keyed(toml, map, &key, i, YAML_MAP, FROM_DOTS, &child));
        map = child;
    }
    if (find(map, key.parts[key.count - 1]) != NULL) return taken(toml, &key, key.count - 1);
    if (!toml_take(&toml->text, '=')) return toml_fault(&toml->text, "write `=` behind a key");
    toml_skip_blanks(&toml->text);
    TRY(add_keyed(toml, map, &key, key.count - 1, YAML_TEXT, FROM_VALUE, &child));
    return read_value(toml, depth, child);
}

/* --- values ------------------------------------------------------------------------------------------------ */

static enum err read_array(struct toml *toml, unsigned depth, struct toml_node *list)
{
    struct toml_text *text = &toml->text;
    struct toml_node *item;

    list->node.kind = YAML_LIST;
    for (;;) {
        toml_skip_lines(text);
        if (toml_take(text, ']')) return ERR_OK;
        TRY(add(toml, list, YAML_TEXT, FROM_VALUE, &item));
        TRY(read_value(toml, depth + 1, item));
        toml_skip_lines(text);
        if (toml_take(text, ']')) return ERR_OK;
        if (!toml_take(text, ',')) return toml_fault(text, "write `,` or `]` behind an item");
    }
}

static enum err read_inline(struct toml *toml, unsigned depth, struct toml_node *map)
{
    struct toml_text *text = &toml->text;

    map->node.kind = YAML_MAP;
    toml_skip_blanks(text);
    if (toml_take(text, '}')) return ERR_OK;
    for (;;) {
        TRY(read_pair(toml, map, depth + 1));
        toml_skip_blanks(text);
        if (toml_take(text, '}')) return ERR_OK;
        if (!toml_take(text, ',')) return toml_fault(text, "write `,` or `}` behind a value");
    }
}

static enum err read_value(struct toml *toml, unsigned depth, struct toml_node *node)
{
    struct toml_text *text = &toml->text;
    uint8_t c = toml_peek(text);

    if (depth == YAML_DEPTH_MAX) return toml_limit(text, "tables and arrays are too deep within each other");
    node->node.place = toml_place(text);
    if (c == '"' || c == '\'') return toml_string(text, toml->arena, true, &node->node.text);
    if (toml_take(text, '[')) return read_array(toml, depth, node);
    if (toml_take(text, '{')) return read_inline(toml, depth, node);
    node->node.plain = true;
    return toml_bare_value(text, toml->arena, &node->node.text);
}

/* --- headers ----------------------------------------------------------------------------------------------- */

/* The table below which a header's last part stands. */
static enum err walk(struct toml *toml, struct toml_node *root, const struct toml_key *key, struct toml_node **map_out)
{
    struct toml_node *map = root;

    for (size_t i = 0; i + 1 < key->count; i++) {
        struct toml_node *child = find(map, key->parts[i]);
        if (child == NULL) TRY(add_keyed(toml, map, key, i, YAML_MAP, FROM_PATH, &child));
        if (child->origin == FROM_VALUE) return taken(toml, key, i);
        map = child->origin == FROM_HEADERS ? child->last : child;
    }
    *map_out = map;
    return ERR_OK;
}

static enum err open_table(struct toml *toml, struct toml_node *map, const struct toml_key *key)
{
    struct toml_node *table = find(map, key->parts[key->count - 1]);

    if (table != NULL && table->origin != FROM_PATH) return taken(toml, key, key->count - 1);
    if (table == NULL) TRY(add_keyed(toml, map, key, key->count - 1, YAML_MAP, FROM_HEADER, &table));
    table->origin = FROM_HEADER;
    toml->table = table;
    return ERR_OK;
}

static enum err open_element(struct toml *toml, struct toml_node *map, const struct toml_key *key)
{
    struct toml_node *list = find(map, key->parts[key->count - 1]);

    if (list != NULL && list->origin != FROM_HEADERS) return taken(toml, key, key->count - 1);
    if (list == NULL) TRY(add_keyed(toml, map, key, key->count - 1, YAML_LIST, FROM_HEADERS, &list));
    return add(toml, list, YAML_MAP, FROM_HEADER, &toml->table);
}

static enum err read_header(struct toml *toml, struct toml_node *root)
{
    struct toml_text *text = &toml->text;
    bool is_element = toml_take(text, '[');
    struct toml_key key = {0};
    struct toml_node *map = NULL;

    TRY(read_key(toml, &key));
    if (!toml_take(text, ']') || (is_element && !toml_take(text, ']')))
        return toml_fault(text, "close the header with as many `]` as opened it");
    TRY(walk(toml, root, &key, &map));
    return is_element ? open_element(toml, map, &key) : open_table(toml, map, &key);
}

static enum err read_all(struct toml *toml, struct toml_node *root)
{
    struct toml_text *text = &toml->text;

    toml->table = root;
    for (;;) {
        toml_skip_lines(text);
        if (toml_is_end(text)) return ERR_OK;
        if (toml_take(text, '['))
            TRY(read_header(toml, root));
        else
            TRY(read_pair(toml, toml->table, 0));
        if (!toml_take_line_end(text)) return toml_fault(text, "begin a new line here");
    }
}

enum err toml_read(struct reader *reader, struct span text, struct arena *arena, struct yaml_node **root_out)
{
    struct toml toml = {.text = {.reader = reader, .bytes = text, .line = 1}, .arena = arena};
    struct toml_node *root;

    TRY(yaml_check_text(reader, text));
    root = arena_new(arena, sizeof *root);
    if (root == NULL) return ERR_NOMEM;
    *root = (struct toml_node){.node = {.kind = YAML_MAP, .place = {1, 1}}, .origin = FROM_HEADER};
    TRY(read_all(&toml, root));
    *root_out = &root->node;
    return ERR_OK;
}
