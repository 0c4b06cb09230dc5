/* stream_mem_test.c — a pair in memory behaves as TCP does: bounds, each end by itself, freeing at the worst moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reactor/base/buf.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/net/stream_mem.h"
#include "tests/world/world.h"

struct owner {
    struct stream *stream;
    struct buf got;
    char told[256]; /* "DDES": one letter an event */
    bool keeps, frees;
    enum stream_event free_at;
};
static struct owner ann, bob;

static void on_event(void *owner, enum stream_event event)
{
    struct owner *o = owner;

    assert_true(strlen(o->told) + 1 < sizeof o->told);
    o->told[strlen(o->told)] = "ODEWSG"[event]; /* open, data, eof, writable again, sent, gone */
    if (event == STREAM_DATA && !o->keeps) {
        struct span input = stream_input(o->stream);

        assert_int_equal(buf_add(&o->got, input), ERR_OK);
        stream_consume(o->stream, input.len);
    }
    if (o->frees && event == o->free_at) stream_free(&o->stream);
}

static int begin(void **state)
{
    (void)state;
    world_begin();
    ann = bob = (struct owner){0};
    assert_int_equal(stream_mem_pair(world.loop, &ann.stream, &bob.stream), ERR_OK);
    stream_own(ann.stream, on_event, &ann);
    stream_own(bob.stream, on_event, &bob);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    stream_free(&ann.stream);
    stream_free(&bob.stream);
    buf_clear(&ann.got);
    buf_clear(&bob.got);
    world_end();
    return 0;
}

static struct span kilobytes(size_t count)
{
    static uint8_t bytes[MIB(2)];

    return (struct span){bytes, KIB(count)};
}

static void say(struct owner *o, const char *text) { assert_int_equal(stream_write(o->stream, span_of(text)), ERR_OK); }

static void what_one_writes_the_other_reads_a_turn_later(void **state)
{
    (void)state;
    say(&ann, "hel"), say(&ann, "lo");
    assert_string_equal(bob.told, "");
    world_turn();
    assert_true(span_is(buf_span(&bob.got), SPAN_LIT("hello")));
    assert_string_equal(bob.told, "D");
    say(&bob, "you too");
    world_turn();
    assert_true(span_is(buf_span(&ann.got), SPAN_LIT("you too")));
}

static void a_reader_that_keeps_its_input_stops_the_writer(void **state)
{
    (void)state;
    bob.keeps = true;
    for (int i = 0; i < 4; i++) assert_int_equal(stream_write(ann.stream, kilobytes(64)), ERR_OK);
    world_turn();
    assert_int_equal(stream_input(bob.stream).len, STREAM_INPUT_MAX);
    assert_int_equal(stream_room(ann.stream), 0);
    assert_string_equal(ann.told, "");
    stream_consume(bob.stream, KIB(90));
    world_turn();
    assert_string_equal(ann.told, ""); /* 38 KiB are queued still */
    stream_consume(bob.stream, KIB(10));
    world_turn();
    assert_string_equal(ann.told, "W");
    assert_int_equal(stream_room(ann.stream), STREAM_OUTPUT_HIGH - KIB(28));
}

static void a_writer_that_never_pauses_meets_the_limit_and_nothing_is_taken(void **state)
{
    (void)state;
    stream_pause(bob.stream, true);
    assert_int_equal(stream_write(ann.stream, kilobytes(1000)), ERR_OK);
    assert_int_equal(stream_write(ann.stream, kilobytes(25)), ERR_LIMIT);
    assert_int_equal(stream_write(ann.stream, kilobytes(24)), ERR_OK);
}

static void a_paused_stream_tells_nothing_until_it_goes_on(void **state)
{
    (void)state;
    stream_pause(bob.stream, true);
    say(&ann, "hello");
    world_turn();
    assert_string_equal(bob.told, "");
    stream_pause(bob.stream, false);
    assert_string_equal(bob.told, "");
    world_turn();
    assert_string_equal(bob.told, "D");
}

static void going_on_with_unread_input_tells_of_it_again(void **state)
{
    (void)state;
    bob.keeps = true;
    say(&ann, "hello");
    world_turn();
    stream_pause(bob.stream, true);
    bob.keeps = false;
    stream_pause(bob.stream, false);
    world_turn();
    assert_string_equal(bob.told, "DD");
    assert_true(span_is(buf_span(&bob.got), SPAN_LIT("hello")));
}

static void each_direction_ends_by_itself(void **state)
{
    (void)state;
    say(&ann, "bye");
    stream_finish(ann.stream);
    assert_int_equal(stream_write(ann.stream, SPAN_LIT("late")), ERR_PEER);
    assert_string_equal(ann.told, "");
    world_turn();
    assert_string_equal(bob.told, "DE");
    assert_string_equal(ann.told, "S");
    assert_true(bob.stream->eof);
    say(&bob, "still here");
    stream_finish(bob.stream);
    world_turn();
    assert_string_equal(ann.told, "SDE");
    assert_string_equal(bob.told, "DES");
}

