/* inflate_test.c — what a coded body decodes to, however it is cut; and what is refused: broken, cut short, doubled in
 * meaning, too large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/wire/coding.h"
#include "reactor/wire/inflate.h"
#include "tests/coder.h"

#define BYTES(text) SPAN_LIT(text)

/* clang-format off */
/* How each coding is written, and the name it goes by. */
static const struct { const char *coder, *coding; } ways[] = {
    {"gzip", "gzip"}, {"gzip", "X-GZip"}, {"deflate", "deflate"}, {"bare", "deflate"}, {"br", "br"}, {"zstd", "ZSTD"},
    {"gzip, br", "gzip, br"}, {"br, zstd, bare", "br,zstd , deflate"}, {"gzip", "identity, gzip,,identity"},
    {"gzip, gzip, gzip, gzip, gzip", "gzip,gzip,gzip,gzip,gzip"},
    {"zstd, br, deflate, gzip, zstd", "zstd,br,deflate,gzip,zstd"},
};
/* clang-format on */

struct out {
    struct buf bytes;
    uint64_t len;
    bool only_count;
};

static enum err keep(void *context, struct span bytes)
{
    struct out *out = context;

    assert_true(bytes.len > 0);
    out->len += bytes.len;
    return out->only_count ? ERR_OK : buf_add(&out->bytes, bytes);
}

/* Decodes a body in pieces of step bytes. */
static enum err undo(const char *codings, struct span body, size_t step, struct out *out)
{
    AUTO(inflate) inflate = NULL;

    TRY(inflate_new(span_of(codings), keep, out, &inflate));
    assert_non_null(inflate);
    for (; body.len > 0; body = span_from(body, span_first(body, step).len))
        TRY(inflate_feed(inflate, span_first(body, step)));
    return inflate_end(inflate);
}

/* The verdict on a body, the same in one piece, in single bytes and in sevens; plain gets what came out if it is OK. */
static enum err read_every_way(const char *codings, struct span body, struct buf *plain)
{
    struct out whole = {0}, bytes = {0}, sevens = {0};
    enum err err = undo(codings, body, SIZE_MAX, &whole);

    assert_int_equal(undo(codings, body, 1, &bytes), err);
    assert_int_equal(undo(codings, body, 7, &sevens), err);
    if (err == ERR_OK) {
        assert_true(span_is(buf_span(&whole.bytes), buf_span(&bytes.bytes)));
        assert_true(span_is(buf_span(&whole.bytes), buf_span(&sevens.bytes)));
        if (plain != NULL) assert_int_equal(buf_add(plain, buf_span(&whole.bytes)), ERR_OK);
    }
    buf_clear(&whole.bytes);
    buf_clear(&bytes.bytes);
    buf_clear(&sevens.bytes);
    return err;
}

static void assert_undone(const char *codings, struct span body, struct span plain)
{
    struct buf out = {0};
    enum err err = read_every_way(codings, body, &out);

    if (err != ERR_OK) fail_msg("%s: %s", codings, err_name(err));
    assert_true(span_is(buf_span(&out), plain));
    buf_clear(&out);
}

static void assert_refused(const char *codings, struct span body)
{
    enum err err = read_every_way(codings, body, NULL);

    if (err != ERR_SYNTAX) fail_msg("%s: %s", codings, err_name(err));
}

/* Text and noise, larger than a piece and a block, the same each time. */
static struct span sample(void)
{
    static uint8_t bytes[100000];
    uint64_t seed = 1;

    for (size_t i = 0; i < sizeof bytes; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (uint8_t)(i % 5000 < 2000 ? seed >> 33 : (uint8_t) "a secret is 0123\n"[i % 17]);
    }
    return (struct span){bytes, sizeof bytes};
}

static void every_coding_is_undone_however_it_is_cut(void **state)
{
    const struct span plains[] = {BYTES(""), BYTES("a"), BYTES("hello hello hello"), sample()};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ways); i++)
        for (size_t p = 0; p < COUNT_OF(plains); p++) {
            struct buf body = {0};
            coder_add(&body, ways[i].coder, plains[p]);
            assert_undone(ways[i].coding, buf_span(&body), plains[p]);
            buf_clear(&body);
        }
}

