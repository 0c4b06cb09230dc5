#include "backends/manifest/yaml.h"

#include <assert.h>
#include <yaml.h>

#include "backends/manifest/text.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

/* --- characters -------------------------------------------------------------------------------------------- */

static struct place place_in(struct span file, size_t at)
{
    struct place place = {1, 1};

    for (size_t i = 0; i < at; i++) {
        bool inside = (file.at[i] & 0xc0) == 0x80; /* a character is counted at its first byte */
        place.column += !inside;
        if (file.at[i] == '\n') place = (struct place){place.line + 1, 1};
    }
    return place;
}

enum err yaml_check_text(struct reader *reader, struct span file)
{
    size_t at = 0;
    const char *what = text_fault(file, &at);

    if (what == NULL) return ERR_OK;
    complain(reader, place_in(file, at), "save the file as UTF-8 text, without it", "here is %s", what);
    return ERR_SYNTAX;
}

/* --- the tree ---------------------------------------------------------------------------------------------- */

struct builder {
    struct reader *reader;
    struct arena *arena;
    unsigned first_line;
    struct yaml_node *root, *open[YAML_DEPTH_MAX]; /* the collections that have not ended */
    struct yaml_node *last[YAML_DEPTH_MAX];        /* their last child */
    size_t depth, nodes;
    bool has_key; /* the innermost map has read a key and waits for its value */
    struct span key;
    struct place key_place;
    bool ended; /* the document */
};

static struct place place_of(yaml_mark_t mark, unsigned first_line)
{
    return (struct place){(unsigned)mark.line + first_line, (unsigned)mark.column + 1};
}

#define SECOND_DOCUMENT "leave out what follows, or the `...` before it"

/* clang-format off */
static const struct {
    const char *context, *problem; /* how libyaml's begin; NULL: any */
    const char *what, *hint;
} explanations[] = {
    {"while scanning an alias",  NULL, "aliases are not read", "quote text that begins with `*`: \"*.example.org\""},
    {"while scanning an anchor", NULL, "anchors are not read", "quote text that begins with `&`"},
    {"while parsing a tag",      NULL, "tags are not read",    "quote text that begins with `!`"},
    {"while scanning a tag",     NULL, "tags are not read",    "quote text that begins with `!`"},
    {NULL, "found character that cannot start any token", NULL,
     "indent with spaces, not tabs; quote text that begins with a sign"},
    {NULL, "mapping values are not allowed", NULL, "quote text that holds `: `"},
    {NULL, "could not find expected ':'",    NULL, "write `key: value`"},
    {NULL, "did not find expected key",      NULL, "write `key: value`, indented like the key before it"},
    {NULL, "did not find expected ',' or",   NULL, "close the bracket, and put commas between its items"},
    {NULL, "did not find expected <document start>", "a second YAML document", SECOND_DOCUMENT},
};
/* clang-format on */

static bool begins(const char *text, const char *start)
{
    return start == NULL || (text != NULL && strncmp(text, start, strlen(start)) == 0);
}

void yaml_explain(struct reader *reader, const struct yaml_parser_s *parser, unsigned first_line)
{
    const char *what = parser->problem != NULL ? parser->problem : "this is not YAML", *hint = NULL;

    for (size_t i = 0; i < COUNT_OF(explanations); i++) {
        if (!begins(parser->context, explanations[i].context) || !begins(what, explanations[i].problem)) continue;
        if (explanations[i].what != NULL) what = explanations[i].what;
        hint = explanations[i].hint;
        break;
    }
    complain(reader, place_of(parser->problem_mark, first_line), hint, "%s", what);
}

static enum err refuse(struct builder *b, struct place place, const char *hint, const char *what)
{
    complain(b->reader, place, hint, "%s", what);
    return ERR_SYNTAX;
}

static struct yaml_node *innermost(const struct builder *b) { return b->depth > 0 ? b->open[b->depth - 1] : NULL; }

static enum err take_key(struct builder *b, const yaml_event_t *event)
{
    struct place place = place_of(event->start_mark, b->first_line);
    struct span key = {event->data.scalar.value, event->data.scalar.length};

    if (key.len == 0) return refuse(b, place, "write `key: value`", "an empty key");
    if (span_is(key, SPAN_LIT("<<")) && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        return refuse(b, place, "write the keys out", "merge keys are not read");
    for (const struct yaml_node *child = innermost(b)->first; child != NULL; child = child->next) {
        if (!span_is(child->key, key)) continue;
        complain(b->reader, place, "keep one of them", "the key `%s` is here twice, first on line %u", quoted(key),
                 child->key_place.line);
        return ERR_SYNTAX;
    }
    b->key = arena_copy(b->arena, key);
    b->key_place = place;
    b->has_key = true;
    return b->key.at != NULL ? ERR_OK : ERR_LIMIT;
}

/* A new node hangs below the innermost collection, under the key that waits. */
static enum err add_node(struct builder *b, enum yaml_kind kind, const yaml_event_t *event, struct yaml_node **out)
{
    struct yaml_node *parent = innermost(b), *node;