static void the_end_is_told_to_a_paused_stream(void **state)
{
    (void)state;
    stream_pause(bob.stream, true);
    say(&ann, "bye");
    stream_finish(ann.stream);
    world_turn();
    assert_string_equal(bob.told, "E");
    assert_int_equal(stream_input(bob.stream).len, 3);
}

static void the_end_waits_behind_what_does_not_fit(void **state)
{
    (void)state;
    bob.keeps = true;
    assert_int_equal(stream_write(ann.stream, kilobytes(200)), ERR_OK);
    stream_finish(ann.stream);
    world_turn();
    assert_string_equal(bob.told, "D");
    stream_consume(bob.stream, KIB(128));
    world_turn();
    assert_string_equal(bob.told, "DDE");
    assert_string_equal(ann.told, "WS");
}

static void free_is_a_reset_for_the_other(void **state)
{
    (void)state;
    say(&ann, "never read");
    stream_free(&ann.stream);
    world_turn();
    assert_string_equal(bob.told, "G");
    assert_int_equal(bob.stream->err, ERR_PEER);
    assert_int_equal(stream_write(bob.stream, SPAN_LIT("x")), ERR_PEER);
    stream_finish(bob.stream);
    stream_pause(bob.stream, true);
    stream_pause(bob.stream, false);
    world_turn();
    assert_string_equal(bob.told, "G");
}

static void free_after_sent_is_no_reset_until_the_other_writes(void **state)
{
    (void)state;
    stream_finish(ann.stream);
    world_turn();
    stream_free(&ann.stream);
    world_turn();
    assert_string_equal(bob.told, "E");
    assert_int_equal(stream_write(bob.stream, SPAN_LIT("x")), ERR_OK);
    assert_string_equal(bob.told, "E");
    world_turn();
    assert_string_equal(bob.told, "EG");
}

static void sent_is_told_though_the_other_frees_itself_at_the_end(void **state)
{
    (void)state;
    bob.frees = true, bob.free_at = STREAM_EOF;
    stream_finish(bob.stream);
    world_turn();
    stream_finish(ann.stream);
    world_turn();
    assert_string_equal(ann.told, "ES");
}

static void a_stream_may_be_freed_inside_any_of_its_events(void **state)
{
    static const enum stream_event events[] = {STREAM_DATA, STREAM_EOF, STREAM_DRAINED, STREAM_SENT, STREAM_GONE};

    for (size_t i = 0; i < COUNT_OF(events); i++) {
        ann.frees = true, ann.free_at = events[i];
        assert_int_equal(stream_write(bob.stream, kilobytes(1)), ERR_OK);
        assert_int_equal(stream_write(ann.stream, kilobytes(200)), ERR_OK);
        stream_finish(ann.stream);
        world_turn();
        if (events[i] == STREAM_EOF) stream_finish(bob.stream);
        if (events[i] == STREAM_GONE) stream_free(&bob.stream);
        world_turn();
        assert_null(ann.stream);
        finish(state);
        begin(state);
    }
}

static void an_idle_stream_holds_no_buffer(void **state)
{
    (void)state;
    say(&ann, "hello");
    world_turn();
    assert_null(stream_input(bob.stream).at);
    assert_int_equal(ann.stream->ops->queued(ann.stream), 0);
}

static void no_memory_loses_the_stream_and_nothing_else(void **state)
{
    (void)state;
    say(&ann, "hello");
    mem_fail_at(1);
    world_turn();
    mem_fail_at(0);
    assert_string_equal(bob.told, "G");
    assert_int_equal(bob.stream->err, ERR_NOMEM);
}

int main(void)
{
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, begin, finish)
    const struct CMUnitTest promises[] = {
        PROMISE(what_one_writes_the_other_reads_a_turn_later),
        PROMISE(a_reader_that_keeps_its_input_stops_the_writer),
        PROMISE(a_writer_that_never_pauses_meets_the_limit_and_nothing_is_taken),
        PROMISE(a_paused_stream_tells_nothing_until_it_goes_on),
        PROMISE(going_on_with_unread_input_tells_of_it_again),
        PROMISE(each_direction_ends_by_itself),
        PROMISE(the_end_is_told_to_a_paused_stream),
        PROMISE(the_end_waits_behind_what_does_not_fit),
        PROMISE(free_is_a_reset_for_the_other),
        PROMISE(free_after_sent_is_no_reset_until_the_other_writes),
        PROMISE(sent_is_told_though_the_other_frees_itself_at_the_end),
        PROMISE(a_stream_may_be_freed_inside_any_of_its_events),
        PROMISE(an_idle_stream_holds_no_buffer),
        PROMISE(no_memory_loses_the_stream_and_nothing_else),
    };
    return cmocka_run_group_tests(promises, NULL, NULL);
}
