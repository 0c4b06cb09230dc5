/* compile_rules.c — a tool of the build: writes the rules that we ship, compiled, to FILE (dlp/scan/compiled.c).  What
 * is there already, and still right, is left alone. */
#include <stdio.h>

#include "backends/manifest/file.h"
#include "backends/manifest/rule_file.h"
#include "dlp/scan/engine.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

static enum err read_rules(struct rule_set **rules_out)
{
    struct manifest_errors errors = manifest_errors_begin();
    struct buf text = {0};
    enum err err = rules_read_shipped(&errors, rules_out);

    for (const struct manifest_error *e = errors.first; err == ERR_OK && e != NULL; e = e->next)
        err = manifest_error_print(&text, e);
    fprintf(stderr, "%.*s", SPAN_FMT(buf_span(&text)));
    buf_clear(&text);
    manifest_errors_end(&errors);
    return err == ERR_OK && *rules_out == NULL ? ERR_SYNTAX : err;
}

static enum err make_engine(const struct rule_set *rules, const char *path, struct engine **engine_out)
{
    struct rule_fault fault;
    struct buf old = {0};
    enum err err;

    if (file_read(path, RULE_CACHE_MAX, &old) != ERR_OK) buf_clear(&old);
    err = engine_new(rules, buf_span(&old), &fault, engine_out);
    buf_clear(&old);
    if (err == ERR_SYNTAX) fprintf(stderr, "%.*s: %s\n", SPAN_FMT(fault.rule->id), fault.why);
    return err;
}

static enum err write_file(const char *path, const struct engine *engine)
{
    FILE *file = fopen(path, "wb");
    struct buf bytes = {0};
    enum err err;

    if (file == NULL) return ERR_SYS;
    err = engine_save(engine, &bytes);
    if (err == ERR_OK && fwrite(buf_span(&bytes).at, buf_len(&bytes), 1, file) != 1) err = ERR_SYS;
    if (fclose(file) != 0) err = ERR_SYS;
    buf_clear(&bytes);
    return err;
}

static enum err compile_rules(const char *path)
{
    AUTO(rule_set) rules = NULL;
    AUTO(engine) engine = NULL;

    TRY(read_rules(&rules));
    TRY(make_engine(rules, path, &engine));
    return engine_was_cached(engine) ? ERR_OK : write_file(path, engine);
}

int main(int argc, char **argv)
{
    enum err err = argc == 2 ? compile_rules(argv[1]) : ERR_SYNTAX;

    if (err != ERR_OK) fprintf(stderr, "compile_rules: %s: %s\n", argc == 2 ? argv[1] : "FILE", err_meaning(err));
    return err == ERR_OK ? 0 : 1;
}
