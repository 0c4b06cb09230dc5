/* scan_test.c — a known value is found in every encoding, wherever it stands and however the bytes are cut; and the
 * engine agrees with a search that knows nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <stdlib.h>

#include "dlp/scan/literal.h"
#include "dlp/scan/scan.h"
#include "reactor/base/encode.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

#define VALUE "aB3/+x\"y\\z \xc3\xa9<w&=t~\xf0\x9f\x94\x91!"

/* clang-format off */
/* What other programs write for VALUE: Python's json and urllib, node, PHP, Go, gson. */
static const struct { const char *what, *text; } written[] = {
    {"raw", "aB3/+x\"y\\z \xc3\xa9<w&=t~\xf0\x9f\x94\x91!"},
    {"hex", "6142332f2b7822795c7a20c3a93c77263d747ef09f949121"},
    {"HEX", "6142332F2B7822795C7A20C3A93C77263D747EF09F949121"},
    {"every byte, upper", "%61%42%33%2F%2B%78%22%79%5C%7A%20%C3%A9%3C%77%26%3D%74%7E%F0%9F%94%91%21"},
    {"every byte, mixed", "%61%42%33%2F%2b%78%22%79%5c%7A%20%C3%a9%3C%77%26%3d%74%7e%F0%9f%94%91%21"},
    {"encodeURIComponent", "aB3%2F%2Bx%22y%5Cz%20%C3%A9%3Cw%26%3Dt~%F0%9F%94%91!"},
    {"RFC 3986", "aB3%2F%2Bx%22y%5Cz%20%C3%A9%3Cw%26%3Dt~%F0%9F%94%91%21"},
    {"quote()", "aB3/%2Bx%22y%5Cz%20%C3%A9%3Cw%26%3Dt~%F0%9F%94%91%21"},
    {"encodeURI", "aB3/+x%22y%5Cz%20%C3%A9%3Cw&=t~%F0%9F%94%91!"},
    {"form", "aB3%2F%2Bx%22y%5Cz+%C3%A9%3Cw%26%3Dt%7E%F0%9F%94%91%21"},
    {"reversed", "!\x91\x94\x9f\xf0~t=&w<\xa9\xc3 z\\y\"x+/3Ba"},
    {"rot13", "nO3/+k\"l\\m \xc3\xa9<j&=g~\xf0\x9f\x94\x91!"},
    {"case swapped", "Ab3/+X\"Y\\Z \xc3\xa9<W&=T~\xf0\x9f\x94\x91!"},
    {"hex, colons", "61:42:33:2f:2b:78:22:79:5c:7a:20:c3:a9:3c:77:26:3d:74:7e:f0:9f:94:91:21"},
    {"HEX, hyphens", "61-42-33-2F-2B-78-22-79-5C-7A-20-C3-A9-3C-77-26-3D-74-7E-F0-9F-94-91-21"},
    {"hex, blanks", "61 42 33 2f 2b 78 22 79 5c 7a 20 c3 a9 3c 77 26 3d 74 7e f0 9f 94 91 21"},
    {"hex in C", "\\x61\\x42\\x33\\x2f\\x2b\\x78\\x22\\x79\\x5c\\x7a\\x20\\xc3\\xa9\\x3c\\x77\\x26\\x3d\\x74\\x7e\\xf0"
                 "\\x9f\\x94\\x91\\x21"},
    {"hex in an array", "0x61,0x42,0x33,0x2f,0x2b,0x78,0x22,0x79,0x5c,0x7a,0x20,0xc3,0xa9,0x3c,0x77,0x26,0x3d,0x74,"
                        "0x7e,0xf0,0x9f,0x94,0x91,0x21"},
    {"hex in an array, blanks", "0x61, 0x42, 0x33, 0x2F, 0x2B, 0x78, 0x22, 0x79, 0x5C, 0x7A, 0x20, 0xC3, 0xA9, 0x3C, "
                                "0x77, 0x26, 0x3D, 0x74, 0x7E, 0xF0, 0x9F, 0x94, 0x91, 0x21"},
    {"base32", "MFBDGLZLPARHSXD2EDB2SPDXEY6XI7XQT6KJCII="},
    {"base32, lower", "mfbdglzlparhsxd2edb2spdxey6xi7xqt6kjcii"},
    {"HTML, decimal", "&#97;&#66;&#51;&#47;&#43;&#120;&#34;&#121;&#92;&#122;&#32;&#233;&#60;&#119;&#38;&#61;&#116;"
                      "&#126;&#128273;&#33;"},
    {"HTML, hex", "&#x61;&#x42;&#x33;&#x2F;&#x2B;&#x78;&#x22;&#x79;&#x5C;&#x7A;&#x20;&#xE9;&#x3C;&#x77;&#x26;&#x3D;"
                  "&#x74;&#x7E;&#x1F511;&#x21;"},
    {"JSON", "aB3/+x\\\"y\\\\z \xc3\xa9<w&=t~\xf0\x9f\x94\x91!"},
    {"JSON, ASCII", "aB3/+x\\\"y\\\\z \\u00e9<w&=t~\\ud83d\\udd11!"},
    {"JSON, slashes", "aB3\\/+x\\\"y\\\\z \xc3\xa9<w&=t~\xf0\x9f\x94\x91!"},
    {"PHP", "aB3\\/+x\\\"y\\\\z \\u00e9<w&=t~\\ud83d\\udd11!"},
    {"Go", "aB3/+x\\\"y\\\\z \xc3\xa9\\u003cw\\u0026=t~\xf0\x9f\x94\x91!"},
    {"gson", "aB3/+x\\\"y\\\\z \xc3\xa9\\u003cw\\u0026\\u003dt~\xf0\x9f\x94\x91!"},
    {"JSON, every character",
     "\\u0061\\u0042\\u0033\\u002f\\u002b\\u0078\\u0022\\u0079\\u005c\\u007a\\u0020\\u00e9"
     "\\u003c\\u0077\\u0026\\u003d\\u0074\\u007e\\ud83d\\udd11\\u0021"},
};
/* clang-format on */

