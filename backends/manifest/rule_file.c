#include "backends/manifest/rule_file.h"

#include <stdio.h>

#include "backends/manifest/keys.h"
#include "backends/manifest/text.h"
#include "dlp/scan/confirm.h"
#include "dlp/scan/validate.h"
#include "reactor/base/digest.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

struct rule_draft {
    struct rule rule;
    struct span names, value; /* written instead of a pattern */
    const char *path;
    struct place place; /* of its id */
};

/* --- one value --------------------------------------------------------------------------------------------- */

/* Text of 1 to max bytes. */
static bool want_some(struct reader *reader, const struct yaml_node *node, const char *what, size_t max,
                      struct span *out)
{
    if (!want_text(reader, node, what, out)) return false;
    if (out->len > 0 && out->len <= max) return true;
    complain(reader, node->place, out->len == 0 ? "leave the key out, or write some" : "shorten it",
             "%s holds from 1 to %zu bytes", what, max);
    return false;
}

/* Of the grammar that manifests' names have. */
static void read_rule_name(struct reader *reader, const struct yaml_node *node, const char *what, struct span *name)
{
    if (!want_text(reader, node, what, name) || is_manifest_name(*name)) return;
    complain(reader, node->place, "write lower-case letters, digits and `-`, at most 63", "`%s` can't be %s",
             quoted(*name), what);
}

static void read_id(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct rule_draft *draft = into;

    draft->path = reader->path;
    draft->place = node->place;
    read_rule_name(reader, node, "an id", &draft->rule.id);
}

static void read_service(struct reader *reader, const struct yaml_node *node, void *into)
{
    read_rule_name(reader, node, "a service", into);
}

static void read_check(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct span *name = into;

    if (!want_some(reader, node, "a check", MANIFEST_NAME_MAX, name) || rule_check_known(*name)) return;
    complain(reader, node->place, "the checks there are stand in dlp/scan/validate.c; leave it out if none fits",
             "there is no check `%s`", quoted(*name));
}

static void read_title(struct reader *reader, const struct yaml_node *node, void *into)
{
    (void)want_some(reader, node, "a title", RULE_TITLE_MAX, into);
}

/* "\b" in double quotes is a backspace to YAML, and "\s" an error: what people meet first. */
static bool want_pattern(struct reader *reader, const struct yaml_node *node, const char *what, size_t max,
                         struct span *out)
{
    size_t at;

    if (node->kind != YAML_TEXT || text_fault(node->text, &at) == NULL) return want_some(reader, node, what, max, out);
    complain(reader, node->place, "write patterns in single quotes: in double quotes `\\b` is a backspace",
             "%s may not hold %s", what, text_fault(node->text, &at));
    return false;
}

static void read_pattern(struct reader *reader, const struct yaml_node *node, void *into)
{
    (void)want_pattern(reader, node, "a pattern", RULE_PATTERN_MAX, into);
}

static void read_names(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct span *names = into;

    if (!want_pattern(reader, node, "`names`", RULE_NAMES_MAX, names)) return;
    for (size_t i = 0; i < names->len; i++) {
        if (names->at[i] == '\\') {
            i++;
        } else if (names->at[i] == '(' && !span_starts(span_from(*names, i), SPAN_LIT("(?:"))) {
            complain(reader, node->place, "write `(?:`: the secret is the only capture", "`names` may not capture");
            return;
        }
    }
}

static void read_value(struct reader *reader, const struct yaml_node *node, void *into)
{
    (void)want_pattern(reader, node, "`value`", RULE_VALUE_MAX, into);
}

static void read_small(struct reader *reader, const struct yaml_node *node, const char *what, uint64_t max,
                       uint8_t *into)
{
    uint64_t number;

    if (want_number(reader, node, what, 0, max, &number)) *into = (uint8_t)number;
}

static void read_group(struct reader *reader, const struct yaml_node *node, void *into)
{
    read_small(reader, node, "`group`", RULE_GROUP_MAX, into);
}

