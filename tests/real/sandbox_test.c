/* sandbox_test.c — the namespaces bottle, really started, and attacked from inside. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backends/sandbox/driver.h"
#include "backends/sandbox/launch.h"
#include "backends/sandbox/sandbox_fsm.h"
#include "fsm/describe.h"
#include "reactor/base/own.h"
#include "reactor/loop/timer.h"
#include "reactor/loop/watch.h"
#include "reactor/proc/pty.h"
#include "tests/real/real.h"

#define DOORS_MAX 8

static struct {
    struct loop *loop;
    struct sandbox *sandbox;
    struct sandbox_plan plan;
    char project[128];
    int null, output; /* a memfd: the bottle's 1 and 2 */
    int doors[DOORS_MAX];
    bool door_is_tcp[DOORS_MAX];
    struct watch *watches[DOORS_MAX];
    size_t door_count;
    bool running, over;
    enum sandbox_event end;
    int code;
    char why[256];
    const char *left_out;
    double running_ms;
    struct timespec started;
    struct timer timer;
} t;

static double ms_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) * 1e3 + (double)(now.tv_nsec - start->tv_nsec) / 1e6;
}

/* --- the world outside: every TCP door says where it was reached, the UDP door echoes ---------------------- */

static void on_tcp(void *context)
{
    const int *door = context;
    struct sockaddr_in asked = {0};
    socklen_t len = sizeof asked;
    char text[64], ip[INET_ADDRSTRLEN];
    int fd = accept4(*door, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0) return;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&asked, &len), 0);
    inet_ntop(AF_INET, &asked.sin_addr, ip, sizeof ip);
    len = (socklen_t)snprintf(text, sizeof text, "%s:%u\n", ip, ntohs(asked.sin_port));
    assert_int_equal(write(fd, text, len), len);
    close(fd);
}

static void on_udp(void *context)
{
    const int *door = context;
    char in[100], out[200], ip[INET_ADDRSTRLEN];
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in_pktinfo))];
    struct sockaddr_in from;
    struct iovec part = {in, sizeof in};
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof from,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    ssize_t len = recvmsg(*door, &message, 0);
    struct in_pktinfo *info;

    if (len < 0) return;
    info = (struct in_pktinfo *)(void *)CMSG_DATA(CMSG_FIRSTHDR(&message));
    inet_ntop(AF_INET, &info->ipi_addr, ip, sizeof ip);
    info->ipi_spec_dst = info->ipi_addr;
    part = (struct iovec){out, (size_t)snprintf(out, sizeof out, "%s %.*s", ip, (int)len, in)};
    assert_true(sendmsg(*door, &message, 0) > 0);
}

static void on_door(void *owner, bool tcp, uint16_t port, int fd)
{
    size_t i = t.door_count++;

    (void)owner;
    assert_true(i < DOORS_MAX && port != 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    t.doors[i] = fd;
    t.door_is_tcp[i] = tcp;
    assert_int_equal(watch_readable(t.loop, fd, tcp ? on_tcp : on_udp, &t.doors[i], &t.watches[i]), ERR_OK);
    assert_int_equal(watch_on(t.watches[i], true), ERR_OK);
}

static void on_event(void *owner, enum sandbox_event event, int code, const char *why)
{
    (void)owner;
    if (event == SANDBOX_RUNNING) {
        t.left_out = why;
        t.running = true;
        t.running_ms = ms_since(&t.started);
        return;
    }
    assert_false(t.over);
    snprintf(t.why, sizeof t.why, "%s", why != NULL ? why : "");
    t.over = true;
    t.end = event;
    t.code = code;
    loop_stop(t.loop);
}

static const struct sandbox_calls calls = {on_door, on_event};

/* --- one bottle -------------------------------------------------------------------------------------------- */

static const char *const environment[] = {"PATH=/usr/bin:/bin", "HOME=/home/agent", "LANG=C.UTF-8", "GREETING=hello",
                                          NULL};
static const uint16_t ports[] = {8443, 443};

static char attack_text[65536];
static struct sandbox_file files[] = {
    {"/run/attacks.py", 0444, {NULL, 0}},
    {"/home/agent/settings", 0600, {(const uint8_t *)"agent's\n", 8}},
};

static void make_folder(const char *path, const char *name)
{
    int fd;
    char file[160];

    snprintf(t.project, sizeof t.project, "%s/bottled-test-%s-%d", path, name, getpid());
    assert_int_equal(mkdir(t.project, 0755), 0);
    snprintf(file, sizeof file, "%s/made-outside", t.project);
    fd = open(file, O_CREAT | O_WRONLY, 0644);
    assert_int_equal(write(fd, "outside\n", 8), 8);
    close(fd);
    t.plan.project = t.project;
}

static void remove_folder(void)
{
    static const char *const names[] = {"made-outside", "made-inside", "note"};
    char file[160];

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        snprintf(file, sizeof file, "%s/%s", t.project, names[i]);
        unlink(file);
    }
    if (t.project[0] != '\0') assert_int_equal(rmdir(t.project), 0);
}