static struct vault *vault;
static struct scanner *scanner;

static void begin_with(const struct span *values, size_t count)
{
    assert_int_equal(vault_new(count, &vault), ERR_OK);
    for (size_t i = 0; i < count; i++)
        if (values[i].len > 0) assert_int_equal(vault_set(vault, i, values[i]), ERR_OK);
    assert_int_equal(scanner_new(vault, NULL, &scanner), ERR_OK);
}

static void end(void)
{
    scanner_free(&scanner);
    vault_free(&vault);
}

/* A body in pieces of step bytes, the first of them cut at first. */
static struct findings scan_body(struct span body, size_t first, size_t step)
{
    const struct scan_unit unit = {.place = SCAN_BODY};
    struct findings findings = {0};
    AUTO(scan) scan = NULL;

    assert_int_equal(scan_new(scanner, &unit, &scan), ERR_OK);
    for (size_t len = first; body.len > 0; len = step) {
        struct span piece = span_first(body, len);
        assert_int_equal(scan_feed(scan, piece, &findings), ERR_OK);
        body = span_from(body, piece.len);
    }
    assert_int_equal(scan_end(scan, &findings), ERR_OK);
    return findings;
}

static bool found_in(struct span body) { return scan_body(body, body.len, body.len).count > 0; }

static void every_encoding_is_found_in_a_body_and_in_a_head(void **state)
{
    static const struct span values[] = {SPAN_LIT("another known value"), SPAN_LIT(VALUE)};

    (void)state;
    begin_with(values, COUNT_OF(values));
    for (size_t i = 0; i < COUNT_OF(written); i++) {
        struct span text = span_of(written[i].text);
        struct findings body = scan_body(text, text.len, 1), head = {0};

        print_message("  %s\n", written[i].what);
        assert_int_equal(body.count, 1);
        assert_int_equal(body.list[0].slot, 1);
        assert_string_equal(body.list[0].rule, "known-secret");
        assert_int_equal(scan_block(scanner, SCAN_FIELD, SPAN_LIT("X-Note"), text, &head), ERR_OK);
        assert_int_equal(head.count, 1);
        assert_string_equal(head.list[0].where, "field x-note");
    }
    end();
}

/* Deterministic bytes for whoever asks. */
static uint32_t dice(void)
{
    static uint64_t seed = 1;
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33);
}

static void roll(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)dice();
}

static void base64_is_found_whatever_stands_around_it(void **state)
{
    (void)state;
    for (size_t len = SECRET_BYTES_MIN; len < SECRET_BYTES_MIN + 6; len++) {
        uint8_t text[64];
        struct span value = {text + 16, len};
        roll(text, sizeof text);
        for (size_t i = 0; i < len; i++) text[16 + i] = (uint8_t)('!' + text[16 + i] % 94);
        begin_with(&value, 1);
        for (size_t front = 0; front <= 4; front++)
            for (size_t behind = 0; behind <= 4; behind++)
                for (unsigned alphabet = BASE64_STANDARD; alphabet <= BASE64_URL; alphabet++) {
                    struct buf coded = {0};
                    struct span all = {value.at - front, front + len + behind};
                    assert_int_equal(encode_base64(&coded, all, alphabet), ERR_OK);
                    assert_true(found_in(buf_span(&coded)));
                    buf_clear(&coded);
                }
        end();
    }
}

