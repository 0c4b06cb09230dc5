#include "backends/manifest/gitleaks.h"

#include <errno.h>
#include <stdio.h>

#include "backends/manifest/file.h"
#include "backends/manifest/gitleaks_int.h"
#include "backends/manifest/rule_file.h"
#include "backends/manifest/toml.h"
#include "dlp/scan/engine.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

/* --- ids --------------------------------------------------------------------------------------------------- */

/* Those that are taken: of what we ship, and of what was written. */
struct ids {
    const struct rule_set *shipped;
    struct span list[RULE_COUNT_MAX];
    size_t count;
    struct arena arena;
};

static bool is_taken(const struct ids *ids, struct span id)
{
    for (size_t i = 0; i < ids->count; i++)
        if (span_is(ids->list[i], id)) return true;
    return rule_find(ids->shipped, id) != NULL;
}

/* Letters, digits and `-`, with room for a number behind. */
static void write_id(struct span name, char id[MANIFEST_NAME_MAX + 1])
{
    size_t len = 0;

    for (size_t i = 0; i < name.len && len < MANIFEST_NAME_MAX - 8; i++) {
        uint8_t c = name.at[i] >= 'A' && name.at[i] <= 'Z' ? name.at[i] | 0x20 : name.at[i];
        bool is_good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_good || len > 0) id[len++] = is_good ? (char)c : '-';
    }
    id[len] = '\0';
    if (len == 0) snprintf(id, MANIFEST_NAME_MAX + 1, "imported");
}

static enum err choose_id(struct ids *ids, struct gitleaks_rule *rule)
{
    char id[MANIFEST_NAME_MAX + 1];
    struct span chosen;

    write_id(rule->name, id);
    chosen = span_of(id);
    for (unsigned n = 2; is_taken(ids, chosen); n++) {
        char other[MANIFEST_NAME_MAX + 16];
        snprintf(other, sizeof other, "%s-%u", id, n);
        chosen = arena_copy(rule->arena, span_of(other));
        if (chosen.at == NULL) return ERR_NOMEM;
    }
    if (rule_find(ids->shipped, span_of(id)) != NULL)
        TRY(gitleaks_note(rule, "we ship a rule of this id: it is %.*s; one may do", SPAN_FMT(chosen)));
    rule->rule.id = ids->list[ids->count++] = arena_copy(&ids->arena, chosen);
    return rule->rule.id.at != NULL ? ERR_OK : ERR_NOMEM;
}

/* --- tried ------------------------------------------------------------------------------------------------- */

static enum err try(const struct rule *rule, struct rule_fault *fault)
{
    const struct rule_set alone = {.list = rule, .count = 1, .references = 1};
    AUTO(engine) engine = NULL;

    return engine_new(&alone, (struct span){0}, fault, &engine);
}

/* Both engines must take it; an allowlist that they refuse is no reason to do without the rule. */
static enum err check(struct gitleaks_rule *rule)
{
    struct rule_fault fault = {0};
    enum err err = try(&rule->rule, &fault);

    if (err == ERR_SYNTAX && rule->rule.allow_count > 0) {
        rule->rule.allow_count = 0;
        err = try(&rule->rule, &fault);
        if (err == ERR_OK) TRY(gitleaks_note(rule, "its allowlists are left out: a regex in them is not taken"));
    }
    if (err != ERR_SYNTAX && err != ERR_LIMIT) return err;
    rule->is_left_out = true;
    return gitleaks_note(rule, "left out: its regex is not taken: %s",
                         fault.why[0] != '\0' ? quoted(span_of(fault.why)) : err_meaning(err));
}

/* --- written ----------------------------------------------------------------------------------------------- */

static enum err put_quoted(struct buf *out, struct span text)
{
    TRY(buf_add(out, SPAN_LIT("'")));
    for (size_t at = 0; at < text.len;) {
        size_t next = span_find(text, '\'', at);
        TRY(buf_add(out, span_first(span_from(text, at), next - at)));
        if (next < text.len) TRY(buf_add(out, SPAN_LIT("''")));
        at = next + 1;
    }
    return buf_add(out, SPAN_LIT("'"));
}

