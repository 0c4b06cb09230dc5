/* spool_test.c — what goes in comes out, in order and again; the disk sees none of it; bounds hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/base/limits.h"

/* The real bounds are gigabytes; these are as far apart. */
#undef SPOOL_TOTAL_MAX
#define BODY_MAX        KIB(768)
#define SPOOL_TOTAL_MAX KIB(1024)
#include "reactor/base/spool.c"

#define BODY_BYTES (SPOOL_MEMORY_MAX + 3 * SPOOL_PIECE_BYTES + 5)
static uint8_t body[BODY_BYTES];

static int fill(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof body; i++) body[i] = (uint8_t)(i * 7 + i / 251 + i / 65536);
    return 0;
}

static void expect_body(struct spool *spool, size_t len)
{
    struct span piece;
    size_t at = 0;

    assert_int_equal(spool_len(spool), len);
    for (;;) {
        assert_int_equal(spool_read(spool, &piece), ERR_OK);
        if (piece.len == 0) break;
        assert_true(piece.len <= SPOOL_PIECE_BYTES && piece.len <= len - at);
        assert_memory_equal(piece.at, body + at, piece.len);
        at += piece.len;
    }
    assert_int_equal(at, len);
}

static void a_body_comes_back_however_it_was_cut(void **state)
{
    static const size_t steps[] = {1021, 4096, 65535, 65536, 65537, BODY_BYTES};
    static const size_t lens[] = {0, 1, SPOOL_MEMORY_MAX - 1, SPOOL_MEMORY_MAX, SPOOL_MEMORY_MAX + 1, BODY_BYTES};

    (void)state;
    for (size_t s = 0; s < COUNT_OF(steps); s++)
        for (size_t l = 0; l < COUNT_OF(lens); l++) {
            struct span rest = {body, lens[l]};
            AUTO(spool) spool = NULL;
            assert_int_equal(spool_new(BODY_MAX, &spool), ERR_OK);
            for (; rest.len > 0; rest = span_from(rest, span_first(rest, steps[s]).len))
                assert_int_equal(spool_append(spool, span_first(rest, steps[s])), ERR_OK);
            expect_body(spool, lens[l]);
            spool_rewind(spool); /* a retry */
            expect_body(spool, lens[l]);
        }
}

static void reading_may_start_before_the_end_has_come(void **state)
{
    AUTO(spool) spool = NULL;
    struct span piece;
    size_t at = 0;

    (void)state;
    assert_int_equal(spool_new(BODY_MAX, &spool), ERR_OK);
    for (size_t to = 1000; to <= sizeof body; to += 30011) {
        assert_int_equal(spool_append(spool, (struct span){body + at, to - at}), ERR_OK);
        while (at < to) {
            assert_int_equal(spool_read(spool, &piece), ERR_OK);
            assert_memory_equal(piece.at, body + at, piece.len);
            at += piece.len;
        }
        assert_int_equal(spool_read(spool, &piece), ERR_OK);
        assert_int_equal(piece.len, 0);
    }
}

/* The descriptor of the only deleted file this process has open, or -1. */
static int deleted_file(void)
{
    DIR *folder = opendir("/proc/self/fd");
    char path[300], target[300];
    int fd = -1;

    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        ssize_t len = readlink(path, target, sizeof target - 1);
        if (len < 0) continue;
        target[len] = '\0';
        if (strstr(target, "(deleted)") != NULL) fd = (int)strtol(entry->d_name, NULL, 10);
    }
    closedir(folder);
    return fd;
}

