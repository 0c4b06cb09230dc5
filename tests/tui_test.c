/* tui_test.c — `bottled supervise` without a terminal: keys go in, screens come out as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "queue/tui/view.h"
#include "reactor/base/own.h"

static struct tui tui;
static char screen[80 * 300];
static int rows_drawn, widest;

static int begin(void **state)
{
    (void)state;
    return tui_begin(&tui) == ERR_OK ? 0 : -1;
}

static int finish(void **state)
{
    (void)state;
    tui_end(&tui);
    return 0;
}

#define SHOWN(name) cmocka_unit_test_setup_teardown(name, begin, finish)

static void on_row(void *owner, int row, enum look look, struct span text)
{
    int columns = 0;

    (void)owner, (void)look;
    assert_int_equal(row, rows_drawn++);
    for (size_t i = 0; i < text.len; i++) {
        columns += (text.at[i] & 0xc0) != 0x80;
        if (text.at[i] < ' ' || text.at[i] == 0x7f) fail_msg("byte %02x reaches the terminal", text.at[i]);
    }
    if (columns > widest) widest = columns;
    size_t used = strlen(screen);
    snprintf(screen + used, sizeof screen - used, "%.*s\n", SPAN_FMT(text));
}

static const char *drawn(int rows, int columns)
{
    screen[0] = '\0';
    rows_drawn = widest = 0;
    view_draw(&tui, rows, columns, on_row, NULL);
    assert_int_equal(rows_drawn, rows);
    assert_true(widest <= columns);
    return screen;
}

#define assert_shows(text)                                                                                             \
    do {                                                                                                               \
        if (strstr(drawn(24, 80), text) == NULL) fail_msg("no \"%s\" in:\n%s", text, screen);                          \
    } while (0)
#define assert_hides(text) assert_null(strstr(drawn(24, 80), text))

static struct store_item item(uint64_t id)
{
    return (struct store_item){.proposal = {.id = id,
                                            .tool = TOOL_TOKEN,
                                            .created_ms = 1000,
                                            .deadline_ms = 301000,
                                            .bottle = SPAN_LIT("dev"),
                                            .method = SPAN_LIT("POST"),
                                            .scheme = SPAN_LIT("https"),
                                            .host = SPAN_LIT("api.example.com"),
                                            .path = SPAN_LIT("/v1"),
                                            .port = 443,
                                            .rule = SPAN_LIT("github-pat"),
                                            .fingerprint = {1}},
                               .state = AUDIT_PROPOSED,
                               .waiting = 1};
}

static void list(const struct store_item *items, size_t count)
{
    tui_list_begin(&tui);
    for (size_t i = 0; i < count; i++) tui_list_add(&tui, &items[i], 5000);
    tui_list_end(&tui);
}

static struct tui_wish press(const char *keys)
{
    struct tui_wish wish = {.kind = TUI_NOTHING};

    for (; *keys != '\0'; keys++) wish = tui_key(&tui, *keys == '\n' ? TUI_KEY_ENTER : *keys);
    return wish;
}

static void what_waits_is_a_line_each_and_a_bell_rings(void **state)
{
    struct store_item items[] = {item(3), item(4)};

    (void)state;
    assert_shows("nothing waits");
    list(items, 1);
    assert_true(tui.bell);
    tui.bell = false;
    assert_shows("  3     4 s      4 min left    dev  github-pat  POST https://api.example.com/v1\n");
    list(items, 1);
    assert_false(tui.bell); /* nothing new */
    list(items, 2);
    assert_true(tui.bell);
    assert_shows("bottled  waiting  2 wait\n");
    assert_shows("a approve");
}

static void a_yes_takes_a_choice_and_a_reason(void **state)
{
    struct store_item items[] = {item(3), item(4)};
    struct tui_wish wish;

    (void)state;
    list(items, 2);
    assert_int_equal(press("a").kind, TUI_NOTHING); /* nothing is selected */
    assert_shows("select one first");
    press("jj");
    assert_shows("> 4     4 s");
    assert_int_equal(press("\n").kind, TUI_SHOW); /* enter shows, and answers nothing */
    assert_int_equal(press("\n").kind, TUI_NOTHING);
    press("a");
    assert_shows("4: yes, how far?\n");
    assert_int_equal(press("\n").kind, TUI_NOTHING);
    press("2");
    assert_shows("4: yes, why?\n");
    wish = press("3");
    assert_int_equal(wish.kind, TUI_DECIDE);
    assert_int_equal(wish.id, 4);
    assert_int_equal(wish.decision.scope, SCOPE_HOST);
    assert_int_equal(wish.decision.why, WHY_LEGITIMATE);
}

static void a_reason_may_be_words(void **state)
{
    struct store_item items[] = {item(3)};
    struct tui_wish wish;

    (void)state;
    list(items, 1);
    press("jr5");
    assert_int_equal(press("\n").kind, TUI_NOTHING);
    assert_shows("say why");
    press("it is mine, q");
    tui_key(&tui, TUI_KEY_BACKSPACE);
    assert_shows("> it is mine, _\n");
    wish = press("\n");
    assert_int_equal(wish.kind, TUI_DECIDE);
    assert_int_equal(wish.decision.scope, SCOPE_NO);
    assert_true(span_is(wish.decision.words, SPAN_LIT("it is mine, ")));
}

