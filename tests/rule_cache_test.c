/* rule_cache_test.c — compiled rules on disk: found again, noticed when they are not what they should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backends/manifest/rule_cache.h"
#include "backends/manifest/rule_file.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

static char root[64], folder[80], path[512];
static struct rule_set *rules;

static int make_root(void **state)
{
    static const char yaml[] = "rules: [{id: acme, title: Acme, pattern: 'acme_[0-9a-f]{16}', rung: prefix}]\n";
    struct manifest_errors errors = manifest_errors_begin();
    (void)state;
    strcpy(root, "/tmp/rule_cache_test.XXXXXX");
    if (mkdtemp(root) == NULL) return -1;
    snprintf(folder, sizeof folder, "%s/cache", root);
    return rules_read(&errors, &(struct rule_text){"m", span_of(yaml), false}, 1, &rules) == ERR_OK && rules != NULL
               ? 0
               : -1;
}

/* The names in the cache; the last is in path. */
static size_t list_cache(bool remove)
{
    DIR *dir = opendir(folder);
    size_t count = 0;

    if (dir == NULL) return 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (remove) unlink(path);
        count++;
    }
    closedir(dir);
    return count;
}

static int remove_root(void **state)
{
    (void)state;
    rule_set_free(&rules);
    if (unlink(folder) != 0 && chmod(folder, 0700) == 0) { /* a story's link first: chmod() would follow it */
        list_cache(true);
        rmdir(folder);
    }
    return rmdir(root);
}

static enum rule_cache_use open_cache(void)
{
    struct rule_fault fault;
    enum rule_cache_use use;
    AUTO(engine) engine = NULL;

    assert_int_equal(rule_cache_open(root, rules, &fault, &use, &engine), ERR_OK);
    assert_non_null(engine);
    assert_int_equal(engine_was_cached(engine), use <= RULE_CACHE_USED);
    return use;
}

/* ERR_OK only where nothing has to be compiled. */
static enum err find_cache(void)
{
    enum rule_cache_use use;
    AUTO(engine) engine = NULL;
    enum err err = rule_cache_find(root, rules, &use, &engine);

    assert_true(err == ERR_OK ? engine != NULL && use == RULE_CACHE_USED : engine == NULL);
    return err;
}

static void what_was_compiled_once_is_there_the_next_time(void **state)
{
    struct stat stat_;
    (void)state;
    assert_int_equal(find_cache(), ERR_NOT_FOUND);
    assert_int_equal(list_cache(false), 0);
    assert_int_equal(open_cache(), RULE_CACHE_NEW);
    assert_int_equal(find_cache(), ERR_OK);
    assert_int_equal(open_cache(), RULE_CACHE_USED);
    assert_int_equal(list_cache(false), 1); /* and nothing beside it */
    assert_int_equal(stat(path, &stat_), 0);
    assert_int_equal(stat_.st_mode & 0777, 0600);
    assert_int_equal(stat(folder, &stat_), 0);
    assert_int_equal(stat_.st_mode & 0777, 0700);
}

static void other_rules_have_another_file(void **state)
{
    (void)state;
    assert_int_equal(open_cache(), RULE_CACHE_NEW);
    ((struct rule *)rules->list)[0].nocase = true;
    assert_int_equal(find_cache(), ERR_NOT_FOUND);
    assert_int_equal(open_cache(), RULE_CACHE_NEW);
    assert_int_equal(list_cache(false), 2);
}

static void what_we_ship_is_in_the_program_whatever_is_off(void **state)
{
    struct manifest_errors errors = manifest_errors_begin();
    (void)state;
    rule_set_free(&rules);
    assert_int_equal(rules_read_shipped(&errors, &rules), ERR_OK);
    manifest_errors_end(&errors);
    assert_int_equal(open_cache(), RULE_CACHE_SHIPPED);
    assert_true(rule_set_off(rules, SPAN_LIT("github-pat")));
    assert_int_equal(open_cache(), RULE_CACHE_SHIPPED);
    assert_int_equal(list_cache(false), 0);
}

static void age(time_t days)
{
    const struct timespec then = {.tv_sec = time(NULL) - days * 24 * 60 * 60};

    assert_int_equal(utimensat(AT_FDCWD, path, (const struct timespec[]){then, then}, 0), 0);
}

static void what_nobody_used_for_long_is_removed(void **state)
{
    (void)state;
    assert_int_equal(open_cache(), RULE_CACHE_NEW);
    assert_int_equal(list_cache(false), 1);
    age(RULE_CACHE_DAYS + 1);
    ((struct rule *)rules->list)[0].nocase = true;
    assert_int_equal(open_cache(), RULE_CACHE_NEW);
    assert_int_equal(list_cache(false), 1);
    ((struct rule *)rules->list)[0].nocase = false;
    assert_int_equal(find_cache(), ERR_NOT_FOUND);
}