static void read_attacks(void)
{
    int fd = open("tests/real/bottle_attacks.py", O_RDONLY);
    ssize_t len = read(fd, attack_text, sizeof attack_text);

    assert_true(len > 0 && len < (ssize_t)sizeof attack_text);
    close(fd);
    files[0].content = (struct span){(const uint8_t *)attack_text, (size_t)len};
}

static int begin(void **state)
{
    if (real_begin(state) != 0) return -1;
    memset(&t, 0, sizeof t);
    t.null = open("/dev/null", O_RDWR | O_CLOEXEC);
    t.output = memfd_create("output", MFD_CLOEXEC);
    t.plan = (struct sandbox_plan){
        .name = "test",
        .self = "/proc/self/exe",
        .secret = "/nonexistent/.bottled",
        .home = "/home/agent",
        .envp = environment,
        .files = files,
        .file_count = COUNT_OF(files),
        .ports = ports,
        .port_count = COUNT_OF(ports),
        .fds = {t.null, t.output, t.output},
    };
    t.loop = real.loop;
    return 0;
}

static void let_go(void)
{
    sandbox_namespaces.free(&t.sandbox);
    if (t.timer.loop != NULL) timer_disarm(&t.timer);
    for (size_t i = 0; i < t.door_count; i++) {
        watch_free(&t.watches[i]);
        close(t.doors[i]);
    }
    t.door_count = 0;
}

static int finish(void **state)
{
    let_go();
    close(t.null);
    close(t.output);
    remove_folder();
    return real_end(state);
}

static enum err start(const char *const *argv)
{
    t.plan.argv = argv;
    t.over = t.running = false;
    clock_gettime(CLOCK_MONOTONIC, &t.started);
    return sandbox_namespaces.start(t.loop, &t.plan, &calls, NULL, &t.sandbox);
}

static void run(const char *const *argv)
{
    let_go();
    assert_int_equal(start(argv), ERR_OK);
    loop_run(t.loop);
    assert_true(t.over);
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static const char *output(void)
{
    static char text[65536];
    ssize_t len = pread(t.output, text, sizeof text - 1, 0);

    text[len > 0 ? len : 0] = '\0';
    return text;
}

/* --- stories ----------------------------------------------------------------------------------------------- */

static void attack(void)
{
    char name[32];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int host = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct utsname here;
    struct stat made;
    char file[160];

    uname(&here);
    read_attacks();
    snprintf(name, sizeof name, "bottled-%d", getpid());
    memcpy(address.sun_path + 1, name, strlen(name));
    assert_int_equal(
        bind(host, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))),
        0);
    assert_int_equal(listen(host, 1), 0);
    RUN("/usr/bin/python3", "/run/attacks.py", t.project, name, here.nodename);
    close(host);
    print_message("%s", output());
    if (t.code != 0 || t.end != SANDBOX_GONE || !t.running) fail_msg("code %d, %s", t.code, t.why);

    snprintf(file, sizeof file, "%s/made-inside", t.project);
    assert_int_equal(stat(file, &made), 0);
    unlink(file);
    assert_int_equal(stat(t.project, &(struct stat){0}), 0);
}