static void every_level_and_window_that_is_allowed_is_undone(void **state)
{
    (void)state;
    for (int level = 0; level <= 9; level++)
        for (int window = 9; window <= 15; window++) {
            struct buf gzip = {0}, zlib = {0}, bare = {0}, br = {0}, zstd = {0};
            coder_zlib(&gzip, sample(), level, window + 16);
            coder_zlib(&zlib, sample(), level, window);
            coder_zlib(&bare, sample(), level, -window);
            coder_br(&br, sample(), level, window + 9);
            coder_zstd(&zstd, sample(), level + 1, window + 8);
            assert_undone("gzip", buf_span(&gzip), sample());
            assert_undone("deflate", buf_span(&zlib), sample());
            assert_undone("deflate", buf_span(&bare), sample());
            assert_undone("br", buf_span(&br), sample());
            assert_undone("zstd", buf_span(&zstd), sample());
            buf_clear(&gzip);
            buf_clear(&zlib);
            buf_clear(&bare);
            buf_clear(&br);
            buf_clear(&zstd);
        }
}

static void a_list_that_names_only_identity_needs_no_decoder(void **state)
{
    static const char *const lists[] = {"", "identity", "Identity, identity", " ,, ", "chunked", "identity, Chunked"};
    struct inflate *inflate;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        inflate = (struct inflate *)&inflate;
        assert_int_equal(inflate_new(span_of(lists[i]), keep, NULL, &inflate), ERR_OK);
        assert_null(inflate);
    }
}

static void a_coding_that_is_not_known_is_denied(void **state)
{
    static const char *const lists[] = {"compress",
                                        "x-compress",
                                        "gzip2",
                                        "gzi",
                                        "gzip;q=1",
                                        "gzip br",
                                        "aws-chunked",
                                        "dcb",
                                        "dcz",
                                        "gzip, nonsense",
                                        "nonsense, gzip",
                                        "\"gzip\"",
                                        "*",
                                        "gzip,gzip,gzip,gzip,gzip,br"};
    struct inflate *inflate = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        assert_int_equal(inflate_new(span_of(lists[i]), keep, NULL, &inflate), ERR_DENIED);
        assert_null(inflate);
    }
}

static void no_byte_at_all_is_an_empty_body(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ways); i++) assert_undone(ways[i].coding, BYTES(""), BYTES(""));
}

static void members_and_frames_may_follow_each_other(void **state)
{
    static const char *const codings[] = {"gzip", "zstd"};
    static const struct span skipped = BYTES("\x5a\x2a\x4d\x18\x03\0\0\0abc");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(codings); i++) {
        struct buf body = {0};
        coder_add(&body, codings[i], BYTES("tok_012"));
        coder_add(&body, codings[i], BYTES(""));
        coder_add(&body, codings[i], BYTES("3456789"));
        assert_undone(codings[i], buf_span(&body), BYTES("tok_0123456789"));
        assert_int_equal(buf_add(&body, skipped), ERR_OK);
        if (i == 1) assert_undone(codings[i], buf_span(&body), BYTES("tok_0123456789"));
        buf_clear(&body);
    }
}

static void a_body_that_ends_early_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct buf body = {0};
        coder_add(&body, ways[i].coder, BYTES("hello hello hello, and more of it 0123456789"));
        for (size_t len = 1; len < buf_len(&body); len++)
            assert_refused(ways[i].coding, span_first(buf_span(&body), len));
        buf_clear(&body);
    }
}

static void bytes_behind_the_end_are_refused(void **state)
{
    static const struct span behind[] = {BYTES("\0"), BYTES("x"), BYTES("\r\n"), BYTES("\0\0\0\0\0\0\0\0"),
                                         BYTES("\x1f\x8b")};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ways); i++)
        for (size_t b = 0; b < COUNT_OF(behind); b++) {
            struct buf body = {0};
            coder_add(&body, ways[i].coder, BYTES("hello"));
            assert_int_equal(buf_add(&body, behind[b]), ERR_OK);
            assert_refused(ways[i].coding, buf_span(&body));
            buf_clear(&body);
        }
}

static void a_second_body_behind_one_that_does_not_repeat_is_refused(void **state)
{
    static const char *const coders[] = {"deflate", "bare", "br"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(coders); i++) {
        struct buf body = {0};
        coder_add(&body, coders[i], BYTES("hello"));
        coder_add(&body, coders[i], BYTES("hello"));
        assert_refused(i == 2 ? "br" : "deflate", buf_span(&body));
        buf_clear(&body);
    }
}