static void base32_is_found_whatever_stands_around_it(void **state)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    static const struct span value = SPAN_LIT(VALUE);

    (void)state;
    begin_with(&value, 1);
    for (size_t front = 0; front < 6; front++) {
        char coded[128] = "";
        uint8_t text[64] = "front!";
        memcpy(text + front, value.at, value.len);
        for (size_t digit = 0; digit < (front + value.len) * 8 / 5; digit++) {
            unsigned number = 0;
            for (size_t bit = digit * 5; bit < digit * 5 + 5; bit++)
                number = number * 2 + ((unsigned)text[bit / 8] >> (7 - bit % 8)) % 2;
            coded[digit] = alphabet[number];
        }
        assert_true(found_in(span_of(coded)));
    }
    end();
}

static void utf_16_is_found(void **state)
{
    static const struct span values[] = {SPAN_LIT("tok\xc3\xa9n\xf0\x9f\x94\x91 7")};

    (void)state;
    begin_with(values, COUNT_OF(values));
    assert_true(found_in(SPAN_LIT("t\0o\0k\0\xe9\0n\0\x3d\xd8\x11\xdd \0"
                                  "7\0")));
    assert_true(found_in(SPAN_LIT("\0T\0o\0k\0\xe9\0n\xd8\x3d\xdd\x11\0 \0"
                                  "7")));
    end();
}

static void any_part_of_a_value_is_it_too(void **state)
{
    static const struct span values[] = {
        SPAN_LIT("sk_live_4eC39HqLyjWDarjtT1zdp7dcAbCdEfGh1J2k3L4m5N6o7P8q9R0s"),
        SPAN_LIT("postgres://service:Zx8Kq1vB7nM3wR5tY2uL@db.internal:5432/production"),
        SPAN_LIT("correct horse battery staple and some more words")};
    size_t own = strlen("sk_live_");

    (void)state;
    begin_with(values, COUNT_OF(values));
    for (size_t at = own; at + SECRET_PART_RUN <= values[0].len; at++)
        assert_true(found_in((struct span){values[0].at + at, SECRET_PART_RUN}));
    for (size_t at = 0; at + SECRET_PART - 1 <= values[0].len; at++)
        assert_false(found_in((struct span){values[0].at + at, SECRET_PART - 1}));
    assert_false(found_in(SPAN_LIT("postgres://service:changeme@db.internal:5432/production")));
    assert_false(found_in(SPAN_LIT("a correct horse battery staple and some more")));
    end();
}

static void what_other_values_share_is_no_part(void **state)
{
    static const struct span values[] = {
        SPAN_LIT("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"),
        SPAN_LIT("-----BEGIN PRIVATE KEY-----MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v60rpbGZC7nkEBiUKhqOMDJFzxL9dpbMnnBsm"
                 "-----END PRIVATE KEY-----")};

    (void)state;
    begin_with(values, COUNT_OF(values));
    assert_false(found_in(SPAN_LIT("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.")));
    assert_true(found_in(SPAN_LIT("dozjgNryP4J3jVmNHl0w5N_X")));
    assert_false(found_in(SPAN_LIT("-----BEGIN PRIVATE KEY-----MC4CAQAwBQYDK2VwBCIEI")));
    end();
}

/* Every form, with filler between. */
static void add_every_form(struct buf *body, const struct literals *literals)
{
    for (size_t i = 0; i < literals->count; i++) {
        assert_int_equal(buf_add(body, span_first(SPAN_LIT("<~~"), 1 + i % 3)), ERR_OK);
        assert_int_equal(buf_add(body, literals->list[i].bytes), ERR_OK);
    }
}