static uid_t owner_of(const char *name)
{
    char file[160];
    struct stat made;

    snprintf(file, sizeof file, "%s/%s", t.project, name);
    assert_int_equal(stat(file, &made), 0);
    return made.st_uid;
}

static void every_attack_fails_and_the_folder_keeps_its_owner(void **state)
{
    (void)state;
    make_folder("/tmp", "mine");
    attack();
    RUN("/bin/sh", "-c", "echo x >note");
    assert_int_equal(t.code, 0);
    assert_int_equal(owner_of("note"), geteuid());
}

static void started_by_root_for_a_users_folder_it_is_that_user(void **state)
{
    (void)state;
    if (geteuid() != 0) skip();
    make_folder("/tmp", "users");
    assert_int_equal(chown(t.project, 12345, 12345), 0);
    {
        char file[160];
        snprintf(file, sizeof file, "%s/made-outside", t.project);
        assert_int_equal(chown(file, 12345, 12345), 0);
    }
    attack();
    RUN("/bin/sh", "-c", "echo x >note");
    assert_int_equal(owner_of("note"), 12345);
}

static void a_folder_below_a_closed_one_is_reached(void **state)
{
    (void)state;
    if (geteuid() != 0) skip();
    make_folder("/root", "closed");
    RUN("/bin/sh", "-c", "cat made-outside && echo x >note && ls -A ..");
    assert_int_equal(t.code, 0);
    assert_non_null(strstr(output(), "outside\nbottled-test-closed"));
    assert_int_equal(owner_of("note"), 0);
}

static void the_exit_code_passes_through(void **state)
{
    (void)state;
    make_folder("/tmp", "code");
    RUN("/bin/sh", "-c", "exit 42");
    assert_int_equal(t.code, 42);
    assert_int_equal(t.end, SANDBOX_GONE);
    RUN("/bin/sh", "-c", "kill -KILL $$");
    assert_int_equal(t.code, 137);
    RUN("/no/such/program");
    assert_int_equal(t.code, 127);
}

static void environment_and_files_are_the_plans(void **state)
{
    char expected[512];

    (void)state;
    read_attacks();
    make_folder("/tmp", "env");
    RUN("/bin/sh", "-c", "env | sort; cat ~/settings; echo more >>~/settings; stat -c %a ~/settings");
    snprintf(expected, sizeof expected,
             "GREETING=hello\nHOME=/home/agent\nLANG=C.UTF-8\nPATH=/usr/bin:/bin\nPWD=%s\nagent's\n600\n", t.project);
    assert_string_equal(output(), expected);
}

static void stop_now(struct timer *timer) { (void)timer, sandbox_namespaces.stop(t.sandbox); }

static bool exists(const char *name)
{
    char file[160];

    snprintf(file, sizeof file, "%s/%s", t.project, name);
    return access(file, F_OK) == 0;
}

/* Once the agent has said that it is up. */
static void stop_when_up(struct timer *timer)
{
    if (exists("note"))
        stop_now(timer);
    else
        timer_arm(timer, loop_now_ms(t.loop) + 10);
}

static void stop_lets_the_agent_say_goodbye(void **state)
{
    (void)state;
    make_folder("/tmp", "stop");
    assert_int_equal(
        start((const char *const[]){"/bin/sh", "-c",
                                    "trap 'echo bye; exit 7' TERM; echo up >note; while :; do sleep 0.01; done", NULL}),
        ERR_OK);
    timer_init(&t.timer, t.loop, stop_when_up);
    timer_arm(&t.timer, loop_now_ms(t.loop));
    loop_run(t.loop);
    assert_int_equal(t.code, 7);
    assert_string_equal(output(), "bye\n");
}

static void until_printed(int master, const char *text)
{
    static char seen[4096]; /* of one story: what was printed before stays found */
    static size_t len;

    for (int i = 0; i < 1000 && strstr(seen, text) == NULL; i++) {
        ssize_t more = read(master, seen + len, sizeof seen - 1 - len);
        len += more > 0 ? (size_t)more : 0;
        seen[len] = '\0';
        real_pass(10);
    }
    if (strstr(seen, text) == NULL) fail_msg("never printed: %s; but: %s", text, seen);
}