static void a_turned_bit_is_refused_where_there_is_a_checksum(void **state)
{
    static const char *const codings[] = {"gzip", "deflate", "zstd"};
    static const struct span plain = BYTES("hello hello hello, and more of it 0123456789");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(codings); i++) {
        struct buf body = {0};
        size_t trailer = i == 0 ? 8 : 4;
        coder_add(&body, codings[i], plain);
        for (size_t at = buf_len(&body) - trailer; at < buf_len(&body); at++)
            for (unsigned bit = 0; bit < 8; bit++) {
                body.at[body.from + at] ^= (uint8_t)(1u << bit);
                assert_refused(codings[i], buf_span(&body));
                body.at[body.from + at] ^= (uint8_t)(1u << bit);
            }
        assert_undone(codings[i], buf_span(&body), plain);
        buf_clear(&body);
    }
}

/* clang-format off */
static const struct { const char *what, *codings; struct span body; } broken[] = {
    {"text",                            "gzip",    BYTES("{\"hello\": 1}")},
    {"text",                            "deflate", BYTES("{\"hello\": 1}")},
    {"text",                            "br",      BYTES("{\"hello\": 1}")},
    {"text",                            "zstd",    BYTES("{\"hello\": 1}")},
    {"a single byte",                   "gzip",    BYTES("\x1f")},
    {"a zlib body",                     "gzip",    BYTES("\x78\x9c\x03\0\0\0\0\x01")},
    {"a gzip body",                     "deflate", BYTES("\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0")},
    {"another method",                  "gzip",    BYTES("\x1f\x8b\x07\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0")},
    {"a reserved flag",                 "gzip",    BYTES("\x1f\x8b\x08\x80\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0")},
    {"a wrong header checksum",         "gzip",    BYTES("\x1f\x8b\x08\x02\0\0\0\0\0\x03\0\0\x03\0\0\0\0\0\0\0\0\0")},
    {"a preset dictionary",             "deflate", BYTES("\x78\xbb\0\0\0\x01\x03\0\0\0\0\x01")},
    {"a wrong zlib header",             "deflate", BYTES("\x78\x9d\x03\0\0\0\0\x01")},
    {"two readings, zlib and bare",     "deflate", BYTES("\x78\x01\x03\xfe\xfc" "0123456789")},
    {"the third block type",            "deflate", BYTES("\x07")},
    {"a distance before the start",     "deflate", BYTES("\x4b\x02\x12\x00")},
    {"a large window",                  "br",      BYTES("\x11\x1e")},
    {"another dictionary",              "zstd",    BYTES("\x28\xb5\x2f\xfd\x21\x07\x00\x01\0\0")},
    {"the format of zstd 0.7",          "zstd",    BYTES("\x27\xb5\x2f\xfd\x04\0\0\0\0\0\0\0\0")},
    {"the format of zstd 0.5",          "zstd",    BYTES("\x25\xb5\x2f\xfd\x04\0\0\0\0\0\0\0\0")},
    {"a reserved block type",           "zstd",    BYTES("\x28\xb5\x2f\xfd\0\x50\x07\0\0")},
};
/* clang-format on */

static void what_is_not_so_coded_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        print_message("  %s: %s\n", broken[i].codings, broken[i].what);
        assert_refused(broken[i].codings, broken[i].body);
    }
}

/* As zlib: a stored block of FOLD_BYTES, the checksum right.  As a bare stream: a stored block of one byte (1, 0 and
 * their complements), then what stands in zlib's stored block. */
enum { FOLD_BYTES = 0xfffe };

static void add_twofold(struct buf *body, struct span hidden)
{
    static const struct span zlib_and_bare = BYTES("\x78\x01\x00\xfe\xff\x01\x00");
    struct buf content = {0};
    uint32_t sum;

    assert_int_equal(buf_add(&content, BYTES("\0\0\xff\xff")), ERR_OK);
    coder_add(&content, "bare", hidden);
    while (buf_len(&content) < FOLD_BYTES) assert_int_equal(buf_add(&content, BYTES("x")), ERR_OK);
    sum = (uint32_t)adler32(1, buf_span(&content).at, FOLD_BYTES);
    assert_int_equal(buf_add(body, zlib_and_bare), ERR_OK);
    assert_int_equal(buf_add(body, buf_span(&content)), ERR_OK);
    assert_int_equal(buf_add(body, BYTES("\x01\0\0\xff\xff")), ERR_OK);
    for (unsigned shift = 32; shift > 0; shift -= 8)
        assert_int_equal(buf_add(body, (struct span){(uint8_t[]){(uint8_t)(sum >> (shift - 8))}, 1}), ERR_OK);
    buf_clear(&content);
}

