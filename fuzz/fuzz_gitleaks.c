/* fuzz_gitleaks.c — claim: whatever a gitleaks configuration says, what is written of it is a rule file that our own
 * loader takes, with as many rules as were counted; notes are bytes that a terminal may see. Reaches gitleaks_read,
 * gitleaks_rule_read, gitleaks_pattern_port, rules_read.  Seeds fuzz/corpus/gitleaks. */
#include <stdlib.h>

#include "backends/manifest/gitleaks.h"
#include "backends/manifest/rule_file.h"

static void check_written(const struct gitleaks_import *import, struct manifest_errors *errors)
{
    const struct rule_text file = {"imported.yaml", buf_span(&import->yaml), false};
    struct rule_set *set;

    if (rules_read(errors, &file, 1, &set) != ERR_OK || set == NULL || set->count != import->taken) abort();
    rule_set_free(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct manifest_errors errors = manifest_errors_begin();
    struct reader reader = {.path = "m", .errors = &errors};
    struct gitleaks_import import;
    enum err err = gitleaks_read(&reader, (struct span){bytes, len}, &import);
    struct span notes = buf_span(&import.notes);

    if (err == ERR_OK) check_written(&import, &errors);
    if ((err == ERR_OK) != (errors.count == 0)) abort();
    for (size_t i = 0; i < notes.len; i++)
        if (notes.at[i] != '\n' && (notes.at[i] < 0x20 || notes.at[i] > 0x7e)) abort();
    buf_clear(&import.yaml);
    buf_clear(&import.notes);
    manifest_errors_end(&errors);
    return 0;
}