static void a_terminal_is_the_agents_to_control(void **state)
{
    int master, slave;

    (void)state;
    make_folder("/tmp", "tty");
    assert_int_equal(pty_open(&master, &slave), ERR_OK);
    for (size_t i = 0; i < 3; i++) t.plan.fds[i] = slave;
    t.plan.tty = true;
    assert_int_equal(start((const char *const[]){
                         "/bin/bash", "-c",
                         "trap 'echo interrupted; exit 9' INT; tty; stty -a </dev/tty | grep -q isig && echo controls; "
                         "set -m; sleep 1000 & jobs; kill %1; set +m; echo ready; while :; do sleep 0.01; done",
                         NULL}),
                     ERR_OK);
    close(slave);
    until_printed(master, "/dev/console\r\ncontrols\r\n[1]+  Running");
    until_printed(master, "ready\r\n");
    assert_int_equal(write(master, "\003", 1), 1);
    real_until(&t.over);
    assert_int_equal(t.code, 9);
    until_printed(master, "interrupted\r\n");
    close(master);
}

static bool bottle_lives(const char *mark)
{
    char command[128];

    snprintf(command, sizeof command, "pgrep -f '[s]leep %s' >/dev/null", mark);
    return WEXITSTATUS(system(command)) == 0;
}

static void until(const char *mark, bool lives, double ms_max)
{
    struct timespec start_time;

    clock_gettime(CLOCK_MONOTONIC, &start_time);
    while (bottle_lives(mark) != lives)
        if (ms_since(&start_time) > ms_max)
            fail_msg("sleep %s: not %s in %g ms", mark, lives ? "there" : "gone", ms_max);
}

static bool has_cgroup(void)
{
    char path[128];

    snprintf(path, sizeof path, "/sys/fs/cgroup/pids/bottled-test-%d", getpid());
    return access(path, F_OK) == 0;
}

static void what_was_freed_is_gone(void **state)
{
    char mark[32];

    (void)state;
    make_folder("/tmp", "freed");
    t.plan.pids_max = 100;
    for (int ms = 0; ms < 100; ms += 10) { /* in whatever state */
        snprintf(mark, sizeof mark, "6%d", getpid());
        assert_int_equal(start((const char *const[]){"/bin/sleep", mark, NULL}), ERR_OK);
        real_pass((uint64_t)ms);
        let_go();
        until(mark, false, 1000);
        assert_false(has_cgroup());
    }
}

static void a_launcher_that_fails_says_why(void **state)
{
    static const uint16_t twice[] = {8443, 8443};

    (void)state;
    make_folder("/tmp", "fails");
    t.plan.ports = twice;
    RUN("/bin/true");
    assert_int_equal(t.end, SANDBOX_BROKEN);
    assert_false(t.running);
    assert_string_equal(t.why, "the launcher cannot open the bottle's doors: Address already in use");
}

static void folders_that_are_not_projects_are_refused(void **state)
{
    static const char *const bad[] = {"/",           "/usr",       "/usr/local", "/etc", "/tmp",         "/var",
                                      "/home",       "/proc/self", "relative",   "/dev", "/nonexistent", "/bin",
                                      "/etc/passwd", "/home/agent"};
    const char *home = getenv("HOME");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        t.plan.project = bad[i];
        if (start((const char *const[]){"/bin/true", NULL}) != ERR_DENIED) fail_msg("%s was taken", bad[i]);
    }
    make_folder("/tmp", "secret");
    t.plan.secret = t.project;
    assert_int_equal(start((const char *const[]){"/bin/true", NULL}), ERR_DENIED);
    t.plan.secret = "/nonexistent";
    setenv("HOME", t.project, 1);
    assert_int_equal(start((const char *const[]){"/bin/true", NULL}), ERR_DENIED);
    home != NULL ? setenv("HOME", home, 1) : unsetenv("HOME");
}

