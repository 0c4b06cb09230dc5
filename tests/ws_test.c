/* ws_test.c — a table of streams; each is read whole and one byte at a time, in a large room and in one of a byte.
 * What is written is read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/wire/ws_write.h"
#include "tests/ws_story.h"

#define S(bytes) SPAN_LIT(bytes)
/* What a client sends: of the frame's two first bytes, the second has its MASK; the key is "\1\2\4\x08". */
#define KEY "\x01\x02\x04\x08"

/* clang-format off */
static const struct {
    const char *what;
    enum ws_role sender;
    struct span in;
    const char *told; /* "{" and "}" are a message's begin and end, "~" one that is deflated */
} rows[] = {
    /* whole messages, and the forms of a length */
    {"text",                         WS_SERVER, S("\x81\x05Hello"), "text{Hello}"},
    {"text, masked",                 WS_CLIENT, S("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "text{Hello}"},
    {"binary",                       WS_SERVER, S("\x82\x03\x01\xff\x7f"), "binary{\x01\xff\x7f}"},
    {"empty text",                   WS_SERVER, S("\x81\x00"), "text{}"},
    {"empty text, masked",           WS_CLIENT, S("\x81\x80" KEY), "text{}"},
    {"two messages",                 WS_SERVER, S("\x81\x01" "a\x82\x01" "b"), "text{a} binary{b}"},
    {"a mask of zeros",              WS_CLIENT, S("\x81\x83\0\0\0\0abc"), "text{abc}"},
    {"each frame has its own key",   WS_CLIENT, S("\x01\x81\x01\0\0\0\x60\x80\x81\x02\0\0\0\x60"), "text{ab}"},
    {"125 may not take 16 bits",     WS_SERVER, S("\x81\x7e\x00\x7d"), "1002 a length in too many bytes"},
    {"0 may not take 64 bits",       WS_SERVER, S("\x81\x7f\0\0\0\0\0\0\0\0"), "1002 a length in too many bytes"},
    {"65535 may not take 64 bits",   WS_SERVER, S("\x81\x7f\0\0\0\0\0\0\xff\xff"), "1002 a length in too many bytes"},
    {"the top bit of a length",      WS_SERVER, S("\x81\x7f\x80"), "1002 a length with its top bit set"},
    {"a length out of measure",      WS_SERVER, S("\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"),
     "1009 a message of too many bytes"},
    {"one byte too many",            WS_SERVER, S("\x82\x7f\0\0\0\0\x08\0\0\x01"), "1009 a message of too many bytes"},
    {"...in two frames",             WS_SERVER, S("\x02\x01" "a\x80\x7f\0\0\0\0\x08\0\0\0"),
     "binary{ 1009 a message of too many bytes"},

    /* bits and opcodes */
    {"RSV1, not agreed on",          WS_SERVER, S("\xc1\x00"), "1002 RSV1 without an extension"},
    {"RSV2",                         WS_SERVER, S("\xa1\x00"), "1002 RSV2 or RSV3"},
    {"RSV3",                         WS_CLIENT, S("\x91\x80" KEY), "1002 RSV2 or RSV3"},
    {"RSV1 on a ping",               WS_SERVER, S("\xc9\x00"), "1002 RSV1 on a control frame"},
    {"RSV1 on a continuation",       WS_SERVER, S("\x01\x00\xc0\x00"), "text{ 1002 RSV1 on a continuation"},
    {"opcode 3",                     WS_SERVER, S("\x83\x00"), "1002 an unknown opcode"},
    {"opcode 7",                     WS_CLIENT, S("\x87\x80" KEY), "1002 an unknown opcode"},
    {"opcode 11",                    WS_SERVER, S("\x8b\x00"), "1002 an unknown opcode"},
    {"opcode 15, not final",         WS_SERVER, S("\x0f\x00"), "1002 an unknown opcode"},
    {"a head of HTTP",               WS_SERVER, S("HTTP/1.1 200 OK\r\n\r\n"), "1002 RSV1 on a control frame"},
    {"a client that does not mask",  WS_CLIENT, S("\x81\x01" "a"), "1002 a frame without a mask from a client"},
    {"a server that does",           WS_SERVER, S("\x81\x81" KEY "a"), "1002 a masked frame from a server"},
    {"a close without a mask",       WS_CLIENT, S("\x88\x00"), "1002 a frame without a mask from a client"},

    /* fragments */
    {"two fragments",                WS_SERVER, S("\x01\x03Hel\x80\x02lo"), "text{Hello}"},
    {"three, one of them empty",     WS_SERVER, S("\x02\x01" "a\x00\x00\x80\x01" "b"), "binary{ab}"},
    {"only empty ones",              WS_SERVER, S("\x01\x00\x00\x00\x80\x00"), "text{}"},
    {"masked, with two keys",        WS_CLIENT, S("\x01\x82\x01\x02\x03\x04\x49\x67\x80\x81\x10\x20\x30\x40\x69"),
     "text{Hey}"},
    {"a ping between",               WS_SERVER, S("\x01\x01" "a\x89\x01p\x80\x01" "b"), "text{ ping(p) ab}"},
    {"a pong before the last",       WS_SERVER, S("\x01\x01" "a\x8a\x00\x80\x00"), "text{ pong() a}"},
    {"a close between",              WS_SERVER, S("\x01\x01" "a\x88\x02\x03\xe8"), "text{ close 1000()"},
    {"a continuation of nothing",    WS_SERVER, S("\x80\x01" "a"), "1002 a continuation of nothing"},
    {"...that goes on",              WS_SERVER, S("\x00\x01" "a"), "1002 a continuation of nothing"},
    {"...behind a whole message",    WS_SERVER, S("\x81\x01" "a\x80\x00"), "text{a} 1002 a continuation of nothing"},
    {"a message within a message",   WS_SERVER, S("\x01\x01" "a\x81\x01" "b"), "text{ 1002 a message within a message"},
    {"...of the other kind",         WS_SERVER, S("\x01\x01" "a\x02\x01" "b"), "text{ 1002 a message within a message"},
    {"a fragmented ping",            WS_SERVER, S("\x09\x00"), "1002 a fragmented control frame"},
    {"a fragmented close",           WS_CLIENT, S("\x08\x80" KEY), "1002 a fragmented control frame"},

    /* control frames */
    {"a ping",                       WS_SERVER, S("\x89\x05Hello"), "ping(Hello)"},
    {"a ping, masked",               WS_CLIENT, S("\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "ping(Hello)"},
    {"a pong nobody asked for",      WS_SERVER, S("\x8a\x00"), "pong()"},
    {"pings on end",                 WS_SERVER, S("\x89\x01" "1\x89\x00\x8a\x01" "2"), "ping(1) ping() pong(2)"},
    {"a ping of 126 bytes",          WS_SERVER, S("\x89\x7e\x00\x7e"), "1002 a control frame of over 125 bytes"},
    {"a pong in 64 bits",            WS_SERVER, S("\x8a\x7f"), "1002 a control frame of over 125 bytes"},
    {"a ping is no text",            WS_SERVER, S("\x89\x02\xff\xfe"), "ping(\xff\xfe)"},

    /* close */
    {"a close",                      WS_SERVER, S("\x88\x00"), "close 1005()"},
    {"a code",                       WS_SERVER, S("\x88\x02\x03\xe8"), "close 1000()"},
    {"a code and a reason",          WS_CLIENT, S("\x88\x85" KEY "\x02\xeb\x66\x71\x64"), "close 1001(bye)"},
    {"one byte of a code",           WS_SERVER, S("\x88\x01\x03"), "1002 a close code of one byte"},
    {"code 0",                       WS_SERVER, S("\x88\x02\x00\x00"), "1002 a close code that is never sent"},
    {"code 999",                     WS_SERVER, S("\x88\x02\x03\xe7"), "1002 a close code that is never sent"},
    {"code 1003",                    WS_SERVER, S("\x88\x02\x03\xeb"), "close 1003()"},
    {"code 1004",                    WS_SERVER, S("\x88\x02\x03\xec"), "1002 a close code that is never sent"},
    {"code 1005",                    WS_SERVER, S("\x88\x02\x03\xed"), "1002 a close code that is never sent"},
    {"code 1006",                    WS_SERVER, S("\x88\x02\x03\xee"), "1002 a close code that is never sent"},
    {"code 1007",                    WS_SERVER, S("\x88\x02\x03\xef"), "close 1007()"},
    {"code 1014",                    WS_SERVER, S("\x88\x02\x03\xf6"), "close 1014()"},
    {"code 1015",                    WS_SERVER, S("\x88\x02\x03\xf7"), "1002 a close code that is never sent"},
    {"code 1016",                    WS_SERVER, S("\x88\x02\x03\xf8"), "1002 a close code that is never sent"},
    {"code 2999",                    WS_SERVER, S("\x88\x02\x0b\xb7"), "1002 a close code that is never sent"},
    {"code 3000",                    WS_SERVER, S("\x88\x02\x0b\xb8"), "close 3000()"},
    {"code 4999",                    WS_SERVER, S("\x88\x02\x13\x87"), "close 4999()"},
    {"code 5000",                    WS_SERVER, S("\x88\x02\x13\x88"), "1002 a close code that is never sent"},
    {"a reason that is not UTF-8",   WS_SERVER, S("\x88\x04\x03\xe8\xc0\xaf"), "1007 a close reason that is not UTF-8"},
    {"a reason cut in a character",  WS_SERVER, S("\x88\x04\x03\xe8\xe2\x82"), "1007 a close reason that is not UTF-8"},
    {"what follows is dropped",      WS_SERVER, S("\x88\x02\x03\xe8\x81\x01" "a\xff\xff\xff"), "close 1000()"},

    /* UTF-8 */
    {"a character",                  WS_SERVER, S("\x81\x03\xe2\x82\xac"), "text{\xe2\x82\xac}"},
    {"...over two frames",           WS_SERVER, S("\x01\x02\xe2\x82\x80\x01\xac"), "text{\xe2\x82\xac}"},
    {"...with a ping between",       WS_SERVER, S("\x01\x01\xe2\x89\x00\x80\x02\x82\xac"),
     "text{ ping() \xe2\x82\xac}"},
    {"...the last of all",           WS_SERVER, S("\x81\x04\xf4\x8f\xbf\xbf"), "text{\xf4\x8f\xbf\xbf}"},
    {"overlong",                     WS_SERVER, S("\x81\x02\xc0\xaf"), "text{ 1007 text that is not UTF-8"},
    {"a surrogate",                  WS_CLIENT, S("\x81\x83\0\0\0\0\xed\xa0\x80"), "text{ 1007 text that is not UTF-8"},
    {"...seen in its second byte",   WS_SERVER, S("\x81\x03\xed\xa0"), "text{ 1007 text that is not UTF-8"},
    {"beyond the last",              WS_SERVER, S("\x81\x04\xf4\x90\x80\x80"), "text{ 1007 text that is not UTF-8"},
    {"cut at the end",               WS_SERVER, S("\x81\x02\xe2\x82"), "text{ 1007 text that ends within a character"},
    {"cut at the end of a fragment", WS_SERVER, S("\x01\x02\xe2\x82\x80\x00"),
     "text{ 1007 text that ends within a character"},
    {"wrong in the second frame",    WS_SERVER, S("\x01\x01\xe2\x80\x01" "a"), "text{ 1007 text that is not UTF-8"},
    {"it is of each message",        WS_SERVER, S("\x82\x01\xe2\x81\x01" "a"), "binary{\xe2} text{a}"},
    {"binary is no text",            WS_SERVER, S("\x82\x02\xc0\xaf"), "binary{\xc0\xaf}"},

    /* the end of the stream */
    {"nothing",                      WS_SERVER, S(""), ""},
    {"cut in a head",                WS_SERVER, S("\x81"), "cut"},
    {"cut in a length",              WS_SERVER, S("\x81\x7e\x01"), "cut"},
    {"cut in a key",                 WS_CLIENT, S("\x81\x85\x01\x02\x03"), "cut"},
    {"cut in a payload",             WS_SERVER, S("\x81\x05Hel"), "text{ cut"},
    {"cut between fragments",        WS_SERVER, S("\x01\x03Hel"), "text{ cut"},
    {"cut in a ping",                WS_SERVER, S("\x81\x01" "a\x89\x02p"), "text{a} cut"},
};

/* The same, where permessage-deflate was agreed on and contexts are kept. */
#define HELLO "\xf2\x48\xcd\xc9\xc9\x07\x00"
static const struct { const char *what; enum ws_role sender; struct span in; const char *told; } deflated[] = {
    {"RFC 7692 7.2.3.1, one frame",  WS_SERVER, S("\xc1\x07" HELLO), "text~{Hello}"},
    {"...two frames",                WS_SERVER, S("\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00"), "text~{Hello}"},
    {"...masked",                    WS_CLIENT, S("\xc1\x87" KEY "\xf3\x4a\xc9\xc1\xc8\x05\x04"), "text~{Hello}"},
    {"7.2.3.2, a shared window",     WS_SERVER, S("\xc1\x07" HELLO "\xc1\x05\xf2\x00\x11\x00\x00"),
     "text~{Hello} text~{Hello}"},
    {"a ping between",               WS_SERVER, S("\x41\x03\xf2\x48\xcd\x89\x01p\x80\x04\xc9\xc9\x07\x00"),
     "text~{ ping(p) Hello}"},
    {"not every message is",         WS_SERVER, S("\xc1\x07" HELLO "\x81\x02hi\xc1\x05\xf2\x00\x11\x00\x00"),
     "text~{Hello} text{hi} text~{Hello}"},
    {"an empty one",                 WS_SERVER, S("\xc2\x01\x00"), "binary~{}"},
    {"an empty last frame",          WS_SERVER, S("\x41\x07" HELLO "\x80\x00"), "text~{Hello}"},
    {"a first frame that is empty",  WS_SERVER, S("\x41\x00\x80\x07" HELLO), "text~{Hello}"},
    {"RSV1 on a continuation",       WS_SERVER, S("\x41\x01\xf2\xc0\x00"), "text~{ 1002 RSV1 on a continuation"},
    {"RSV1 on a ping",               WS_SERVER, S("\xc9\x00"), "1002 RSV1 on a control frame"},
    {"RSV2",                         WS_SERVER, S("\xe1\x00"), "1002 RSV2 or RSV3"},
    {"not deflated",                 WS_SERVER, S("\xc1\x03\xff\xff\xff"),
     "text~{ 1007 a message that is not deflated"},
    {"cut short",                    WS_SERVER, S("\xc1\x03\xf2\x48\xcd"),
     "text~{ 1007 a message that is not deflated"},
    {"no byte at all",               WS_SERVER, S("\xc1\x00"), "text~{ 1007 a message that is not deflated"},
    {"...in front of what is not",   WS_SERVER, S("\xc1\x07\xf2\xad\x69\x89\x00\x11\xf2"),
     "text~{ 1007 text that is not UTF-8"},
    {"text is what it inflates to",  WS_SERVER, S("\xc1\x08\x00\x02\x00\xfd\xff\xc0\xaf\x00"),
     "text~{ 1007 text that is not UTF-8"},
    {"...whole at its end",          WS_SERVER, S("\xc1\x08\x00\x02\x00\xfd\xff\xe2\x82\x00"),
     "text~{ 1007 text that ends within a character"},
    {"...binary is not",             WS_SERVER, S("\xc2\x08\x00\x02\x00\xfd\xff\xc0\xaf\x00"), "binary~{\xc0\xaf}"},
};
/* clang-format on */

static const struct {
    size_t step, room;
} ways[] = {{SIZE_MAX, 65536}, {1, 65536}, {SIZE_MAX, 1}, {1, 1}, {3, 2}};

static void expect(const char *what, enum ws_role sender, const struct ws_deflate_terms *terms, struct span in,
                   const char *told)
{
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        struct buf out = {0};
        print_message("  %s, way %zu\n", what, way);
        ws_tell(&out, sender, terms, in, ways[way].step, ways[way].room);
        if (!span_is(buf_span(&out), span_of(told)))
            fail_msg("told \"%.*s\", not \"%s\"", SPAN_FMT(buf_span(&out)), told);
        buf_clear(&out);
    }
}

static void every_stream_is_read_the_same_however_it_is_cut(void **state)
{
    static const struct ws_deflate_terms keeps = {15, true};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) expect(rows[i].what, rows[i].sender, NULL, rows[i].in, rows[i].told);
    for (size_t i = 0; i < COUNT_OF(deflated); i++)
        expect(deflated[i].what, deflated[i].sender, &keeps, deflated[i].in, deflated[i].told);
}

/* --- bounds ---------------------------------------------------------------------------------------------- */

static void repeat(struct buf *out, struct span bytes, size_t times)
{
    for (; times > 0; times--) assert_int_equal(buf_add(out, bytes), ERR_OK);
}

static bool ends_with(struct span in, const char *end)
{
    struct buf out = {0};
    bool ends;

    ws_tell(&out, WS_SERVER, NULL, in, SIZE_MAX, 65536);
    ends =
        buf_len(&out) >= strlen(end) && span_is(span_from(buf_span(&out), buf_len(&out) - strlen(end)), span_of(end));
    buf_clear(&out);
    return ends;
}

static void a_message_has_so_many_frames_at_most(void **state)
{
    struct buf in = {0};

    (void)state;
    repeat(&in, S("\x02\x00"), 1);
    repeat(&in, S("\x00\x00"), WS_FRAGMENTS_MAX - 2);
    repeat(&in, S("\x80\x00"), 1);
    assert_true(ends_with(buf_span(&in), "binary{}"));
    buf_cut(&in, buf_len(&in) - 2);
    repeat(&in, S("\x00\x00\x80\x00"), 1);
    assert_true(ends_with(buf_span(&in), "1009 a message of too many frames"));
    buf_clear(&in);
}

static void so_many_control_frames_may_come_on_end(void **state)
{
    struct buf in = {0};

    (void)state;
    repeat(&in, S("\x89\x00"), WS_CONTROLS_MAX);
    repeat(&in, S("\x81\x00"), 1);
    repeat(&in, S("\x8a\x00"), WS_CONTROLS_MAX);
    assert_true(ends_with(buf_span(&in), "pong()"));
    repeat(&in, S("\x89\x00"), 1);
    assert_true(ends_with(buf_span(&in), "1008 too many control frames on end"));
    buf_clear(&in);
}

static void a_rest_lets_control_frames_come_again(void **state)
{
    struct ws_reader reader;
    struct ws_event event;
    size_t used;

    (void)state;
    ws_reader_begin(&reader, WS_SERVER, NULL);
    for (size_t i = 0; i < 3 * WS_CONTROLS_MAX; i++) {
        if (i % WS_CONTROLS_MAX == 0) ws_frame_rest(&reader.frame);
        ws_read(&reader, S("\x89\x00"), (struct ws_room){0}, &used, &event);
        assert_int_equal(event.kind, WS_PING);
    }
    ws_reader_clear(&reader);
}

static void what_is_at_the_bound_is_taken_without_being_held(void **state)
{
    static uint8_t bytes[MIB(1)];
    struct ws_reader reader;
    struct ws_event event;
    uint64_t len = 0;
    size_t used;

    (void)state;
    ws_reader_begin(&reader, WS_SERVER, NULL);
    ws_read(&reader, S("\x82\x7f\0\0\0\0\x08\0\0\0"), (struct ws_room){0}, &used, &event);
    assert_int_equal(event.kind, WS_BEGIN);
    while (len < WS_MESSAGE_MAX) {
        ws_read(&reader, (struct span){bytes, sizeof bytes}, (struct ws_room){0}, &used, &event);
        assert_int_equal(event.kind, WS_DATA);
        assert_true(event.bytes.at == bytes && event.bytes.len == used); /* a slice of in: nothing is copied */
        len += used;
    }
    ws_read(&reader, (struct span){0}, (struct ws_room){0}, &used, &event);
    assert_int_equal(event.kind, WS_END);
    ws_reader_clear(&reader);
}

static void a_bomb_is_refused_however_it_is_cut(void **state)
{
    static uint8_t zeros[INFLATE_BLOCK * INFLATE_RATIO_MAX + 1];
    struct ws_outgoing message = {WS_BINARY, true};
    struct ws_deflate deflate = {0};
    struct buf made = {0}, in = {0};
    static const struct ws_deflate_terms terms = {15, false};

    (void)state;
    assert_int_equal(ws_deflate_begin(&deflate, 15), ERR_OK);
    assert_int_equal(ws_deflate_feed(&deflate, (struct span){zeros, sizeof zeros}, &made), ERR_OK);
    assert_int_equal(ws_deflate_end(&deflate, &made), ERR_OK);
    assert_int_equal(ws_write_piece(&in, &message, NULL, buf_span(&made), true), ERR_OK);
    for (size_t step = 1; step < 10000; step = step * 7 + 1) {
        struct buf told = {0};
        ws_tell(&told, WS_SERVER, &terms, buf_span(&in), step, 65536 / step);
        assert_true(span_is(buf_span(&told), S("binary~{ 1009 a message that inflates out of measure")));
        buf_clear(&told);
    }
    buf_clear(&made);
    buf_clear(&in);
}

static void a_fault_stays(void **state)
{
    struct ws_reader reader;
    struct ws_event event;
    size_t used;

    (void)state;
    ws_reader_begin(&reader, WS_SERVER, NULL);
    for (int i = 0; i < 3; i++) {
        ws_read(&reader, S("\x83\x00\x81\x00"), (struct ws_room){0}, &used, &event);
        assert_int_equal(event.kind, WS_FAULT);
        assert_int_equal(event.code, WS_CODE_PROTOCOL);
        assert_true(used == (i == 0 ? 1 : 0));
    }
    assert_false(ws_reader_may_end(&reader));
    ws_reader_clear(&reader);
}

static void no_memory_fails_the_connection(void **state)
{
    static const struct ws_deflate_terms terms = {15, false};
    struct ws_reader reader;
    struct ws_event event;
    size_t used;

    (void)state;
    ws_reader_begin(&reader, WS_SERVER, &terms);
    mem_fail_at(1);
    ws_read(&reader, S("\xc1\x07" HELLO), (struct ws_room){0}, &used, &event);
    mem_fail_at(0);
    assert_int_equal(event.kind, WS_FAULT);
    assert_int_equal(event.code, WS_CODE_INTERNAL);
    ws_reader_clear(&reader);
}

static void a_reader_at_rest_is_small(void **state)
{
    (void)state;
    print_message("  %zu bytes, zlib's record among them\n", sizeof(struct ws_reader));
    assert_true(sizeof(struct ws_reader) <= 512);
}

/* --- the writer ------------------------------------------------------------------------------------------ */

static struct span sample(void)
{
    static uint8_t bytes[70000];

    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)('a' + i % 23);
    return (struct span){bytes, sizeof bytes};
}

static void every_length_is_written_shortest_and_read_again(void **state)
{
    static const size_t lens[] = {0, 1, 7, 8, 9, 125, 126, 127, 65535, 65536, 70000},
                        heads[] = {2, 2, 2, 2, 2, 2, 4, 4, 4, 10, 10};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lens); i++)
        for (int masks = 0; masks < 2; masks++) {
            struct ws_outgoing message = {WS_TEXT, false};
            struct buf in = {0}, told = {0}, expected = {0};
            assert_int_equal(
                ws_write_piece(&in, &message, masks ? (const uint8_t *)KEY : NULL, span_first(sample(), lens[i]), true),
                ERR_OK);
            assert_int_equal(buf_len(&in), heads[i] + (masks ? 4u : 0u) + lens[i]);
            ws_tell(&told, masks ? WS_CLIENT : WS_SERVER, NULL, buf_span(&in), 1000, 999);
            assert_int_equal(buf_printf(&expected, "text{%.*s}", (int)lens[i], (const char *)sample().at), ERR_OK);
            assert_true(span_is(buf_span(&told), buf_span(&expected)));
            buf_clear(&in), buf_clear(&told), buf_clear(&expected);
        }
}

