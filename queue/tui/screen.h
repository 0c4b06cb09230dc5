/* screen.h — the terminal: keys from it, lines to it.  The one file behind it knows ncurses.
 *
 * One screen a process.  Between begin and end the terminal is ours; however this process ends, it is given back as it
 * was (guard.h).
 */
#pragma once
#include "queue/tui/view.h"

/* screen_end() is due in any case.
 * errors: ERR_NOT_FOUND standard input or output is no terminal, or one of a kind that is not known; ERR_NOMEM,
 *         ERR_SYS */
MUST_CHECK enum err screen_begin(void);
void screen_end(void); /* the terminal as it was; harmless where there is none */

int screen_key(void); /* a byte, a TUI_KEY_, or -1: none waits */
void screen_resized(void);
void screen_draw(struct tui *tui);
void screen_bell(void); /* or a flash, where there is no bell */