static void a_dry_run_tells_the_plan(void **state)
{
    struct buf out = {0};
    struct sandbox_check checks[SANDBOX_CHECKS_MAX];
    size_t count;

    (void)state;
    make_folder("/tmp", "dry");
    t.plan.argv = (const char *const[]){"agent", "--now", NULL};
    t.plan.memory_bytes = 1u << 30;
    assert_int_equal(sandbox_namespaces.describe(&t.plan, &out), ERR_OK);
    assert_int_equal(buf_add(&out, (struct span){(const uint8_t *)"", 1}), ERR_OK);
    for (const char *const *line =
             (const char *const[]){"  read-only      /usr\n", "  link           /bin -> usr/bin\n",
                                   "  WRITABLE       /tmp/", "  door           tcp 3128  the proxy\n",
                                   "  door           tcp 8443\n", "  variable       GREETING\n",
                                   "  memory bytes   1073741824\n", "  command        agent --now\n", NULL};
         *line != NULL; line++)
        if (strstr((const char *)out.at, *line) == NULL) fail_msg("no line %s in\n%s", *line, (const char *)out.at);
    assert_null(strstr((const char *)out.at, "hello"));
    buf_clear(&out);

    count = sandbox_namespaces.preflight(&t.plan, checks);
    for (size_t i = 0; i < count; i++)
        if (!checks[i].ok) fail_msg("%s: %s", checks[i].what, checks[i].fix);
    t.plan.project = "/";
    assert_int_equal(sandbox_namespaces.preflight(&t.plan, checks), count);
    assert_false(checks[3].ok);
}

static void memory_and_processes_are_limited_where_allowed(void **state)
{
    (void)state;
    make_folder("/tmp", "limits");
    t.plan.memory_bytes = 64u << 20;
    t.plan.pids_max = 20;
    RUN("/usr/bin/python3", "-c", "x = bytearray(200 << 20); print('held')");
    if (t.left_out != NULL) {
        print_message("no cgroups here: %s\n", t.left_out);
        skip();
    }
    assert_int_equal(t.code, 137);
    RUN("/bin/sh", "-c", "for i in $(seq 40); do sleep 1 & done; echo forked");
    assert_null(strstr(output(), "held"));
    assert_non_null(strstr(output(), "fork"));
    assert_null(strstr(output(), "forked"));
}

/* --- kill -9 ----------------------------------------------------------------------------------------------- */

/* A process that starts a bottle and stays. */
static pid_t start_parent(const char *const *argv)
{
    pid_t parent;

    fflush(NULL);
    parent = fork();
    if (parent != 0) return parent;
    if (loop_new(&t.loop) == ERR_OK && start(argv) == ERR_OK) loop_run(t.loop);
    _exit(1);
}

static void kill_9_of_the_parent_takes_everything_down(void **state)
{
    char mark[32], script[128];
    pid_t parent;

    (void)state;
    make_folder("/tmp", "kill");
    snprintf(mark, sizeof mark, "4%d", getpid());
    snprintf(script, sizeof script, "setsid nohup sleep %s & sleep %s", mark, mark);
    parent = start_parent((const char *const[]){"/bin/sh", "-c", script, NULL});
    until(mark, true, 10000);
    kill(parent, SIGKILL);
    waitpid(parent, NULL, 0);
    until(mark, false, 1000);
}

/* Alone, bubblewrap has a moment in which its child outlives it.  Whenever the parent dies, nothing may be left. */
static void kill_9_while_starting_leaves_nothing(void **state)
{
    char mark[32];

    (void)state;
    make_folder("/tmp", "early");
    snprintf(mark, sizeof mark, "5%d", getpid());
    for (unsigned delay_ms = 0; delay_ms < 90; delay_ms += 3) {
        pid_t parent = start_parent((const char *const[]){"/bin/sleep", mark, NULL});
        poll(NULL, 0, (int)delay_ms);
        kill(parent, SIGKILL);
        waitpid(parent, NULL, 0);
    }
    until(mark, false, 1000);
}

static void the_machine_holds(void **state)
{
    const struct fsm_type *box = NULL;
    char why[128];

    (void)state;
    for (const struct fsm_type *const *type = fsm_all; *type != NULL; type++)
        if (strcmp((*type)->name, "sandbox") == 0) box = *type;
    assert_non_null(box);
    if (!fsm_audit(box, why, sizeof why)) fail_msg("%s", why);
    assert_true(fsm_always_before(box, BOX_LISTENING, BOX_RUNNING)); /* nobody runs before the doors are ours */
}

