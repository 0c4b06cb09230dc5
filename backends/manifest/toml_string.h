/* toml_string.h — the characters of a TOML file, one after the other, and its scalars (for toml.c). */
#pragma once
#include "backends/manifest/errors.h"

struct toml_text {
    struct reader *reader;
    struct span bytes;  /* passed yaml_check_text() */
    size_t at, line_at; /* here; where its line begins */
    unsigned line;
};

struct place toml_place(const struct toml_text *text);

/* Complain of what stands here. */
enum err toml_fault(const struct toml_text *text, const char *hint); /* ERR_SYNTAX */
enum err toml_limit(const struct toml_text *text, const char *what); /* ERR_LIMIT */

static inline bool toml_is_end(const struct toml_text *text) { return text->at == text->bytes.len; }

/* The byte here, or 0 at the end. */
static inline uint8_t toml_peek(const struct toml_text *text)
{
    return toml_is_end(text) ? 0 : text->bytes.at[text->at];
}

/* No line end: those count. */
static inline bool toml_take(struct toml_text *text, uint8_t c)
{
    if (toml_is_end(text) || text->bytes.at[text->at] != c) return false;
    text->at++;
    return true;
}

void toml_skip_blanks(struct toml_text *text);   /* blanks and tabs */
void toml_skip_lines(struct toml_text *text);    /* those, comments and line ends */
bool toml_take_line_end(struct toml_text *text); /* blanks, a comment, a line end or the end; false: something else */

/* A string in any of the four kinds of quotes, or with lines == false in those of one line.  errors: ERR_SYNTAX,
 * ERR_NOMEM */
MUST_CHECK enum err toml_string(struct toml_text *text, struct arena *arena, bool lines, struct span *out);

/* A boolean, integer or float.  errors: the same */
MUST_CHECK enum err toml_bare_value(struct toml_text *text, struct arena *arena, struct span *out);
