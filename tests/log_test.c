/* log_test.c — a line is one write, says when in UTC, escapes what came from outside, and never shows a secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "reactor/base/limits.h"
#include "reactor/base/log.h"

static int ends[2]; /* SOCK_SEQPACKET: each write is one message */
static char line[2 * LOG_LINE_MAX];

static int begin(void **state)
{
    (void)state;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) != 0) return 1;
    log_to(ends[1]);
    log_level(LOG_LEVEL_INFO);
    return 0;
}

static int end(void **state)
{
    (void)state;
    log_to(STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

/* The one message that waits, behind its time; "" when none does. */
static const char *written(void)
{
    ssize_t len = recv(ends[0], line, sizeof line - 1, 0);

    if (len < 0) return "";
    line[len] = '\0';
    assert_true(line[len - 1] == '\n');
    assert_ptr_equal(strchr(line, '\n'), line + len - 1);
    assert_memory_equal(line, "t=", 2);
    return strchr(line, ' ');
}

static void each_kind_of_field_prints_in_its_way(void **state)
{
    (void)state;
    LOG(INFO, "a.thing", F_ID("id", 7), F_NUM("count", UINT64_MAX), F_MS("took", 12), F_BYTES("up", 5),
        F_STR("host", SPAN_LIT("a.example.com")), F_TEXT("why", "ended"), F_TEXT("nothing", NULL));
    assert_string_equal(written(), " INFO a.thing id=7 count=18446744073709551615 took_ms=12 up_bytes=5 "
                                   "host=a.example.com why=ended nothing=-\n");
    assert_string_equal(written(), "");
}

static void text_from_outside_stays_in_its_value(void **state)
{
    (void)state;
    LOG(WARN, "a.thing", F_STR("v", SPAN_LIT("a b\n=\"\\\x1b[1m\x7f\0\xc3\xa4")), F_TEXT("w", "x\ry"));
    assert_string_equal(written(),
                        " WARN a.thing v=a\\x20b\\x0a\\x3d\\x22\\x5c\\x1b[1m\\x7f\\x00\\xc3\\xa4 w=x\\x0dy\n");
}

static void of_a_secret_only_the_length_is_told(void **state)
{
    (void)state;
    LOG(ERROR, "a.thing", F_SECRET("auth", SPAN_LIT("hunter2")), F_SECRET("none", (struct span){0}));
    assert_string_equal(written(), " ERROR a.thing auth=<secret:7> none=<secret:0>\n");
}

static void a_line_has_a_bound_and_says_when_it_was_cut(void **state)
{
    static uint8_t bytes[2 * LOG_LINE_MAX];
    size_t longest = 0, cut = 0;

    (void)state;
    for (size_t escape = 0; escape < 2; escape++)
        for (size_t len = 0; len < sizeof bytes; len += 7) {
            memset(bytes, escape ? '\n' : 'x', sizeof bytes);
            LOG(INFO, "a.thing", F_STR("v", ((struct span){bytes, len})), F_NUM("n", 123456789));
            const char *got = written();
            size_t size = strlen(line);
            assert_true(got[0] == ' ');
            assert_true(size <= LOG_LINE_MAX);
            if (size > longest) longest = size;
            if (strcmp(line + size - 4, "...\n") == 0)
                cut++;
            else
                assert_non_null(strstr(line, " n=123456789\n"));
        }
    assert_true(longest > LOG_LINE_MAX - 8);
    assert_true(cut > 100);
}

static void the_time_is_rfc_3339_in_utc(void **state)
{
    struct timespec before, after;
    time_t then;
    struct tm tm = {0};
    int ms;

    (void)state;
    clock_gettime(CLOCK_REALTIME, &before);
    LOG(INFO, "a.thing", F_NUM("n", 1));
    clock_gettime(CLOCK_REALTIME, &after);
    written();
    assert_int_equal(sscanf(line, "t=%4d-%2d-%2dT%2d:%2d:%2d.%3dZ ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
                            &tm.tm_min, &tm.tm_sec, &ms),
                     7);
    assert_memory_equal(line + 25, "Z INFO", 6);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    then = timegm(&tm);
    assert_true(then >= before.tv_sec && then <= after.tv_sec);
}

static void what_is_below_the_level_is_dropped(void **state)
{
    (void)state;
    LOG(DEBUG, "a.thing", F_NUM("n", 1));
    assert_string_equal(written(), "");
    log_level(LOG_LEVEL_DEBUG);
    LOG(DEBUG, "a.thing", F_NUM("n", 1));
    assert_string_equal(written(), " DEBUG a.thing n=1\n");
    log_level(LOG_LEVEL_ERROR);
    LOG(WARN, "a.thing", F_NUM("n", 1));
    assert_string_equal(written(), "");
    LOG(ERROR, "a.thing", F_NUM("n", 1));
    assert_string_equal(written(), " ERROR a.thing n=1\n");
}

static void a_log_that_is_full_stops_nobody(void **state)
{
    (void)state;
    for (size_t i = 0; i < 10000; i++) LOG(INFO, "a.thing", F_NUM("n", i));
    assert_string_equal(written(), " INFO a.thing n=0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_kind_of_field_prints_in_its_way, begin, end),
        cmocka_unit_test_setup_teardown(text_from_outside_stays_in_its_value, begin, end),
        cmocka_unit_test_setup_teardown(of_a_secret_only_the_length_is_told, begin, end),
        cmocka_unit_test_setup_teardown(a_line_has_a_bound_and_says_when_it_was_cut, begin, end),
        cmocka_unit_test_setup_teardown(the_time_is_rfc_3339_in_utc, begin, end),
        cmocka_unit_test_setup_teardown(what_is_below_the_level_is_dropped, begin, end),
        cmocka_unit_test_setup_teardown(a_log_that_is_full_stops_nobody, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