static void where_the_bytes_are_cut_changes_nothing(void **state)
{
    static const struct span values[] = {SPAN_LIT(VALUE), SPAN_LIT("user:other+value/0123")};
    struct literals literals;
    struct buf body = {0};
    struct findings whole;

    (void)state;
    begin_with(values, COUNT_OF(values));
    assert_int_equal(literals_make(vault, &literals), ERR_OK);
    add_every_form(&body, &literals);
    whole = scan_body(buf_span(&body), buf_len(&body), 1);
    assert_int_equal(whole.count, 2);
    for (size_t cut = 1; cut < buf_len(&body); cut += 29) { /* in two */
        struct findings halves = scan_body(buf_span(&body), cut, buf_len(&body));
        assert_memory_equal(&halves, &whole, sizeof whole);
    }
    for (size_t step = 1; step < 64; step += 3) { /* in many */
        struct findings pieces = scan_body(buf_span(&body), step, step);
        assert_memory_equal(&pieces, &whole, sizeof whole);
    }
    for (size_t i = 0; i < literals.count; i++) { /* each form alone, cut everywhere within it */
        struct span form = literals.list[i].bytes;
        for (size_t cut = 1 + i % 3; cut < form.len; cut += 3) {
            struct findings halves = scan_body(form, cut, form.len);
            assert_int_equal(halves.count, 1);
            assert_int_equal(halves.list[0].slot, literals.list[i].slot);
        }
    }
    literals_free(&literals);
    buf_clear(&body);
    end();
}

static bool is_here(const struct literal *literal, const uint8_t *here)
{
    for (size_t i = 0; i < literal->bytes.len; i++) {
        uint8_t a = here[i], b = literal->bytes.at[i];
        if (a != b && !(literal->nocase && isalpha(a) && isalpha(b) && (a | 0x20) == (b | 0x20))) return false;
    }
    return true;
}

/* Slots found by looking at every place for every literal. */
static unsigned reference(const struct literals *literals, struct span body)
{
    unsigned slots = 0;

    for (size_t i = 0; i < literals->count; i++) {
        struct span bytes = literals->list[i].bytes;
        for (size_t at = 0; at + bytes.len <= body.len; at++)
            if (is_here(&literals->list[i], body.at + at)) slots |= 1u << literals->list[i].slot;
    }
    return slots;
}

/* Random text of a small alphabet, with forms in it that may be whole, cut short, or with one bit turned. */
static void add_random(struct buf *body, const struct literals *literals)
{
    for (unsigned pieces = dice() % 8; pieces > 0; pieces--) {
        struct span form = literals->list[dice() % literals->count].bytes;
        struct span piece = span_first(form, dice() % 3 == 0 ? dice() % form.len : form.len);
        size_t from = buf_len(body);
        for (unsigned filler = dice() % 9; filler > 0; filler--)
            assert_int_equal(buf_add(body, span_first(span_from(form, dice() % form.len), 1)), ERR_OK);
        assert_int_equal(buf_add(body, piece), ERR_OK);
        if (buf_len(body) > from && dice() % 3 == 0)
            body->at[body->from + from + dice() % (buf_len(body) - from)] ^= (uint8_t)(1u << dice() % 8);
    }
}

static void the_engine_agrees_with_a_search_that_knows_nothing(void **state)
{
    static const struct span values[] = {SPAN_LIT(VALUE), SPAN_LIT("aaaaaaab"), SPAN_LIT("aabaaaaaaab"),
                                         SPAN_LIT("bot:aaaaaaab/"), SPAN_LIT("/+/+/+/+/=")};
    struct literals literals;
    size_t hits = 0;

    (void)state;
    begin_with(values, COUNT_OF(values));
    assert_int_equal(literals_make(vault, &literals), ERR_OK);
    for (unsigned turn = 0; turn < 3000; turn++) {
        struct buf body = {0};
        unsigned slots = 0, as_they_are = 0;
        add_random(&body, &literals);
        struct findings findings = scan_body(buf_span(&body), 1 + dice() % 64, 1 + dice() % 64);
        for (size_t i = 0; i < findings.count; i++) {
            const struct finding *finding = &findings.list[i];
            slots |= 1u << finding->slot;
            if (finding->encoding[0] == '\0') as_they_are |= 1u << finding->slot;
        }
        unsigned wanted = reference(&literals, buf_span(&body)); /* decoders may find more */
        assert_int_equal(as_they_are & ~wanted, 0);
        assert_int_equal(wanted & ~slots, 0);
        hits += findings.count;
        buf_clear(&body);
    }
    assert_true(hits > 1000);
    literals_free(&literals);
    end();
}