/* What another reader of the body gets. */
static void assert_reads(struct span body, int window, struct span start)
{
    uint8_t plain[FOLD_BYTES];
    z_stream z = {
        .next_in = (uint8_t *)body.at, .avail_in = (unsigned)body.len, .next_out = plain, .avail_out = sizeof plain};

    assert_int_equal(inflateInit2(&z, window), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_memory_equal(plain, start.at, start.len);
    assert_int_equal(inflateEnd(&z), Z_OK);
}

static void a_body_with_a_zlib_and_a_bare_reading_is_refused(void **state)
{
    struct buf body = {0};

    (void)state;
    add_twofold(&body, BYTES("a secret"));
    assert_reads(buf_span(&body), 15, BYTES("\0\0\xff\xff"));
    assert_reads(buf_span(&body), -15,
                 BYTES("\x01"
                       "a secret"));
    assert_refused("deflate", buf_span(&body));
    buf_clear(&body);
}

static void a_failure_stays(void **state)
{
    struct inflate *inflate = NULL;
    struct out out = {0};
    struct buf good = {0};

    (void)state;
    coder_add(&good, "gzip", BYTES("hello"));
    assert_int_equal(inflate_new(SPAN_LIT("gzip"), keep, &out, &inflate), ERR_OK);
    assert_int_equal(inflate_feed(inflate, BYTES("xx")), ERR_SYNTAX);
    assert_int_equal(inflate_feed(inflate, buf_span(&good)), ERR_SYNTAX);
    assert_int_equal(inflate_end(inflate), ERR_SYNTAX);
    assert_int_equal(out.len, 0);
    inflate_free(&inflate);
    buf_clear(&good);
}

static enum err refuse(void *context, struct span bytes)
{
    (void)context, (void)bytes;
    return ERR_TIMEOUT;
}

static void the_takers_failure_is_passed_up(void **state)
{
    struct inflate *inflate = NULL;
    struct buf body = {0};

    (void)state;
    coder_add(&body, "gzip, br", BYTES("hello"));
    assert_int_equal(inflate_new(SPAN_LIT("gzip, br"), refuse, NULL, &inflate), ERR_OK);
    assert_int_equal(inflate_feed(inflate, buf_span(&body)), ERR_TIMEOUT);
    assert_int_equal(inflate_end(inflate), ERR_TIMEOUT);
    inflate_free(&inflate);
    buf_clear(&body);
}

/* --- bounds ---------------------------------------------------------------------------------------------- */

static void add_zeros(struct buf *out, const char *codings, size_t len)
{
    uint8_t *zeros = calloc(1, len);

    coder_add(out, codings, (struct span){zeros, len});
    free(zeros);
}

static uint64_t bound_of(size_t len)
{
    return (len + INFLATE_BLOCK - 1) / INFLATE_BLOCK * INFLATE_BLOCK * INFLATE_RATIO_MAX;
}

static void a_bomb_ends_at_the_bound_however_it_is_cut(void **state)
{
    static const struct {
        const char *coder, *coding;
    } bombs[] = {
        {"gzip", "gzip"},
        {"deflate", "deflate"},
        {"bare", "deflate"},
        {"br", "br"},
        {"zstd", "zstd"},
        {"gzip, gzip", "gzip, gzip"},
        {"br, br", "br, br"},
        {"zstd, zstd, zstd", "zstd, zstd, zstd"},
        {"gzip, gzip, gzip, gzip, gzip", "gzip, gzip, gzip, gzip, gzip"},
    };
    static const size_t steps[] = {SIZE_MAX, 1, 4093};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bombs); i++) {
        struct buf body = {0};
        add_zeros(&body, bombs[i].coder, MIB(10));
        for (size_t s = 0; s < COUNT_OF(steps); s++) {
            struct out out = {.only_count = true};
            assert_int_equal(undo(bombs[i].coding, buf_span(&body), steps[s], &out), ERR_LIMIT);
            assert_true(out.len <= bound_of(buf_len(&body)));
        }
        buf_clear(&body);
    }
}