static void read_shown(struct reader *reader, const struct yaml_node *node, void *into)
{
    read_small(reader, node, "`shown`", RULE_SHOWN_MAX, into);
}

/* "3", "3.5" or "3.25" in hundredths; false for anything else. */
static bool parse_centi(struct span text, unsigned max, unsigned *out)
{
    size_t point = span_find(text, '.', 0), behind = text.len - point;

    if (point != 1 || behind == 1 || behind > 3) return false;
    *out = 0;
    for (size_t i = 0; i < 4; i++) {
        uint8_t c = i < text.len ? text.at[i] : '0';
        if (i == 1) continue;
        if (c < '0' || c > '9') return false;
        *out = *out * 10 + c - '0';
    }
    return *out <= max;
}

static void read_entropy(struct reader *reader, const struct yaml_node *node, void *into)
{
    unsigned centibits;

    if (node->kind == YAML_TEXT && node->plain && parse_centi(node->text, 800, &centibits))
        *(uint16_t *)into = (uint16_t)centibits;
    else
        complain(reader, node->place, "write it like 3 or 3.25, without quotes",
                 "`entropy` is a number of bits from 0 to 8, with two decimals at most");
}

static void read_rung(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const enum rung rungs[] = {RUNG_PREFIX, RUNG_CONTEXT, RUNG_GENERIC}; /* the others are found, not said */
    const char *names[COUNT_OF(rungs)];
    int i;

    for (size_t j = 0; j < COUNT_OF(rungs); j++) names[j] = rung_name(rungs[j]);
    i = want_word(reader, node, "a rung", names, COUNT_OF(names));
    if (i >= 0) *(enum rung *)into = rungs[i];
}

static void read_nocase(struct reader *reader, const struct yaml_node *node, void *into)
{
    (void)want_flag(reader, node, "nocase", into);
}

/* --- lists ------------------------------------------------------------------------------------------------- */

static void read_word(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct span *word = into;

    if (!want_some(reader, node, "a word", RULE_WORD_MAX, word)) return;
    for (size_t i = 0; i < word->len; i++) {
        if (word->at[i] < 'A' || word->at[i] > 'Z') continue;
        complain(reader, node->place, "write it in lower case: it is found in any", "`%s` has a capital letter",
                 quoted(*word));
        return;
    }
}

static void read_list(struct reader *reader, const struct yaml_node *node, const char *what, key_fn *read,
                      const struct span **list, size_t *count)
{
    const struct items items = {what, sizeof(struct span), RULE_WORDS_MAX, read, false};

    *list = items_read(reader, node, &items, count);
}

static void read_keywords(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct rule *rule = into;

    read_list(reader, node, "keywords", read_word, &rule->keywords, &rule->keyword_count);
}

static void read_allow(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct rule *rule = into;

    read_list(reader, node, "allow", read_pattern, &rule->allow, &rule->allow_count);
}

static void read_stop(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct rule *rule = into;

    read_list(reader, node, "stop", read_word, &rule->stop, &rule->stop_count);
}

/* --- one file ---------------------------------------------------------------------------------------------- */

#define AT(member)     offsetof(struct rule_draft, rule.member)
#define BESIDE(member) offsetof(struct rule_draft, member)
/* clang-format off */
static const struct key rule_keys[] = {
    {"id",       read_id,       0,                         true,  NULL},
    {"title",    read_title,    AT(title),                 true,  NULL},
    {"service",  read_service,  AT(service),               false, NULL},
    {"pattern",  read_pattern,  AT(pattern),               false, NULL},
    {"names",    read_names,    BESIDE(names),             false, NULL},
    {"value",    read_value,    BESIDE(value),             false, NULL},
    {"keywords", read_keywords, 0,                         false, NULL},
    {"group",    read_group,    AT(group),                 false, NULL},
    {"entropy",  read_entropy,  AT(entropy_centibits),     false, NULL},
    {"check",    read_check,    AT(check),                 false, NULL},
    {"rung",     read_rung,     AT(rung),                  true,  NULL},
    {"shown",    read_shown,    AT(shown),                 false, NULL},
    {"nocase",   read_nocase,   AT(nocase),                false, NULL},
    {"allow",    read_allow,    0,                         false, NULL},
    {"stop",     read_stop,     0,                         false, NULL},
};
/* clang-format on */