static void what_was_looked_at_and_is_gone_takes_no_answer(void **state)
{
    struct store_item items[] = {item(3), item(4)};

    (void)state;
    list(items, 2);
    press("j");
    list(&items[1], 1); /* 3 was answered by another, and 4 stands in its place */
    assert_shows("3 no longer waits");
    assert_int_equal(press("a").kind, TUI_NOTHING);
    assert_shows("select one first");
    list(items, 2);
    press("ja1"); /* one key from a yes */
    list(&items[1], 1);
    assert_int_equal(press("1").kind, TUI_NOTHING);
    assert_int_equal(tui.mode, TUI_WAITING);
}

static void what_arrives_moves_no_selection(void **state)
{
    struct store_item items[] = {item(2), item(3), item(4)};

    (void)state;
    list(&items[1], 1);
    press("j");
    list(items, 3);
    assert_shows("> 3  ");
    press("a1");
    assert_int_equal(press("1").id, 3);
}

static void a_report_can_not_be_modified_and_a_route_can(void **state)
{
    struct store_item items[] = {item(3), item(4)};
    struct tui_wish wish;

    (void)state;
    items[1].proposal.tool = TOOL_ROUTE;
    list(items, 2);
    press("jm");
    assert_shows("modify is not available");
    press("jm");
    assert_shows("methods (GET HEAD; empty: every one)");
    press("GET\n/v1/**\n");
    wish = press("3");
    assert_int_equal(wish.id, 4);
    assert_true(span_is(wish.decision.route_methods, SPAN_LIT("GET")));
    assert_true(span_is(wish.decision.route_path, SPAN_LIT("/v1/**")));
    assert_int_equal(wish.decision.scope, SCOPE_VALUE);
    press("ja2");
    assert_shows("a route is for its host already");
}

static void what_stands_for_no_value_goes_once_alone(void **state)
{
    struct store_item items[] = {item(3)};

    (void)state;
    items[0].proposal.fingerprint[0] = 0;
    list(items, 1);
    press("ja1");
    assert_shows("it stands for no value");
    press("3");
    assert_int_equal(press("2").decision.scope, SCOPE_ONCE);
}

static void each_bottle_may_be_looked_at_alone(void **state)
{
    struct store_item items[] = {item(3), item(4)};

    (void)state;
    items[1].proposal.bottle = SPAN_LIT("other");
    list(items, 2);
    press("f");
    list(items, 2);
    assert_shows("1 wait  bottle dev");
    press("f");
    list(items, 2);
    assert_shows("bottle other");
    press("f");
    list(items, 2);
    assert_shows("2 wait\n");
}

static void hostile_text_steers_no_terminal_at_any_size(void **state)
{
    static const int sizes[][2] = {{24, 80}, {10, 40}, {5, 20}, {4, 16}, {3, 10}, {1, 1}, {60, 200}};
    struct store_item items[40];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(items); i++) {
        items[i] = item(i + 1);
        items[i].proposal.host = SPAN_LIT("\x1b[2J\x1b]0;owned\x07\r\nfake  a approve \xe2\x80\xae\xff");
        items[i].proposal.path = SPAN_LIT("/\x1b[31m\xc2\x9b\xe2\x80\xa6\xe2\x80\xa6\xe2\x80\xa6\xe2\x80\xa6");
    }
    list(items, COUNT_OF(items));
    for (size_t i = 0; i < COUNT_OF(sizes); i++) drawn(sizes[i][0], sizes[i][1]);
    assert_string_equal(drawn(2, 80), "too small\n\n");
    press("jjjjjjjjjjjjjjjjjjjjjjjjjjjjjj");
    if (strstr(drawn(10, 60), "> 30  ") == NULL) fail_msg("%s", screen); /* the selected one is in sight */
}

/* Every key that is shown does something, and any other does nothing at all. */
static void every_mode_takes_every_key(void **state)
{
    struct store_item items[] = {item(3)};

    (void)state;
    for (int mode = 0; mode < TUI_MODE_COUNT; mode++)
        for (int key = 0; key < 0x110; key++) {
            tui_end(&tui);
            assert_int_equal(tui_begin(&tui), ERR_OK);
            list(items, 1);
            press("j");
            tui.draft_id = 3;
            tui.mode = (enum tui_mode)mode;
            struct tui_wish wish = tui_key(&tui, key);
            bool answers = mode == TUI_WHY && key >= '1' && key <= '4';
            if ((wish.kind == TUI_DECIDE) != answers) fail_msg("mode %d, key %d", mode, key);
            drawn(24, 80);
        }
}

static void the_help_has_every_key(void **state)
{
    (void)state;
    press("?");
    for (size_t i = 0; i < tui_binding_count; i++)
        if (tui_bindings[i].shown != NULL && strstr(drawn(24, 200), tui_bindings[i].does) == NULL)
            fail_msg("%s", tui_bindings[i].does);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHOWN(what_waits_is_a_line_each_and_a_bell_rings),
        SHOWN(a_yes_takes_a_choice_and_a_reason),
        SHOWN(a_reason_may_be_words),
        SHOWN(what_was_looked_at_and_is_gone_takes_no_answer),
        SHOWN(what_arrives_moves_no_selection),
        SHOWN(a_report_can_not_be_modified_and_a_route_can),
        SHOWN(what_stands_for_no_value_goes_once_alone),
        SHOWN(each_bottle_may_be_looked_at_alone),
        SHOWN(hostile_text_steers_no_terminal_at_any_size),
        SHOWN(every_mode_takes_every_key),
        SHOWN(the_help_has_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