static void what_is_used_stays(void **state)
{
    (void)state;
    assert_int_equal(open_cache(), RULE_CACHE_NEW);
    assert_int_equal(list_cache(false), 1);
    age(RULE_CACHE_DAYS + 1);
    assert_int_equal(find_cache(), ERR_OK);
    ((struct rule *)rules->list)[0].nocase = true;
    assert_int_equal(open_cache(), RULE_CACHE_NEW);
    assert_int_equal(list_cache(false), 2);
}

static void damage(off_t at, off_t len)
{
    int fd = open(path, O_RDWR);
    uint8_t byte;

    assert_true(fd >= 0);
    if (len >= 0) assert_int_equal(ftruncate(fd, len), 0);
    if (len < 0) {
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    close(fd);
}

static void a_damaged_file_is_noticed_and_made_anew(void **state)
{
    struct stat whole, again;
    (void)state;
    assert_int_equal(open_cache(), RULE_CACHE_NEW);
    assert_int_equal(list_cache(false), 1);
    assert_int_equal(stat(path, &whole), 0);
    for (off_t at = 0; at < whole.st_size; at += whole.st_size / 60 + 1) { /* a bit of it, wherever */
        damage(at, -1);
        assert_int_equal(find_cache(), ERR_DENIED);
        assert_int_equal(find_cache(), ERR_NOT_FOUND); /* it was thrown away */
        assert_int_equal(open_cache(), RULE_CACHE_NEW);
        assert_int_equal(open_cache(), RULE_CACHE_USED);
    }
    for (off_t len = 0; len < whole.st_size; len += whole.st_size / 10 + 1) { /* its end is gone */
        damage(0, len);
        assert_int_equal(open_cache(), RULE_CACHE_NEW);
        assert_int_equal(stat(path, &again), 0);
        assert_int_equal(again.st_size, whole.st_size);
    }
    assert_int_equal(list_cache(false), 1);
}

static void a_file_that_others_may_write_is_not_believed(void **state)
{
    (void)state;
    assert_int_equal(open_cache(), RULE_CACHE_NEW);
    assert_int_equal(list_cache(false), 1);
    assert_int_equal(chmod(path, 0620), 0);
    assert_int_equal(open_cache(), RULE_CACHE_NEW);
    assert_int_equal(open_cache(), RULE_CACHE_USED);
}

static void a_link_in_its_place_is_not_followed(void **state)
{
    char aside[600];
    (void)state;
    assert_int_equal(open_cache(), RULE_CACHE_NEW);
    assert_int_equal(list_cache(false), 1);
    snprintf(aside, sizeof aside, "%s.aside", path);
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(symlink(aside, path), 0);
    assert_int_equal(open_cache(), RULE_CACHE_NEW);
    assert_int_equal(open_cache(), RULE_CACHE_USED); /* the link is gone */
}

static void where_nothing_can_be_kept_it_works_as_well(void **state)
{
    struct rule_fault fault;
    enum rule_cache_use use;
    struct engine *engine = NULL;
    (void)state;
    assert_int_equal(symlink("/dev/null", folder), 0); /* no folder: root may write into any */
    assert_int_equal(open_cache(), RULE_CACHE_UNKEPT);
    assert_int_equal(rule_cache_open(NULL, rules, &fault, &use, &engine), ERR_OK);
    assert_int_equal(use, RULE_CACHE_UNKEPT);
    engine_free(&engine);
}

static void a_rule_that_is_no_pattern_is_named(void **state)
{
    struct rule wrong = {
        .id = SPAN_LIT("wrong"), .title = SPAN_LIT("W"), .pattern = SPAN_LIT("(a"), .rung = RUNG_PREFIX};
    struct rule_set set = {.list = &wrong, .count = 1};
    struct rule_fault fault = {0};
    enum rule_cache_use use;
    struct engine *engine = NULL;
    (void)state;
    assert_int_equal(rule_cache_open(root, &set, &fault, &use, &engine), ERR_SYNTAX);
    assert_true(fault.rule == &wrong && fault.why[0] != '\0');
    assert_null(engine);
    assert_int_equal(list_cache(false), 0);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(what_was_compiled_once_is_there_the_next_time),
        STORY(other_rules_have_another_file),
        STORY(what_we_ship_is_in_the_program_whatever_is_off),
        STORY(what_nobody_used_for_long_is_removed),
        STORY(what_is_used_stays),
        STORY(a_damaged_file_is_noticed_and_made_anew),
        STORY(a_file_that_others_may_write_is_not_believed),
        STORY(a_link_in_its_place_is_not_followed),
        STORY(where_nothing_can_be_kept_it_works_as_well),
        STORY(a_rule_that_is_no_pattern_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
