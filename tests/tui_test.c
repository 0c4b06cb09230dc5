/* tui_test.c — `bottled supervise` without a terminal: keys go in, screens come out as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "queue/tui/cells.h"
#include "queue/tui/view.h"
#include "reactor/base/own.h"

static struct tui tui;
static char screen[300 * 300];
static int rows_drawn, screen_columns;

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

/* Blanks at the end of a row are no news. */
static void on_row(void *owner, int row, enum look look, struct span text)
{
    (void)owner, (void)look;
    assert_int_equal(row, rows_drawn++);
    assert_true(cells_count(text) <= (size_t)screen_columns);
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < ' ' || text.at[i] == 0x7f) fail_msg("byte %02x reaches the terminal", text.at[i]);
    while (text.len > 0 && text.at[text.len - 1] == ' ') text.len--;
    size_t used = strlen(screen);
    snprintf(screen + used, sizeof screen - used, "%.*s\n", SPAN_FMT(text));
}

static const char *drawn(int rows, int columns)
{
    screen[0] = '\0';
    rows_drawn = 0;
    screen_columns = columns;
    view_draw(&tui, rows, columns, on_row, NULL);
    assert_int_equal(rows_drawn, rows);
    return screen;
}

#define assert_shows(text)                                                                                             \
    do {                                                                                                               \
        if (strstr(drawn(24, 80), text) == NULL) fail_msg("no \"%s\" in:\n%s", text, screen);                          \
    } while (0)

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

static struct tui_wish list(const struct store_item *items, size_t count)
{
    tui_at(&tui, 5000);
    for (size_t i = 0; i < count; i++)
        if (items[i].proposal.id > tui.newest && items[i].state == AUDIT_PROPOSED) tui_hear(&tui, &items[i]);
    tui_list_begin(&tui);
    for (size_t i = 0; i < count; i++) tui_list_add(&tui, &items[i]);
    return tui_list_end(&tui);
}

/* A newline is enter, and \x1b escape. */
static struct tui_wish press(const char *keys)
{
    struct tui_wish wish = {.kind = TUI_NOTHING};

    for (; *keys != '\0'; keys++)
        wish = tui_key(&tui, *keys == '\n' ? TUI_KEY_ENTER : *keys == '\x1b' ? TUI_KEY_ESCAPE : (uint8_t)*keys);
    return wish;
}

static struct decision yes_by_bob(void)
{
    return (struct decision){.scope = SCOPE_VALUE, .why = WHY_FALSE, .at_ms = 3000, .operator= SPAN_LIT("bob")};
}

/* --- lists ------------------------------------------------------------------------------------------------------- */

static void what_waits_is_a_line_each_and_a_bell_rings(void **state)
{
    struct store_item items[] = {item(3), item(4)};

    (void)state;
    assert_shows("nothing waits");
    list(items, 1);
    assert_true(tui.bell);
    tui.bell = false;
    list(items, 1);
    assert_false(tui.bell); /* nothing new */
    list(items, 2);
    assert_true(tui.bell);
    assert_string_equal(drawn(8, 80), "bottled  waiting  2 wait\n"
                                      "  ID      AGE     LEFT    WAIT BOTTLE      TOOL  RULE          TO\n"
                                      "  3       4 s     4 min   1    dev         token github-pat    api.example.com\n"
                                      "  4       4 s     4 min   1    dev         token github-pat    api.example.com\n"
                                      "\n\n\n"
                                      "enter details  a approve  r reject  m modify  j/k move  h history  ? help\n");
}

static void a_small_screen_keeps_what_matters_most(void **state)
{
    struct store_item items[] = {item(3), item(4), item(5)};

    (void)state;
    items[0].proposal.host = SPAN_LIT("api.example.com.of-somebody-else.example");
    list(items, COUNT_OF(items));
    press("j");
    assert_string_equal(drawn(10, 40), "bottled  waiting  3 wait\n"
                                       "  LEFT    WAIT RULE        TO\n"
                                       "> 4 min   1    github-pat  …else.example\n"
                                       "  4 min   1    github-pat  ….example.com\n"
                                       "  4 min   1    github-pat  ….example.com\n"
                                       "\n\n\n\n"
                                       "enter details  a approve  ? help\n");
    assert_string_equal(drawn(5, 20), "bottled  waiting  3\n"
                                      "> 4 min   …e.example\n"
                                      "  4 min   …ample.com\n"
                                      "  4 min   …ample.com\n"
                                      "? help\n");
    assert_string_equal(drawn(4, 80), "too small\n\n\n\n");
    assert_string_equal(drawn(5, 19), "too small\n\n\n\n\n");
}

