/* terminal_test.c — between two terminals, and how ours is left behind. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "reactor/base/own.h"
#include "reactor/proc/child.h"
#include "reactor/proc/pty.h"
#include "reactor/proc/terminal.h"
#include "tests/real/real.h"

static struct {
    int person, ours; /* the two ends of the terminal that bottled is started on */
    struct termios before;
    struct terminal *terminal;
    struct child *child;
    bool ended, exited;
    int code;
    char seen[4096];
    size_t seen_len;
} t;

static void on_ended(void *owner) { (void)owner, t.ended = true; }
static void on_exited(void *owner, int code) { (void)owner, t.exited = true, t.code = code; }

static int begin(void **state)
{
    struct winsize size = {.ws_row = 33, .ws_col = 77};

    if (real_begin(state) != 0) return -1;
    memset(&t, 0, sizeof t);
    if (pty_open(&t.person, &t.ours) != ERR_OK) return -1;
    if (ioctl(t.person, TIOCSWINSZ, &size) != 0) return -1;
    return tcgetattr(t.ours, &t.before);
}

static int finish(void **state)
{
    terminal_free(&t.terminal);
    child_free(&t.child);
    close(t.person);
    close(t.ours);
    return real_end(state);
}

static void spawn(const char *script)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL}, *const envp[] = {"PATH=/usr/bin:/bin", NULL};
    const int *fds = terminal_fds(t.terminal);
    const struct child_fd map[] = {{fds[0], 0}, {fds[1], 1}, {fds[2], 2}};
    const struct child_plan plan = {.argv = argv,
                                    .envp = envp,
                                    .fds = map,
                                    .fd_count = 3,
                                    .own_session = true,
                                    .tty_fd = terminal_is_pty(t.terminal) ? 0 : -1};

    assert_int_equal(child_spawn(real.loop, &plan, on_exited, NULL, &t.child), ERR_OK);
    assert_int_equal(terminal_begin(t.terminal), ERR_OK);
}

static void open_terminal(int in, int out, int errors)
{
    const int ours[3] = {in, out, errors};

    assert_int_equal(terminal_new(real.loop, ours, on_ended, NULL, &t.terminal), ERR_OK);
}

/* What the person sees, so far. */
static const char *look(void)
{
    ssize_t len;

    while ((len = read(t.person, t.seen + t.seen_len, sizeof t.seen - 1 - t.seen_len)) > 0) t.seen_len += (size_t)len;
    return t.seen;
}

static void until_seen(const char *text)
{
    for (int i = 0; i < 500 && strstr(look(), text) == NULL; i++) real_pass(10);
    if (strstr(t.seen, text) == NULL) fail_msg("never seen: %s; seen: %s", text, t.seen);
}

static void type(const char *text) { assert_int_equal(write(t.person, text, strlen(text)), strlen(text)); }

static bool is_as_before(void)
{
    struct termios now;

    assert_int_equal(tcgetattr(t.ours, &now), 0);
    return now.c_lflag == t.before.c_lflag && now.c_iflag == t.before.c_iflag && now.c_oflag == t.before.c_oflag;
}

static void what_is_typed_arrives_and_what_is_printed_is_seen(void **state)
{
    (void)state;
    open_terminal(t.ours, t.ours, t.ours);
    assert_true(terminal_is_pty(t.terminal));
    spawn("stty size; read x; echo got $x; echo oops >&2; exit 3");
    until_seen("33 77\r\n");
    assert_false(is_as_before());
    assert_int_equal(fcntl(t.ours, F_GETFL) & O_NONBLOCK, 0);
    type("hello\r");
    real_until(&t.ended);
    real_until(&t.exited);
    assert_int_equal(t.code, 3);
    assert_non_null(strstr(look(), "got hello\r\noops\r\n"));
    terminal_free(&t.terminal);
    assert_true(is_as_before());
}

static void control_c_interrupts_the_agent_not_us(void **state)
{
    (void)state;
    open_terminal(t.ours, t.ours, t.ours);
    spawn("trap 'echo interrupted; exit 5' INT; echo up; while :; do sleep 0.01; done");
    until_seen("up\r\n");
    type("\003");
    real_until(&t.exited);
    assert_int_equal(t.code, 5);
    until_seen("interrupted\r\n");
}