/* A rule says what it looks for in one of two ways. */
static void check_ways(struct reader *reader, const struct yaml_node *node)
{
    const struct yaml_node *pattern = yaml_find(node, "pattern"), *names = yaml_find(node, "names"),
                           *value = yaml_find(node, "value"), *group = yaml_find(node, "group");

    if (pattern == NULL && names == NULL && value == NULL)
        complain(reader, node->place, "add it, or `names` and `value`", "a rule needs the key `pattern`");
    else if (pattern != NULL && (names != NULL || value != NULL))
        complain(reader, (names != NULL ? names : value)->place, "leave one out",
                 "a rule has a `pattern`, or `names` and a `value`");
    else if (pattern == NULL && (names == NULL || value == NULL))
        complain(reader, (names != NULL ? names : value)->place, "add it", "a rule with `%s` needs the key `%s`",
                 names != NULL ? "names" : "value", names != NULL ? "value" : "names");
    else if (names != NULL && group != NULL)
        complain(reader, group->place, "leave it out", "the secret is all of `value`");
}

_Static_assert(sizeof RULE_BESIDE + RULE_NAMES_MAX + RULE_VALUE_MAX <= RULE_PATTERN_MAX, "what is made is a pattern");

/* The value, beside one of the names. */
static void put_pattern(struct reader *reader, const struct yaml_node *node, struct rule_draft *draft)
{
    if (draft->names.len == 0 || draft->value.len == 0) return;
    draft->rule.pattern = arena_printf(reader->arena, RULE_BESIDE, SPAN_FMT(draft->names), SPAN_FMT(draft->value));
    draft->rule.group = 1;
    if (draft->rule.pattern.at == NULL) complain(reader, node->place, "shorten it", "a rule needs too much memory");
}

static void read_rule(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct keys keys = {"a rule", rule_keys, COUNT_OF(rule_keys)};

    keys_read(reader, node, &keys, into);
    if (node->kind != YAML_MAP) return;
    check_ways(reader, node);
    put_pattern(reader, node, into);
}

/* What the files of one set hold together. */
struct drafts {
    struct rule_draft list[RULE_COUNT_MAX];
    size_t count;
    bool tested; /* the file that is being read */
};

/* Both engines must take it: what the start would stumble over is told here, with its place. */
static bool check_one(struct reader *reader, const struct yaml_node *node, const struct rule *rule)
{
    const struct rule_set alone = {.list = rule, .count = 1};
    struct rule_fault fault;
    AUTO(confirm) confirm = NULL;

    if (confirm_new(&alone, &fault, &confirm) != ERR_SYNTAX) return true;
    complain(reader, node->place, "the README says what patterns may be", "this pattern is not taken: %s",
             quoted(span_of(fault.why)));
    return false;
}

static bool check_part(struct reader *reader, const struct yaml_node *node, const struct rule *rule, struct span part)
{
    const struct rule alone = {.id = rule->id, .pattern = part, .nocase = rule->nocase};

    return check_one(reader, node, &alone);
}

static void check_pattern(struct reader *reader, const struct yaml_node *node, const struct rule_draft *draft)
{
    const struct yaml_node *names = yaml_find(node, "names"), *value = yaml_find(node, "value");

    if (names == NULL)
        (void)check_one(reader, yaml_find(node, "pattern"), &draft->rule);
    else if (check_part(reader, names, &draft->rule, draft->names) &&
             check_part(reader, value, &draft->rule, draft->value))
        (void)check_one(reader, names, &draft->rule);
}

