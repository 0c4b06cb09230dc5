/* story.h — what the stories about the whole egress share: who is in them, and what may be said of it afterwards. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, finish)

#define assert_says(talker, text)                                                                                      \
    do {                                                                                                               \
        if (strstr(talker_heard(talker), text) == NULL) fail_msg("no \"%s\" in: %s", text, talker_heard(talker));      \
    } while (0)
#define assert_silent_about(talker, text) assert_null(strstr(talker_heard(talker), text))
#define assert_logged(text)                                                                                            \
    do {                                                                                                               \
        if (strstr(egress_log(), text) == NULL) fail_msg("no %s in: %s", text, egress_log());                          \
    } while (0)

#define GET_API  "GET http://api.example.com/a?b=c HTTP/1.1\r\nHost: api.example.com\r\n\r\n"
#define POST_API "POST http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\n"
#define OK       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
