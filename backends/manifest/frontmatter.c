#include "backends/manifest/frontmatter.h"

#include "backends/manifest/yaml.h"
#include "reactor/base/limits.h"

static bool is_fence(struct span line)
{
    if (!span_starts(line, SPAN_LIT("---"))) return false;
    for (size_t i = 3; i < line.len; i++)
        if (strchr(" \t\r", line.at[i]) == NULL) return false;
    return true;
}

/* The line at *at without its LF; *at moves behind it. */
static struct span next_line(struct span file, size_t *at)
{
    size_t from = *at, end = span_find(file, '\n', from);

    *at = end < file.len ? end + 1 : end;
    return (struct span){file.at + from, end - from};
}

static enum err cut(struct reader *reader, struct span file, struct frontmatter *out)
{
    size_t at = 0, from;
    struct span line;

    if (file.len == 0 || !is_fence(next_line(file, &at))) {
        complain(reader, (struct place){1, 1}, "write `---` alone on the first line, YAML, and `---` again",
                 "the file does not start with front matter");
        return ERR_SYNTAX;
    }
    for (from = at; at < file.len;) {
        size_t line_at = at;
        line = next_line(file, &at);
        if (!is_fence(line)) continue;
        *out = (struct frontmatter){{file.at + from, line_at - from}, span_from(file, at)};
        return ERR_OK;
    }
    complain(reader, (struct place){1, 1}, "write `---` alone on a line behind the YAML",
             "the front matter never ends");
    return ERR_SYNTAX;
}

enum err frontmatter_find(struct reader *reader, struct span file, struct frontmatter *out)
{
    if (file.len > MANIFEST_BYTES_MAX) {
        complain(reader, (struct place){0}, "shorten it", "the file is larger than %u bytes", MANIFEST_BYTES_MAX);
        return ERR_LIMIT;
    }
    TRY(yaml_check_text(reader, file));
    TRY(cut(reader, file, out));
    if (out->yaml.len <= FRONT_BYTES_MAX) return ERR_OK;
    complain(reader, (struct place){1, 1}, "shorten it; a `*.suffix` route can stand for many",
             "the front matter is larger than %u bytes", FRONT_BYTES_MAX);
    return ERR_LIMIT;
}
