/* child_test.c — what a child process gets, how its end is told, and that nothing of it stays. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/proc/child.h"
#include "tests/real/real.h"

static struct child *child;
static int code;
static bool ended, frees_child;

static void on_end(void *owner, int how)
{
    (void)owner;
    assert_false(ended);
    ended = true;
    code = how;
    if (frees_child) child_free(&child);
}

static int begin(void **state)
{
    child = NULL;
    code = -1;
    ended = frees_child = false;
    return real_begin(state);
}

static void no_child_is_left(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static int finish(void **state)
{
    child_free(&child);
    no_child_is_left();
    return real_end(state);
}

static const char *const nothing[] = {NULL};

static enum err spawn(const struct child_plan *plan) { return child_spawn(real.loop, plan, on_end, NULL, &child); }

static enum err shell(const char *script, const struct child_fd *fds, size_t fd_count)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    const struct child_plan plan = {.argv = argv, .envp = nothing, .fds = fds, .fd_count = fd_count, .tty_fd = -1};

    return spawn(&plan);
}

/* Runs a script with its output to us; returns what it printed. */
static const char *output_of(const char *script, const struct child_fd *more, size_t more_count)
{
    static char text[4096];
    struct child_fd fds[8];
    int ends[2];
    size_t len = 0;
    ssize_t n;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    fds[0] = (struct child_fd){ends[1], 1};
    for (size_t i = 0; i < more_count; i++) fds[i + 1] = more[i];
    assert_int_equal(shell(script, fds, more_count + 1), ERR_OK);
    close(ends[1]);
    while ((n = read(ends[0], text + len, sizeof text - 1 - len)) > 0) len += (size_t)n;
    close(ends[0]);
    text[len] = '\0';
    real_until(&ended);
    return text;
}

static void an_exit_code_is_told(void **state)
{
    (void)state;
    assert_int_equal(shell("exit 7", NULL, 0), ERR_OK);
    assert_true(child_pid(child) > 0);
    assert_false(ended);
    real_until(&ended);
    assert_int_equal(code, 7);
}

static void a_signal_is_told_as_shells_do(void **state)
{
    (void)state;
    assert_int_equal(shell("kill -TERM $$", NULL, 0), ERR_OK);
    real_until(&ended);
    assert_int_equal(code, 128 + SIGTERM);
}

static void a_child_can_be_signalled_and_later_that_is_nothing(void **state)
{
    (void)state;
    assert_int_equal(shell("exec sleep 100", NULL, 0), ERR_OK);
    child_signal(child, SIGINT);
    real_until(&ended);
    assert_int_equal(code, 128 + SIGINT);
    child_signal(child, SIGINT);
}

static void a_program_that_is_not_there_is_an_error_and_no_zombie(void **state)
{
    const char *const argv[] = {"/no/such/program", NULL};
    const struct child_plan plan = {.argv = argv, .envp = nothing, .tty_fd = -1};

    (void)state;
    assert_int_equal(spawn(&plan), ERR_NOT_FOUND);
    assert_int_equal(errno, ENOENT);
    assert_null(child);
    no_child_is_left();
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
    const char *const argv[] = {"/bin/true", NULL};
    const struct child_plan plan = {.argv = argv, .envp = nothing, .cwd = "/no/such/folder", .tty_fd = -1};

    (void)state;
    assert_int_equal(spawn(&plan), ERR_SYS);
    assert_int_equal(errno, ENOENT);
}

static void too_many_descriptors_are_refused(void **state)
{
    (void)state;
    assert_int_equal(shell("true", (struct child_fd[CHILD_FDS_MAX + 1]){{0}}, CHILD_FDS_MAX + 1), ERR_LIMIT);
}

static void the_child_has_the_descriptors_named_and_no_other(void **state)
{
    int leaky = open("/dev/null", O_RDONLY); /* not close-on-exec, on purpose */
    int high = fcntl(leaky, F_DUPFD, 300);

    (void)state;
    /* The shell's glob opens the folder itself: it shows one more, the lowest free number: 2. */
    assert_string_equal(output_of("cd /proc/self/fd; exec 0</dev/null; echo *", (struct child_fd[]){{leaky, 5}}, 1),
                        "0 1 2 5\n");
    close(leaky), close(high);
}

static void overlapping_maps_are_swapped_not_smeared(void **state)
{
    char one[] = "/tmp/bottled-one-XXXXXX", two[] = "/tmp/bottled-two-XXXXXX";
    int a = mkstemp(one), b = mkstemp(two);
    struct child_fd swap[] = {{a, b}, {b, a}};
    char script[200], expected[200];

    (void)state;
    snprintf(script, sizeof script, "/bin/readlink /proc/self/fd/%d /proc/self/fd/%d", a, b);
    snprintf(expected, sizeof expected, "%s\n%s\n", two, one);
    assert_string_equal(output_of(script, swap, 2), expected);
    unlink(one), unlink(two);
    close(a), close(b);
}

static void the_environment_and_folder_are_exact(void **state)
{
    const char *const argv[] = {"/usr/bin/env", NULL};
    const char *const envp[] = {"ONLY=this", NULL};
    int ends[2];
    char text[200];
    ssize_t n;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    const struct child_fd out = {ends[1], 1};
    const struct child_plan plan = {
        .argv = argv, .envp = envp, .cwd = "/usr", .fds = &out, .fd_count = 1, .tty_fd = -1};
    assert_int_equal(spawn(&plan), ERR_OK);
    real_until(&ended);
    n = read(ends[0], text, sizeof text);
    assert_int_equal(n, 10);
    assert_memory_equal(text, "ONLY=this\n", 10);
    close(ends[0]), close(ends[1]);
}

