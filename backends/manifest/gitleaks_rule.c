#include <assert.h>
#include <stdio.h>

#include "backends/manifest/gitleaks_int.h"
#include "backends/manifest/gitleaks_pattern.h"
#include "backends/manifest/text.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"
#include "reactor/base/utf8.h"

enum err gitleaks_note(const struct gitleaks_rule *rule, const char *format, ...)
{
    struct buf *notes = &rule->import->notes;
    char text[400];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return buf_printf(notes, "rule `%s`: %s\n", quoted(rule->name), text);
}

static enum err leave_out(struct gitleaks_rule *rule, const char *why)
{
    rule->is_left_out = true;
    return gitleaks_note(rule, "left out: %s", why);
}

static bool is_text(const struct yaml_node *node) { return node->kind == YAML_TEXT && !node->plain; }

/* --- what a rule looks for --------------------------------------------------------------------------------- */

static bool is_generic(struct span id) { return span_starts(id, SPAN_LIT("generic")); }

/* "\b", "(", "(?:" and the like, then three characters that stand for themselves. */
static bool has_prefix(struct span pattern)
{
    static const char *const skipped[] = {"\\b", "(?:", "(?i:", "("};
    size_t len = 0;

    assert(pattern.at != NULL);
    for (size_t i = 0; i < COUNT_OF(skipped); i++) {
        if (!span_starts(pattern, span_of(skipped[i]))) continue;
        pattern = span_from(pattern, strlen(skipped[i]));
        i = (size_t)-1;
    }
    while (len < pattern.len && pattern.at[len] != '\0' && strchr("\\[](){}.*+?|^$", pattern.at[len]) == NULL) len++;
    return len >= 3;
}

static enum rung choose_rung(const struct gitleaks_pattern *pattern, struct span id)
{
    if (is_generic(id)) return RUNG_GENERIC;
    return !pattern->had_lead && has_prefix(buf_span(&pattern->text)) ? RUNG_PREFIX : RUNG_CONTEXT;
}

static enum err take_group(const struct yaml_node *node, unsigned groups, struct gitleaks_rule *rule)
{
    const struct yaml_node *group = yaml_find(node, "secretGroup");

    if (group != NULL && group->plain && group->text.len == 1 && group->text.at[0] > '0' && group->text.at[0] <= '9') {
        rule->rule.group = (uint8_t)(group->text.at[0] - '0');
        return ERR_OK;
    }
    if (groups == 1) rule->rule.group = 1;
    return groups > 1 ? gitleaks_note(rule, "which of its groups is the secret is not said: the whole match is")
                      : ERR_OK;
}

static enum err take_pattern(const struct yaml_node *node, struct gitleaks_rule *rule)
{
    const struct yaml_node *regex = yaml_find(node, "regex");
    struct gitleaks_pattern pattern;
    enum err err;

    if (regex == NULL || !is_text(regex)) return leave_out(rule, "it has no regex: it looks at names of files alone");
    err = gitleaks_pattern_port(regex->text, &pattern);
    rule->rule.pattern = arena_copy(rule->arena, buf_span(&pattern.text));
    rule->rule.nocase = pattern.nocase;
    rule->rule.rung = choose_rung(&pattern, rule->name);
    buf_clear(&pattern.text);
    if (err == ERR_OK && rule->rule.pattern.at == NULL) err = ERR_NOMEM;
    TRY(err);
    if (rule->rule.pattern.len > RULE_PATTERN_MAX) return leave_out(rule, "its regex is longer than a pattern may be");
    if (pattern.was_bounded)
        TRY(gitleaks_note(rule, "runs of its regex that have no bound get one of %u", PATTERN_RUN_MAX));
    return take_group(node, pattern.groups, rule);
}

static enum err take_title(const struct yaml_node *node, struct gitleaks_rule *rule)
{
    const struct yaml_node *description = yaml_find(node, "description");
    struct span title = description != NULL && is_text(description) ? description->text : rule->name;
    size_t at, len = 0;

