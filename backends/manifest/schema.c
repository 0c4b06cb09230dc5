#include "backends/manifest/schema.h"

#include <stdio.h>

#include "backends/manifest/text.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

#define HINT_BYTES_MAX 300u
#define WORD_BYTES_MAX 32u /* longer ones are nobody's typing error */

static const char *describe(const struct yaml_node *node)
{
    switch (node->kind) {
    case YAML_TEXT: return node->plain && node->text.len == 0 ? "nothing" : "text";
    case YAML_LIST: return "a list";
    case YAML_MAP: return "a map";
    }
    return "";
}

/* --- did you mean ------------------------------------------------------------------------------------------ */

/* Letters to insert, delete, change or swap with their neighbour until a is b. */
static size_t distance(struct span a, struct span b)
{
    size_t rows[3][WORD_BYTES_MAX + 1], *before = rows[0], *above = rows[1], *row = rows[2];

    for (size_t j = 0; j <= b.len; j++) above[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t best = above[j - 1] + (a.at[i - 1] != b.at[j - 1]);
            if (above[j] + 1 < best) best = above[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            bool swapped = i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1];
            if (swapped && before[j - 2] + 1 < best) best = before[j - 2] + 1;
            row[j] = best;
        }
        size_t *spare = before;
        before = above, above = row, row = spare;
    }
    return above[b.len];
}

const char *nearest(struct span text, const char *(*name_at)(const void *list, size_t i), const void *list,
                    size_t count)
{
    const char *best = NULL;
    size_t least = 3; /* one letter more is another word */

    for (size_t i = 0; i < count; i++) {
        struct span name = span_of(name_at(list, i));
        if (text.len > WORD_BYTES_MAX || name.len > WORD_BYTES_MAX) continue;
        size_t steps = distance(text, name);
        if (steps < least && steps * 2 <= name.len) least = steps, best = name_at(list, i);
    }
    return best;
}

static const char *key_name(const void *list, size_t i) { return ((const struct key *)list)[i].name; }
static const char *word_at(const void *list, size_t i) { return ((const char *const *)list)[i]; }

static void list_names(char *out, size_t size, const char *(*name_at)(const void *list, size_t i), const void *list,
                       size_t count)
{
    size_t len = strlen(out);

    for (size_t i = 0; i < count && len < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s", i == 0 ? "" : ", ", name_at(list, i));
}

/* --- maps -------------------------------------------------------------------------------------------------- */

static const struct key *find_key(const struct keys *keys, struct span name)
{
    for (size_t i = 0; i < keys->count; i++)
        if (span_is(name, span_of(keys->list[i].name))) return &keys->list[i];
    return NULL;
}

static void unknown_key(struct reader *reader, const struct yaml_node *node, const struct keys *keys)
{
    const char *meant = nearest(node->key, key_name, keys->list, keys->count);
    char hint[HINT_BYTES_MAX];

    if (meant != NULL) {
        snprintf(hint, sizeof hint, "did you mean `%s`?", meant);
    } else {
        snprintf(hint, sizeof hint, "the keys of %s are: ", keys->of);
        list_names(hint, sizeof hint, key_name, keys->list, keys->count);
    }
    complain(reader, node->key_place, hint, "unknown key `%s`", quoted(node->key));
}

static void read_one(struct reader *reader, const struct yaml_node *child, const struct keys *keys, void *into)
{
    const struct key *key = find_key(keys, child->key);

    if (key == NULL)
        unknown_key(reader, child, keys);
    else if (key->refused != NULL)
        complain(reader, child->key_place, key->refused, "the key `%s` is not taken", key->name);
    else
        key->read(reader, child, (char *)into + key->offset);
}

void keys_read(struct reader *reader, const struct yaml_node *node, const struct keys *keys, void *into)
{
    if (node->kind != YAML_MAP) {
        char hint[HINT_BYTES_MAX];
        snprintf(hint, sizeof hint, "write `key: value` lines; its keys are: ");
        list_names(hint, sizeof hint, key_name, keys->list, keys->count);
        complain(reader, node->place, hint, "%s is a map, here is %s", keys->of, describe(node));
        return;
    }
    for (const struct yaml_node *child = node->first; child != NULL; child = child->next)
        read_one(reader, child, keys, into);
    for (size_t i = 0; i < keys->count; i++)
        if (keys->list[i].required && yaml_find(node, keys->list[i].name) == NULL)
            complain(reader, node->place, "add it", "%s needs the key `%s`", keys->of, keys->list[i].name);
}

/* --- lists ------------------------------------------------------------------------------------------------- */

static bool check_list(struct reader *reader, const struct yaml_node *node, const struct items *items)
{
    if (node->kind != YAML_LIST) {
        complain(reader, node->place,
                 items->one_will_do ? "write one, or [one, two]"
                                    : "write [one, two], or a line "
                                      "`- one` for each",
                 "`%s` is a list, here is %s", items->what, describe(node));
        return false;
    }
    if (node->count <= items->max) return true;
    complain(reader, node->place, "shorten it", "`%s` holds more than %zu", items->what, items->max);
    return false;
}

void *items_read(struct reader *reader, const struct yaml_node *node, const struct items *items, size_t *count_out)
{
    bool is_one = items->one_will_do && node->kind == YAML_TEXT && !(node->plain && node->text.len == 0);
    size_t count = is_one ? 1 : node->count;
    char *list;

    *count_out = 0;
    if (!is_one && !check_list(reader, node, items)) return NULL;
    if (count == 0) return NULL;
    list = arena_new(reader->arena, count * items->size);
    if (list == NULL) {
        complain(reader, node->place, "shorten it", "`%s` needs too much memory", items->what);
        return NULL;
    }
    for (const struct yaml_node *child = is_one ? node : node->first; child != NULL;
         child = is_one ? NULL : child->next)
        items->read(reader, child, list + items->size * (*count_out)++);
    return list;
}

/* --- scalars ----------------------------------------------------------------------------------------------- */

static bool check_text(struct reader *reader, const struct yaml_node *node, const char *what)
{
    const char *looks = node->plain ? text_looks_like(node->text) : NULL, *fault;
    char hint[HINT_BYTES_MAX];
    size_t at;

    if (looks != NULL) {
        snprintf(hint, sizeof hint, "quote it: \"%s\"", quoted(node->text));
        complain(reader, node->place, hint, "%s is text, and other readers take this for %s", what, looks);
        return false;
    }
    fault = memchr(node->text.at, '\r', node->text.len) != NULL ? "a carriage return" : text_fault(node->text, &at);
    if (fault == NULL) return true;
    complain(reader, node->place, "leave it out", "%s may not hold %s", what, fault);
    return false;
}

bool want_text(struct reader *reader, const struct yaml_node *node, const char *what, struct span *out)
{
    if (node->kind != YAML_TEXT || (node->plain && node->text.len == 0)) {
        complain(reader, node->place, NULL, "%s is text, here is %s", what, describe(node));
        return false;
    }
    if (!check_text(reader, node, what)) return false;
    *out = arena_copy(reader->arena, node->text);
    if (out->at != NULL) return true;
    complain(reader, node->place, "shorten it", "%s needs too much memory", what);
    return false;
}

/* Decimal, without a sign or leading zeros: what all readers read alike. */
static bool parse_number(struct span s, uint64_t max, uint64_t *out)
{
    *out = 0;
    if (s.len == 0 || (s.len > 1 && s.at[0] == '0')) return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = s.at[i] - (unsigned)'0';
        if (digit > 9 || digit > max || *out > (max - digit) / 10) return false;
        *out = *out * 10 + digit;
    }
    return true;
}