static void pieces_are_one_message(void **state)
{
    struct ws_outgoing message = {WS_BINARY, false};
    struct buf out = {0};

    (void)state;
    assert_int_equal(ws_write_piece(&out, &message, NULL, S("ab"), false), ERR_OK);
    assert_int_equal(ws_write_piece(&out, &message, NULL, S("c"), false), ERR_OK);
    assert_int_equal(ws_write_piece(&out, &message, NULL, S(""), true), ERR_OK);
    assert_true(span_is(buf_span(&out), S("\x02\x02"
                                          "ab\x00\x01"
                                          "c\x80\x00")));
    buf_clear(&out);
}

static void a_deflated_message_says_so_in_its_first_frame(void **state)
{
    struct ws_outgoing message = {WS_TEXT, true};
    struct buf out = {0};

    (void)state;
    assert_int_equal(ws_write_piece(&out, &message, NULL, S("\xf2\x48\xcd"), false), ERR_OK);
    assert_int_equal(ws_write_piece(&out, &message, NULL, S("\xc9\xc9\x07\x00"), true), ERR_OK);
    assert_true(span_is(buf_span(&out), S("\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00")));
    buf_clear(&out);
}

static void control_frames_are_written(void **state)
{
    struct buf out = {0};

    (void)state;
    assert_int_equal(ws_write_control(&out, WS_OP_PING, NULL, S("p")), ERR_OK);
    assert_int_equal(ws_write_control(&out, WS_OP_PONG, (const uint8_t *)KEY, S("")), ERR_OK);
    assert_int_equal(ws_write_close(&out, NULL, 1008, S("secret")), ERR_OK);
    assert_int_equal(ws_write_close(&out, NULL, WS_CODE_NONE, S("")), ERR_OK);
    assert_int_equal(ws_write_close(&out, (const uint8_t *)KEY, 1001, S("bye")), ERR_OK);
    assert_true(span_is(buf_span(&out), S("\x89\x01p\x8a\x80" KEY "\x88\x08\x03\xf0secret\x88\x00"
                                          "\x88\x85" KEY "\x02\xeb\x66\x71\x64")));
    buf_clear(&out);
}