static void at_any_width_the_end_of_the_host_is_seen(void **state)
{
    struct store_item items[] = {item(1234567)};
    struct decision decision = yes_by_bob();

    (void)state;
    items[0].proposal.host = SPAN_LIT("api.example.com.a-much-longer-name-of-somebody-else.example");
    items[0].decision = &decision;
    for (int columns = VIEW_COLUMNS_MIN; columns < 250; columns++)
        for (int i = TUI_WAITING; i <= TUI_REMEMBERED; i++) {
            tui.mode = tui.list = (enum tui_mode)i;
            list(items, 1);
            if (strstr(drawn(5, columns), "e.example") == NULL) fail_msg("%d columns:\n%s", columns, screen);
        }
}

static void what_has_changed_is_drawn_and_nothing_else(void **state)
{
    struct store_item items[] = {item(3), item(4)};

    (void)state;
    list(items, 2);
    tui.changed = false;
    list(items, 2);
    assert_false(tui.changed);
    tui_at(&tui, 5999);
    assert_false(tui.changed);
    tui_at(&tui, 6000); /* another second */
    assert_true(tui.changed);
    tui.changed = false;
    items[1].waiting = 2;
    list(items, 2);
    assert_true(tui.changed);
}

static void a_message_stands_until_a_key_or_for_some_seconds(void **state)
{
    (void)state;
    tui_at(&tui, 5000);
    press("a");
    assert_shows("select one first");
    press("g");
    assert_shows("enter details");
    press("a");
    tui_at(&tui, 5000 + TUI_MESSAGE_MS - 1);
    assert_shows("select one first");
    tui_at(&tui, 5000 + TUI_MESSAGE_MS);
    assert_true(tui.changed);
    assert_shows("enter details");
}

static void who_reads_something_else_hears_what_comes(void **state)
{
    struct store_item items[] = {item(3)};

    (void)state;
    press("h");
    list(items, 1);
    assert_true(tui.bell);
    assert_shows("3 has come: github-pat, to api.example.com\n");
}

static void each_bottle_may_be_looked_at_alone(void **state)
{
    struct store_item items[] = {item(3), item(4)}, more[] = {item(5)};

    (void)state;
    items[1].proposal.bottle = SPAN_LIT("other");
    list(items, 2);
    press("f");
    list(items, 2);
    assert_shows("1 wait  bottle dev\n");
    press("f");
    list(items, 2);
    assert_shows("1 wait  bottle other\n");
    tui.bell = false;
    list(more, 1); /* another's */
    assert_false(tui.bell);
    press("f");
    list(items, 2);
    assert_shows("2 wait\n");
    assert_int_equal(tui_filter(&tui, "dev"), ERR_OK);
    list(items, 2);
    assert_shows("1 wait  bottle dev\n");
    assert_int_equal(tui_filter(&tui, "\x1b[2J"), ERR_SYNTAX);
}

static void the_selected_one_is_in_sight(void **state)
{
    struct store_item items[40];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(items); i++) items[i] = item(i + 1);
    list(items, COUNT_OF(items));
    press("jjjjjjjjjjjjjjjjjjjjjjjjjjjjjj");
    if (strstr(drawn(10, 80), "\n> 30 ") == NULL) fail_msg("%s", screen);
    press("G");
    if (strstr(drawn(10, 80), "\n> 40 ") == NULL) fail_msg("%s", screen);
    tui_key(&tui, TUI_KEY_PAGE_UP);
    if (strstr(drawn(10, 80), "\n> 33 ") == NULL) fail_msg("%s", screen);
    press("g");
    if (strstr(drawn(5, 80), "\n> 1 ") == NULL) fail_msg("%s", screen);
}

/* --- answers ----------------------------------------------------------------------------------------------------- */

