/* token_test.c — references, and the three sources of a credential: the environment, files, commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/provision/token.h"
#include "backends/provision/token_fsm.h"
#include "backends/provision/token_ref.h"
#include "backends/provision/token_sources.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/net/stream.h"
#include "tests/world/world.h"

static void references_are_read_in_one_way(void **state)
{
    static const struct {
        const char *text, *rest; /* NULL: refused */
        enum token_kind kind;
    } rows[] = {
        {"env:TOKEN", "TOKEN", TOKEN_ENV},
        {"env:_t0", "_t0", TOKEN_ENV},
        {"file:/etc/token", "/etc/token", TOKEN_FILE},
        {"file:~/token", "~/token", TOKEN_FILE},
        {"cmd:pass show x", "pass show x", TOKEN_CMD},
        {"env:", NULL, 0},
        {"env:A B", NULL, 0},
        {"env:1A", NULL, 0},
        {"env:A=B", NULL, 0},
        {"ENV:A", NULL, 0},
        {" env:A", NULL, 0},
        {"file:", NULL, 0},
        {"file:token", NULL, 0},
        {"file:~", NULL, 0},
        {"cmd:", NULL, 0},
        {"cmd:   ", NULL, 0},
        {"cmd:a\nb", NULL, 0},
        {"file:/a\x7f", NULL, 0},
        {"ghp_0123456789", NULL, 0},
        {"", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct token_ref ref = {0};
        const char *why = token_ref_parse(span_of(rows[i].text), &ref);
        if ((why == NULL) != (rows[i].rest != NULL)) fail_msg("%s: %s", rows[i].text, why != NULL ? why : "taken");
        if (why != NULL) continue;
        assert_int_equal(ref.kind, rows[i].kind);
        assert_true(span_is(ref.rest, span_of(rows[i].rest)));
    }
}

static void a_command_has_so_many_words(void **state)
{
    char text[4 + 2 * (COMMAND_WORDS_MAX + 1) + 1] = "cmd:";
    struct token_ref ref;
    (void)state;
    for (size_t i = 0; i < COMMAND_WORDS_MAX; i++) memcpy(text + 4 + 2 * i, "a ", 3);
    assert_null(token_ref_parse(span_of(text), &ref));
    memcpy(text + 4 + 2 * COMMAND_WORDS_MAX, "a ", 3);
    assert_non_null(token_ref_parse(span_of(text), &ref));
}

/* --- env: -------------------------------------------------------------------------------------------------- */

static struct vault *vault;

static int make_vault(void **state)
{
    (void)state;
    return vault_new(4, &vault) == ERR_OK ? 0 : -1;
}

static int drop_vault(void **state)
{
    (void)state;
    vault_free(&vault);
    return 0;
}

static void a_variable_is_taken_away_and_kept_for_the_next(void **state)
{
    char line[] = "TOKEN_TEST_A=value-of-a";
    (void)state;
    assert_int_equal(putenv(line), 0); /* as execve() would: the environment is this very memory */
    assert_null(token_from_env(vault, 0, SPAN_LIT("TOKEN_TEST_A")));
    assert_true(span_is(vault_get(vault, 0), SPAN_LIT("value-of-a")));
    assert_null(getenv("TOKEN_TEST_A"));
    assert_string_equal(line, "TOKEN_TEST_A="); /* wiped in its place */
    assert_null(token_from_env(vault, 1, SPAN_LIT("TOKEN_TEST_A")));
    assert_true(span_is(vault_get(vault, 1), SPAN_LIT("value-of-a")));
}

static void a_variable_set_anew_wins_over_the_kept_one(void **state)
{
    (void)state;
    setenv("TOKEN_TEST_D", "one", 1);
    assert_null(token_from_env(vault, 0, SPAN_LIT("TOKEN_TEST_D")));
    setenv("TOKEN_TEST_D", "two", 1);
    assert_null(token_from_env(vault, 0, SPAN_LIT("TOKEN_TEST_D")));
    assert_true(span_is(vault_get(vault, 0), SPAN_LIT("two")));
}