/* RFC 6455 section 5.7's own examples, from the other side. */
static void a_mask_is_the_same_wherever_it_begins(void **state)
{
    static const uint8_t key[] = {0x37, 0xfa, 0x21, 0x3d};
    const uint8_t *plain = sample().at;
    uint8_t whole[64], cut[64];

    (void)state;
    for (size_t len = 0; len <= sizeof whole; len++)
        for (size_t at = 0; at <= len; at++) {
            ws_mask(key, 0, plain, len, whole);
            for (size_t i = 0; i < len; i++) assert_int_equal(whole[i], plain[i] ^ key[i % 4]);
            memcpy(cut, plain, len);
            ws_mask(key, 0, cut, at, cut);
            ws_mask(key, at, cut + at, len - at, cut + at);
            assert_memory_equal(whole, cut, len);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stream_is_read_the_same_however_it_is_cut),
        cmocka_unit_test(a_message_has_so_many_frames_at_most),
        cmocka_unit_test(so_many_control_frames_may_come_on_end),
        cmocka_unit_test(a_rest_lets_control_frames_come_again),
        cmocka_unit_test(what_is_at_the_bound_is_taken_without_being_held),
        cmocka_unit_test(a_bomb_is_refused_however_it_is_cut),
        cmocka_unit_test(a_fault_stays),
        cmocka_unit_test(no_memory_fails_the_connection),
        cmocka_unit_test(a_reader_at_rest_is_small),
        cmocka_unit_test(every_length_is_written_shortest_and_read_again),
        cmocka_unit_test(pieces_are_one_message),
        cmocka_unit_test(a_deflated_message_says_so_in_its_first_frame),
        cmocka_unit_test(control_frames_are_written),
        cmocka_unit_test(a_mask_is_the_same_wherever_it_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
