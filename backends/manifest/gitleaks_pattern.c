#include "backends/manifest/gitleaks_pattern.h"

#include <assert.h>
#include <stdlib.h>

#include "reactor/base/limits.h"
#include "reactor/base/own.h"

/* --- one piece of a pattern -------------------------------------------------------------------------------- */

static uint8_t byte_at(struct span s, size_t i) { return i < s.len ? s.at[i] : 0; }

/* `\d`, `\x60`, `\x{1f}`, `\p{L}`, `\Q...\E`; s begins with the backslash. */
static size_t escape_len(struct span s)
{
    uint8_t c = byte_at(s, 1);

    if (c == 'Q') {
        const uint8_t *end = memmem(s.at, s.len, "\\E", 2);
        return end != NULL ? (size_t)(end - s.at) + 2 : s.len;
    }
    if (c != 'x' && c != 'p' && c != 'P') return s.len < 2 ? s.len : 2;
    if (byte_at(s, 2) != '{') return s.len < 2 ? s.len : 2;
    size_t close = span_find(s, '}', 2);
    return close < s.len ? close + 1 : s.len;
}

/* `[...]`, `[]...]`, `[[:alpha:]]`; s begins with the bracket. */
static size_t class_len(struct span s)
{
    size_t at = 1;

    if (byte_at(s, at) == '^') at++;
    if (byte_at(s, at) == ']') at++;
    while (at < s.len && s.at[at] != ']') {
        struct span rest = span_from(s, at);
        const uint8_t *end = span_starts(rest, SPAN_LIT("[:")) ? memmem(rest.at, rest.len, ":]", 2) : NULL;
        at += s.at[at] == '\\' ? escape_len(rest) : end != NULL ? (size_t)(end - rest.at) + 2 : 1;
    }
    return at < s.len ? at + 1 : s.len;
}

/* What one quantifier can stand behind, or one byte. */
static size_t atom_len(struct span s) { return s.at[0] == '\\' ? escape_len(s) : s.at[0] == '[' ? class_len(s) : 1; }

/* `{4,}`: its least number; false for anything else. */
static bool is_open_run(struct span s, unsigned long *least, size_t *len)
{
    size_t comma = span_find(s, ',', 0);

    if (byte_at(s, 0) != '{' || comma > 6 || byte_at(s, comma + 1) != '}') return false;
    *least = 0;
    for (size_t i = 1; i < comma; i++) {
        if (s.at[i] < '0' || s.at[i] > '9') return false;
        *least = *least * 10 + s.at[i] - '0';
    }
    *len = comma + 2;
    return comma > 1;
}

/* `[\w.-]{0,50}?`, `.*?`; 0 when s begins with nothing like it. */
static size_t lead_len(struct span s)
{
    size_t len = s.len > 0 && s.at[0] != '(' ? atom_len(s) : 0;
    struct span rest = span_from(s, len);

    if (len == 0) return 0;
    if (span_starts(rest, SPAN_LIT("*?"))) return len + 2;
    size_t close = span_starts(rest, SPAN_LIT("{0,")) ? span_find(rest, '}', 0) : rest.len;
    return close < rest.len && byte_at(rest, close + 1) == '?' ? len + close + 2 : 0;
}

/* --- leads ------------------------------------------------------------------------------------------------- */

/* Copies the openings that the pattern begins with, without the leads in them; returns what is behind. */
static enum err drop_leads(struct gitleaks_pattern *pattern, struct span *rest)
{
    static const char *const openings[] = {"(?:", "(?i:"};

    for (bool again = true; again;) {
        size_t lead = lead_len(*rest);
        pattern->had_lead |= lead > 0;
        *rest = span_from(*rest, lead);
        again = lead > 0;
        for (size_t i = 0; i < COUNT_OF(openings); i++) {
            struct span opening = span_of(openings[i]);
            if (!span_starts(*rest, opening)) continue;
            TRY(buf_add(&pattern->text, opening));
            *rest = span_from(*rest, opening.len);
            again = true;
        }
    }
    return ERR_OK;
}

/* --- runs, groups, bytes ----------------------------------------------------------------------------------- */

/* As one line, and as YAML lets it stand. */
static enum err put_bytes(struct buf *out, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.at[i] < ' ' || bytes.at[i] > '~')
            TRY(buf_printf(out, "\\x%02x", bytes.at[i]));
        else
            TRY(buf_add(out, (struct span){bytes.at + i, 1}));
    return ERR_OK;
}

