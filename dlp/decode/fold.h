/* fold.h — characters that a reader takes for ASCII, or does not see at all. */
#pragma once
#include "reactor/base/span.h"

enum { FOLD_NONE = -1, FOLD_DROP = 0 };

/* The character of ASCII that this one looks like; FOLD_DROP: it is not seen, or a mark on the one before. */
int fold_character(uint32_t character);
