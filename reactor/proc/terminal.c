#include "reactor/proc/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/span.h"
#include "reactor/loop/signal.h"
#include "reactor/loop/watch.h"
#include "reactor/proc/guard.h"
#include "reactor/proc/pty.h"

/* One direction: what is read waits in bytes[at..len) until it is written; only then is more read. */
struct pump {
    struct terminal *terminal;
    int from, to; /* -1: this direction is not relayed, or its end has been passed on */
    struct watch *readable, *writable;
    size_t at, len;
    bool outward; /* from the bottle */
    uint8_t bytes[TERMINAL_BYTES];
};

struct terminal {
    struct loop *loop;
    terminal_fn *ended;
    void *owner;
    struct defer tell;
    struct guard *guard;
    struct signal_watch *resized;
    bool pty;
    int tty, master; /* in pty mode: ours, opened anew, and the pty's */
    int theirs[3];   /* the child's; borrowed from the caller where not owned */
    bool owned[3];   /* close theirs[i] at the beginning of the relay */
    struct pump pumps[3];
};

/* --- pumps ----------------------------------------------------------------------------------------------- */

static bool is_open(const struct pump *pump) { return pump->from >= 0; }

bool terminal_has_ended(const struct terminal *terminal)
{
    for (size_t i = 0; i < COUNT_OF(terminal->pumps); i++)
        if (terminal->pumps[i].outward && is_open(&terminal->pumps[i])) return false;
    return true;
}

static void tell_ended(struct defer *defer)
{
    const struct terminal *terminal = CONTAINER_OF(defer, struct terminal, tell);

    terminal->ended(terminal->owner);
}

/* The pty's master is in two pumps; it is closed with the terminal.  Closing a pipe passes the end on. */
static void pump_close(struct pump *pump)
{
    struct terminal *terminal = pump->terminal;

    if (!is_open(pump)) return;
    watch_free(&pump->readable);
    watch_free(&pump->writable);
    if (!terminal->pty) close(pump->from), close(pump->to);
    pump->from = pump->to = -1;
    if (pump->outward && terminal_has_ended(terminal)) loop_defer(terminal->loop, &terminal->tell, tell_ended);
}

static bool again(void) { return errno == EAGAIN || errno == EINTR; }

/* Which of the two to wait for. */
static void pump_wait(struct pump *pump)
{
    bool full = pump->at < pump->len;

    if (watch_on(pump->readable, !full) != ERR_OK || watch_on(pump->writable, full) != ERR_OK) pump_close(pump);
}

static void pump_write(void *context)
{
    struct pump *pump = context;
    ssize_t len = write(pump->to, pump->bytes + pump->at, pump->len - pump->at);

    if (len < 0 && !again()) {
        pump_close(pump);
        return;
    }
    pump->at += len > 0 ? (size_t)len : 0;
    pump_wait(pump);
}

static void pump_read(void *context)
{
    struct pump *pump = context;
    ssize_t len = read(pump->from, pump->bytes, sizeof pump->bytes);

    if (len < 0 && again()) return;
    if (len <= 0) { /* the end; EIO is a pty's */
        pump_close(pump);
        return;
    }
    pump->at = 0;
    pump->len = (size_t)len;
    pump_write(pump);
}

static enum err pump_begin(struct pump *pump)
{
    if (!is_open(pump)) return ERR_OK;
    TRY(watch_readable(pump->terminal->loop, pump->from, pump_read, pump, &pump->readable));
    TRY(watch_writable(pump->terminal->loop, pump->to, pump_write, pump, &pump->writable));
    return watch_on(pump->readable, true);
}

/* --- opening --------------------------------------------------------------------------------------------- */

/* The same terminal with flags of its own.  One that belongs to another user (su) opens only as /dev/tty, when it is
 * that. */