static void a_variable_that_is_not_usable_is_told(void **state)
{
    (void)state;
    assert_string_equal(token_from_env(vault, 0, SPAN_LIT("TOKEN_TEST_B")), "the variable is not set");
    setenv("TOKEN_TEST_B", "", 1);
    assert_string_equal(token_from_env(vault, 0, SPAN_LIT("TOKEN_TEST_B")), "it is empty");
    setenv("TOKEN_TEST_C", "two\nlines", 1);
    assert_non_null(strstr(token_from_env(vault, 0, SPAN_LIT("TOKEN_TEST_C")), "more than one line"));
    assert_null(getenv("TOKEN_TEST_C")); /* it was a secret all the same */
    assert_int_equal(vault_get(vault, 0).len, 0);
}

/* --- file: ------------------------------------------------------------------------------------------------- */

static const char file_name[] = "/tmp/token_test.token", link_name[] = "/tmp/token_test.link";

static void write_file(const char *text, size_t len, mode_t mode)
{
    FILE *file;
    unlink(file_name);
    file = fopen(file_name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    fclose(file);
    assert_int_equal(chmod(file_name, mode), 0);
}

static const char *from_file(void) { return token_from_file(vault, 0, span_of(file_name)); }

static void a_file_of_ours_is_read(void **state)
{
    static const char *const texts[] = {"value-of-f", "value-of-f\n", "value-of-f\r\n"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        write_file(texts[i], strlen(texts[i]), i == 0 ? 0400 : 0600);
        assert_null(from_file());
        assert_true(span_is(vault_get(vault, 0), SPAN_LIT("value-of-f")));
    }
    unlink(file_name);
}

static void a_file_that_others_may_read_is_refused_with_the_remedy(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0644, 0660, 0601, 0610};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        write_file("value\n", 6, modes[i]);
        assert_string_equal(from_file(), "others may read the file; chmod 600 it");
    }
    write_file("value\n", 6, 0600);
    if (geteuid() == 0) {
        assert_int_equal(chown(file_name, 65534, 65534), 0);
        assert_string_equal(from_file(), "the file belongs to another user; chown it");
    }
    assert_int_equal(vault_get(vault, 0).len, 0);
    unlink(file_name);
}

static void what_is_no_plain_file_is_refused(void **state)
{
    (void)state;
    unlink(link_name);
    write_file("value\n", 6, 0600);
    assert_int_equal(symlink(file_name, link_name), 0);
    assert_string_equal(token_from_file(vault, 0, span_of(link_name)), "it is a symbolic link; name the file itself");
    unlink(link_name);
    unlink(file_name);
    assert_string_equal(from_file(), "there is no such file");
    assert_int_equal(mkfifo(file_name, 0600), 0);
    assert_string_equal(from_file(), "it is no regular file");
    unlink(file_name);
    assert_string_equal(token_from_file(vault, 0, SPAN_LIT("/dev/null")), "it is no regular file");
    assert_string_equal(token_from_file(vault, 0, SPAN_LIT("/")), "it is no regular file");
}

static void a_files_content_is_one_line(void **state)
{
    static char big[SECRET_BYTES_MAX + 10];
    (void)state;
    write_file("", 0, 0600);
    assert_string_equal(from_file(), "it is empty");
    write_file("\n", 1, 0600);
    assert_string_equal(from_file(), "it is empty");
    write_file("a\nb\n", 4, 0600);
    assert_non_null(strstr(from_file(), "more than one line"));
    write_file("a\0b", 3, 0600);
    assert_non_null(strstr(from_file(), "no header field"));
    memset(big, 'a', sizeof big);
    write_file(big, sizeof big, 0600);
    assert_non_null(strstr(from_file(), "longer than a credential"));
    write_file(big, SECRET_BYTES_MAX, 0600);
    assert_null(from_file());
    assert_int_equal(vault_get(vault, 0).len, SECRET_BYTES_MAX);
    unlink(file_name);
}

static void home_is_where_a_tilde_points(void **state)
{
    (void)state;
    write_file("value-of-h\n", 11, 0600);
    setenv("HOME", "/tmp", 1);
    assert_null(token_from_file(vault, 0, SPAN_LIT("~/token_test.token")));
    unsetenv("HOME");
    assert_string_equal(token_from_file(vault, 0, SPAN_LIT("~/token_test.token")),
                        "the path is too long, or HOME is not set");
    unlink(file_name);
}

/* --- cmd: -------------------------------------------------------------------------------------------------- */

static struct tokens *tokens;
static struct stream *printer; /* what the child writes to */
static int told;
static char failures[400]; /* "slot ref: why;" of each */

