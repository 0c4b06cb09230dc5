/* cells.h — columns of a terminal: of texts that show_clean() made, in which every character has one. */
#pragma once
#include "reactor/base/span.h"

#define CELLS_MARK "\xe2\x80\xa6" /* "…": here something was cut */

size_t cells_count(struct span clean);
struct span cells_first(struct span clean, size_t columns); /* at most so many */
struct span cells_last(struct span clean, size_t columns);