static void check_twice(struct reader *reader, const struct drafts *drafts, const struct rule_draft *draft)
{
    char hint[160];

    for (const struct rule_draft *d = drafts->list; d < drafts->list + drafts->count; d++) {
        if (draft->rule.id.len == 0 || !span_is(d->rule.id, draft->rule.id)) continue;
        snprintf(hint, sizeof hint, "give it another: line %u of %s has this one", d->place.line,
                 quoted(span_of(d->path)));
        complain(reader, draft->place, hint, "the id `%s` is taken", quoted(draft->rule.id));
        return;
    }
}

static void read_rules(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct items rules = {"rules", sizeof(struct rule_draft), RULE_COUNT_MAX, read_rule, false};
    struct drafts *drafts = into;
    size_t count, errors = reader->errors->count;
    const struct rule_draft *list = items_read(reader, node, &rules, &count);
    const struct yaml_node *item = node->first;

    for (size_t i = 0; i < count; i++, item = item->next) {
        if (drafts->count == RULE_COUNT_MAX) {
            complain(reader, node->place, "leave some out", "more than %u rules in all files", RULE_COUNT_MAX);
            return;
        }
        check_twice(reader, drafts, &list[i]);
        if (!drafts->tested && reader->errors->count == errors) check_pattern(reader, item, &list[i]);
        drafts->list[drafts->count++] = list[i];
    }
}

static enum err read_file(struct reader *reader, struct span text, struct drafts *drafts)
{
    static const struct key list[] = {{"rules", read_rules, 0, true, NULL}};
    static const struct keys keys = {"a rule file", list, COUNT_OF(list)};
    struct arena tree = arena_begin(YAML_TREE_BYTES_MAX);
    struct yaml_node *root = NULL;
    enum err err = yaml_check_text(reader, text);

    if (err == ERR_OK) err = yaml_read(reader, text, 1, &tree, &root);
    if (err == ERR_OK) keys_read(reader, root, &keys, drafts);
    arena_end(&tree);
    return err == ERR_NOMEM ? ERR_NOMEM : ERR_OK; /* else the list says what is wrong */
}

/* --- all files --------------------------------------------------------------------------------------------- */

static void add_number(struct digest *digest, uint64_t number)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(number >> 8 * i);
    digest_add(digest, (struct span){bytes, sizeof bytes});
}

static enum err read_all(struct manifest_errors *errors, const struct rule_text *files, size_t count,
                         struct rule_set *set, struct drafts *drafts)
{
    struct digest digest;
    struct rule *list;

    digest_begin(&digest);
    for (size_t i = 0; i < count; i++) {
        struct reader reader = {.path = files[i].path, .errors = errors, .arena = &set->arena};
        drafts->tested = files[i].tested;
        TRY(read_file(&reader, files[i].text, drafts));
        add_number(&digest, files[i].text.len);
        digest_add(&digest, files[i].text);
    }
    digest_end(&digest, set->digest);
    list = arena_new(&set->arena, sizeof *list * drafts->count);
    for (size_t i = 0; list != NULL && i < drafts->count; i++) list[i] = drafts->list[i].rule;
    set->list = list;
    set->count = drafts->count;
    return list != NULL ? ERR_OK : ERR_NOMEM;
}

enum err rules_read(struct manifest_errors *errors, const struct rule_text *files, size_t count,
                    struct rule_set **set_out)
{
    size_t errors_before = errors->count;
    struct drafts *drafts = mem_new(sizeof *drafts);
    AUTO(rule_set) set = NULL;
    enum err err = drafts != NULL ? rule_set_new(&set) : ERR_NOMEM;

    *set_out = NULL;
    if (err == ERR_OK) err = read_all(errors, files, count, set, drafts);
    mem_free(drafts);
    if (err == ERR_OK && errors->count == errors_before) *set_out = MOVE(set);
    return err;
}

enum err rules_read_shipped(struct manifest_errors *errors, struct rule_set **set_out)
{
    size_t count;
    const struct rule_text *files = rules_shipped(&count);

    return rules_read(errors, files, count, set_out);
}
