/* vault_test.c — what a vault takes, keeps and forgets; locked pages and encodings under it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dlp/secrets/vault.h"
#include "reactor/base/encode.h"
#include "reactor/base/locked.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

static void a_slot_holds_its_latest_value(void **state)
{
    AUTO(vault) vault = NULL;

    (void)state;
    assert_int_equal(vault_new(2, &vault), ERR_OK);
    assert_int_equal(vault_slots(vault), 2);
    assert_int_equal(vault_get(vault, 1).len, 0);
    assert_int_equal(vault_set(vault, 1, SPAN_LIT("first value")), ERR_OK);
    assert_int_equal(vault_set(vault, 1, SPAN_LIT("second")), ERR_OK);
    assert_true(span_is(vault_get(vault, 1), SPAN_LIT("second")));
    assert_int_equal(vault_get(vault, 0).len, 0);
}

static void what_no_field_can_carry_is_refused_and_the_old_value_stays(void **state)
{
    static const struct span bad[] = {
        SPAN_LIT(""),       SPAN_LIT("a\nb"), SPAN_LIT("a\r"), SPAN_LIT("a\0b"), SPAN_LIT("a\x7f"),
        SPAN_LIT("a\x1b["), SPAN_LIT(" a"),   SPAN_LIT("a "),  SPAN_LIT("\ta"),  SPAN_LIT(" "),
    };
    static const struct span good[] = {SPAN_LIT("a b"), SPAN_LIT("a\tb"), SPAN_LIT("\xc3\xa4"), SPAN_LIT("!")};
    AUTO(vault) vault = NULL;

    (void)state;
    assert_int_equal(vault_new(1, &vault), ERR_OK);
    assert_int_equal(vault_set(vault, 0, SPAN_LIT("kept")), ERR_OK);
    for (size_t i = 0; i < COUNT_OF(bad); i++) assert_int_equal(vault_set(vault, 0, bad[i]), ERR_SYNTAX);
    assert_true(span_is(vault_get(vault, 0), SPAN_LIT("kept")));
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_int_equal(vault_set(vault, 0, good[i]), ERR_OK);
        assert_true(span_is(vault_get(vault, 0), good[i]));
    }
}

static void a_value_and_a_vault_have_a_bound(void **state)
{
    uint8_t longest[SECRET_BYTES_MAX + 1];
    AUTO(vault) vault = NULL;

    (void)state;
    memset(longest, 'x', sizeof longest);
    assert_int_equal(vault_new(SECRET_COUNT_MAX + 1, &vault), ERR_LIMIT);
    assert_int_equal(vault_new(SECRET_COUNT_MAX, &vault), ERR_OK);
    assert_int_equal(vault_set(vault, 0, (struct span){longest, SECRET_BYTES_MAX + 1}), ERR_LIMIT);
    for (size_t i = 0; i < SECRET_COUNT_MAX; i++)
        assert_int_equal(vault_set(vault, i, (struct span){longest, SECRET_BYTES_MAX}), ERR_OK);
    assert_int_equal(vault_get(vault, SECRET_COUNT_MAX - 1).len, SECRET_BYTES_MAX);
}

static void no_memory_is_an_error(void **state)
{
    struct vault *vault = NULL;

    (void)state;
    mem_fail_at(1);
    assert_int_equal(vault_new(1, &vault), ERR_NOMEM);
    mem_fail_at(0);
    assert_null(vault);
}

/* The line of the mapping that holds at, from /proc/self/smaps, of that key. */
static bool smaps_says(const uint8_t *at, const char *key, const char *word)
{
    FILE *smaps = fopen("/proc/self/smaps", "r");
    char line[512];
    bool inside = false, found = false;
    uintptr_t from, to;

    assert_non_null(smaps);
    while (fgets(line, sizeof line, smaps) != NULL) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2 && strchr(line, '-') < strchr(line, ' '))
            inside = (uintptr_t)at >= from && (uintptr_t)at < to;
        else if (inside && strncmp(line, key, strlen(key)) == 0)
            found = strstr(line, word) != NULL;
    }
    fclose(smaps);
    return found;
}

static void locked_pages_are_neither_dumped_nor_inherited(void **state)
{
    uint8_t *at = NULL;
    pid_t child;
    int status;

    (void)state;
    assert_int_equal(locked_copy(SPAN_LIT("a secret"), &at), ERR_OK);
    assert_memory_equal(at, "a secret", 8);
    assert_true(smaps_says(at, "VmFlags:", " dd"));
    assert_true(smaps_says(at, "VmFlags:", " wf"));
    child = fork();
    if (child == 0) _exit(at[0] == 0 && at[7] == 0 ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    locked_free(&at, 8);
    assert_null(at);
    locked_free(&at, 8);
}

static void running_off_a_locked_page_is_fatal(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const volatile uint8_t *outside[2];
    uint8_t *at = NULL;
    int status;

    (void)state;
    assert_int_equal(locked_copy(SPAN_LIT("x"), &at), ERR_OK);
    outside[0] = at - 1;
    outside[1] = at + page;
    for (size_t i = 0; i < COUNT_OF(outside); i++) {
        pid_t child = fork();
        if (child == 0) {
            signal(SIGSEGV, SIG_DFL); /* cmocka's own handler would go on with the next test */
            _exit(*outside[i] & 0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    }
    locked_free(&at, 1);
}

static void base64_and_hex_are_those_of_rfc_4648(void **state)
{
    static const char *const rows[][3] = {
        {"", "", ""},
        {"f", "Zg==", "66"},
        {"fo", "Zm8=", "666f"},
        {"foo", "Zm9v", "666f6f"},
        {"foob", "Zm9vYg==", "666f6f62"},
        {"fooba", "Zm9vYmE=", "666f6f6261"},
        {"foobar", "Zm9vYmFy", "666f6f626172"},
        {"\xfb\xef\xff", "++//", "fbefff"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf out = {0};
        assert_int_equal(encode_base64(&out, span_of(rows[i][0]), BASE64_STANDARD), ERR_OK);
        assert_true(span_is(buf_span(&out), span_of(rows[i][1])));
        buf_clear(&out);
        assert_int_equal(encode_hex(&out, span_of(rows[i][0])), ERR_OK);
        assert_true(span_is(buf_span(&out), span_of(rows[i][2])));
        buf_clear(&out);
    }
    struct buf url = {0};
    assert_int_equal(encode_base64(&url, SPAN_LIT("\xfb\xef\xff"), BASE64_URL), ERR_OK);
    assert_true(span_is(buf_span(&url), SPAN_LIT("--__")));
    buf_clear(&url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_holds_its_latest_value),
        cmocka_unit_test(what_no_field_can_carry_is_refused_and_the_old_value_stays),
        cmocka_unit_test(a_value_and_a_vault_have_a_bound),
        cmocka_unit_test(no_memory_is_an_error),
        cmocka_unit_test(locked_pages_are_neither_dumped_nor_inherited),
        cmocka_unit_test(running_off_a_locked_page_is_fatal),
        cmocka_unit_test(base64_and_hex_are_those_of_rfc_4648),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
