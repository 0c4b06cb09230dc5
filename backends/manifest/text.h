/* text.h — which characters a manifest may hold: what one reader skips, another shows and a third obeys is refused. */
#pragma once
#include "reactor/base/span.h"

/* The first character that may not stand in a manifest: not UTF-8, a control character (tab, LF and CRLF excepted), a
 * byte order mark, a line break only YAML knows, a mark that reorders what a person reads.
 * NULL when there is none, else its name; *at_out is its index. */
const char *text_fault(struct span text, size_t *at_out);

/* Not empty, and each byte one of these. */
bool text_is_of(struct span text, const char *accepted);

/* Would some YAML reader take this unquoted scalar for a null, a boolean, a number or a date (YAML 1.1, YAML 1.2
 * sections 10.2 and 10.3)?  NULL when all take it for text, else what it may be: "a boolean". */
const char *text_looks_like(struct span plain);
