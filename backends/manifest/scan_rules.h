/* scan_rules.h — by which rules `bottled scan` looks: those we ship, and files beside them; or those of a bottle. */
#pragma once
#include "backends/manifest/errors.h"
#include "dlp/scan/rule_set.h"

struct scan_rules_from {
    const char *root;         /* of the manifests; may be NULL where bottle is empty */
    struct span bottle;       /* its rules, or empty */
    const char *const *files; /* rule files beside ours; none with a bottle */
    size_t file_count;        /* RULE_FILES_OWN_MAX at most */
};

/* What is wrong goes to standard error, and then *rules_out is NULL.  One reference.  errors: ERR_NOMEM */
MUST_CHECK enum err scan_rules_read(const struct scan_rules_from *from, struct rule_set **rules_out);
