/* token_ref.h — where a credential's value comes from, as a manifest writes it.
 *
 *   env:NAME           our own environment, from which it is taken away: no child inherits it
 *   file:PATH          one line; a regular file, ours, mode 0600 or less; absolute or ~/...
 *   cmd:PROGRAM ARG... a child without a shell, words cut at spaces; the first line it prints, if it exits with 0
 */
#pragma once
#include "reactor/base/span.h"

enum token_kind { TOKEN_ENV, TOKEN_FILE, TOKEN_CMD };

struct token_ref {
    enum token_kind kind;
    struct span rest; /* behind the colon */
};

/* NULL when text is a reference, else what is wrong with it; that repeats nothing of the text, which may be a token put
 * in the wrong place. */
const char *token_ref_parse(struct span text, struct token_ref *out);