/* What comes behind does not count yet, even if it was fed at once. */
static void a_bomb_in_front_of_much_else_ends_at_the_bound_however_it_is_cut(void **state)
{
    static const size_t steps[] = {SIZE_MAX, 1, 4093};
    struct buf body = {0};

    (void)state;
    add_zeros(&body, "gzip", MIB(2));
    coder_add(&body, "gzip", sample());
    assert_true(bound_of(buf_len(&body)) > MIB(3));
    for (size_t s = 0; s < COUNT_OF(steps); s++) {
        struct out out = {.only_count = true};
        assert_int_equal(undo("gzip", buf_span(&body), steps[s], &out), ERR_LIMIT);
        assert_int_equal(out.len, INFLATE_BLOCK * INFLATE_RATIO_MAX);
    }
    buf_clear(&body);
}

static void many_bombs_one_behind_the_other_end_at_the_bound(void **state)
{
    struct buf one = {0}, body = {0};
    struct out out = {.only_count = true};

    (void)state;
    add_zeros(&one, "gzip", MIB(1));
    for (unsigned i = 0; i < 64; i++) assert_int_equal(buf_add(&body, buf_span(&one)), ERR_OK);
    assert_int_equal(undo("gzip", buf_span(&body), SIZE_MAX, &out), ERR_LIMIT);
    assert_true(out.len <= bound_of(buf_len(&body)));
    buf_clear(&one);
    buf_clear(&body);
}

static void what_is_at_the_bound_passes_and_one_byte_more_does_not(void **state)
{
    static const char *const codings[] = {"gzip", "deflate", "br", "zstd"};
    const size_t floor = INFLATE_BLOCK * INFLATE_RATIO_MAX;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(codings); i++) {
        struct buf body = {0}, more = {0};
        struct out out = {.only_count = true};
        add_zeros(&body, codings[i], floor);
        add_zeros(&more, codings[i], floor + 1);
        assert_int_equal(undo(codings[i], buf_span(&body), SIZE_MAX, &out), ERR_OK);
        assert_int_equal(out.len, floor);
        assert_int_equal(undo(codings[i], buf_span(&body), 1, &out), ERR_OK);
        assert_int_equal(undo(codings[i], buf_span(&more), SIZE_MAX, &out), ERR_LIMIT);
        assert_int_equal(undo(codings[i], buf_span(&more), 1, &out), ERR_LIMIT);
        buf_clear(&body);
        buf_clear(&more);
    }
}

static void the_total_is_bounded(void **state)
{
    struct inflate *inflate = NULL;
    struct out out = {.only_count = true};
    struct buf body = {0};
    enum err err = ERR_OK;
    uint64_t fed = 0;

    (void)state;
    add_zeros(&body, "zstd", KIB(512)); /* and as many bytes of a frame that is skipped, so the ratio is never near */
    assert_int_equal(buf_add(&body, BYTES("\x50\x2a\x4d\x18\0\x20\0\0")), ERR_OK);
    for (unsigned i = 0; i < 0x2000; i++) assert_int_equal(buf_add(&body, BYTES("x")), ERR_OK);
    assert_int_equal(inflate_new(SPAN_LIT("zstd"), keep, &out, &inflate), ERR_OK);
    for (; err == ERR_OK && out.len <= INFLATE_TOTAL_MAX; fed += buf_len(&body))
        err = inflate_feed(inflate, buf_span(&body));
    assert_int_equal(err, ERR_LIMIT);
    assert_int_equal(out.len, INFLATE_TOTAL_MAX);
    assert_true(bound_of(fed) > INFLATE_TOTAL_MAX);
    inflate_free(&inflate);
    buf_clear(&body);
}

/* 12 MiB of noise, three times: a window of 16 MiB finds them, one of 8 does not. */
static void fill_with_noise(struct buf *noise)
{
    uint64_t seed = 1;
    size_t third = MIB(12);
    uint8_t *at;

    assert_int_equal(buf_room(noise, 3 * third, &at), ERR_OK);
    for (size_t i = 0; i < third; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        at[i] = (uint8_t)(seed >> 56);
    }
    memcpy(at + third, at, third);
    memcpy(at + 2 * third, at, third);
    buf_added(noise, 3 * third);
}

/* The most that a decoder's library held while it read the whole body. */
static size_t held_for(const char *coding, struct span body)
{
    static uint8_t room[INFLATE_PIECE];
    struct decoder decoder = {0};
    size_t held = 0, len = 0;

    assert_int_equal(decoder_open(&decoder, coding_find(span_of(coding))), ERR_OK);
    while (!decoder.whole) {
        assert_int_equal(decoder_step(&decoder, &body, room, sizeof room, &len), ERR_OK);
        if (decoder.held > held) held = decoder.held;
    }
    assert_true(decoder.whole);
    decoder_close(&decoder);
    return held;
}