static void signals_are_as_new(void **state)
{
    sigset_t some, before;
    struct sigaction saved;
    const struct sigaction ignored = {.sa_handler = SIG_IGN};
    const char *text;

    (void)state;
    sigemptyset(&some), sigaddset(&some, SIGUSR1);
    sigprocmask(SIG_BLOCK, &some, &before);
    sigaction(SIGPIPE, &ignored, &saved);
    text = output_of("exec /bin/grep -E '^Sig(Blk|Ign)' /proc/self/status", NULL, 0);
    sigprocmask(SIG_SETMASK, &before, NULL);
    sigaction(SIGPIPE, &saved, NULL);
    assert_string_equal(text, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

static void our_own_mask_is_as_before(void **state)
{
    sigset_t mask;

    (void)state;
    assert_int_equal(shell("exit 0", NULL, 0), ERR_OK);
    sigprocmask(SIG_SETMASK, NULL, &mask);
    assert_int_equal(sigismember(&mask, SIGTERM), 0);
    real_until(&ended);
}

static void free_kills_and_collects(void **state)
{
    pid_t pid;

    (void)state;
    assert_int_equal(shell("trap '' TERM; while :; do sleep 100; done", NULL, 0), ERR_OK);
    pid = child_pid(child);
    child_free(&child);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
    assert_false(ended);
}

static void free_inside_the_end_is_fine(void **state)
{
    (void)state;
    frees_child = true;
    assert_int_equal(shell("exit 3", NULL, 0), ERR_OK);
    real_until(&ended);
    assert_null(child);
    assert_int_equal(code, 3);
}

static void many_children_leave_no_zombie_and_no_descriptor(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        ended = false;
        assert_int_equal(shell("exit 0", NULL, 0), ERR_OK);
        if (i % 2 == 0) real_until(&ended);
        child_free(&child);
    }
}

static void a_child_dies_with_its_parent(void **state)
{
    int ends[2], status;
    pid_t parent, grandchild = 0;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    parent = fork();
    if (parent == 0) {
        const char *const argv[] = {"/bin/sleep", "100", NULL};
        const struct child_plan plan = {.argv = argv, .envp = nothing, .tty_fd = -1, .dies_with_parent = true};
        struct loop *loop;

        if (loop_new(&loop) != ERR_OK || child_spawn(loop, &plan, on_end, NULL, &child) != ERR_OK) _exit(1);
        grandchild = child_pid(child);
        if (write(ends[1], &grandchild, sizeof grandchild) != sizeof grandchild) _exit(1);
        raise(SIGKILL);
    }
    assert_int_equal(read(ends[0], &grandchild, sizeof grandchild), sizeof grandchild);
    waitpid(parent, &status, 0);
    assert_true(WIFSIGNALED(status));
    for (int i = 0; i < 400; i++) { /* it may be a zombie of an init that is slow: its state says enough */
        char path[64], line[256] = "";
        FILE *file;

        snprintf(path, sizeof path, "/proc/%d/stat", (int)grandchild);
        file = fopen(path, "r");
        if (file != NULL && fgets(line, sizeof line, file) == NULL) line[0] = '\0';
        if (file != NULL) fclose(file);
        if (strstr(line, ") ") == NULL || strstr(line, ") ")[2] == 'Z') break;
        if (i == 399) fail_msg("the grandchild lives: %s", line);
        real_pass(5);
    }
    close(ends[0]), close(ends[1]);
}

static void a_child_may_own_a_terminal(void **state)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    int slave;
    const char *const argv[] = {"/bin/sh", "-c", "exec </dev/tty && exit 5", NULL};
    char name[64];

    (void)state;
    if (master < 0) skip();
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    assert_int_equal(ptsname_r(master, name, sizeof name), 0);
    slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(slave >= 0);
    const struct child_fd fds[] = {{slave, 0}, {slave, 1}, {slave, 2}};
    const struct child_plan plan = {
        .argv = argv, .envp = nothing, .fds = fds, .fd_count = 3, .own_session = true, .tty_fd = 0};
    assert_int_equal(spawn(&plan), ERR_OK);
    real_until(&ended);
    assert_int_equal(code, 5);
    close(master), close(slave);
}

static void no_memory_is_an_error(void **state)
{
    (void)state;
    mem_fail_at(1);
    assert_int_equal(shell("exit 0", NULL, 0), ERR_NOMEM);
    mem_fail_at(0);
}

int main(void)
{
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, begin, finish)
    const struct CMUnitTest promises[] = {
        PROMISE(an_exit_code_is_told),
        PROMISE(a_signal_is_told_as_shells_do),
        PROMISE(a_child_can_be_signalled_and_later_that_is_nothing),
        PROMISE(a_program_that_is_not_there_is_an_error_and_no_zombie),
        PROMISE(a_folder_that_is_not_there_is_an_error),
        PROMISE(too_many_descriptors_are_refused),
        PROMISE(the_child_has_the_descriptors_named_and_no_other),
        PROMISE(overlapping_maps_are_swapped_not_smeared),
        PROMISE(the_environment_and_folder_are_exact),
        PROMISE(signals_are_as_new),
        PROMISE(our_own_mask_is_as_before),
        PROMISE(free_kills_and_collects),
        PROMISE(free_inside_the_end_is_fine),
        PROMISE(many_children_leave_no_zombie_and_no_descriptor),
        PROMISE(a_child_dies_with_its_parent),
        PROMISE(a_child_may_own_a_terminal),
        PROMISE(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(promises, NULL, NULL);
}
