/* shipped.h — the rule files of dlp/rules/, as bytes inside the program: their text, and what Hyperscan made of it.
 * The build writes both: .ci/cmake/rules.cmake. */
#pragma once
#include "reactor/base/span.h"

/* What rules are read from. */
struct rule_text {
    const char *path; /* for errors: "dlp/rules/cloud.yaml" */
    struct span text;
    bool tested; /* that its patterns compile is known */
};

/* By name, ascending. */
const struct rule_text *rules_shipped(size_t *count_out);

/* What engine_save() gave for all of them: some 7 MB. */
struct span rules_compiled(void);