static void a_yes_takes_a_choice_and_a_reason(void **state)
{
    struct store_item items[] = {item(3), item(4)};
    struct tui_wish wish;

    (void)state;
    list(items, 2);
    assert_int_equal(press("a").kind, TUI_NOTHING); /* nothing is selected */
    assert_shows("select one first");
    press("jj");
    assert_shows("\n> 4 ");
    assert_int_equal(press("\n\n\n").kind, TUI_NOTHING); /* enter shows, and answers nothing */
    assert_int_equal(tui.mode, TUI_DETAIL);
    press("a");
    assert_shows("4: yes, how far?  github-pat  api.example.com\n");
    assert_int_equal(press("\n").kind, TUI_NOTHING);
    press("2");
    assert_shows("4: yes, why?  ");
    assert_int_equal(press("\n").kind, TUI_NOTHING);
    wish = press("3");
    assert_int_equal(wish.kind, TUI_DECIDE);
    assert_int_equal(wish.id, 4);
    assert_int_equal(wish.decision.scope, SCOPE_HOST);
    assert_int_equal(wish.decision.why, WHY_LEGITIMATE);
}

static void enter_on_a_fresh_proposal_opens_it(void **state)
{
    struct store_item items[] = {item(3)};

    (void)state;
    assert_int_equal(press("\n").kind, TUI_NOTHING);
    assert_int_equal(tui.mode, TUI_WAITING);
    list(items, 1);
    assert_int_equal(press("\n").kind, TUI_NOTHING);
    assert_int_equal(tui.mode, TUI_DETAIL);
    assert_int_equal(tui.shown, 3);
    tui_show(&tui, &items[0]);
    assert_shows("rule        github-pat");
}

static void an_answer_can_be_left_at_every_step(void **state)
{
    struct store_item items[] = {item(3)};

    (void)state;
    list(items, 1);
    press("ja1\x1b");
    assert_int_equal(tui.mode, TUI_WAITING);
    press("\na15no\x1b");
    assert_int_equal(tui.mode, TUI_DETAIL);
    assert_int_equal(press("ar").kind, TUI_NOTHING); /* no key of that menu */
    assert_int_equal(tui.mode, TUI_SCOPE);
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
    press("\xc3\xbc");
    assert_shows("only ASCII");
    wish = press("\n");
    assert_int_equal(wish.kind, TUI_DECIDE);
    assert_int_equal(wish.decision.scope, SCOPE_NO);
    assert_int_equal(wish.decision.why, WHY_OTHER);
    assert_true(span_is(wish.decision.words, SPAN_LIT("it is mine, ")));
}

static void what_was_looked_at_and_is_gone_takes_no_answer(void **state)
{
    struct store_item items[] = {item(3), item(4)}, answered = item(3);
    struct decision decision = yes_by_bob();
    struct tui_wish wish;

    (void)state;
    list(items, 2);
    press("j");
    wish = list(&items[1], 1); /* 3 was answered by another, and 4 stands in its place */
    assert_int_equal(wish.kind, TUI_TELL);
    assert_int_equal(wish.id, 3);
    answered.state = AUDIT_DECIDED;
    answered.decision = &decision;
    tui_tell(&tui, &answered);
    assert_shows("3: approved (value) by bob 2 s ago: false-positive\n");
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
    assert_shows("\n> 3 ");
    press("a1");
    assert_int_equal(press("1").id, 3);
}

static void nothing_is_begun_while_an_answer_is_written(void **state)
{
    struct store_item items[] = {item(3), item(4)};

    (void)state;
    list(items, 2);
    assert_int_equal(press("jr1").kind, TUI_DECIDE);
    press("jr");
    assert_shows("3 is still being written");
    tui_written(&tui, false); /* the disk said no: it is there still */
    press("kr");
    assert_int_equal(tui.draft_id, 3);
    assert_int_equal(press("1").kind, TUI_DECIDE);
    tui_written(&tui, true);
    assert_int_equal(list(&items[1], 1).kind, TUI_NOTHING); /* who gave the answer needs not be told */
    press("\n");
    assert_int_equal(tui.shown, 4);
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
    assert_shows("methods; none: all\n> POST_\n"); /* what was asked for */
    for (int i = 0; i < 4; i++) tui_key(&tui, TUI_KEY_BACKSPACE);
    press("get\n");
    assert_shows("methods are capital letters");
    for (int i = 0; i < 3; i++) tui_key(&tui, TUI_KEY_BACKSPACE);
    press("GET\n");
    assert_shows("> /v1_\n");
    press("/**\n");
    assert_shows("4: yes, why?");
    wish = press("3");
    assert_int_equal(wish.id, 4);
    assert_true(span_is(wish.decision.route_methods, SPAN_LIT("GET")));
    assert_true(span_is(wish.decision.route_path, SPAN_LIT("/v1/**")));
    assert_int_equal(wish.decision.scope, SCOPE_VALUE);
    tui_written(&tui, false);
    assert_int_equal(press("a2").kind, TUI_NOTHING); /* a route is for its host already */
    assert_int_equal(tui.mode, TUI_GRANT);
    press("3");
    assert_int_equal(press("1").decision.scope, SCOPE_ONCE);
}