static void the_disk_sees_noise_and_never_the_same_twice(void **state)
{
    static const char text[] = "Authorization: Bearer a-secret-that-must-not-rest-on-a-disk";
    static uint8_t seen[2][4096];

    (void)state;
    for (size_t turn = 0; turn < 2; turn++) {
        AUTO(spool) spool = NULL;
        assert_int_equal(spool_new(BODY_MAX, &spool), ERR_OK);
        assert_int_equal(deleted_file(), -1);
        assert_int_equal(spool_append(spool, (struct span){body, SPOOL_MEMORY_MAX}), ERR_OK);
        assert_int_equal(deleted_file(), -1);
        for (size_t i = 0; i < 100; i++) assert_int_equal(spool_append(spool, span_of(text)), ERR_OK);
        int fd = deleted_file();
        assert_true(fd >= 0);
        assert_int_equal(lseek(fd, 0, SEEK_END), 100 * strlen(text));
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
        assert_int_equal(pread(fd, seen[turn], sizeof seen[turn], 0), sizeof seen[turn]);
        for (size_t i = 0; i + 16 <= sizeof seen[turn]; i++) {
            assert_null(memmem(text, strlen(text), seen[turn] + i, 8));
            if (i >= 16) assert_memory_not_equal(seen[turn] + i, seen[turn], 16); /* no block repeats the first */
        }
    }
    assert_memory_not_equal(seen[0], seen[1], 4096); /* nor does another spool */
    assert_int_equal(deleted_file(), -1);
}

static void a_full_disk_breaks_the_spool_and_nothing_else(void **state)
{
    struct rlimit old, tiny;
    AUTO(spool) spool = NULL;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tiny = old;
    tiny.rlim_cur = 100000;
    assert_int_equal(spool_new(BODY_MAX, &spool), ERR_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
    assert_int_equal(spool_append(spool, (struct span){body, sizeof body}), ERR_SYS);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(spool_append(spool, SPAN_LIT("more")), ERR_SYS);
    spool_free(&spool);
    assert_int_equal(spool_new(BODY_MAX, &spool), ERR_OK);
    assert_int_equal(spool_append(spool, (struct span){body, sizeof body}), ERR_OK);
    expect_body(spool, sizeof body);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
    AUTO(spool) spool = NULL;

    (void)state;
    setenv("TMPDIR", "/nonexistent", 1);
    assert_int_equal(spool_new(BODY_MAX, &spool), ERR_OK);
    assert_int_equal(spool_append(spool, (struct span){body, SPOOL_MEMORY_MAX}), ERR_OK);
    assert_int_equal(spool_append(spool, SPAN_LIT("x")), ERR_SYS);
    unsetenv("TMPDIR");
}

/* How much of size KiB more a spool takes, a KiB at a time. */
static size_t kibs_taken(struct spool *spool, size_t size)
{
    size_t taken = 0;

    while (taken < size && spool_append(spool, (struct span){body, KIB(1)}) == ERR_OK) taken++;
    return taken;
}

static void bounds_are_refusals_and_take_nothing(void **state)
{
    struct spool *one = NULL, *other = NULL;

    (void)state;
    assert_int_equal(spool_new(BODY_MAX, &one), ERR_OK);
    assert_int_equal(spool_new(BODY_MAX, &other), ERR_OK);
    assert_int_equal(spool_append(one, (struct span){body, SIZE_MAX}), ERR_LIMIT);
    assert_int_equal(spool_len(one), 0);
    assert_int_equal(kibs_taken(one, 2048), 768); /* memory and disk */
    assert_int_equal(spool_append(one, SPAN_LIT("x")), ERR_LIMIT);
    assert_int_equal(kibs_taken(other, 2048), 1024 - 768); /* of all */
    assert_int_equal(spool_append(other, SPAN_LIT("x")), ERR_LIMIT);
    spool_free(&one);
    assert_int_equal(kibs_taken(other, 2048), 768 - 256); /* what is freed counts no more */
    spool_free(&other);
    assert_int_equal(total, 0);
}

static void every_allocation_may_fail(void **state)
{
    enum err err = ERR_NOMEM;

    (void)state;
    for (size_t n = 1; err != ERR_OK; n++) {
        AUTO(spool) spool = NULL;
        mem_fail_at(n);
        err = spool_new(BODY_MAX, &spool);
        if (err == ERR_OK) err = spool_append(spool, (struct span){body, sizeof body});
        assert_true(err == ERR_OK || err == ERR_NOMEM);
        assert_true(n < 10);
    }
    mem_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_comes_back_however_it_was_cut),
        cmocka_unit_test(reading_may_start_before_the_end_has_come),
        cmocka_unit_test(the_disk_sees_noise_and_never_the_same_twice),
        cmocka_unit_test(a_full_disk_breaks_the_spool_and_nothing_else),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
        cmocka_unit_test(bounds_are_refusals_and_take_nothing),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