    if (b->nodes++ == YAML_NODES_MAX) {
        complain(b->reader, place_of(event->start_mark, b->first_line), "shorten it", "more than %u values in one file",
                 YAML_NODES_MAX);
        return ERR_LIMIT;
    }
    node = arena_new(b->arena, sizeof *node);
    if (node == NULL) return ERR_LIMIT;
    *node = (struct yaml_node){.kind = kind, .place = place_of(event->start_mark, b->first_line)};
    *out = node;
    if (parent == NULL) {
        b->root = node;
        return ERR_OK;
    }
    if (parent->kind == YAML_MAP) node->key = b->key, node->key_place = b->key_place;
    b->has_key = false;
    struct yaml_node **last = &b->last[b->depth - 1];
    assert((parent->first == NULL) == (*last == NULL));
    *(*last == NULL ? &parent->first : &(*last)->next) = node;
    *last = node;
    parent->count++;
    return ERR_OK;
}

static bool wants_key(const struct builder *b) { return b->depth > 0 && innermost(b)->kind == YAML_MAP && !b->has_key; }

static enum err add_text(struct builder *b, const yaml_event_t *event)
{
    struct yaml_node *node;

    if (wants_key(b)) return take_key(b, event);
    TRY(add_node(b, YAML_TEXT, event, &node));
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->text = arena_copy(b->arena, (struct span){event->data.scalar.value, event->data.scalar.length});
    return node->text.at != NULL ? ERR_OK : ERR_LIMIT;
}

static enum err open_collection(struct builder *b, enum yaml_kind kind, const yaml_event_t *event)
{
    struct place place = place_of(event->start_mark, b->first_line);
    struct yaml_node *node;

    if (wants_key(b)) return refuse(b, place, "write `key: value`", "a key that is a list or a map");
    if (b->depth == YAML_DEPTH_MAX) {
        complain(b->reader, place, NULL, "maps and lists are nested too deep");
        return ERR_LIMIT;
    }
    TRY(add_node(b, kind, event, &node));
    b->last[b->depth] = NULL;
    b->open[b->depth++] = node;
    return ERR_OK;
}

static enum err close_collection(struct builder *b)
{
    b->depth--;
    return ERR_OK;
}

static enum err begin_document(struct builder *b, const yaml_event_t *event)
{
    if (!b->ended) return ERR_OK;
    return refuse(b, place_of(event->start_mark, b->first_line), SECOND_DOCUMENT, "a second YAML document");
}

static enum err take(struct builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT: return begin_document(b, event);
    case YAML_DOCUMENT_END_EVENT: b->ended = true; return ERR_OK;
    case YAML_SCALAR_EVENT: return add_text(b, event);
    case YAML_SEQUENCE_START_EVENT: return open_collection(b, YAML_LIST, event);
    case YAML_MAPPING_START_EVENT: return open_collection(b, YAML_MAP, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return close_collection(b);
    case YAML_ALIAS_EVENT: /* yaml_lint() has refused it */
        return refuse(b, place_of(event->start_mark, b->first_line), NULL, "aliases are not read");
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT: return ERR_OK;
    }
    return ERR_SYNTAX;
}

static enum err build(struct builder *b, yaml_parser_t *parser)
{
    yaml_event_t event;
    bool more = true;
    enum err err = ERR_OK;

    while (more && err == ERR_OK) {
        if (!yaml_parser_parse(parser, &event)) {
            yaml_explain(b->reader, parser, b->first_line);
            return parser->error == YAML_MEMORY_ERROR ? ERR_NOMEM : ERR_SYNTAX;
        }
        more = event.type != YAML_STREAM_END_EVENT;
        err = take(b, &event);
        yaml_event_delete(&event);
    }
    return err;
}

static enum err nothing(struct builder *b)
{
    b->root = arena_new(b->arena, sizeof *b->root);
    if (b->root == NULL) return ERR_NOMEM;
    *b->root = (struct yaml_node){.kind = YAML_TEXT, .plain = true, .place = {b->first_line, 1}};
    return ERR_OK;
}

enum err yaml_read(struct reader *reader, struct span yaml, unsigned first_line, struct arena *arena,
                   struct yaml_node **root_out)
{
    struct builder b = {.reader = reader, .arena = arena, .first_line = first_line};
    size_t errors = reader->errors->count;
    yaml_parser_t parser;
    enum err err;

    if (yaml.len == 0) yaml = SPAN_LIT(""); /* libyaml takes no NULL */
    TRY(yaml_lint(reader, yaml, first_line));
    if (!yaml_parser_initialize(&parser)) return ERR_NOMEM;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, yaml.at, yaml.len);
    err = build(&b, &parser);
    yaml_parser_delete(&parser);
    if (err == ERR_OK && b.root == NULL) err = nothing(&b);
    if (err == ERR_LIMIT && reader->errors->count == errors)
        complain(reader, (struct place){first_line, 1}, "shorten it", "the YAML needs too much memory");
    if (err == ERR_OK) *root_out = b.root;
    return err;
}

const struct yaml_node *yaml_find(const struct yaml_node *map, const char *key)
{
    for (const struct yaml_node *child = map->first; child != NULL; child = child->next)
        if (span_is(child->key, span_of(key))) return child;
    return NULL;
}