static void what_stands_for_no_value_goes_once_alone(void **state)
{
    struct store_item items[] = {item(3)};

    (void)state;
    items[0].proposal.fingerprint[0] = 0;
    list(items, 1);
    press("ja1");
    assert_shows("3: yes? It stands for no value");
    press("3");
    assert_int_equal(press("2").decision.scope, SCOPE_ONCE);
}

static void what_is_over_may_be_answered_for_the_next_try(void **state)
{
    struct store_item items[] = {item(5), item(4), item(3)};
    struct decision decision = yes_by_bob();

    (void)state;
    items[0].state = AUDIT_EXPIRED;
    items[1].state = AUDIT_ABANDONED;
    items[2].state = AUDIT_DECIDED;
    items[2].decision = &decision;
    press("h");
    list(items, 3);
    assert_string_equal(drawn(8, 80),
                        "bottled  history  3\n"
                        "  ID     AGE     STATE     BY         BOTTLE     TOOL  RULE        TO\n"
                        "  5      4 s     expired              dev        token github-pat  ….example.com\n"
                        "  4      4 s     abandoned            dev        token github-pat  ….example.com\n"
                        "  3      4 s     yes value bob        dev        token github-pat  ….example.com\n"
                        "\n\n"
                        "enter details  a approve  r reject  m modify  x forget  j/k move  ? help\n");
    press("jr");
    assert_int_equal(press("1").id, 5);
    tui_written(&tui, false);
    press("ja");
    assert_shows("4: the proxy that asked is gone\n");
    press("ja");
    assert_shows("3: it is decided already\n");
    press("kx");
    assert_shows("4: there is nothing to forget\n");
    press("R");
    list(&items[2], 1);
    assert_shows("0100000000000000 bob");
    assert_int_equal(press("jx").kind, TUI_FORGET);
}

/* --- whatever comes ---------------------------------------------------------------------------------------------- */

static void a_queue_that_is_lost_leaves_no_number_behind(void **state)
{
    struct store_item items[] = {item(3), item(1)};

    (void)state;
    list(items, 1);
    press("ja1");
    tui_lost(&tui, "/root/queue:\x1b[2J it is gone");
    assert_shows("/root/queue:\\x1b[2J it is gone\n");
    assert_int_equal(press("1").kind, TUI_NOTHING);
    tui_warn(&tui, NULL);
    tui.bell = false;
    list(&items[1], 1); /* one that was made anew begins with 1 */
    assert_true(tui.bell);
    press("a");
    assert_shows("select one first");
}

static void hostile_text_steers_no_terminal_at_any_size(void **state)
{
    static const int sizes[][2] = {{24, 80}, {10, 40}, {5, 20}, {4, 16}, {3, 10}, {1, 1}, {60, 250}};
    struct span hostile =
        SPAN_LIT("\x1b[2J\x1b]0;owned\x07\r\nfake  a approve \xe2\x80\xae\xff\xc2\x9b\xe2\x80\xa6 %s%n");
    struct store_item items[40];
    struct decision decision = yes_by_bob();

    (void)state;
    decision.operator= decision.words = hostile;
    for (size_t i = 0; i < COUNT_OF(items); i++) {
        struct proposal *p = &items[i].proposal;
        items[i] = item(i + 1);
        items[i].decision = &decision;
        p->host = p->path = p->bottle = p->rule = p->method = p->context = p->where = p->shown = hostile;
    }
    for (int mode = 0; mode < TUI_MODE_COUNT; mode++)
        for (size_t i = 0; i < COUNT_OF(sizes); i++) {
            tui.list = mode <= TUI_REMEMBERED ? (enum tui_mode)mode : TUI_WAITING;
            tui.newest = 0;
            tui.mode = (enum tui_mode)mode;
            list(items, COUNT_OF(items));
            tui_show(&tui, &items[0]);
            tui.selected = tui.draft_id = 1;
            drawn(sizes[i][0], sizes[i][1]);
            tui_tell(&tui, &items[0]);
            drawn(sizes[i][0], sizes[i][1]);
        }
    tui.mode = TUI_WAITING;
    press("f");
    assert_int_equal(tui.bottle_count, 0); /* no bottle has such a name */
}

