/* fold.h — characters that a reader takes for ASCII, or does not see at all. */
#pragma once
#include "reactor/base/span.h"

enum { FOLD_NONE = -1, FOLD_DROP = 0 };

/* The character of ASCII that this one looks like; FOLD_DROP: it is not seen, or a mark on the one before. */
int fold_character(uint32_t character);

/* The end of the row of letters of other scripts at at, if it is no part of a token: no letter of ASCII stands beside
 * it; else at.  For decode_signs(), which need not look at every letter of a word. */
size_t fold_skip(struct span text, size_t at);
