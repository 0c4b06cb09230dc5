/* The tokens know what the events have forgotten: which key had a `?`, how a comment began, how lines were indented. */
#include <yaml.h>

#include "backends/manifest/yaml.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

struct lint {
    struct reader *reader;
    struct span yaml;
    unsigned first_line;
    size_t index, offset;        /* a cursor: libyaml counts characters, we need bytes */
    int columns[YAML_DEPTH_MAX]; /* of the open block collections */
    size_t blocks, flows;        /* open collections of each kind */
    size_t last_line;            /* where the token before ended */
    enum err err;
};

struct fault {
    const char *what, *hint;
};

/* clang-format off */
static const struct fault
    an_anchor    = {"anchors are not read", "write the value out at each place; quote text that begins with `&`"},
    an_alias     = {"aliases are not read", "quote text that begins with `*`: \"*.example.org\""},
    a_tag        = {"tags are not read", "quote text that begins with `!`; numbers and booleans need no tag"},
    a_directive  = {"directives are not read", "leave the line out"},
    a_question   = {"`?` keys are not read", "write `key: value`"},
    too_deep     = {"maps and lists are nested too deep", "nothing here needs more than six levels"},
    touching     = {"a comment touches what is before it", "put a space before the `#`"},
    outdented    = {"this line belongs to a value that began further right",
                    "indent it by spaces, deeper than the key it belongs to"},
    lone_dash    = {"a lone `-` inside brackets", "quote it"},
    blank_indent = {"the blank lines before this block are indented deeper than the block",
                    "indent its first line of text the deepest"};
/* clang-format on */

static void refuse(struct lint *lint, yaml_mark_t mark, const struct fault *fault)
{
    struct place place = {(unsigned)mark.line + lint->first_line, (unsigned)mark.column + 1};

    lint->err = fault == &too_deep ? ERR_LIMIT : ERR_SYNTAX;
    complain(lint->reader, place, fault->hint, "%s", fault->what);
}

/* Where the character is: libyaml's marks count characters, and mostly ascend. */
static size_t offset_of(struct lint *lint, size_t index)
{
    if (index < lint->index) lint->index = lint->offset = 0;
    while (lint->index < index && lint->offset < lint->yaml.len) {
        do lint->offset++;
        while (lint->offset < lint->yaml.len && (lint->yaml.at[lint->offset] & 0xc0) == 0x80);
        lint->index++;
    }
    return lint->offset;
}

static struct span rest_at(struct lint *lint, yaml_mark_t mark)
{
    return span_from(lint->yaml, offset_of(lint, mark.index));
}

/* libyaml infers tokens; those have no width. */
static bool is_written(const yaml_token_t *token) { return token->end_mark.index > token->start_mark.index; }

static size_t spaces(struct span line)
{
    size_t count = 0;

    while (count < line.len && line.at[count] == ' ') count++;
    return count;
}

static bool is_blank(struct span line)
{
    for (size_t i = 0; i < line.len; i++)
        if (strchr(" \t\r", line.at[i]) == NULL) return false;
    return true;
}

static bool take_line(struct span *rest, struct span *line_out)
{
    size_t end = span_find(*rest, '\n', 0);

    if (rest->len == 0) return false;
    *line_out = span_first(*rest, end);
    *rest = span_from(*rest, end < rest->len ? end + 1 : end);
    return true;
}

/* Lines of one value are indented deeper than the block collection it is in. */
static size_t indent_wanted(const struct lint *lint)
{
    return lint->blocks == 0 ? 0 : (size_t)lint->columns[lint->blocks - 1] + 1;
}

static void check_scalar_lines(struct lint *lint, const yaml_token_t *token)
{
    struct span rest = rest_at(lint, token->start_mark), line;
    yaml_mark_t mark = token->start_mark;

    rest = span_first(rest, offset_of(lint, token->end_mark.index) - (size_t)(rest.at - lint->yaml.at));
    if (!take_line(&rest, &line)) return;
    while (take_line(&rest, &line) && lint->err == ERR_OK) {
        mark = (yaml_mark_t){.line = mark.line + 1};
        if (!is_blank(line) && spaces(line) < indent_wanted(lint)) refuse(lint, mark, &outdented);
    }
}

/* In brackets libyaml no longer looks at indentation: the first token of a line is looked at here. */
static void check_flow_line(struct lint *lint, const yaml_token_t *token)
{
    struct span before = span_first(lint->yaml, offset_of(lint, token->start_mark.index));
    size_t line_at = before.len;

    if (!is_written(token)) return;
    if (lint->flows == 0 || token->start_mark.line == lint->last_line) return;
    while (line_at > 0 && before.at[line_at - 1] != '\n') line_at--;
    if (spaces(span_from(before, line_at)) < indent_wanted(lint)) refuse(lint, token->start_mark, &outdented);
}