static void a_finding_says_where_and_shows_nothing(void **state)
{
    static const struct span values[] = {SPAN_LIT("tok_0123456789")};
    struct findings findings = {0};
    struct span long_name = SPAN_LIT("x-a-very-long-name-that-does-not-fit-into-where-because-where-has-a-bound");

    (void)state;
    begin_with(values, 1);
    assert_int_equal(scan_block(scanner, SCAN_TARGET, (struct span){0}, SPAN_LIT("/?a=tok_0123456789"), &findings), 0);
    assert_int_equal(scan_block(scanner, SCAN_FIELD, SPAN_LIT("a\x1b[1m\xff"), values[0], &findings), ERR_OK);
    assert_int_equal(scan_block(scanner, SCAN_FIELD, SPAN_LIT("x-tok_0123456789"), values[0], &findings), ERR_OK);
    assert_int_equal(scan_block(scanner, SCAN_TRAILER, long_name, values[0], &findings), ERR_OK);
    assert_int_equal(findings.count, 4);
    assert_string_equal(findings.list[0].where, "target byte 17");
    assert_string_equal(findings.list[1].where, "field a?[1m?");
    assert_string_equal(findings.list[2].where, "field name");
    assert_int_equal(findings.list[3].place, SCAN_TRAILER);
    assert_string_equal(findings.list[3].where, "trailer x-a-very-long-name-that-does-not-fit-into-where-because");
    assert_string_equal(scan_body(SPAN_LIT("0123tok_0123456789"), 2, 5).list[0].where, "body byte 17");
    end();
}

static void the_same_value_in_the_same_place_is_told_once(void **state)
{
    static const struct span values[] = {SPAN_LIT("tok_0123456789")};
    static const struct span twice = SPAN_LIT("tok_0123456789 tok_0123456789 dG9rXzAxMjM0NTY3ODk=");
    struct findings findings = {0};

    (void)state;
    begin_with(values, 1);
    assert_int_equal(scan_body(twice, twice.len, 1).count, 1);
    assert_int_equal(scan_block(scanner, SCAN_FIELD, SPAN_LIT("a"), twice, &findings), ERR_OK);
    assert_int_equal(scan_block(scanner, SCAN_FIELD, SPAN_LIT("A"), twice, &findings), ERR_OK);
    assert_int_equal(scan_block(scanner, SCAN_FIELD, SPAN_LIT("b"), twice, &findings), ERR_OK);
    assert_int_equal(scan_block(scanner, SCAN_TRAILER, SPAN_LIT("b"), twice, &findings), ERR_OK);
    assert_int_equal(findings.count, 3);
    end();
}

static void more_findings_than_fit_are_told_as_more(void **state)
{
    static const struct span values[] = {SPAN_LIT("tok_0123456789")};
    struct findings findings = {0};
    uint8_t name = 'a';

    (void)state;
    begin_with(values, 1);
    for (size_t i = 0; i <= SCAN_FINDINGS_MAX; i++, name++) {
        assert_false(findings.more);
        assert_int_equal(scan_block(scanner, SCAN_FIELD, (struct span){&name, 1}, values[0], &findings), ERR_OK);
    }
    assert_int_equal(findings.count, SCAN_FINDINGS_MAX);
    assert_true(findings.more);
    end();
}

static void a_password_is_searched_for_by_itself(void **state)
{
    static const struct span values[] = {SPAN_LIT("user:pass:word"), SPAN_LIT("user:short"), SPAN_LIT(":12345678")};

    (void)state;
    begin_with(values, COUNT_OF(values));
    assert_true(found_in(SPAN_LIT("{\"password\": \"pass:word\"}")));
    assert_true(found_in(SPAN_LIT("Basic dXNlcjpwYXNzOndvcmQ=")));
    assert_true(found_in(SPAN_LIT("user:short")));
    assert_false(found_in(SPAN_LIT("short")));
    assert_true(found_in(SPAN_LIT("12345678")));
    end();
}

static void short_values_and_empty_slots_are_not_searched_for(void **state)
{
    static const struct span values[] = {SPAN_LIT("1234567"), {0}, SPAN_LIT("ab:12345")};

    (void)state;
    begin_with(values, COUNT_OF(values));
    assert_false(found_in(SPAN_LIT("1234567 12345")));
    assert_true(found_in(SPAN_LIT("ab:12345")));
    end();
}

