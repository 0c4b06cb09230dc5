/* list.h — the rows of a model as columns, as many as there is room for. */
#pragma once
#include "queue/tui/model.h"

/* What stands above the rows (row: NULL), or a row: clean, and at most so wide.  errors: ERR_NOMEM */
MUST_CHECK enum err list_line(const struct tui *tui, const struct tui_row *row, size_t columns, struct buf *line);