/* `(`, `(?P<name>`, `(?<name>` become `(`; 0 when s begins with no group that captures. */
static size_t group_len(struct span s)
{
    bool has_name = span_starts(s, SPAN_LIT("(?P<")) ||
                    (span_starts(s, SPAN_LIT("(?<")) && byte_at(s, 3) != '=' && byte_at(s, 3) != '!');
    size_t close = has_name ? span_find(s, '>', 0) : 0;

    if (byte_at(s, 0) != '(') return 0;
    if (has_name) return close < s.len ? close + 1 : s.len;
    return byte_at(s, 1) == '?' || byte_at(s, 1) == '*' ? 0 : 1;
}

static enum err put_run(struct gitleaks_pattern *pattern, unsigned long least)
{
    pattern->was_bounded = true;
    return buf_printf(&pattern->text, "{%lu,%lu}", least, least + PATTERN_RUN_MAX);
}

static enum err port_piece(struct gitleaks_pattern *pattern, struct span *rest)
{
    size_t len = group_len(*rest);
    unsigned long least;

    if (len > 0) {
        pattern->groups++;
        *rest = span_from(*rest, len);
        return buf_add(&pattern->text, SPAN_LIT("("));
    }
    if (is_open_run(*rest, &least, &len)) {
        *rest = span_from(*rest, len);
        return put_run(pattern, least);
    }
    if (rest->at[0] == '*' || rest->at[0] == '+') {
        least = rest->at[0] == '+';
        *rest = span_from(*rest, 1);
        return put_run(pattern, least);
    }
    len = span_starts(*rest, SPAN_LIT("(?")) ? 2 : atom_len(*rest);
    struct span piece = span_first(*rest, len);
    *rest = span_from(*rest, len);
    return put_bytes(&pattern->text, piece);
}

/* --- tails ------------------------------------------------------------------------------------------------- */

/* Where the group begins that the text ends with, at no depth; text.len when it ends with none. */
static size_t last_group(struct span text)
{
    size_t start = text.len, end = 0, depth = 0;

    assert(text.len == 0 || text.at != NULL);
    for (size_t at = 0; at < text.len; at += atom_len(span_from(text, at))) {
        if (text.at[at] == '(' && depth++ == 0) start = at;
        if (text.at[at] == ')' && depth > 0 && --depth == 0) end = at + 1;
    }
    return end == text.len ? start : text.len;
}

/* Each of its alternatives is an end, or one byte of a set: which ends a value. */
static bool is_tail(struct span group)
{
    bool has_end = false, has_class = false;

    assert(group.at != NULL);
    if (!span_starts(group, SPAN_LIT("(?:")) || group.len < 5) return false;
    for (struct span rest = {group.at + 3, group.len - 4}; rest.len > 0;) {
        bool is_newline = span_starts(rest, SPAN_LIT("\\\\[nr]")); /* as JSON and source write it */
        size_t len = is_newline ? 6 : atom_len(rest);
        if (!is_newline && span_starts(rest, SPAN_LIT("[^"))) return false;
        has_end |= rest.at[0] == '$' || span_starts(rest, SPAN_LIT("\\z"));
        has_class |= rest.at[0] == '[' || span_starts(rest, SPAN_LIT("\\s"));
        if (strchr("().*+?{^", rest.at[0]) != NULL) return false;
        rest = span_from(rest, len);
        if (rest.len > 0 && rest.at[0] != '|') return false;
        rest = span_from(rest, rest.len > 0);
    }
    return has_end && has_class;
}

static enum err widen_tail(struct gitleaks_pattern *pattern)
{
    struct span text = buf_span(&pattern->text);
    size_t start = last_group(text);

    if (pattern->groups == 0 || start == text.len || !is_tail(span_from(text, start))) return ERR_OK;
    buf_cut(&pattern->text, start);
    return buf_add(&pattern->text, SPAN_LIT("(?:[^A-Za-z0-9_]|$)"));
}

enum err gitleaks_pattern_port(struct span text, struct gitleaks_pattern *pattern)
{
    *pattern = (struct gitleaks_pattern){.nocase = span_starts(text, SPAN_LIT("(?i)"))};
    if (pattern->nocase) text = span_from(text, 4);
    TRY(drop_leads(pattern, &text));
    while (text.len > 0) TRY(port_piece(pattern, &text));
    return widen_tail(pattern);
}