/* PR_SET_DUMPABLE 0 makes /proc/self root's, in forked children too: the reason for an exec'ed launcher. */
static void a_proxy_that_cannot_be_dumped_starts_one_too(void **state)
{
    (void)state;
    make_folder("/tmp", "dump");
    assert_int_equal(prctl(PR_SET_DUMPABLE, 0), 0);
    RUN("/bin/sh", "-c", "echo x >note; exit 4");
    assert_int_equal(prctl(PR_SET_DUMPABLE, 1), 0);
    assert_int_equal(t.code, 4);
    assert_true(exists("note"));
}

static void input_may_be_a_file(void **state)
{
    int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

    (void)state;
    make_folder("/tmp", "input");
    t.plan.fds[0] = file;
    RUN("/usr/bin/head", "-c", "9");
    close(file);
    assert_string_equal(output(), "root:x:0:");
}

static void starting_is_quick(void **state)
{
    double total = 0, worst = 0, all = 0;
    enum { RUNS = 20 };

    (void)state;
    make_folder("/tmp", "quick");
    for (int i = 0; i < RUNS; i++) {
        RUN("/bin/true");
        total += t.running_ms;
        all += ms_since(&t.started);
        if (t.running_ms > worst) worst = t.running_ms;
    }
    print_message("start to agent %.1f ms (worst %.1f), start to end of `true` %.1f ms, %d runs, %s\n", total / RUNS,
                  worst, all / RUNS, RUNS, geteuid() == 0 ? "root" : "unprivileged");
}

/* --- both ways --------------------------------------------------------------------------------------------- */

static int story(void);

/* As nobody: what an ordinary user's start is. */
static void the_same_without_privileges(void **state)
{
    int status;
    pid_t child;

    (void)state;
    if (geteuid() != 0) skip();
    fflush(NULL);
    child = fork();
    if (child == 0) {
        setenv("HOME", "/nonexistent", 1);
        if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0) _exit(99);
        execl("/proc/self/exe", "sandbox_test", (char *)NULL);
        _exit(98);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int story(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_machine_holds),
        cmocka_unit_test_setup_teardown(every_attack_fails_and_the_folder_keeps_its_owner, begin, finish),
        cmocka_unit_test_setup_teardown(started_by_root_for_a_users_folder_it_is_that_user, begin, finish),
        cmocka_unit_test_setup_teardown(a_folder_below_a_closed_one_is_reached, begin, finish),
        cmocka_unit_test_setup_teardown(the_exit_code_passes_through, begin, finish),
        cmocka_unit_test_setup_teardown(environment_and_files_are_the_plans, begin, finish),
        cmocka_unit_test_setup_teardown(stop_lets_the_agent_say_goodbye, begin, finish),
        cmocka_unit_test_setup_teardown(a_terminal_is_the_agents_to_control, begin, finish),
        cmocka_unit_test_setup_teardown(what_was_freed_is_gone, begin, finish),
        cmocka_unit_test_setup_teardown(a_launcher_that_fails_says_why, begin, finish),
        cmocka_unit_test_setup_teardown(folders_that_are_not_projects_are_refused, begin, finish),
        cmocka_unit_test_setup_teardown(a_dry_run_tells_the_plan, begin, finish),
        cmocka_unit_test_setup_teardown(memory_and_processes_are_limited_where_allowed, begin, finish),
        cmocka_unit_test_setup_teardown(kill_9_of_the_parent_takes_everything_down, begin, finish),
        cmocka_unit_test_setup_teardown(kill_9_while_starting_leaves_nothing, begin, finish),
        cmocka_unit_test_setup_teardown(a_proxy_that_cannot_be_dumped_starts_one_too, begin, finish),
        cmocka_unit_test_setup_teardown(input_may_be_a_file, begin, finish),
        cmocka_unit_test_setup_teardown(starting_is_quick, begin, finish),
        cmocka_unit_test(the_same_without_privileges),
    };

    return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "__init") == 0) {
        (void)prctl(PR_SET_DUMPABLE, 0); /* a file that may not be read (chmod 711) begins like this */
        return launch_main(argc - 1, argv + 1);
    }
    return story();
}
