#include "backends/manifest/scan_rules.h"

#include <errno.h>
#include <stdio.h>

#include "backends/manifest/file.h"
#include "backends/manifest/load.h"
#include "backends/manifest/rule_file.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

static enum err print_errors(const struct manifest_errors *errors)
{
    struct buf out = {0};
    enum err err = ERR_OK;

    for (const struct manifest_error *e = errors->first; e != NULL && err == ERR_OK; e = e->next)
        err = manifest_error_print(&out, e);
    if (buf_len(&out) > 0) fwrite(buf_span(&out).at, buf_len(&out), 1, stderr);
    buf_clear(&out);
    return err;
}

/* --- files ------------------------------------------------------------------------------------------------- */

static bool read_file(const char *path, struct buf *text)
{
    enum err err = file_read(path, RULE_FILE_BYTES_MAX, text);
    const char *why = err == ERR_SYS      ? strerror(errno)
                      : err == ERR_DENIED ? "it is no plain file, or others may write it"
                                          : err_meaning(err);

    if (err != ERR_OK) fprintf(stderr, "bottled scan: %s: %s\n", quoted(span_of(path)), why);
    return err == ERR_OK;
}

static enum err read_files(const struct scan_rules_from *from, struct buf *texts, struct rule_set **rules_out)
{
    struct manifest_errors errors = manifest_errors_begin();
    struct rule_text list[RULE_FILES_MAX];
    size_t count;
    const struct rule_text *shipped = rules_shipped(&count);
    enum err err = ERR_OK;
    bool all = true;

    memcpy(list, shipped, count * sizeof *list);
    for (size_t i = 0; i < from->file_count; i++) {
        all = read_file(from->files[i], &texts[i]) && all;
        list[count++] = (struct rule_text){from->files[i], buf_span(&texts[i]), false};
    }
    if (all) err = rules_read(&errors, list, count, rules_out);
    if (err == ERR_OK) err = print_errors(&errors);
    manifest_errors_end(&errors);
    return err;
}

/* --- a bottle ---------------------------------------------------------------------------------------------- */

static enum err read_bottle(const struct scan_rules_from *from, struct rule_set **rules_out)
{
    AUTO(manifests) m = NULL;
    const struct bottle *bottle;
    enum err err = from->root != NULL ? manifests_load(from->root, &m) : ERR_NOT_FOUND;

    if (err != ERR_OK && err != ERR_NOT_FOUND) return err;
    bottle = m != NULL ? manifests_bottle(m, from->bottle) : NULL;
    if (bottle == NULL) {
        fprintf(stderr, "bottled scan: there is no bottle `%s` in %s/bottles\n", quoted(from->bottle),
                from->root != NULL ? from->root : "~/.bottled");
        return ERR_OK;
    }
    if (bottle->dlp.rules != NULL) *rules_out = rule_set_hold(bottle->dlp.rules);
    return bottle->dlp.rules != NULL ? ERR_OK : print_errors(&m->errors);
}

enum err scan_rules_read(const struct scan_rules_from *from, struct rule_set **rules_out)
{
    struct buf texts[RULE_FILES_OWN_MAX] = {0};
    enum err err;

    *rules_out = NULL;
    if (from->bottle.len > 0) return read_bottle(from, rules_out);
    err = read_files(from, texts, rules_out);
    for (size_t i = 0; i < COUNT_OF(texts); i++) buf_clear(&texts[i]);
    return err;
}
