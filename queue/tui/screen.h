/* screen.h — the terminal: keys from it, lines to it.  The one file behind it knows ncurses. */
#pragma once
#include "queue/tui/view.h"

/* errors: ERR_NOT_FOUND standard input or output is no terminal, or one of a kind that is not known */
MUST_CHECK enum err screen_begin(void);
void screen_end(void); /* the terminal as it was; harmless where there is none */

int screen_key(void); /* a character, a TUI_KEY_, or -1: none waits */
void screen_resized(void);
void screen_draw(struct tui *tui);
void screen_bell(void); /* or a flash, where there is no bell */