    if (title.len == 0 || text_fault(title, &at) != NULL || memchr(title.at, '\n', title.len) != NULL)
        title = SPAN_LIT("imported from gitleaks");
    while (len < title.len && len + utf8_len(span_from(title, len)) <= RULE_TITLE_MAX)
        len += utf8_len(span_from(title, len));
    rule->rule.title = arena_copy(rule->arena, span_first(title, len));
    return rule->rule.title.at != NULL ? ERR_OK : ERR_NOMEM;
}

/* "3", "3.8": hundredths, cut. */
static enum err take_entropy(const struct yaml_node *node, struct gitleaks_rule *rule)
{
    const struct yaml_node *entropy = yaml_find(node, "entropy");
    unsigned centibits = 0, decimals = 0;
    size_t i = 0;

    if (entropy == NULL) return ERR_OK;
    for (bool behind = false; entropy->plain && i < entropy->text.len && centibits <= 800; i++) {
        uint8_t c = entropy->text.at[i];
        if (c == '.' && !behind) {
            behind = true;
        } else if (c >= '0' && c <= '9') {
            if (behind && decimals == 2) continue;
            centibits = centibits * 10 + c - '0';
            decimals += behind;
        } else {
            break;
        }
    }
    for (; decimals < 2; decimals++) centibits *= 10;
    if (i < entropy->text.len || centibits > 800 || !entropy->plain)
        return gitleaks_note(rule, "its entropy is no number of bits from 0 to 8: it has no floor");
    rule->rule.entropy_centibits = (uint16_t)centibits;
    return ERR_OK;
}

/* --- lists of words and patterns --------------------------------------------------------------------------- */

/* In lower case; false when it can't be a word of ours. */
static bool to_word(struct arena *arena, const struct yaml_node *node, struct span *word)
{
    size_t at;

    if (!is_text(node) || node->text.len == 0 || node->text.len > RULE_WORD_MAX) return false;
    if (text_fault(node->text, &at) != NULL || memchr(node->text.at, '\n', node->text.len) != NULL) return false;
    *word = arena_copy(arena, node->text);
    for (size_t i = 0; word->at != NULL && i < word->len; i++)
        if (word->at[i] >= 'A' && word->at[i] <= 'Z') ((uint8_t *)word->at)[i] |= 0x20; /* our own copy */
    return word->at != NULL;
}

/* gitleaks looks for it anywhere in the secret, we compare all of that. */
static bool to_allow(struct arena *arena, const struct yaml_node *node, struct span *allow)
{
    struct gitleaks_pattern pattern;
    struct buf line = {0};
    bool taken = false;

    if (!is_text(node)) return false;
    if (gitleaks_pattern_port(node->text, &pattern) == ERR_OK)
        taken = buf_printf(&line, "[\\s\\S]*?(?%s:%.*s)[\\s\\S]*", pattern.nocase ? "i" : "",
                           SPAN_FMT(buf_span(&pattern.text))) == ERR_OK;
    if (taken) *allow = arena_copy(arena, buf_span(&line));
    taken = taken && allow->at != NULL && allow->len <= RULE_PATTERN_MAX;
    buf_clear(&pattern.text);
    buf_clear(&line);
    return taken;
}

/* A list of the rule's, and how many of its items could not be taken. */
struct list {
    struct span *items;
    size_t count, lost;
};

static enum err take_list(struct gitleaks_rule *rule, const struct yaml_node *node,
                          bool (*to)(struct arena *, const struct yaml_node *, struct span *), struct list *list)
{
    if (node == NULL || node->kind != YAML_LIST || node->count == 0) return ERR_OK;
    if (list->items == NULL) list->items = arena_new(rule->arena, RULE_WORDS_MAX * sizeof *list->items);
    if (list->items == NULL) return ERR_NOMEM;
    for (const struct yaml_node *item = node->first; item != NULL; item = item->next)
        if (list->count < RULE_WORDS_MAX && to(rule->arena, item, &list->items[list->count]))
            list->count++;
        else
            list->lost++;
    return ERR_OK;
}

static enum err take_keywords(const struct yaml_node *node, struct gitleaks_rule *rule)
{
    struct list words = {0};

    TRY(take_list(rule, yaml_find(node, "keywords"), to_word, &words));
    if (words.lost > 0) return gitleaks_note(rule, "its keywords can't be words of ours: none is asked for");
    rule->rule.keywords = words.items;
    rule->rule.keyword_count = words.count;
    return ERR_OK;
}

