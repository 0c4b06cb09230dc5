/* view.h — a model as lines of a screen, whatever draws them.
 *
 * At least VIEW_ROWS_MIN by VIEW_COLUMNS_MIN; a smaller screen says so.  Nothing is told by its look alone.
 */
#pragma once
#include "queue/tui/model.h"

#define VIEW_ROWS_MIN    5
#define VIEW_COLUMNS_MIN 20

enum look { LOOK_PLAIN, LOOK_STRONG, LOOK_SELECTED, LOOK_ALARM }; /* a selected line has '>' in front as well */

/* Every row of the screen once, from the top; text is clean, and at most as wide as it. */
typedef void view_fn(void *owner, int row, enum look look, struct span text);

void view_draw(struct tui *tui, int rows, int columns, view_fn *fn, void *owner);
