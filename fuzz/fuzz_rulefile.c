/* fuzz_rulefile.c — claim: no rule file crashes the reader; what is refused is told, in bytes a terminal may see; what
 * is accepted is within its bounds and reads the same way twice.
 * Reaches yaml_check_text, yaml_read, rules_read, read_rule.  Seeds fuzz/corpus/rulefile. */
#include <stdlib.h>

#include "backends/manifest/rule_file.h"
#include "dlp/scan/validate.h"
#include "reactor/base/limits.h"

static void check_words(const struct span *list, size_t count, size_t max)
{
    if (count > RULE_WORDS_MAX) abort();
    for (size_t i = 0; i < count; i++)
        if (list[i].len == 0 || list[i].len > max || list[i].at[list[i].len] != '\0') abort();
}

static void check_rule(const struct rule_set *set, const struct rule *rule)
{
    if (rule_find(set, rule->id) != rule || rule->id.len == 0 || rule->id.len > MANIFEST_NAME_MAX) abort();
    if (rule->title.len == 0 || rule->title.len > RULE_TITLE_MAX) abort();
    if (rule->group > RULE_GROUP_MAX || rule->shown > RULE_SHOWN_MAX || rule->entropy_centibits > 800) abort();
    if (rule->rung < RUNG_PREFIX || rule->rung >= RUNG_COUNT) abort();
    if (rule->check.len > 0 && !rule_check_known(rule->check)) abort();
    check_words(&rule->pattern, 1, RULE_PATTERN_MAX);
    check_words(rule->keywords, rule->keyword_count, RULE_WORD_MAX);
    check_words(rule->allow, rule->allow_count, RULE_PATTERN_MAX);
    check_words(rule->stop, rule->stop_count, RULE_WORD_MAX);
}

static void print_errors(const struct manifest_errors *errors)
{
    struct buf out = {0};

    for (const struct manifest_error *e = errors->first; e != NULL; e = e->next)
        if (manifest_error_print(&out, e) != ERR_OK) abort();
    for (size_t i = 0; i < buf_len(&out); i++)
        if (out.at[i] != '\n' && (out.at[i] < 0x20 || out.at[i] > 0x7e)) abort();
    buf_clear(&out);
}

static struct rule_set *read_set(const struct rule_text *files, size_t count, size_t *error_count)
{
    struct manifest_errors errors = manifest_errors_begin();
    struct rule_set *set;

    if (rules_read(&errors, files, count, &set) != ERR_OK) abort();
    if ((set == NULL) != (errors.count > 0)) abort();
    print_errors(&errors);
    *error_count = errors.count;
    manifest_errors_end(&errors);
    return set;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const struct rule_text files[] = {{"one", {bytes, len}, true}, {"two", {bytes, len}, true}};
    size_t errors, again;
    struct rule_set *one = read_set(files, 1, &errors), *other = read_set(files, 1, &again);

    if (errors != again) abort();
    if (one != NULL && (one->count != other->count || memcmp(one->digest, other->digest, sizeof one->digest) != 0))
        abort();
    for (size_t i = 0; one != NULL && i < one->count; i++) check_rule(one, &one->list[i]);
    rule_set_free(&other);
    other = read_set(files, 2, &again); /* every id is there twice */
    if ((other == NULL) != (one == NULL || one->count > 0)) abort();
    rule_set_free(&one);
    rule_set_free(&other);
    return 0;
}