static void all_of_a_proposal_can_be_read_on_the_smallest_screen(void **state)
{
    struct store_item items[] = {item(3)};
    char seen[4096] = "";

    (void)state;
    items[0].proposal.context = SPAN_LIT("first second third fourth fifth sixth-and-a-very-long-word-of-all last");
    list(items, 1);
    press("\n");
    tui_show(&tui, &items[0]);
    for (int i = 0; i < 60; i++) {
        strncat(seen, drawn(5, 20), sizeof seen - strlen(seen) - 1);
        press("j");
    }
    for (const char *word = "first second third fourth fifth last"; *word != '\0'; word += strcspn(word, " ")) {
        char one[16];
        word += strspn(word, " ");
        snprintf(one, sizeof one, "%.*s", (int)strcspn(word, " "), word);
        if (strstr(seen, one) == NULL) fail_msg("no %s in %s", one, seen);
    }
    drawn(5, 20);
    assert_null(strstr(screen, "\n\n")); /* it does not scroll past its end */
}

static void a_menu_fits_on_the_smallest_screen(void **state)
{
    struct store_item items[] = {item(3)};

    (void)state;
    list(items, 1);
    press("ja");
    assert_string_equal(drawn(5, 20),
                        "3: yes, how far?  gi\n1  this value\n2  at this host only\n3  once\nesc cancel\n");
    press("1");
    assert_string_equal(drawn(5, 20), "1  used in tests\n2  false positive\n3  legitimate use\n4  fix later\n"
                                      "5  in words\n");
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
            tui.draft = (struct decision){.operator= SPAN_LIT("?")};
            tui.draft_id = 3;
            tui.mode = (enum tui_mode)mode;
            struct tui_wish wish = tui_key(&tui, key);
            bool answers = mode == TUI_WHY && key >= '1' && key <= '4';
            if ((wish.kind == TUI_DECIDE) != answers) fail_msg("mode %d, key %d", mode, key);
            drawn(24, 80);
        }
}

static void no_mode_has_a_key_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < tui_binding_count; i++)
        for (size_t j = 0; j < i; j++)
            if (tui_bindings[i].key == tui_bindings[j].key)
                assert_int_equal(tui_bindings[i].modes & tui_bindings[j].modes, 0);
}

static void the_help_has_every_key(void **state)
{
    (void)state;
    press("?");
    for (size_t i = 0; i < tui_binding_count; i++)
        if (tui_bindings[i].shown != NULL && strstr(drawn(60, 200), tui_bindings[i].does) == NULL)
            fail_msg("%s", tui_bindings[i].does);
    press("q");
    assert_int_equal(tui.mode, TUI_WAITING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHOWN(what_waits_is_a_line_each_and_a_bell_rings),
        SHOWN(a_small_screen_keeps_what_matters_most),
        SHOWN(at_any_width_the_end_of_the_host_is_seen),
        SHOWN(what_has_changed_is_drawn_and_nothing_else),
        SHOWN(a_message_stands_until_a_key_or_for_some_seconds),
        SHOWN(who_reads_something_else_hears_what_comes),
        SHOWN(each_bottle_may_be_looked_at_alone),
        SHOWN(the_selected_one_is_in_sight),
        SHOWN(a_yes_takes_a_choice_and_a_reason),
        SHOWN(enter_on_a_fresh_proposal_opens_it),
        SHOWN(an_answer_can_be_left_at_every_step),
        SHOWN(a_reason_may_be_words),
        SHOWN(what_was_looked_at_and_is_gone_takes_no_answer),
        SHOWN(what_arrives_moves_no_selection),
        SHOWN(nothing_is_begun_while_an_answer_is_written),
        SHOWN(a_report_can_not_be_modified_and_a_route_can),
        SHOWN(what_stands_for_no_value_goes_once_alone),
        SHOWN(what_is_over_may_be_answered_for_the_next_try),
        SHOWN(a_queue_that_is_lost_leaves_no_number_behind),
        SHOWN(hostile_text_steers_no_terminal_at_any_size),
        SHOWN(all_of_a_proposal_can_be_read_on_the_smallest_screen),
        SHOWN(a_menu_fits_on_the_smallest_screen),
        SHOWN(every_mode_takes_every_key),
        SHOWN(no_mode_has_a_key_twice),
        SHOWN(the_help_has_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
