/* gitleaks_int.h — between reading a gitleaks rule (gitleaks_rule.c) and writing it (gitleaks.c). */
#pragma once
#include "backends/manifest/gitleaks.h"
#include "backends/manifest/yaml.h"
#include "dlp/scan/rule.h"

/* The rule as it is now, for people. */
struct gitleaks_rule {
    struct gitleaks_import *import;
    struct arena *arena; /* of the rule */
    struct span name;    /* its id in the file, or "number 4" */
    struct rule rule;    /* but its id */
    bool is_left_out;
};

/* "rule `x`: ..." into the notes.  errors: ERR_NOMEM */
MUST_CHECK enum err gitleaks_note(const struct gitleaks_rule *rule, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads one table of `rules`.  errors: ERR_NOMEM */
MUST_CHECK enum err gitleaks_rule_read(const struct yaml_node *node, struct gitleaks_rule *rule);
