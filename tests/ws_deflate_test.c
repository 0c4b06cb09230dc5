/* ws_deflate_test.c — what a deflated message says, however it is cut and however small the room; what is refused; and
 * that what we deflate is read again by us and by zlib alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/wire/ws_deflate.h"

#define S(bytes) SPAN_LIT(bytes)
#define HELLO    "\xf2\x48\xcd\xc9\xc9\x07\x00"

/* clang-format off */
#define KEEPS   {15, true}
#define FORGETS {15, false}

/* The messages of one connection; the last one decides. */
static const struct {
    const char *what;
    struct ws_deflate_terms terms;
    struct span in[3];
    const char *out;
    enum err err;
} rows[] = {
    {"RFC 7692 7.2.3.1, one block",      FORGETS, {S(HELLO)}, "Hello", ERR_OK},
    {"7.2.3.2, the window is shared",    KEEPS,   {S(HELLO), S("\xf2\x00\x11\x00\x00")}, "Hello", ERR_OK},
    {"...but not when it may not be",    FORGETS, {S(HELLO), S("\xf2\x00\x11\x00\x00")}, "", ERR_SYNTAX},
    {"...and twice with one window",     KEEPS,   {S(HELLO), S(HELLO), S("\xf2\x00\x11\x00\x00")},
     "Hello", ERR_OK},
    {"7.2.3.3, not compressed",          FORGETS, {S("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00")},
     "Hello", ERR_OK},
    {"7.2.3.4, BFINAL is set",           FORGETS, {S("\xf3\x48\xcd\xc9\xc9\x07\x00\x00")}, "Hello", ERR_OK},
    {"...and another message behind it", KEEPS,   {S("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), S(HELLO)},
     "Hello", ERR_OK},
    {"...whose window is empty",         KEEPS,   {S("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), S("\xf2\x00\x11\x00\x00")},
     "", ERR_SYNTAX},
    {"BFINAL, and no block behind it",   FORGETS, {S("\xf3\x48\xcd\xc9\xc9\x07\x00")}, "", ERR_SYNTAX},
    {"BFINAL twice in one message",      FORGETS, {S("\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00")},
     "HelloHello", ERR_OK},
    {"the end itself made the last",     FORGETS, {S("\x01")}, "", ERR_SYNTAX},
    {"7.2.3.5, two blocks",              FORGETS, {S("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00")},
     "Hello", ERR_OK},
    {"7.2.3.6, an empty message",        FORGETS, {S("\x00")}, "", ERR_OK},
    {"no byte at all",                   FORGETS, {S("")}, "", ERR_SYNTAX},
    {"the end is not cut off",           FORGETS, {S(HELLO "\x00\x00\xff\xff")}, "", ERR_SYNTAX},
    {"an empty block, and another one",  FORGETS, {S(HELLO "\x00\x00\xff\xff\x00")}, "Hello", ERR_OK},
    {"cut within a block",               FORGETS, {S("\xf2\x48\xcd\xc9")}, "", ERR_SYNTAX},
    {"cut before the empty block",       FORGETS, {S("\xf2\x48\xcd\xc9\xc9\x07")}, "", ERR_SYNTAX},
    {"cut within stored bytes",          FORGETS, {S("\x00\x0a\x00\xf5\xff\x48")}, "", ERR_SYNTAX},
    {"stored bytes that eat the end",    FORGETS, {S("\x00\x05\x00\xfa\xff\x48")}, "", ERR_SYNTAX},
    {"a wrong length",                   FORGETS, {S("\x00\x05\x00\x05\x00Hello\x00")}, "", ERR_SYNTAX},
    {"the block type that is none",      FORGETS, {S("\xff\xff\xff")}, "", ERR_SYNTAX},
    {"a distance before the start",      FORGETS, {S("\xf2\x00\x11\x00\x00")}, "", ERR_SYNTAX},
};
/* clang-format on */

/* Feeds one message in pieces of step bytes, with a room of size bytes. */
static enum err undo(struct ws_inflate *inflate, struct span in, size_t step, size_t size, struct buf *out)
{
    static uint8_t room[70000];
    enum err err = ERR_AGAIN;
    size_t len;

    TRY(ws_inflate_begin(inflate));
    while (in.len > 0) {
        struct span piece = span_first(in, step), rest = piece;
        while (rest.len > 0) {
            TRY(ws_inflate_feed(inflate, &rest, room, size, &len));
            assert_int_equal(buf_add(out, (struct span){room, len}), ERR_OK);
        }
        in = span_from(in, piece.len);
    }
    while (err == ERR_AGAIN) {
        err = ws_inflate_end(inflate, room, size, &len);
        if (err == ERR_OK || err == ERR_AGAIN) assert_int_equal(buf_add(out, (struct span){room, len}), ERR_OK);
    }
    return err;
}

static const struct {
    size_t step, size;
} ways[] = {{SIZE_MAX, 70000}, {1, 70000}, {SIZE_MAX, 1}, {1, 1}, {7, 5}, {4096, 16384}};

static void every_message_says_the_same_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t way = 0; way < COUNT_OF(ways); way++) {
            struct ws_inflate inflate = {.terms = rows[i].terms};
            struct buf out = {0};
            enum err err = ERR_OK;
            print_message("  %s, way %zu\n", rows[i].what, way);
            for (size_t m = 0; m < COUNT_OF(rows[i].in) && rows[i].in[m].at != NULL; m++) {
                assert_int_equal(err, ERR_OK);
                buf_clear(&out);
                err = undo(&inflate, rows[i].in[m], ways[way].step, ways[way].size, &out);
            }
            assert_int_equal(err, rows[i].err);
            if (err == ERR_OK) assert_true(span_is(buf_span(&out), span_of(rows[i].out)));
            if (err == ERR_OK) assert_int_equal(inflate.open, rows[i].terms.keeps_context);
            ws_inflate_clear(&inflate);
            buf_clear(&out);
        }
}

/* Text and noise, larger than a window, a block and a piece, the same each time. */
static struct span sample(void)
{
    static uint8_t bytes[200000];
    uint64_t seed = 1;

    for (size_t i = 0; i < sizeof bytes; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (uint8_t)(i % 5000 < 2000 ? seed >> 33 : (uint8_t) "a secret is 0123\n"[i % 17]);
    }
    return (struct span){bytes, sizeof bytes};
}

static void make(struct span plain, uint8_t window_bits, size_t step, struct buf *out)
{
    struct ws_deflate deflate = {0};

    assert_int_equal(ws_deflate_begin(&deflate, window_bits), ERR_OK);
    for (; plain.len > 0; plain = span_from(plain, span_first(plain, step).len))
        assert_int_equal(ws_deflate_feed(&deflate, span_first(plain, step), out), ERR_OK);
    assert_int_equal(ws_deflate_end(&deflate, out), ERR_OK);
    assert_false(deflate.open);
}

/* By zlib, which was told the window, a byte at a time: a distance beyond it is an error. */
static void assert_fits(struct span made, int window_bits, struct span plain)
{
    static const uint8_t end[] = {0, 0, 0xff, 0xff};
    z_stream z = {0};
    size_t len = 0;

    assert_int_equal(inflateInit2(&z, -window_bits), Z_OK);
    for (size_t i = 0; i < made.len + sizeof end; i++) {
        uint8_t in = i < made.len ? made.at[i] : end[i - made.len], out;
        z.next_in = &in;
        z.avail_in = 1;
        do {
            int code;
            z.next_out = &out;
            z.avail_out = 1;
            code = inflate(&z, Z_SYNC_FLUSH);
            assert_true(code == Z_OK || code == Z_BUF_ERROR);
            if (z.avail_out == 0) assert_int_equal(out, plain.at[len++]);
        } while (z.avail_out == 0);
    }
    assert_int_equal(len, plain.len);
    inflateEnd(&z);
}

static void what_is_deflated_is_read_again_in_the_window_that_was_agreed_on(void **state)
{
    const struct span plains[] = {S(""), S("a"), S("hello hello hello"), sample()};
    static const uint8_t windows[] = {9, 10, 12, 15};
    static const size_t steps[] = {SIZE_MAX, 1, 1000};

    (void)state;
    for (size_t p = 0; p < COUNT_OF(plains); p++)
        for (size_t w = 0; w < COUNT_OF(windows); w++)
            for (size_t s = 0; s < COUNT_OF(steps); s++) {
                struct ws_inflate inflate = {.terms = {.window_bits = windows[w]}};
                struct buf made = {0}, out = {0};
                make(plains[p], windows[w], steps[s], &made);
                assert_true(buf_len(&made) > 0);
                assert_int_equal(undo(&inflate, buf_span(&made), 5000, 3000, &out), ERR_OK);
                assert_true(span_is(buf_span(&out), plains[p]));
                assert_fits(buf_span(&made), windows[w], plains[p]);
                buf_clear(&made);
                buf_clear(&out);
            }
}

static void a_message_that_points_further_back_than_agreed_is_read_however_it_is_cut(void **state)
{
    struct ws_inflate inflate = {.terms = {.window_bits = 9}};
    uint8_t far[2000];
    struct buf made = {0}, out = {0};

    (void)state;
    memcpy(far, sample().at, sizeof far); /* noise, and then the same again: only a larger window sees it */
    memcpy(far + 1000, far, 1000);
    make((struct span){far, sizeof far}, 12, SIZE_MAX, &made);
    assert_true(buf_len(&made) < 1200);
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        assert_int_equal(undo(&inflate, buf_span(&made), ways[way].step, ways[way].size, &out), ERR_OK);
        assert_true(span_is(buf_span(&out), (struct span){far, sizeof far}));
        buf_clear(&out);
    }
    buf_clear(&made);
}

static void a_bomb_ends_at_the_bound_however_it_is_cut(void **state)
{
    static uint8_t zeros[4 * INFLATE_BLOCK * INFLATE_RATIO_MAX];
    const size_t at_bound = INFLATE_BLOCK * INFLATE_RATIO_MAX;
    struct buf made = {0};

    (void)state;
    for (size_t len = at_bound; len <= at_bound + 1; len++)
        for (size_t way = 0; way < COUNT_OF(ways); way++) {
            struct ws_inflate inflate = {.terms = FORGETS};
            struct buf out = {0};
            make((struct span){zeros, len}, 15, SIZE_MAX, &made);
            assert_true(buf_len(&made) < INFLATE_BLOCK);
            assert_int_equal(undo(&inflate, buf_span(&made), ways[way].step, ways[way].size, &out),
                             len == at_bound ? ERR_OK : ERR_LIMIT);
            assert_true(buf_len(&out) <= at_bound);
            ws_inflate_clear(&inflate);
            buf_clear(&made);
            buf_clear(&out);
        }
}

/* Bytes of one message of so many blocks of zeros that are read before it ends, and how. */
static enum err undo_blocks(struct span block, size_t count, uint64_t *given)
{
    static uint8_t room[65536];
    struct ws_inflate inflate = {.terms = FORGETS};
    enum err err = ws_inflate_begin(&inflate);
    size_t len;

    *given = 0;
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        for (struct span rest = block; rest.len > 0 && err == ERR_OK; *given += err == ERR_OK ? len : 0)
            err = ws_inflate_feed(&inflate, &rest, room, sizeof room, &len);
    while (err == ERR_OK && (err = ws_inflate_end(&inflate, room, sizeof room, &len)) == ERR_AGAIN) {
        *given += len;
        err = ERR_OK;
    }
    ws_inflate_clear(&inflate);
    return err;
}

static void a_message_is_bounded_in_all(void **state)
{
    static const uint8_t end[] = {0, 0, 0xff, 0xff};
    enum { PLAIN = 1 << 20 };
    static uint8_t text[PLAIN];
    struct buf block = {0};
    uint64_t given;

    (void)state;
    for (size_t i = 0; i < PLAIN; i += 64) text[i] = (uint8_t)(i / 64 * 167);
    make((struct span){text, PLAIN}, 15, SIZE_MAX, &block);
    assert_true(buf_len(&block) * INFLATE_RATIO_MAX > PLAIN); /* the ratio does not end it */
    assert_int_equal(buf_add(&block, (struct span){end, sizeof end}), ERR_OK);
    assert_int_equal(undo_blocks(buf_span(&block), WS_MESSAGE_MAX / PLAIN + 1, &given), ERR_LIMIT);
    assert_true(given <= WS_MESSAGE_MAX && given > WS_MESSAGE_MAX - 65536);
    buf_clear(&block);
}

static void every_allocation_may_fail(void **state)
{
    struct span plain = sample();
    struct buf made = {0};
    size_t failed = 0;

    (void)state;
    make(plain, 15, SIZE_MAX, &made);
    for (size_t n = 1;; n++) {
        struct ws_inflate inflate = {.terms = KEEPS};
        struct ws_deflate deflate = {0};
        struct buf out = {0}, again = {0};
        uint8_t room[1024];
        struct span rest = buf_span(&made);
        size_t len;
        enum err err;
        mem_fail_at(n);
        err = ws_inflate_begin(&inflate);
        if (err == ERR_OK) err = ws_inflate_feed(&inflate, &rest, room, sizeof room, &len);
        if (err == ERR_OK) err = ws_deflate_begin(&deflate, 15);
        if (err == ERR_OK) err = ws_deflate_feed(&deflate, plain, &again);
        if (err == ERR_OK) err = ws_deflate_end(&deflate, &again);
        mem_fail_at(0);
        ws_inflate_clear(&inflate);
        ws_deflate_clear(&deflate);
        buf_clear(&out);
        buf_clear(&again);
        if (err == ERR_OK) break;
        assert_int_equal(err, ERR_NOMEM);
        failed++;
    }
    assert_true(failed > 4);
    buf_clear(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_says_the_same_however_it_is_cut),
        cmocka_unit_test(what_is_deflated_is_read_again_in_the_window_that_was_agreed_on),
        cmocka_unit_test(a_message_that_points_further_back_than_agreed_is_read_however_it_is_cut),
        cmocka_unit_test(a_bomb_ends_at_the_bound_however_it_is_cut),
        cmocka_unit_test(a_message_is_bounded_in_all),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