static void on_tokens(void *owner, const struct token_failure *list, size_t count)
{
    (void)owner;
    told++;
    for (size_t i = 0; i < count; i++) {
        size_t end = strlen(failures);
        snprintf(failures + end, sizeof failures - end, "%zu %.*s: %s;", list[i].slot, SPAN_FMT(list[i].ref),
                 list[i].why);
    }
}

static struct span refs[4];
static struct policy policy = {.token_refs = refs};

static int begin(void **state)
{
    world_begin();
    told = 0;
    failures[0] = '\0';
    policy.token_ref_count = 0;
    return make_vault(state);
}

static int finish(void **state)
{
    tokens_free(&tokens);
    stream_free(&printer);
    world_end();
    return drop_vault(state);
}

static void fetch(const char *ref)
{
    refs[policy.token_ref_count++] = span_of(ref);
    assert_int_equal(tokens_fetch(world.loop, &policy, vault, on_tokens, NULL, &tokens), ERR_OK);
    assert_int_equal(told, 0); /* never from inside */
    printer = world_accept();
}

static void prints(const char *text)
{
    assert_int_equal(stream_write(printer, span_of(text)), ERR_OK);
    world_turn();
}

static void closes_its_output(void)
{
    stream_finish(printer);
    world_turn();
}

static void ends(int code)
{
    world_child_ends(0, code);
    world_turn();
}

static void the_first_line_of_a_command_is_the_value(void **state)
{
    (void)state;
    fetch("cmd:/bin/pass show x");
    assert_string_equal(world_child(0)->path, "/bin/pass");
    prints("val");
    prints("ue\r\nanother line\n");
    ends(0);
    assert_int_equal(told, 1);
    assert_string_equal(failures, "");
    assert_true(span_is(vault_get(vault, 0), SPAN_LIT("value")));
    assert_true(world_child(0)->freed);
}

static void a_line_without_an_end_counts_when_the_output_closes(void **state)
{
    (void)state;
    fetch("cmd:/bin/pass");
    prints("value");
    ends(0);
    assert_int_equal(told, 0); /* more of it may be on its way */
    closes_its_output();
    assert_int_equal(told, 1);
    assert_true(span_is(vault_get(vault, 0), SPAN_LIT("value")));
}

static void a_line_that_comes_after_the_exit_counts(void **state)
{
    (void)state;
    fetch("cmd:/bin/pass");
    ends(0);
    prints("value\n");
    assert_int_equal(told, 1);
    assert_true(span_is(vault_get(vault, 0), SPAN_LIT("value")));
}

static void a_command_that_fails_has_no_value_whatever_it_printed(void **state)
{
    (void)state;
    fetch("cmd:/bin/pass");
    prints("not logged in\n");
    ends(1);
    assert_string_equal(failures, "0 cmd:/bin/pass: the command failed; run it by hand to see why;");
    assert_int_equal(vault_get(vault, 0).len, 0);
}

static void a_command_that_prints_nothing_has_no_value(void **state)
{
    (void)state;
    fetch("cmd:/bin/pass");
    closes_its_output();
    ends(0);
    assert_string_equal(failures, "0 cmd:/bin/pass: the command printed nothing;");
}

static void a_command_that_never_ends_is_killed_in_time(void **state)
{
    (void)state;
    fetch("cmd:/bin/pass");
    world_pass(TOKEN_MS / 2);
    prints("value\n"); /* which does not buy it more time */
    world_pass(TOKEN_MS / 2 - 1);
    assert_int_equal(told, 0);
    world_pass(1);
    assert_string_equal(failures, "0 cmd:/bin/pass: the command took too long;");
    assert_true(world_child(0)->freed);
    assert_int_equal(vault_get(vault, 0).len, 0);
}

static void a_line_without_end_is_cut_off(void **state)
{
    static char big[SECRET_BYTES_MAX + 4];
    (void)state;
    memset(big, 'a', sizeof big - 1);
    fetch("cmd:/bin/pass");
    prints(big);
    assert_string_equal(failures, "0 cmd:/bin/pass: it is longer than a credential may be;");
}

static void a_program_that_is_not_there_is_told(void **state)
{
    (void)state;
    world_child_missing("/bin/absent");
    fetch("cmd:/bin/absent x");
    world_turn();
    assert_string_equal(failures, "0 cmd:/bin/absent x: there is no such program;");
}

