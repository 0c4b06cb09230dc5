#include "queue/tui/screen.h"

#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

#include "reactor/base/own.h"
#include "reactor/proc/guard.h"

static SCREEN *screen;
static struct guard *guard;
static char farewell[128]; /* the guard's */
static bool has_colours, is_utf8;

/* What takes a terminal out of our screen, for a death in which we can't.  A capability that wants a delay is older
 * than those that have another screen. */
static enum err post_guard(void)
{
    static const char *const names[] = {"sgr0", "rmkx", "cnorm", "rmcup"};
    size_t used = 0;
    int code;

    if (setupterm(NULL, STDOUT_FILENO, &code) != OK) return ERR_NOT_FOUND;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *text = tigetstr(names[i]);
        if (text == NULL || text == (char *)-1 || strstr(text, "$<") != NULL) continue;
        if (strlen(text) < sizeof farewell - used)
            used += (size_t)snprintf(farewell + used, sizeof farewell - used, "%s", text);
    }
    del_curterm(cur_term);
    return guard_new(STDIN_FILENO, (struct span){(const uint8_t *)farewell, used}, &guard);
}

static void begin_colours(void)
{
    const char *none = getenv("NO_COLOR");

    has_colours = (none == NULL || none[0] == '\0') && has_colors() && start_color() == OK;
    if (!has_colours) return;
    use_default_colors();
    init_pair(1, COLOR_RED, -1);
}

/* In a terminal that does not read UTF-8, bytes of a letter could be controls. */
enum err screen_begin(void)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) return ERR_NOT_FOUND;
    setlocale(LC_CTYPE, "");
    is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    TRY(post_guard());
    screen = newterm(NULL, stdout, stdin);
    if (screen == NULL) return ERR_NOT_FOUND;
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(50);
    curs_set(0);
    begin_colours();
    return ERR_OK;
}

void screen_end(void)
{
    if (screen != NULL) {
        endwin();
        delscreen(screen);
    }
    screen = NULL;
    guard_free(&guard);
}

int screen_key(void)
{
    static const struct {
        int curses, ours;
    } keys[] = {
        {ERR, -1},
        {KEY_UP, TUI_KEY_UP},
        {KEY_DOWN, TUI_KEY_DOWN},
        {KEY_PPAGE, TUI_KEY_PAGE_UP},
        {KEY_NPAGE, TUI_KEY_PAGE_DOWN},
        {KEY_HOME, TUI_KEY_HOME},
        {KEY_END, TUI_KEY_END},
        {KEY_ENTER, TUI_KEY_ENTER},
        {'\r', TUI_KEY_ENTER},
        {'\n', TUI_KEY_ENTER},
        {KEY_BACKSPACE, TUI_KEY_BACKSPACE},
        {0x7f, TUI_KEY_BACKSPACE},
        {'\b', TUI_KEY_BACKSPACE},
        {0x1b, TUI_KEY_ESCAPE},
    };
    int key = getch();

    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (keys[i].curses == key) return keys[i].ours;
    return key < 0x100 ? key : 0; /* no other is bound */
}

/* ncurses' handler of the signal is not there: the loop has one. */
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
    move(row, 0);
    for (size_t i = 0; i < text.len && !is_utf8; i++)
        if ((text.at[i] & 0xc0) != 0x80) addch(text.at[i] < 0x80 ? text.at[i] : '~');
    if (is_utf8) addnstr((const char *)text.at, (int)text.len);
    attrset(A_NORMAL);
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
