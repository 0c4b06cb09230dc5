/* plain.h — words that say what a value is and hold nothing themselves: all that is shown of an agent's text. */
#pragma once
#include "reactor/base/span.h"

#define PLAIN_MASK "\xe2\x80\xa6" /* an ellipsis: what stands for all else */

/* Is all of it such words, joined by one of _ - . = or followed by one?  Not when empty. */
bool plain_words(struct span text);
