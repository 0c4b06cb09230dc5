/* frontmatter.h — cuts a manifest in two: YAML between two lines of "---", Markdown behind them.
 *
 *   ---            the first line of the file; blanks may follow the dashes, nothing else may
 *   key: value
 *   ---            the first such line after it; whatever comes later, more dashes included, is Markdown
 *   # Text
 *
 * Lines end with LF or CRLF.  The whole file is checked by text_fault(), so that every reader sees the same lines.
 * Limits   MANIFEST_BYTES_MAX the file, FRONT_BYTES_MAX the YAML.
 */
#pragma once
#include "backends/manifest/errors.h"

struct frontmatter {
    struct span yaml, body; /* slices of the file */
};

#define FRONT_FIRST_LINE 2u /* of the file: where the YAML begins */

/* errors: ERR_SYNTAX, ERR_LIMIT; the reader's list says what */
MUST_CHECK enum err frontmatter_find(struct reader *reader, struct span file, struct frontmatter *out);