static void every_slot_is_told_about_in_one_call(void **state)
{
    (void)state;
    setenv("TOKEN_TEST_E", "value-of-e", 1);
    refs[0] = SPAN_LIT("env:TOKEN_TEST_E");
    refs[1] = SPAN_LIT("file:/nonexistent");
    refs[2] = SPAN_LIT("no reference");
    policy.token_ref_count = 3;
    fetch("cmd:/bin/pass");
    prints("value\n");
    assert_int_equal(told, 0);
    ends(0);
    assert_int_equal(told, 1);
    assert_non_null(
        strstr(failures, "1 file:/nonexistent: there is no such file;2 no reference: this is no reference"));
    assert_true(span_is(vault_get(vault, 0), SPAN_LIT("value-of-e")));
    assert_true(span_is(vault_get(vault, 3), SPAN_LIT("value")));
}

static void a_secret_that_is_too_short_to_be_searched_for_is_told(void **state)
{
    static const struct span names[4] = {{(const uint8_t *)"a", 1}, {NULL, 0}, {(const uint8_t *)"c", 1}};
    (void)state;
    setenv("TOKEN_TEST_F", "7 bytes", 1);
    setenv("TOKEN_TEST_G", "8 bytes.", 1);
    refs[0] = refs[1] = SPAN_LIT("env:TOKEN_TEST_F"); /* slot 1 is a route's: it is injected, whatever its length */
    policy.secret_names = names;
    policy.token_ref_count = 2;
    fetch("env:TOKEN_TEST_G");
    world_turn();
    policy.secret_names = NULL;
    assert_int_equal(told, 1);
    assert_string_equal(failures,
                        "0 env:TOKEN_TEST_F: it has less than 8 bytes: it would be found in honest text too;");
}

static void without_commands_it_is_told_a_turn_later(void **state)
{
    (void)state;
    assert_int_equal(tokens_fetch(world.loop, &policy, vault, on_tokens, NULL, &tokens), ERR_OK);
    assert_int_equal(told, 0);
    world_turn();
    assert_int_equal(told, 1);
}

static void a_fetch_that_is_dropped_kills_what_runs_and_says_nothing(void **state)
{
    (void)state;
    fetch("cmd:/bin/pass");
    tokens_free(&tokens);
    assert_true(world_child(0)->freed);
    world_pass(2 * TOKEN_MS);
    assert_int_equal(told, 0);
}

/* --- the command's machine --------------------------------------------------------------------------------- */

FSM_TYPE_BARE(token_type, "token", TOKEN_STATES, TOKEN_EVENTS, TOKEN_ROWS);

static void nothing_is_had_that_was_not_read(void **state)
{
    char why[200];
    (void)state;
    if (!fsm_audit(&token_type, why, sizeof why)) fail_msg("%s", why);
    assert_true(fsm_always_before(&token_type, TOKEN_READING, TOKEN_HAVE));
}

#define WORLD(name) cmocka_unit_test_setup_teardown(name, begin, finish)
#define STORY(name) cmocka_unit_test_setup_teardown(name, make_vault, drop_vault)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_read_in_one_way),
        cmocka_unit_test(a_command_has_so_many_words),
        STORY(a_variable_is_taken_away_and_kept_for_the_next),
        STORY(a_variable_set_anew_wins_over_the_kept_one),
        STORY(a_variable_that_is_not_usable_is_told),
        STORY(a_file_of_ours_is_read),
        STORY(a_file_that_others_may_read_is_refused_with_the_remedy),
        STORY(what_is_no_plain_file_is_refused),
        STORY(a_files_content_is_one_line),
        STORY(home_is_where_a_tilde_points),
        WORLD(the_first_line_of_a_command_is_the_value),
        WORLD(a_line_without_an_end_counts_when_the_output_closes),
        WORLD(a_line_that_comes_after_the_exit_counts),
        WORLD(a_command_that_fails_has_no_value_whatever_it_printed),
        WORLD(a_command_that_prints_nothing_has_no_value),
        WORLD(a_command_that_never_ends_is_killed_in_time),
        WORLD(a_line_without_end_is_cut_off),
        WORLD(a_program_that_is_not_there_is_told),
        WORLD(every_slot_is_told_about_in_one_call),
        WORLD(a_secret_that_is_too_short_to_be_searched_for_is_told),
        WORLD(without_commands_it_is_told_a_turn_later),
        WORLD(a_fetch_that_is_dropped_kills_what_runs_and_says_nothing),
        cmocka_unit_test(nothing_is_had_that_was_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