static enum err put_member(struct buf *out, const char *key, struct span text)
{
    TRY(buf_printf(out, "    %s: ", key));
    TRY(put_quoted(out, text));
    return buf_add(out, SPAN_LIT("\n"));
}

static enum err put_list(struct buf *out, const char *key, const struct span *list, size_t count)
{
    if (count == 0) return ERR_OK;
    TRY(buf_printf(out, "    %s:\n", key));
    for (size_t i = 0; i < count; i++) {
        TRY(buf_add(out, SPAN_LIT("      - ")));
        TRY(put_quoted(out, list[i]));
        TRY(buf_add(out, SPAN_LIT("\n")));
    }
    return ERR_OK;
}

static enum err put_rule(struct buf *out, const struct rule *rule)
{
    unsigned entropy = rule->entropy_centibits;

    TRY(buf_printf(out, "  - id: '%.*s'\n", SPAN_FMT(rule->id)));
    TRY(put_member(out, "title", rule->title));
    TRY(put_member(out, "pattern", rule->pattern));
    if (rule->nocase) TRY(buf_add(out, SPAN_LIT("    nocase: true\n")));
    if (rule->group > 0) TRY(buf_printf(out, "    group: %u\n", rule->group));
    if (entropy > 0) TRY(buf_printf(out, "    entropy: %u.%02u\n", entropy / 100, entropy % 100));
    TRY(put_list(out, "keywords", rule->keywords, rule->keyword_count));
    TRY(put_list(out, "allow", rule->allow, rule->allow_count));
    TRY(put_list(out, "stop", rule->stop, rule->stop_count));
    return buf_printf(out, "    rung: %s\n", rung_name(rule->rung));
}

/* --- all rules --------------------------------------------------------------------------------------------- */

static enum err take_rule(struct gitleaks_rule *rule, const struct yaml_node *node, struct ids *ids)
{
    TRY(gitleaks_rule_read(node, rule));
    if (!rule->is_left_out) TRY(check(rule));
    if (!rule->is_left_out && ids->count == RULE_COUNT_MAX) {
        rule->is_left_out = true;
        TRY(gitleaks_note(rule, "left out: there are more than %u", RULE_COUNT_MAX));
    }
    rule->import->left += rule->is_left_out;
    rule->import->taken += !rule->is_left_out;
    if (rule->is_left_out) return ERR_OK;
    TRY(choose_id(ids, rule));
    return put_rule(&rule->import->yaml, &rule->rule);
}

static enum err take_rules(const struct yaml_node *rules, struct ids *ids, struct gitleaks_import *import)
{
    size_t number = 1;

    TRY(buf_add(&import->yaml, SPAN_LIT("rules:\n")));
    for (const struct yaml_node *node = rules->first; node != NULL; node = node->next, number++) {
        struct arena arena = arena_begin(RULE_SET_BYTES_MAX);
        struct gitleaks_rule rule = {.import = import, .arena = &arena};
        const struct yaml_node *id = node->kind == YAML_MAP ? yaml_find(node, "id") : NULL;

        rule.name = id != NULL && id->kind == YAML_TEXT ? id->text : arena_printf(&arena, "number %zu", number);
        enum err err = take_rule(&rule, node, ids);
        arena_end(&arena);
        TRY(err);
    }
    if (import->taken > 0) return ERR_OK;
    buf_clear(&import->yaml);
    return buf_add(&import->yaml, SPAN_LIT("rules: []\n"));
}

/* What the file says beside its rules. */
static enum err note_rest(const struct yaml_node *root, struct gitleaks_import *import)
{
    static const struct {
        const char *key, *why; /* NULL: of no meaning to a scan */
    } known[] = {{"title", NULL},
                 {"description", NULL},
                 {"minVersion", NULL},
                 {"rules", NULL},
                 {"allowlist", ": we have a list of placeholders of our own, and a request has no path"},
                 {"allowlists", ": we have a list of placeholders of our own, and a request has no path"},
                 {"extend", ": import the other file by itself"}};