static void a_new_size_is_passed_on(void **state)
{
    struct winsize size = {.ws_row = 10, .ws_col = 20};

    (void)state;
    open_terminal(t.ours, t.ours, t.ours);
    spawn("trap 'stty size; exit 0' WINCH; echo up; while :; do sleep 0.01; done");
    until_seen("up\r\n");
    assert_int_equal(ioctl(t.person, TIOCSWINSZ, &size), 0);
    assert_int_equal(raise(SIGWINCH), 0); /* the kernel tells the foreground of the terminal, which a test is not */
    until_seen("10 20\r\n");
}

static void a_slow_reader_loses_nothing(void **state)
{
    enum { BYTES = 1000000 };
    size_t total = 0;
    char bytes[4096];
    ssize_t len;

    (void)state;
    open_terminal(t.ours, t.ours, t.ours);
    spawn("stty -opost; head -c 1000000 /dev/zero | tr '\\0' x");
    for (int i = 0; i < 20000 && total < BYTES; i++) {
        if (i % 10 == 0) real_pass(1);
        len = read(t.person, bytes, sizeof bytes);
        total += len > 0 ? (size_t)len : 0;
        if (len <= 0) real_pass(1);
    }
    assert_int_equal(total, BYTES);
    real_until(&t.ended);
}

static void only_what_is_a_terminal_is_relayed(void **state)
{
    int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    struct stat out;

    (void)state;
    open_terminal(file, t.ours, t.ours);
    assert_false(terminal_is_pty(t.terminal));
    assert_int_equal(terminal_fds(t.terminal)[0], file);
    assert_int_equal(fstat(terminal_fds(t.terminal)[1], &out), 0);
    assert_true(S_ISFIFO(out.st_mode));
    spawn("read line; echo $line; test -t 0 || test -t 1 || test -t 2 || echo none");
    real_until(&t.ended);
    until_seen("root:x:0:0");
    until_seen("none\r\n");
    assert_true(is_as_before());
    close(file);
}

static void a_terminal_beside_a_pipe_reads_until_control_d(void **state)
{
    int out[2];
    char bytes[64];

    (void)state;
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    open_terminal(t.ours, out[1], out[1]);
    spawn("cat; echo end");
    close(out[1]);
    type("line\r\004");
    real_until(&t.exited);
    assert_int_equal(read(out[0], bytes, sizeof bytes), 9);
    assert_memory_equal(bytes, "line\nend\n", 9);
    close(out[0]);
}

static void files_alone_need_no_relay(void **state)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)state;
    open_terminal(null, null, null);
    spawn("exit 0");
    real_until(&t.exited);
    assert_true(terminal_has_ended(t.terminal));
    real_until(&t.ended);
    close(null);
}

static void after_kill_9_the_terminal_is_as_it_was(void **state)
{
    int up[2];
    char byte;
    pid_t victim;

    (void)state;
    assert_int_equal(pipe2(up, O_CLOEXEC), 0);
    fflush(NULL);
    victim = fork();
    if (victim == 0) {
        struct loop *loop;
        const int ours[3] = {t.ours, t.ours, t.ours};

        if (loop_new(&loop) != ERR_OK || terminal_new(loop, ours, on_ended, NULL, &t.terminal) != ERR_OK ||
            terminal_begin(t.terminal) != ERR_OK || write(up[1], "u", 1) != 1)
            _exit(1);
        for (;;) pause();
    }
    assert_int_equal(read(up[0], &byte, 1), 1);
    assert_false(is_as_before());
    kill(victim, SIGKILL);
    waitpid(victim, NULL, 0);
    for (int i = 0; i < 100 && !is_as_before(); i++) poll(NULL, 0, 10);
    assert_true(is_as_before());
    close(up[0]);
    close(up[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_typed_arrives_and_what_is_printed_is_seen, begin, finish),
        cmocka_unit_test_setup_teardown(control_c_interrupts_the_agent_not_us, begin, finish),
        cmocka_unit_test_setup_teardown(a_new_size_is_passed_on, begin, finish),
        cmocka_unit_test_setup_teardown(a_slow_reader_loses_nothing, begin, finish),
        cmocka_unit_test_setup_teardown(only_what_is_a_terminal_is_relayed, begin, finish),
        cmocka_unit_test_setup_teardown(a_terminal_beside_a_pipe_reads_until_control_d, begin, finish),
        cmocka_unit_test_setup_teardown(files_alone_need_no_relay, begin, finish),
        cmocka_unit_test_setup_teardown(after_kill_9_the_terminal_is_as_it_was, begin, finish),
    };

    return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
