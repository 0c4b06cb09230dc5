/* attack_test.c — stories of clients and origins that mean harm, through the whole egress. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/world/egress.h"

static struct talker client, origin, other;

static int begin(void **state)
{
    (void)state;
    egress_begin();
    client = origin = other = (struct talker){0};
    return 0;
}

static int finish(void **state)
{
    struct talker *talkers[] = {&client, &origin, &other};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(talkers); i++)
        if (talkers[i]->stream != NULL) talker_leave(talkers[i]);
    egress_end();
    return 0;
}

#define assert_says(talker, text)                                                                                      \
    do {                                                                                                               \
        if (strstr(talker_heard(talker), text) == NULL) fail_msg("no \"%s\" in: %s", text, talker_heard(talker));      \
    } while (0)
#define assert_logged(text)                                                                                            \
    do {                                                                                                               \
        if (strstr(egress_log(), text) == NULL) fail_msg("no %s in: %s", text, egress_log());                          \
    } while (0)

#define GET_API "GET http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n"
#define OK      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void a_connection_that_was_paused_at_its_last_byte_answers_the_next_request(void **state)
{
    static char body[STREAM_OUTPUT_HIGH];
    (void)state;
    memset(body, 'x', sizeof body);
    talker_connect(&client, CONN_PROXY);
    talker_connect(&other, CONN_PROXY);
    talker_say(&client, GET_API);
    assert_true(talker_accept(&origin));
    stream_pause(client.stream, true);
    talker_say(&origin, "HTTP/1.1 200 OK\r\nContent-Length: 262144\r\n\r\n");
    for (int i = 0; i < 2; i++) talker_say_bytes(&origin, (struct span){(uint8_t *)body, sizeof body});
    stream_pause(client.stream, false);
    world_turn();
    talker_forget(&origin);
    talker_say(&other, GET_API);
    assert_says(&origin, "GET / ");
    talker_say(&origin, OK);
    assert_says(&other, "\r\n\r\nok");
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, finish)
    const struct CMUnitTest stories[] = {
        STORY(a_connection_that_was_paused_at_its_last_byte_answers_the_next_request),
    };
    return cmocka_run_group_tests(stories, NULL, NULL);
}