static void a_long_value_is_known_by_its_end_and_by_parts(void **state)
{
    uint8_t long_value[SECRET_BYTES_MAX];
    struct span value = {long_value, sizeof long_value}, values[SECRET_COUNT_MAX];
    struct buf hex = {0};

    (void)state;
    for (size_t i = 0; i < sizeof long_value; i++) long_value[i] = (uint8_t)('0' + dice() % 64);
    for (size_t i = 0; i < SECRET_COUNT_MAX; i++) values[i] = span_from(value, i);
    begin_with(values, COUNT_OF(values));
    assert_true(found_in(value));
    assert_true(found_in(span_from(value, value.len - SCAN_LITERAL_MAX)));
    assert_true(found_in(span_first(value, SCAN_LITERAL_MAX)));
    assert_int_equal(encode_hex(&hex, value), ERR_OK);
    assert_true(found_in(buf_span(&hex)));
    buf_clear(&hex);
    end();
}

static void a_scanner_without_values_finds_nothing(void **state)
{
    const struct scan_unit zipped = {.place = SCAN_BODY, .content_encoding = SPAN_LIT("gzip")};
    AUTO(scan) scan = NULL;

    (void)state;
    begin_with(NULL, 0);
    assert_false(found_in(SPAN_LIT(VALUE)));
    assert_int_equal(scan_new(scanner, &zipped, &scan), ERR_OK);
    scan_free(&scan);
    end();
}

static void a_scanner_outlives_its_vault(void **state)
{
    static const struct span values[] = {SPAN_LIT(VALUE)};

    (void)state;
    begin_with(values, 1);
    vault_free(&vault);
    assert_true(found_in(values[0]));
    end();
}

static void what_cannot_be_read_is_refused(void **state)
{
    static const struct span values[] = {SPAN_LIT(VALUE)};
    const struct scan_unit packed = {.place = SCAN_BODY, .content_encoding = SPAN_LIT("compress")},
                           plain = {.place = SCAN_BODY, .content_encoding = SPAN_LIT("Identity")};
    const struct scan_unit zipped = {.place = SCAN_BODY, .content_encoding = SPAN_LIT("gzip")};
    struct findings findings = {0};
    AUTO(scan) scan = NULL;

    (void)state;
    begin_with(values, 1);
    assert_int_equal(scan_new(scanner, &packed, &scan), ERR_DENIED);
    assert_null(scan);
    assert_int_equal(scan_new(scanner, &zipped, &scan), ERR_OK);
    assert_int_equal(scan_feed(scan, SPAN_LIT("\x1f\x8b"), &findings), ERR_OK);
    assert_int_equal(scan_end(scan, &findings), ERR_SYNTAX); /* it is not whole */
    scan_free(&scan);
    assert_int_equal(scan_new(scanner, &zipped, &scan), ERR_OK);
    assert_int_equal(scan_feed(scan, SPAN_LIT("hello"), &findings), ERR_OK);
    assert_int_equal(scan_end(scan, &findings), ERR_SYNTAX);
    scan_free(&scan);
    assert_int_equal(scan_new(scanner, &plain, &scan), ERR_OK);
    scan_free(&scan);
    end();
}

static void every_allocation_may_fail(void **state)
{
    static const struct span values[] = {SPAN_LIT(VALUE)};
    enum err err = ERR_NOMEM;

    (void)state;
    begin_with(values, 1);
    scanner_free(&scanner);
    for (size_t n = 1; err != ERR_OK; n++) {
        mem_fail_at(n);
        err = scanner_new(vault, NULL, &scanner);
        assert_true(err == ERR_OK || (err == ERR_NOMEM && scanner == NULL));
        assert_true(n < 1000);
    }
    mem_fail_at(0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_encoding_is_found_in_a_body_and_in_a_head),
        cmocka_unit_test(base64_is_found_whatever_stands_around_it),
        cmocka_unit_test(base32_is_found_whatever_stands_around_it),
        cmocka_unit_test(utf_16_is_found),
        cmocka_unit_test(any_part_of_a_value_is_it_too),
        cmocka_unit_test(what_other_values_share_is_no_part),
        cmocka_unit_test(where_the_bytes_are_cut_changes_nothing),
        cmocka_unit_test(the_engine_agrees_with_a_search_that_knows_nothing),
        cmocka_unit_test(a_finding_says_where_and_shows_nothing),
        cmocka_unit_test(the_same_value_in_the_same_place_is_told_once),
        cmocka_unit_test(more_findings_than_fit_are_told_as_more),
        cmocka_unit_test(a_password_is_searched_for_by_itself),
        cmocka_unit_test(short_values_and_empty_slots_are_not_searched_for),
        cmocka_unit_test(a_long_value_is_known_by_its_end_and_by_parts),
        cmocka_unit_test(a_scanner_without_values_finds_nothing),
        cmocka_unit_test(a_scanner_outlives_its_vault),
        cmocka_unit_test(what_cannot_be_read_is_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