/* --- allowlists -------------------------------------------------------------------------------------------- */

static bool has(const struct yaml_node *map, const char *key) { return yaml_find(map, key) != NULL; }

static bool is_word(const struct yaml_node *map, const char *key, const char *word)
{
    const struct yaml_node *node = yaml_find(map, key);

    return node != NULL && span_is_nocase(node->text, span_of(word));
}

/* Why an allowlist is not carried over, or NULL. */
static const char *allowlist_fault(const struct yaml_node *node)
{
    bool has_values = has(node, "regexes") || has(node, "stopwords"),
         has_places = has(node, "paths") || has(node, "commits");

    if (node->kind != YAML_MAP) return "it is no table";
    if (!has_values) return "it is about paths or commits, which a request has none of";
    if (has(node, "regexTarget") && !is_word(node, "regexTarget", "secret") && has(node, "regexes"))
        return "it looks at the match or the line, and not at the secret";
    if ((is_word(node, "condition", "AND") || is_word(node, "condition", "&&")) &&
        (has_places || (has(node, "regexes") && has(node, "stopwords"))))
        return "all of its conditions must hold at once";
    return NULL;
}

static enum err take_allowlist(const struct yaml_node *node, struct gitleaks_rule *rule, struct list *allow,
                               struct list *stop)
{
    const char *fault = allowlist_fault(node);

    if (fault != NULL) return gitleaks_note(rule, "an allowlist is left out: %s", fault);
    if (has(node, "paths") || has(node, "commits"))
        TRY(gitleaks_note(rule, "paths and commits of an allowlist are left out"));
    TRY(take_list(rule, yaml_find(node, "regexes"), to_allow, allow));
    return take_list(rule, yaml_find(node, "stopwords"), to_word, stop);
}

static enum err take_allowlists(const struct yaml_node *node, struct gitleaks_rule *rule)
{
    const struct yaml_node *one = yaml_find(node, "allowlist"), *many = yaml_find(node, "allowlists");
    struct list allow = {0}, stop = {0};

    if (one != NULL) TRY(take_allowlist(one, rule, &allow, &stop));
    for (const struct yaml_node *item = many != NULL ? many->first : NULL; item != NULL; item = item->next)
        TRY(take_allowlist(item, rule, &allow, &stop));
    if (allow.lost + stop.lost > 0)
        TRY(gitleaks_note(rule, "%zu regexes and words of its allowlists are left out: too many, or too long",
                          allow.lost + stop.lost));
    rule->rule.allow = allow.items;
    rule->rule.allow_count = allow.count;
    rule->rule.stop = stop.items;
    rule->rule.stop_count = stop.count;
    return ERR_OK;
}

/* --- all else ---------------------------------------------------------------------------------------------- */

static enum err note_key(const struct yaml_node *child, const struct gitleaks_rule *rule)
{
    static const char *const known[] = {"id",       "description", "regex",      "secretGroup", "entropy",
                                        "keywords", "allowlist",   "allowlists", "tags"};

    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (span_is(child->key, span_of(known[i]))) return ERR_OK;
    if (span_is(child->key, SPAN_LIT("path"))) return gitleaks_note(rule, "its path is left out: it looks everywhere");
    return gitleaks_note(rule, "`%s` is left out", quoted(child->key));
}

enum err gitleaks_rule_read(const struct yaml_node *node, struct gitleaks_rule *rule)
{
    static enum err (*const takes[])(const struct yaml_node *, struct gitleaks_rule *) = {
        take_pattern, take_title, take_entropy, take_keywords, take_allowlists};

    if (node->kind != YAML_MAP) return leave_out(rule, "it is no table");
    if (is_word(node, "skipReport", "true")) return leave_out(rule, "it reports nothing, and only serves another");
    for (size_t i = 0; i < COUNT_OF(takes) && !rule->is_left_out; i++) TRY(takes[i](node, rule));
    for (const struct yaml_node *child = node->first; child != NULL && !rule->is_left_out; child = child->next)
        TRY(note_key(child, rule));
    return ERR_OK;
}
