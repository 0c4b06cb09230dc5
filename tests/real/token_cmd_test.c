/* token_cmd_test.c — real commands that print a credential: what they get, and that nothing of them stays. */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "backends/provision/token.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "tests/real/real.h"

static struct tokens *tokens;
static struct vault *vault;
static struct span refs[4];
static struct policy policy = {.token_refs = refs};
static bool told;
static size_t failure_count;
static char why[200];

static void on_tokens(void *owner, const struct token_failure *failures, size_t count)
{
    (void)owner;
    told = true;
    failure_count = count;
    why[0] = '\0';
    if (count > 0) strncat(why, failures[0].why, sizeof why - 1);
    tokens_free(&tokens); /* from inside its own call */
}

static int begin(void **state)
{
    told = false;
    if (vault_new(4, &vault) != ERR_OK) return -1;
    return real_begin(state);
}

static int finish(void **state)
{
    vault_free(&vault);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    return real_end(state);
}

static void fetch(const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) refs[i] = span_of(list[i]);
    policy.token_ref_count = count;
    assert_int_equal(tokens_fetch(real.loop, &policy, vault, on_tokens, NULL, &tokens), ERR_OK);
    assert_false(told);
    real_until(&told);
}

static void a_program_is_found_as_a_shell_finds_it(void **state)
{
    static const char *const list[] = {"cmd:echo  value of  echo"};
    (void)state;
    fetch(list, 1);
    assert_int_equal(failure_count, 0);
    assert_true(span_is(vault_get(vault, 0), SPAN_LIT("value of echo")));
}

static void no_shell_reads_the_command(void **state)
{
    static const char *const list[] = {"cmd:echo $HOME;echo `id` \"x"};
    (void)state;
    fetch(list, 1);
    assert_true(span_is(vault_get(vault, 0), SPAN_LIT("$HOME;echo `id` \"x")));
}

static void commands_run_side_by_side(void **state)
{
    static const char *const list[] = {"cmd:echo one", "cmd:false", "cmd:echo three", "cmd:/nonexistent/program"};
    (void)state;
    fetch(list, 4);
    assert_int_equal(failure_count, 2);
    assert_true(span_is(vault_get(vault, 0), SPAN_LIT("one")));
    assert_int_equal(vault_get(vault, 1).len, 0);
    assert_true(span_is(vault_get(vault, 2), SPAN_LIT("three")));
}

static void a_variable_that_was_a_token_is_not_in_a_childs_environment(void **state)
{
    static const char *const list[] = {"cmd:printenv TOKEN_CMD_TEST", "env:TOKEN_CMD_TEST"};
    (void)state;
    setenv("TOKEN_CMD_TEST", "value-of-v", 1);
    fetch(list, 2);
    assert_true(span_is(vault_get(vault, 1), SPAN_LIT("value-of-v")));
    assert_int_equal(failure_count, 1); /* printenv found nothing */
    assert_string_equal(why, "the command failed; run it by hand to see why");
}

static void its_errors_and_input_lead_nowhere(void **state)
{
    static const char *const list[] = {"cmd:readlink /proc/self/fd/0 /proc/self/fd/2", "cmd:cat"};
    (void)state;
    fetch(list, 2);
    assert_true(span_is(vault_get(vault, 0), SPAN_LIT("/dev/null")));
    assert_string_equal(why, "the command printed nothing"); /* cat met the end of its input at once */
}

static void a_flood_is_cut_off(void **state)
{
    static const char *const list[] = {"cmd:cat /dev/zero"};
    (void)state;
    fetch(list, 1);
    assert_string_equal(why, "it is longer than a credential may be");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_program_is_found_as_a_shell_finds_it),
        STORY(no_shell_reads_the_command),
        STORY(commands_run_side_by_side),
        STORY(a_variable_that_was_a_token_is_not_in_a_childs_environment),
        STORY(its_errors_and_input_lead_nowhere),
        STORY(a_flood_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
