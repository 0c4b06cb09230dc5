#include "queue/tui/screen.h"

#include <curses.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static SCREEN *screen;
static bool has_colours;

enum err screen_begin(void)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) return ERR_NOT_FOUND;
    setlocale(LC_CTYPE, "C.UTF-8"); /* "…" is the one character beside ASCII that is shown */
    screen = newterm(NULL, stdout, stdin);
    if (screen == NULL) return ERR_NOT_FOUND;
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(50);
    curs_set(0);
    has_colours = getenv("NO_COLOR") == NULL && has_colors() && start_color() == OK;
    if (has_colours) {
        use_default_colors();
        init_pair(1, COLOR_RED, -1);
    }
    return ERR_OK;
}

void screen_end(void)
{
    if (screen == NULL) return;
    endwin();
    delscreen(screen);
    screen = NULL;
}

int screen_key(void)
{
    int key = getch();

    switch (key) {
    case ERR: return -1;
    case KEY_UP: return TUI_KEY_UP;
    case KEY_DOWN: return TUI_KEY_DOWN;
    case KEY_PPAGE: return TUI_KEY_PAGE_UP;
    case KEY_NPAGE: return TUI_KEY_PAGE_DOWN;
    case KEY_ENTER:
    case '\r':
    case '\n': return TUI_KEY_ENTER;
    case KEY_BACKSPACE:
    case 127:
    case '\b': return TUI_KEY_BACKSPACE;
    case 27: return TUI_KEY_ESCAPE;
    default: return key < 0x80 ? key : 0; /* no other is bound */
    }
}

/* Its own handler of the signal is not there: the loop has one. */
void screen_resized(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) resizeterm(size.ws_row, size.ws_col);
    clear();
}

static void draw_row(void *owner, int row, enum look look, struct span text)
{
    static const attr_t attributes[] = {
        [LOOK_PLAIN] = A_NORMAL, [LOOK_STRONG] = A_BOLD, [LOOK_SELECTED] = A_REVERSE, [LOOK_ALARM] = A_BOLD};
    attr_t attribute = attributes[look];

    (void)owner;
    if (look == LOOK_ALARM && has_colours) attribute |= (attr_t)COLOR_PAIR(1);
    attrset((int)attribute);
    mvaddnstr(row, 0, (const char *)text.at, (int)text.len);
    attrset(A_NORMAL);
    clrtoeol();
}

void screen_draw(struct tui *tui)
{
    erase();
    view_draw(tui, LINES, COLS, draw_row, NULL);
    refresh();
}

void screen_bell(void)
{
    if (beep() == ERR) flash();
}