/* "|2- # why": then blank lines, which libyaml lets decide the indentation and YAML 1.2 does not (section 8.1.1.1). */
static void check_block_scalar(struct lint *lint, const yaml_token_t *token)
{
    struct span rest = rest_at(lint, token->start_mark), header, line;
    size_t deepest = 0, at = 1;

    if (!take_line(&rest, &header)) return;
    while (at < header.len && strchr("0123456789+-", header.at[at]) != NULL) at++;
    if (at < header.len && header.at[at] == '#') refuse(lint, token->start_mark, &touching);
    for (size_t i = 1; i < at; i++)
        if (header.at[i] != '+' && header.at[i] != '-') return; /* its indentation is written */
    while (take_line(&rest, &line)) {
        if (is_blank(line)) {
            if (spaces(line) > deepest) deepest = spaces(line);
            continue;
        }
        if (spaces(line) >= indent_wanted(lint) && spaces(line) < deepest)
            refuse(lint, token->start_mark, &blank_indent);
        return;
    }
}

static void check_scalar(struct lint *lint, const yaml_token_t *token)
{
    yaml_scalar_style_t style = token->data.scalar.style;

    if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE) {
        check_block_scalar(lint, token);
        return;
    }
    check_scalar_lines(lint, token);
    if (style == YAML_PLAIN_SCALAR_STYLE && lint->flows > 0 && token->data.scalar.length == 1 &&
        token->data.scalar.value[0] == '-')
        refuse(lint, token->start_mark, &lone_dash);
}

static bool may_touch(const yaml_token_t *token)
{
    return token->type == YAML_SCALAR_TOKEN && (token->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ||
                                                token->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
                                                token->data.scalar.style == YAML_FOLDED_SCALAR_STYLE);
}

static void check_comment(struct lint *lint, const yaml_token_t *token)
{
    if (is_written(token) && !may_touch(token) && span_starts(rest_at(lint, token->end_mark), SPAN_LIT("#")))
        refuse(lint, token->end_mark, &touching);
}

static void open_collection(struct lint *lint, const yaml_token_t *token, bool block)
{
    if (lint->blocks + lint->flows == YAML_DEPTH_MAX) {
        refuse(lint, token->start_mark, &too_deep);
        return;
    }
    if (block)
        lint->columns[lint->blocks++] = (int)token->start_mark.column;
    else
        lint->flows++;
}

static void check_token(struct lint *lint, const yaml_token_t *token)
{
    switch (token->type) {
    case YAML_ANCHOR_TOKEN: refuse(lint, token->start_mark, &an_anchor); return;
    case YAML_ALIAS_TOKEN: refuse(lint, token->start_mark, &an_alias); return;
    case YAML_TAG_TOKEN: refuse(lint, token->start_mark, &a_tag); return;
    case YAML_VERSION_DIRECTIVE_TOKEN:
    case YAML_TAG_DIRECTIVE_TOKEN: refuse(lint, token->start_mark, &a_directive); return;
    case YAML_KEY_TOKEN: /* written as `?`, where others are inferred from the colon */
        if (is_written(token)) refuse(lint, token->start_mark, &a_question);
        return;
    case YAML_BLOCK_SEQUENCE_START_TOKEN:
    case YAML_BLOCK_MAPPING_START_TOKEN: open_collection(lint, token, true); return;
    case YAML_FLOW_SEQUENCE_START_TOKEN:
    case YAML_FLOW_MAPPING_START_TOKEN: open_collection(lint, token, false); return;
    case YAML_BLOCK_END_TOKEN: lint->blocks -= lint->blocks > 0; return;
    case YAML_FLOW_SEQUENCE_END_TOKEN:
    case YAML_FLOW_MAPPING_END_TOKEN: lint->flows -= lint->flows > 0; return;
    case YAML_SCALAR_TOKEN: check_scalar(lint, token); return;
    case YAML_NO_TOKEN:
    case YAML_STREAM_START_TOKEN:
    case YAML_STREAM_END_TOKEN:
    case YAML_DOCUMENT_START_TOKEN:
    case YAML_DOCUMENT_END_TOKEN:
    case YAML_BLOCK_ENTRY_TOKEN:
    case YAML_FLOW_ENTRY_TOKEN:
    case YAML_VALUE_TOKEN: return;
    }
}

/* A line that begins with `%`: a directive, or text that some reader takes for one. */
static void check_directives(struct lint *lint)
{
    struct span rest = lint->yaml, line;
    yaml_mark_t mark = {0};

    for (; lint->err == ERR_OK && take_line(&rest, &line); mark.line++)
        if (span_starts(line, SPAN_LIT("%"))) refuse(lint, mark, &a_directive);
}

enum err yaml_lint(struct reader *reader, struct span yaml, unsigned first_line)
{
    struct lint lint = {.reader = reader, .yaml = yaml, .first_line = first_line};
    yaml_parser_t parser;
    yaml_token_t token;
    bool more = true;

    check_directives(&lint);
    if (!yaml_parser_initialize(&parser)) return ERR_NOMEM;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, yaml.at, yaml.len);
    while (more && lint.err == ERR_OK) {
        if (!yaml_parser_scan(&parser, &token)) {
            yaml_explain(reader, &parser, first_line);
            lint.err = parser.error == YAML_MEMORY_ERROR ? ERR_NOMEM : ERR_SYNTAX;
            break;
        }
        more = token.type != YAML_STREAM_END_TOKEN;
        check_flow_line(&lint, &token);
        if (lint.err == ERR_OK) check_token(&lint, &token);
        if (lint.err == ERR_OK) check_comment(&lint, &token);
        if (is_written(&token)) lint.last_line = token.end_mark.line;
        yaml_token_delete(&token);
    }
    yaml_parser_delete(&parser);
    return lint.err;
}