    for (const struct yaml_node *child = root->first; child != NULL; child = child->next) {
        const char *why = "";
        for (size_t i = 0; i < COUNT_OF(known); i++)
            if (span_is(child->key, span_of(known[i].key))) why = known[i].why;
        if (why != NULL) TRY(buf_printf(&import->notes, "the file's `%s` is left out%s\n", quoted(child->key), why));
    }
    return ERR_OK;
}

static enum err convert(struct reader *reader, const struct yaml_node *root, struct gitleaks_import *import)
{
    const struct yaml_node *rules = yaml_find(root, "rules");
    struct ids *ids = mem_new(sizeof *ids);
    AUTO(rule_set) shipped = NULL;
    enum err err = ids != NULL ? rules_read_shipped(reader->errors, &shipped) : ERR_NOMEM;

    if (err == ERR_OK && (rules == NULL || rules->kind != YAML_LIST)) {
        complain(reader, root->place, "gitleaks reads its rules from [[rules]]", "the file has no rules");
        err = ERR_SYNTAX;
    }
    if (err == ERR_OK && shipped == NULL) err = ERR_SYNTAX;
    if (err == ERR_OK) {
        ids->shipped = shipped;
        ids->arena = arena_begin(MIB(1));
        err = take_rules(rules, ids, import);
        arena_end(&ids->arena);
    }
    mem_free(ids);
    return err == ERR_OK ? note_rest(root, import) : err;
}

enum err gitleaks_read(struct reader *reader, struct span toml, struct gitleaks_import *import)
{
    struct arena tree = arena_begin(TOML_TREE_BYTES_MAX);
    struct yaml_node *root = NULL;
    enum err err;

    *import = (struct gitleaks_import){0};
    err = toml_read(reader, toml, &tree, &root);
    if (err == ERR_OK) err = convert(reader, root, import);
    arena_end(&tree);
    return err;
}

/* --- the verb ---------------------------------------------------------------------------------------------- */

static enum err put(FILE *file, struct span bytes)
{
    return bytes.len == 0 || fwrite(bytes.at, bytes.len, 1, file) == 1 ? ERR_OK : ERR_SYS;
}

static enum err put_notes(const struct manifest_errors *errors, struct gitleaks_import *import)
{
    for (const struct manifest_error *e = errors->first; e != NULL; e = e->next)
        TRY(manifest_error_print(&import->notes, e));
    if (errors->count == 0)
        TRY(buf_printf(&import->notes, "%zu rules written, %zu left out\n", import->taken, import->left));
    return put(stderr, buf_span(&import->notes));
}

int gitleaks_import_file(const char *path)
{
    struct manifest_errors errors = manifest_errors_begin();
    struct reader reader = {.path = quoted(span_of(path)), .errors = &errors};
    struct gitleaks_import import = {0};
    struct buf toml = {0};
    enum err err = file_read(path, TOML_FILE_BYTES_MAX, &toml), told;

    if (err == ERR_OK) err = gitleaks_read(&reader, buf_span(&toml), &import);
    told = put_notes(&errors, &import);
    if (err == ERR_OK) err = told;
    if (err == ERR_OK) err = put(stdout, buf_span(&import.yaml));
    if (err == ERR_OK && fflush(stdout) != 0) err = ERR_SYS;
    if (err != ERR_OK && errors.count == 0)
        fprintf(stderr, "bottled scan: %s: %s\n", quoted(span_of(path)),
                err == ERR_SYS ? strerror(errno) : err_meaning(err));
    buf_clear(&toml);
    buf_clear(&import.yaml);
    buf_clear(&import.notes);
    manifest_errors_end(&errors);
    return err == ERR_OK ? 0 : 2;
}
