/* poke_test.c — a proxy's bell: who rings it is heard once and never waits, and it lives as long as its proxy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "reactor/net/poke.h"
#include "tests/real/real.h"

#define RUN     0xfeedfacecafebeefu
#define TOP     "/tmp/bottled-poke-XXXXXX"
#define TOP_LEN ((int)sizeof TOP - 1)

static char folder[400];
static size_t calls;
static bool called;

static int begin(void **state)
{
    snprintf(folder, sizeof folder, TOP);
    calls = 0;
    called = false;
    return mkdtemp(folder) != NULL ? real_begin(state) : -1;
}

static int end(void **state)
{
    char command[440];

    snprintf(command, sizeof command, "rm -rf %.*s", TOP_LEN, folder);
    return system(command) == 0 ? real_end(state) : -1;
}

static void on_ring(void *owner)
{
    assert_ptr_equal(owner, &calls);
    calls++;
    called = true;
}

static struct poke *bell_of(uint64_t run)
{
    struct poke *bell = NULL;

    assert_int_equal(poke_new(real.loop, folder, run, on_ring, &calls, &bell), ERR_OK);
    return bell;
}

static const char *path_of(const char *name)
{
    static char path[440];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void it_is_heard_once_however_often_it_is_rung(void **state)
{
    struct poke *bell = bell_of(RUN);

    (void)state;
    for (int i = 0; i < 3; i++) assert_int_equal(poke_ring(folder, RUN), ERR_OK);
    real_until(&called);
    real_pass(20);
    assert_int_equal(calls, 1);
    called = false;
    assert_int_equal(poke_ring(folder, RUN), ERR_OK);
    real_until(&called);
    assert_int_equal(calls, 2);
    poke_free(&bell);
}

/* More than its socket holds, while its proxy is busy: a ringer that waited would hang here. */
static void who_rings_never_waits(void **state)
{
    struct poke *bell = bell_of(RUN);

    (void)state;
    for (int i = 0; i < 5000; i++) assert_int_equal(poke_ring(folder, RUN), ERR_OK);
    real_until(&called);
    assert_int_equal(calls, 1);
    poke_free(&bell);
}

static void it_lives_until_it_is_freed_and_is_ours_alone(void **state)
{
    struct poke *bell = bell_of(RUN);
    struct stat is;

    (void)state;
    assert_true(poke_lives(folder, RUN));
    assert_int_equal(stat(path_of("feedfacecafebeef.bell"), &is), 0);
    assert_int_equal(is.st_mode & 0777, 0600);
    poke_free(&bell);
    assert_null(bell);
    assert_false(poke_lives(folder, RUN));
    assert_int_not_equal(stat(path_of("feedfacecafebeef.bell"), &is), 0);
    assert_int_equal(poke_ring(folder, RUN), ERR_NOT_FOUND);
}

/* What a killed proxy leaves: a name that nobody answers. */
static void a_dead_one_is_taken_away_by_who_finds_it(void **state)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    (void)state;
    snprintf(at.sun_path, sizeof at.sun_path, "%.*s/0000000000000007.bell", TOP_LEN, folder);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    close(fd);
    assert_false(poke_lives(folder, 7));
    assert_int_equal(access(at.sun_path, F_OK), -1);
    assert_int_equal(poke_ring(folder, 7), ERR_NOT_FOUND);
}

static void nobody_is_in_a_folder_that_is_not_there(void **state)
{
    struct poke *bell = NULL;

    (void)state;
    snprintf(folder + strlen(folder), sizeof folder - strlen(folder), "/none");
    assert_int_equal(poke_ring(folder, RUN), ERR_NOT_FOUND);
    assert_false(poke_lives(folder, RUN));
    assert_int_equal(poke_new(real.loop, folder, RUN, on_ring, &calls, &bell), ERR_SYS);
}

/* A socket's path has 107 bytes. */
static void a_long_name_of_the_folder_is_no_matter(void **state)
{
    size_t len = strlen(folder);

    (void)state;
    memset(folder + len, 'n', 255);
    folder[len] = '/';
    folder[len + 255] = '\0';
    assert_int_equal(mkdir(folder, 0700), 0);
    struct poke *bell = bell_of(RUN);
    assert_int_equal(poke_ring(folder, RUN), ERR_OK);
    real_until(&called);
    poke_free(&bell);
}

static void a_second_one_of_a_run_leaves_the_first_in_its_place(void **state)
{
    struct poke *bell = bell_of(RUN), *second = NULL;

    (void)state;
    assert_int_equal(poke_new(real.loop, folder, RUN, on_ring, &calls, &second), ERR_SYS);
    assert_int_equal(poke_ring(folder, RUN), ERR_OK);
    real_until(&called);
    poke_free(&bell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_heard_once_however_often_it_is_rung, begin, end),
        cmocka_unit_test_setup_teardown(who_rings_never_waits, begin, end),
        cmocka_unit_test_setup_teardown(it_lives_until_it_is_freed_and_is_ours_alone, begin, end),
        cmocka_unit_test_setup_teardown(a_dead_one_is_taken_away_by_who_finds_it, begin, end),
        cmocka_unit_test_setup_teardown(nobody_is_in_a_folder_that_is_not_there, begin, end),
        cmocka_unit_test_setup_teardown(a_long_name_of_the_folder_is_no_matter, begin, end),
        cmocka_unit_test_setup_teardown(a_second_one_of_a_run_leaves_the_first_in_its_place, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
