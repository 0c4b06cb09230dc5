/* yaml.h — a strict subset of YAML 1.2, read by libyaml into a tree.
 *
 * In   block maps and lists, plain, single- and double-quoted scalars, literal and folded blocks, flow lists and maps;
 *      one document.
 * Out  anchors, aliases, tags, merge keys, directives, further documents, keys that are not scalars or are written with
 *      `?`, empty and duplicate keys, tabs as indentation; what libyaml takes and YAML 1.2 does not: a `#` that touches
 *      what is before it, lines of a quoted scalar or flow collection that are not indented.
 *
 * Scalars stay text: what they mean is schema.h's to say, so nothing is guessed.
 * Memory   the tree lives in the arena given; libyaml's own memory is freed before the return.
 * Limits   YAML_DEPTH_MAX, YAML_NODES_MAX, YAML_TREE_BYTES_MAX (the arena's).
 */
#pragma once
#include "backends/manifest/errors.h"

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    bool plain;                     /* a scalar without quotes: other readers may see a number or a boolean in it */
    struct place place;             /* in the file */
    struct span text;               /* of a scalar; NUL-terminated, and may hold any character an escape can name */
    struct yaml_node *first, *next; /* children in order; the next sibling */
    size_t count;                   /* of children */
    struct span key;                /* of a map's child */
    struct place key_place;
};

/* Is every character of the file one that text_fault() lets stand?  errors: ERR_SYNTAX, and a complaint */
MUST_CHECK enum err yaml_check_text(struct reader *reader, struct span file);

/* Reads YAML that passed yaml_check_text(); its first line is first_line of the file.  Nothing there at all is an
 * empty plain scalar.
 * errors: ERR_SYNTAX, ERR_LIMIT (the reader's list says what), ERR_NOMEM */
MUST_CHECK enum err yaml_read(struct reader *reader, struct span yaml, unsigned first_line, struct arena *arena,
                              struct yaml_node **root_out);

/* The map's child of this key, or NULL. */
const struct yaml_node *yaml_find(const struct yaml_node *map, const char *key);

/* For yaml.c and yaml_lint.c: libyaml's complaint in our words. */
struct yaml_parser_s;
void yaml_explain(struct reader *reader, const struct yaml_parser_s *parser, unsigned first_line);

/* Walks the tokens once and refuses what the subset leaves out: what libyaml's events no longer show. */
MUST_CHECK enum err yaml_lint(struct reader *reader, struct span yaml, unsigned first_line);