static void the_largest_windows_fit_the_bound_and_larger_ones_are_refused(void **state)
{
    struct buf noise = {0}, br = {0}, zstd = {0}, gzip = {0}, large_br = {0}, large_zstd = {0};
    struct out out = {.only_count = true};

    (void)state;
    fill_with_noise(&noise);
    coder_br(&br, buf_span(&noise), 5, 24);
    coder_zstd(&zstd, buf_span(&noise), 1, ZSTD_WINDOW_LOG_MAX);
    coder_zlib(&gzip, span_first(buf_span(&noise), MIB(1)), 1, 15 + 16);
    coder_br(&large_br, span_first(buf_span(&noise), MIB(1)), 5, 25);
    coder_zstd(&large_zstd, buf_span(&noise), 1, ZSTD_WINDOW_LOG_MAX + 1);
    assert_int_equal(undo("br", buf_span(&br), SIZE_MAX, &out), ERR_OK);
    assert_int_equal(undo("zstd", buf_span(&zstd), SIZE_MAX, &out), ERR_OK);
    assert_int_equal(out.len, 2 * buf_len(&noise));
    assert_int_equal(undo("br", buf_span(&large_br), SIZE_MAX, &out), ERR_SYNTAX);
    assert_int_equal(undo("zstd", buf_span(&large_zstd), SIZE_MAX, &out), ERR_SYNTAX);
    print_message("  held: br %zu KiB, gzip %zu KiB\n", held_for("br", buf_span(&br)) / 1024,
                  held_for("gzip", buf_span(&gzip)) / 1024);
    assert_in_range(held_for("br", buf_span(&br)), MIB(16), CODING_MEMORY_MAX);
    assert_in_range(held_for("gzip", buf_span(&gzip)), KIB(32), KIB(48));
    struct buf *const all[] = {&noise, &br, &zstd, &gzip, &large_br, &large_zstd};
    for (size_t i = 0; i < COUNT_OF(all); i++) buf_clear(all[i]);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct out out = {.only_count = true};
        struct buf body = {0};
        enum err err = ERR_NOMEM;
        size_t n = 0;
        coder_add(&body, ways[i].coder, sample());
        while (err != ERR_OK) {
            mem_fail_at(++n);
            err = undo(ways[i].coding, buf_span(&body), SIZE_MAX, &out);
            if (err != ERR_OK && err != ERR_NOMEM) fail_msg("%s: allocation %zu: %s", ways[i].coding, n, err_name(err));
            assert_true(n < 1000);
        }
        mem_fail_at(0);
        assert_true(n > 2);
        buf_clear(&body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_coding_is_undone_however_it_is_cut),
        cmocka_unit_test(every_level_and_window_that_is_allowed_is_undone),
        cmocka_unit_test(a_list_that_names_only_identity_needs_no_decoder),
        cmocka_unit_test(a_coding_that_is_not_known_is_denied),
        cmocka_unit_test(no_byte_at_all_is_an_empty_body),
        cmocka_unit_test(members_and_frames_may_follow_each_other),
        cmocka_unit_test(a_body_that_ends_early_is_refused),
        cmocka_unit_test(bytes_behind_the_end_are_refused),
        cmocka_unit_test(a_second_body_behind_one_that_does_not_repeat_is_refused),
        cmocka_unit_test(a_turned_bit_is_refused_where_there_is_a_checksum),
        cmocka_unit_test(what_is_not_so_coded_is_refused),
        cmocka_unit_test(a_body_with_a_zlib_and_a_bare_reading_is_refused),
        cmocka_unit_test(a_failure_stays),
        cmocka_unit_test(the_takers_failure_is_passed_up),
        cmocka_unit_test(a_bomb_ends_at_the_bound_however_it_is_cut),
        cmocka_unit_test(a_bomb_in_front_of_much_else_ends_at_the_bound_however_it_is_cut),
        cmocka_unit_test(many_bombs_one_behind_the_other_end_at_the_bound),
        cmocka_unit_test(what_is_at_the_bound_passes_and_one_byte_more_does_not),
        cmocka_unit_test(the_total_is_bounded),
        cmocka_unit_test(the_largest_windows_fit_the_bound_and_larger_ones_are_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