bool want_number(struct reader *reader, const struct yaml_node *node, const char *what, uint64_t min, uint64_t max,
                 uint64_t *out)
{
    if (node->kind == YAML_TEXT && node->plain && parse_number(node->text, max, out) && *out >= min) return true;
    complain(reader, node->place, "write it in decimal digits, without quotes",
             "%s is a number from %llu to %llu, here is %s%s", what, (unsigned long long)min, (unsigned long long)max,
             describe(node), node->kind == YAML_TEXT && node->plain && node->text.len > 0 ? " that is not" : "");
    return false;
}

bool want_flag(struct reader *reader, const struct yaml_node *node, const char *what, bool *out)
{
    bool yes = node->kind == YAML_TEXT && node->plain && span_is(node->text, SPAN_LIT("true"));
    bool no = node->kind == YAML_TEXT && node->plain && span_is(node->text, SPAN_LIT("false"));

    *out = yes;
    if (yes || no) return true;
    complain(reader, node->place, "write true or false, without quotes", "`%s` is true or false", what);
    return false;
}

#define SIZE_DIGITS_MAX 6u /* 999999G is more than there is */

/* "512M": decimal digits and a binary unit; 0 is no amount. */
static uint64_t parse_size(struct span text)
{
    static const char units[] = "KMG";
    const char *unit = text.len > 1 ? strchr(units, text.at[text.len - 1]) : NULL;
    uint64_t count = 0;

    if (unit == NULL || *unit == '\0' || text.len - 1 > SIZE_DIGITS_MAX || text.at[0] == '0') return 0;
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') return 0;
        count = count * 10 + text.at[i] - '0';
    }
    return count << 10 * (unit - units + 1);
}

bool want_bytes(struct reader *reader, const struct yaml_node *node, const char *what, uint64_t *out)
{
    struct span text;

    *out = 0;
    if (!want_text(reader, node, what, &text)) return false;
    *out = parse_size(text);
    if (*out > 0) return true;
    complain(reader, node->place, "write it like 512M or 4G", "`%s` is no size for %s", quoted(text), what);
    return false;
}

int want_word(struct reader *reader, const struct yaml_node *node, const char *what, const char *const *words,
              size_t count)
{
    char hint[HINT_BYTES_MAX] = "it is one of: ";
    struct span text;

    if (!want_text(reader, node, what, &text)) return -1;
    for (size_t i = 0; i < count; i++)
        if (span_is(text, span_of(words[i]))) return (int)i;
    const char *meant = nearest(text, word_at, words, count);
    if (meant != NULL)
        snprintf(hint, sizeof hint, "did you mean `%s`?", meant);
    else
        list_names(hint, sizeof hint, word_at, words, count);
    complain(reader, node->place, hint, "`%s` is no such word for %s", quoted(text), what);
    return -1;
}