static int open_anew(int fd, int access)
{
    char path[32];
    int anew;
    unsigned device = 0, same = 0;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    anew = open(path, access | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (anew >= 0) return anew;
    anew = open("/dev/tty", access | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (anew < 0 || (ioctl(fd, TIOCGDEV, &device) == 0 && ioctl(anew, TIOCGDEV, &same) == 0 && device == same))
        return anew;
    close(anew);
    errno = EACCES;
    return -1;
}

static enum err open_pty(struct terminal *terminal, const int ours[3])
{
    int slave;

    terminal->pty = true;
    terminal->tty = open_anew(ours[0], O_RDWR);
    if (terminal->tty < 0) return ERR_SYS;
    TRY(guard_new(terminal->tty, SPAN_LIT(""), &terminal->guard));
    TRY(pty_open(&terminal->master, &slave));
    terminal->pumps[0].from = terminal->pumps[1].to = terminal->tty;
    terminal->pumps[0].to = terminal->pumps[1].from = terminal->master;
    terminal->pumps[1].outward = true;
    for (size_t i = 0; i < 3; i++) terminal->theirs[i] = i == 2 && !isatty(ours[2]) ? ours[2] : slave;
    terminal->owned[0] = true; /* one descriptor three times: closed once */
    pty_resize_like(terminal->master, terminal->tty);
    return ERR_OK;
}

/* A pipe in place of ours[i], a terminal. */
static enum err open_pipe(struct terminal *terminal, size_t i, int ours)
{
    struct pump *pump = &terminal->pumps[i];
    int pipe[2], inward = i == 0;
    int anew = open_anew(ours, inward ? O_RDONLY : O_WRONLY);

    if (anew < 0) return ERR_SYS;
    if (pipe2(pipe, O_CLOEXEC) != 0) {
        close(anew);
        return ERR_SYS;
    }
    pump->outward = !inward;
    pump->from = inward ? anew : pipe[0];
    pump->to = inward ? pipe[1] : anew;
    terminal->theirs[i] = pipe[inward ? 0 : 1];
    terminal->owned[i] = true;
    return fcntl(pipe[inward ? 1 : 0], F_SETFL, O_NONBLOCK) == 0 ? ERR_OK : ERR_SYS;
}

static enum err open_all(struct terminal *terminal, const int ours[3])
{
    if (isatty(ours[0]) && isatty(ours[1])) return open_pty(terminal, ours);
    for (size_t i = 0; i < 3; i++) {
        terminal->theirs[i] = ours[i];
        if (isatty(ours[i])) TRY(open_pipe(terminal, i, ours[i]));
    }
    return ERR_OK;
}

enum err terminal_new(struct loop *loop, const int ours[3], terminal_fn *ended, void *owner,
                      struct terminal **terminal_out)
{
    AUTO(terminal) terminal = mem_new(sizeof *terminal);

    if (terminal == NULL) return ERR_NOMEM;
    terminal->loop = loop;
    terminal->ended = ended;
    terminal->owner = owner;
    terminal->tty = terminal->master = -1;
    for (size_t i = 0; i < COUNT_OF(terminal->pumps); i++) {
        terminal->pumps[i].terminal = terminal;
        terminal->pumps[i].from = terminal->pumps[i].to = -1;
    }
    TRY(open_all(terminal, ours));
    *terminal_out = MOVE(terminal);
    return ERR_OK;
}

const int *terminal_fds(const struct terminal *terminal) { return terminal->theirs; }
bool terminal_is_pty(const struct terminal *terminal) { return terminal->pty; }

/* --- the relay ------------------------------------------------------------------------------------------- */

static void on_resized(void *context, int number)
{
    const struct terminal *terminal = context;

    (void)number;
    pty_resize_like(terminal->master, terminal->tty);
}

static void close_theirs(struct terminal *terminal)
{
    for (size_t i = 0; i < 3; i++) {
        if (terminal->owned[i]) close(terminal->theirs[i]);
        terminal->owned[i] = false;
    }
}

enum err terminal_begin(struct terminal *terminal)
{
    close_theirs(terminal);
    if (terminal->pty) {
        TRY(guard_raw(terminal->guard));
        TRY(signal_watch_new(terminal->loop, SIGWINCH, on_resized, terminal, &terminal->resized));
    }
    for (size_t i = 0; i < COUNT_OF(terminal->pumps); i++) TRY(pump_begin(&terminal->pumps[i]));
    if (terminal_has_ended(terminal)) loop_defer(terminal->loop, &terminal->tell, tell_ended);
    return ERR_OK;
}

void terminal_free(struct terminal **terminal)
{
    struct terminal *t = *terminal;

    if (t == NULL) return;
    close_theirs(t);
    for (size_t i = 0; i < COUNT_OF(t->pumps); i++) pump_close(&t->pumps[i]);
    loop_defer_cancel(&t->tell);
    signal_watch_free(&t->resized);
    guard_free(&t->guard);
    if (t->master >= 0) close(t->master);
    if (t->tty >= 0) close(t->tty);
    mem_free(t);
    *terminal = NULL;
}
