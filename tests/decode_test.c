/* decode_test.c — every decoder: what it undoes and what it leaves alone; wherever the text is cut; over random values
 * and random bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dlp/decode/blocks.h"
#include "dlp/decode/decode.h"
#include "reactor/base/encode.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

#define VALUE "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"

/* --- what is told ---------------------------------------------------------------------------------------- */

struct heard {
    const char *name;   /* of the decoder that is listened to, or NULL: all */
    struct span wanted; /* in what it tells */
    size_t told, found;
    struct span text;
};

static enum err on_decoded(void *context, const struct decoded *decoded)
{
    struct heard *heard = context;

    assert_true(decoded->bytes.len > 0);
    assert_true(decoded->bytes.len <= 2 * heard->text.len);
    assert_true(decoded->from < decoded->to && decoded->to <= heard->text.len);
    heard->told++;
    if (heard->wanted.len > 0 &&
        memmem(decoded->bytes.at, decoded->bytes.len, heard->wanted.at, heard->wanted.len) != NULL)
        heard->found++;
    return ERR_OK;
}

/* Has text undone by the decoder of that name, or by all, as the caller of the decoders would. */
static struct heard undo(const char *name, struct span text, struct span wanted)
{
    struct heard heard = {.name = name, .wanted = wanted, .text = text};
    uint32_t signs = decode_signs(text);
    struct buf room = {0};

    for (size_t i = 0; i < decoder_count; i++) {
        if (name != NULL && strcmp(name, decoders[i].name) != 0) continue;
        if ((decoders[i].signs & signs) == 0) continue;
        assert_int_equal(decode_undo(&decoders[i], text, &room, on_decoded, &heard), ERR_OK);
    }
    buf_clear(&room);
    return heard;
}

/* --- texts with known answers ---------------------------------------------------------------------------- */

#define S(text) SPAN_LIT(text)

static const struct {
    const char *decoder;
    struct span text, says; /* nothing: it is not told */
} rows[] = {
    {"base64", S("Z2hwX01GSU5vekZRVkQxcGYyWHNwRFhiM1ZneGg1M3dMdzJ4Vm9jOA=="), S(VALUE)},
    {"base64", S("data:text/plain;base64,Z2hwX01GSU5vekZRVkQxcGYyWHNwRFhiM1ZneGg1M3dMdzJ4Vm9jOA"), S(VALUE)},
    {"base64", S("path/to/eGdocF9NRklOb3pGUVZEMXBmMlhzcERYYjNWZ3hoNTN3THcyeFZvYzg="), S(VALUE)},
    {"base64", S("key: Z2hwX01GSU5vekZRVkQxc\r\n  GYyWHNwRFhiM1ZneGg1M\r\n  3dMdzJ4Vm9jOA==\r\n"), S(VALUE)},
    {"base64", S("\"Z2hwX01GSU5vekZRVkQxcGYyWHNw\\nRFhiM1ZneGg1M3dMdzJ4Vm9jOA==\\n\""), S(VALUE)},
    {"base64", S("Z2hwX01GSU5vekZRVkQxcGYyWHNw\\r\\nRFhiM1ZneGg1M3dMdzJ4Vm9jOA=="), S(VALUE)},
    {"groups", S("Z2hw X01G SU5v ekZR VkQx cGYy WHNw OA=="), S("Z2hwX01GSU5vekZRVkQxcGYyWHNwOA")},
    {"groups", S("\"Z2hwX01G SU5vekZR VkQxcGYy WHNwRFhi M1ZneGg1 M3dMdzJ4\""), S("Z2hwX01GSU5vekZRVkQxcGYyWHNwRFhi")},
    {"groups", S("with some word that have four char each they tell none what does hide here"), {0}},
    {"base64", S("PDw_Pz8-Pj4_P35-PDw_Pz8-Pj4_P35-"), S("<<?\?\?>>>?\?~~<<?")},
    {"base64", S("PDw/Pz8+Pj4/P35+PDw/Pz8+Pj4/P35+"), S("<<?\?\?>>>?\?~~<<?")},
    {"base64", S("H4sIAAAAAAACA6tWyssvSVWyUlAqLkksKS1W0lFQSkksSQSJpGcUxPu6efrlV7kFhrk"), S("\x1f\x8b\x08")},
    {"base64", S("ZwBoAHAAXwBNAEYASQBOAG8AegBGAFEAVgBEADEAcABm"), S("g\0h\0p\0_\0M\0F\0I\0N\0")},
    {"base64", S("the quick brown fox jumps over the lazy dog and some more words of a sentence"), {0}},
    {"base64", S("/usr/include/x86_64-linux-gnu/c++/12/bits/c++config.h reactor_base_limits_are_here"), {0}},
    {"base64", S("QDmpNy5NLr0NbAZ8eJ/idFo+E8dlmkdXRL7HO8uxNZZUAGXnezAq99kf8nyiIIGDqBL190E4OIoDLYOwAJSC1g=="), {0}},
    {"base32", S("M5UHAX2NIZEU4332IZIVMRBROBTDEWDTOBCFQYRTKZTXQ2BVGN3UY5ZSPBLG6YZY"), S(VALUE)},
    {"base32", S("x.m5uhax2nizeu4332izivmrbrobtdewdtobcfqyrtkztxq2bvgn3uy5zspblg6yzy.y"), S(VALUE)},
    {"hex", S("6768705f4d46494e6f7a465156443170663258737044586233566778683533774c773278566f6338"), S(VALUE)},
    {"hex", S("0x6768705F4D46494E6F7A465156443170663258737044586233566778683533774C773278566F6338"), S(VALUE)},
    {"hex", S("67:68:70:5f:4d:46:49:4e:6f:7a:46:51:56:44:31:70"), S("ghp_MFINozFQVD1p")},
    {"hex", S("67-68-70-5F-4D-46-49-4E-6F-7A-46-51-56-44-31-70"), S("ghp_MFINozFQVD1p")},
    {"hex", S("67 68 70 5f 4d 46 49 4e\n6f 7a 46 51 56 44 31 70"), S("ghp_MFINozFQVD1p")},
    {"hex", S("[0x67, 0x68,0x70, 0x5f, 0x4d, 0x46, 0x49, 0x4e, 0x6f, 0x7a,\n 0x46, 0x51]"), S("ghp_MFINozFQ")},
    {"hex", S("\\x67\\x68\\x70\\x5f\\x4d\\x46\\x49\\x4e\\x6f\\x7a\\x46\\x51"), S("ghp_MFINozFQ")},
    {"hex", S("00000000: 6768 705f 4d46 494e 6f7a 4651 5644 3170"), S("ghp_MFINozFQVD1p")},
    {"hex", S("8f6c2e4a91b7d053c2ab4f7e1a9d33c8b710e492"), {0}},
    {"hex", S("550e8400-e29b-41d4-a716-446655440000, 550e8400-e29b-41d4-a716-446655440000"), {0}},
    {"base85", S("XJ~L=O-4yhZ+b>iRzxvyW-?fFa70*QGgfDKXf-o;Om{MPR&QfC"), S(VALUE)},
    {"base85", S("{\"data\": \"XJ~L=O-4yhZ+b>iRzxvyW-?fFa70*QGgfDKXf-o;Om{MPR&QfC\"}"), S(VALUE)},
    {"ascii85", S("<~B4u6k9h%]LDgFlM<^\\Z]AhmJ0E(!f;1KJ.5BJhSi9Qr7:<c;J-~>"), S(VALUE)},
    {"ascii85", S("\"<~B4u6k9h%]LDgFlM<^\\\\Z]AhmJ0E(!f;1KJ.5BJhSi9Qr7:<c;J-~>\""), S(VALUE)},
    {"uuencode", S("begin 644 x\nH9VAP7TU&24YO>D915D0Q<&8R6'-P1%AB,U9G>&@U,W=,=S)X5F]C.   \n`\nend\n"), S(VALUE)},
    {"uuencode", S("H9VAP7TU&24YO>D915D0Q<&8R6'-P1%AB,U9G>&@U,W=,=S)X5F]C.\n"), S(VALUE)},
    {"uuencode", S("----------------------------------------------------------------\n"), {0}},
    {"character codes", S("[103,104,112,95,77,70,73,78,111,122,70,81,86,68]"), S("ghp_MFINozFQVD")},
    {"character codes", S("103, 104; 112 95\n77, 70, 73, 78, 111, 122, 70, 81, 86, 68"), S("ghp_MFINozFQVD")},
    {"character codes", S("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]"), {0}},
    {"percent", S("/s?t=gh%70_MFIN%6fzFQ"), S("ghp_MFINozFQ")},
    {"percent", S("/s?t=%67%68%70%5f%4D%46INozFQ"), S("ghp_MFINozFQ")},
    {"percent", S("/s?t=%u0067hp_MFINozFQ"), S("ghp_MFINozFQ")},
    {"percent", S("/s?t=gh%2570_MFINozFQ"), S("gh%70_MFINozFQ")},
    {"percent", S("100% of it, 50 %, and %d of %s"), {0}},
    {"escapes", S("{\"t\": \"gh\\u0070_MFINozFQ\"}"), S("ghp_MFINozFQ")},
    {"escapes", S("{\"t\": \"gh\\\\u0070_MFINozFQ\"}"), S("ghp_MFINozFQ")},
    {"escapes", S("{\"t\": \"gh\\\\\\\\\\\\u0070_MFINozFQ\"}"), S("ghp_MFINozFQ")},
    {"escapes", S("'gh\\u{70}_MFIN\\x6fzFQ\\126'"), S("ghp_MFINozFQV")},
    {"escapes", S("line\\nghp_MFINozFQVD1pf2Xs"), S("line\nghp_MFINozFQ")},
    {"escapes", S("https:\\/\\/x.test\\/ghp_MFINozFQ"), S("https://x.test/ghp_MFINozFQ")},
    {"escapes", S("ghp_MFIN\\\nozFQVD1pf2Xs"), S("ghp_MFINozFQ")},
    {"escapes", S("\"\\ud835\\udd58hp_MFINozFQ\""), S("\xf0\x9d\x95\x98hp_MFINozFQ")},
    {"escapes", S("{\"code\": \"int main(void)\\n{\\n    puts(\\\"hello\\\\n\\\");\\n}\\n\"}"), {0}},
    {"entities", S("g&#x68;p&#x5f;M&#x46;I&#78;o&#122;FQ"), S("ghp_MFINozFQ")},
    {"entities", S("g&#x68p&#x00005f;MFINozFQ&lowbar;"), S("ghp_MFINozFQ_")},
    {"entities", S("a &lt;b&gt; &amp; &quot;c&quot; and what stands behind"), {0}},
    {"entities", S("a&#99999999999;b&#x110000;c and what stands behind"), {0}},
    {"quoted-printable", S("gh=70_MFIN=\r\nozFQ=56D1p"), S("ghp_MFINozFQVD1p")},
    {"quoted-printable", S("int a = 0, b =1; return a==b;"), {0}},
    {"UTF-7", S("ghp+AF8-MFINozFQ"), S("ghp_MFINozFQ")},
    {"UTF-7", S("+AGcAaABwAF8ATQBGAEk-NozFQ"), S("ghp_MFINozFQ")},
    {"UTF-7", S("a+b+Array+c++ and what stands behind"), {0}},
    {"UTF-16", S("g\0h\0p\0_\0M\0F\0I\0N\0o\0z\0F\0Q\0"), S("ghp_MFINozFQ")},
    {"UTF-16", S("\xfe\xff\0g\0h\0p\0_\0M\0F\0I\0N\0o\0z\0F\0Q"), S("ghp_MFINozFQ")},
    {"UTF-16", S("odd\0g\0h\0p\0_\0M\0F\0I\0N\0o\0z\0F\0Q"), S("ghp_MFINozFQ")},
    {"UTF-16", S("o\0d\0\x01\x04g\0h\0p\0_\0M\0F\0I\0N\0o\0z\0F\0Q\0"), S("od\xd0\x81ghp_MFINozFQ")},
    {"look-alikes", S("g\xe2\x80\x8bh\xe2\x80\x8bp\xe2\x80\x8b_\xe2\x80\x8bMFINozFQ"), S("ghp_MFINozFQ")},
    {"look-alikes", S("g\xcc\x81h\xc2\xadp\xc2\xad_\xcc\x81MFINozFQ"), S("ghp_MFINozFQ")},
    {"look-alikes", S("\xef\xbd\x87\xef\xbd\x88\xef\xbd\x90\xef\xbc\xbf\xef\xbc\xad\x46INozFQ"), S("ghp_MFINozFQ")},
    {"look-alikes", S("gh\xd1\x80_MFINozFQ"), S("ghp_MFINozFQ")},
    {"look-alikes", S("ghp_MFINozFQVD1pf2X\xd1\x95"), S("ghp_MFINozFQVD1pf2Xs")},
    {"look-alikes", S("\xf0\x9d\x97\x80\xf0\x9d\x97\x81\xf0\x9d\x97\x89_MFINozFQ"), S("ghp_MFINozFQ")},
    {"look-alikes",
     S("\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 and na\xc3\xafve caf\xc3\xa9s \xe2\x80\x94 "
       "\xe2\x80\x9cso\xe2\x80\x9d"),
     {0}},
};

static void each_encoding_is_undone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct heard heard = undo(rows[i].decoder, rows[i].text, rows[i].says);
        if (rows[i].says.len == 0 ? heard.told > 0 : heard.found == 0)
            print_error("row %zu, %s: %.*s: told %zu, found %zu\n", i, rows[i].decoder, SPAN_FMT(rows[i].text),
                        heard.told, heard.found);
        if (rows[i].says.len == 0)
            assert_int_equal(heard.told, 0);
        else
            assert_true(heard.found > 0);
    }
}

/* --- one in another -------------------------------------------------------------------------------------- */

/* Undone as often as the scan does. */
static const char *const nested[] = {
    "V2pKb2QxZ3dNVWRUVlRWMlpXdGFVbFpyVVhoalIxbDVWMGhPZDFKR2FHbE5NVnB1WlVkbk1VMHpaRTFrZWtvMFZtMDVhazlCUFQw"
    "PQ==",
    "Njc2ODcwNWY0ZDQ2NDk0ZTZmN2E0NjUxNTY0NDMxNzA2NjMyNTg3MzcwNDQ1ODYyMzM1NjY3Nzg2ODM1MzM3NzRjNzczMjc4NTY2"
    "ZjYzMzg=",
    "{\"note\": \"status\", \"data\": "
    "\"\\uff47\\uff48\\uff50\\uff3f\\uff2d\\uff26\\uff29\\uff2e\\uff4f\\uff5a\\uff26\\uff31"
    "\\uff36\\uff24\\uff11\\uff50\\uff46\\uff12\\uff38\\uff53\\uff50\\uff24\\uff38\\uff42\\uff13\\uff36\\uff47\\uff58\\"
    "uff"
    "48\\uff15\\uff13\\uff57\\uff2c\\uff57\\uff12\\uff58\\uff36\\uff4f\\uff43\\uff18\"}",
    "{\"note\": \"status\", \"data\": "
    "\"g\\u200bh\\u200bp\\u200b_\\u200bM\\u200bF\\u200bI\\u200bN\\u200bo\\u200bz\\u200bF\\"
    "u200bQ\\u200bV\\u200bD\\u200b1\\u200bp\\u200bf\\u200b2\\u200bX\\u200bs\\u200bp\\u200bD\\u200bX\\u200bb\\u200b3\\u2"
    "00bV\\u200bg\\u200bx\\u200bh\\u200b5\\u200b3\\u200bw\\u200bL\\u200bw\\u200b2\\u200bx\\u200bV\\u200bo\\u200bc\\u200"
    "b8\"}",
    "{\"note\": \"status\", \"data\": "
    "\"g\\u0301h\\u00adp\\u0301_\\u00adM\\u0301F\\u00adI\\u0301N\\u00ado\\u0301z\\u00adF\\"
    "u0301Q\\u00adV\\u0301D\\u00ad1\\u0301p\\u00adf\\u03012\\u00adX\\u0301s\\u00adp\\u0301D\\u00adX\\u0301b\\u00ad3\\u0"
    "301V\\u00adg\\u0301x\\u00adh\\u03015\\u00ad3\\u0301w\\u00adL\\u0301w\\u00ad2\\u0301x\\u00adV\\u0301o\\u00adc\\u030"
    "18\\u00ad\"}",
    "eyJub3RlIjogInN0YXR1cyIsICJkYXRhIjogImdcdTIwMGJoXHUyMDBicFx1MjAwYl9cdTIwMGJNXHUyMDBiRlx1MjAwYklcdTIw"
    "MGJOXHUyMDBib1x1MjAwYnpcdTIwMGJGXHUyMDBiUVx1MjAwYlZcdTIwMGJEXHUyMDBiMVx1MjAwYnBcdTIwMGJmXHUyMDBiMlx1"
    "MjAwYlhcdTIwMGJzXHUyMDBicFx1MjAwYkRcdTIwMGJYXHUyMDBiYlx1MjAwYjNcdTIwMGJWXHUyMDBiZ1x1MjAwYnhcdTIwMGJo"
    "XHUyMDBiNVx1MjAwYjNcdTIwMGJ3XHUyMDBiTFx1MjAwYndcdTIwMGIyXHUyMDBieFx1MjAwYlZcdTIwMGJvXHUyMDBiY1x1MjAw"
    "YjgifQ==",
    "eyJub3RlIjogInN0YXR1cyIsICJkYXRhIjogIu+9h++9iO+9kO+8v++8re+8pu+8qe+8ru+9j++9mu+8pu+8se+8tu+8pO+8ke+9"
    "kO+9hu+8ku+8uO+9k++9kO+8pO+8uO+9gu+8k++8tu+9h++9mO+9iO+8le+8k++9l++8rO+9l++8ku+9mO+8tu+9j++9g++8mCJ9",
    "ZwBoAHAAXwBNAEYASQBOAG8AegBGAFEAVgBEADEAcABmADIAWABzAHAARABYAGIAMwBWAGcAeABoADUAMwB3AEwAdwAyAHgAVgBv"
    "AGMAOAA=",
    "AGcAaABwAF8ATQBGAEkATgBvAHoARgBRAFYARAAxAHAAZgAyAFgAcwBwAEQAWABiADMAVgBnAHgAaAA1ADMAdwBMAHcAMgB4AFYA"
    "bwBjADg=",
    "{\"d\": \"{\\\"t\\\": \\\"Z2hwX01GSU5vekZRVkQxcGYyWHNwRFhiM1ZneGg1M3dMdzJ4Vm9jOA==\\\"}\"}",
    "/s?q=%255a%2532%2568%2577%2558%2530%2531%2547%2553%2555%2535%2576%2565%256b%255a%2552%2556%256b%2551"
    "%2578%2563%2547%2559%2579%2557%2548%254e%2577%2552%2546%2568%2569%254d%2531%255a%256e%2565%2547%2567"
    "%2531%254d%2533%2564%254d%2564%257a%254a%2534%2556%256d%2539%256a%254f%2541%253d%253d",
    "{\"d\": \"<p>\\u0026#103;\\u0026#104;\\u0026#112;\\u0026#95;\\u0026#77;\\u0026#70;\\u0026#73;\\u0026#78;\\u0026#"
    "111;\\u0026#122;\\u0026#70;\\u0026#81;\\u0026#86;\\u0026#68;\\u0026#49;\\u0026#112;\\u0026#102;\\u0026#50;\\u0"
    "026#88;\\u0026#115;\\u0026#112;\\u0026#68;\\u0026#88;\\u0026#98;\\u0026#51;\\u0026#86;\\u0026#103;\\u0026#120"
    ";\\u0026#104;\\u0026#53;\\u0026#51;\\u0026#119;\\u0026#76;\\u0026#119;\\u0026#50;\\u0026#120;\\u0026#86;\\u002"
    "6#111;\\u0026#99;\\u0026#56;\"}",
    "{\"note\": \"status\", \"data\": \"Z2hwX01GSU5vekZRVkQxcGYyWHNwRF\\r\\nhiM1ZneGg1M3dMdzJ4Vm9jOA==\"}",
    "{\"note\": \"status\", \"data\": \"Z2hw X01G SU5v ekZR VkQx cGYy WHNw RFhi M1Zn eGg1 M3dM dzJ4 Vm9j OA==\"}",
    "3600370036003800370030003500660034006400340036003400390034006500360066003700610034003600350031003500"
    "3600340034003300310037003000360036003300320035003800370033003700300034003400350038003600320033003300"
    "3500360036003700370038003600380033003500330033003700370034006300370037003300320037003800350036003600"
    "66003600330033003800",
};

struct nest {
    unsigned depth;
    bool found;
};

static enum err look_within(struct nest *nest, struct span text);

static enum err on_nested(void *context, const struct decoded *decoded)
{
    struct nest *nest = context, within = {.depth = nest->depth + 1};
    enum err err;

    if (memmem(decoded->bytes.at, decoded->bytes.len, VALUE, sizeof VALUE - 1) != NULL) nest->found = true;
    if (within.depth == 5) return ERR_OK;
    err = look_within(&within, decoded->bytes);
    nest->found |= within.found;
    return err;
}

static enum err look_within(struct nest *nest, struct span text)
{
    uint32_t signs = decode_signs(text);
    struct buf room = {0};
    enum err err = ERR_OK;

    for (size_t i = 0; i < decoder_count && err == ERR_OK; i++)
        if ((decoders[i].signs & signs) != 0) err = decode_undo(&decoders[i], text, &room, on_nested, nest);
    buf_clear(&room);
    return err;
}

static void encodings_of_encodings_are_undone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(nested); i++) {
        struct nest nest = {0};
        assert_int_equal(look_within(&nest, span_of(nested[i])), ERR_OK);
        if (!nest.found) print_error("%s\n", nested[i]);
        assert_true(nest.found);
    }
}

/* --- encoders of the test's own -------------------------------------------------------------------------- */

static uint32_t dice(void)
{
    static uint64_t seed = 7;
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33);
}

typedef void encoder_fn(struct span value, struct buf *out);

static void add(struct buf *out, const char *words) { assert_int_equal(buf_add(out, span_of(words)), ERR_OK); }

static void add_byte(struct buf *out, uint8_t byte) { assert_int_equal(buf_add(out, (struct span){&byte, 1}), ERR_OK); }

static void write_base64(struct span value, struct buf *out)
{
    assert_int_equal(encode_base64(out, value, dice() % 2 == 0 ? BASE64_STANDARD : BASE64_URL), ERR_OK);
}

/* In lines of some length, as MIME, PEM and YAML do, and in JSON's strings. */
static void write_folded(struct span value, struct buf *out)
{
    static const char *const ends[] = {"\r\n", "\n", "\\r\\n", "\\n", "\n    "};
    const char *end = ends[dice() % COUNT_OF(ends)];
    size_t line = 20 + dice() % 60;
    struct buf plain = {0};

    write_base64(value, &plain);
    for (struct span rest = buf_span(&plain); rest.len > 0;) {
        struct span some = span_first(rest, line);
        assert_int_equal(buf_add(out, some), ERR_OK);
        add(out, end);
        rest = span_from(rest, some.len);
    }
    buf_clear(&plain);
}

static void write_base32(struct span value, struct buf *out)
{
    static const char *const sets[] = {"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "abcdefghijklmnopqrstuvwxyz234567"};
    const char *set = sets[dice() % 2];
    unsigned bits = 0;
    uint64_t held = 0;

    for (size_t i = 0; i < value.len; i++)
        for (held = held << 8 | value.at[i], bits += 8; bits >= 5; bits -= 5)
            add_byte(out, (uint8_t)set[held >> (bits - 5) & 31]);
    if (bits > 0) add_byte(out, (uint8_t)set[held << (5 - bits) & 31]);
}

static void write_hex_row(struct span value, struct buf *out) { assert_int_equal(encode_hex(out, value), ERR_OK); }

static void write_hex(struct span value, struct buf *out)
{
    static const char *const formats[] = {"%02x", "%02X", "%02x:", "%02X-", "%02x ", "0x%02x, ", "\\x%02x", "%02x,"};
    const char *format = formats[dice() % COUNT_OF(formats)];

    for (size_t i = 0; i < value.len; i++) {
        char unit[16];
        snprintf(unit, sizeof unit, format, value.at[i]);
        add(out, unit);
    }
}

static void write_base85(struct span value, struct buf *out)
{
    static const char set[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

    for (size_t i = 0; i < value.len; i += 4) {
        uint64_t number = 0;
        char digits[5];
        size_t count = value.len - i < 4 ? value.len - i : 4;
        for (size_t b = 0; b < 4; b++) number = number << 8 | (b < count ? value.at[i + b] : 0);
        for (size_t d = 5; d-- > 0; number /= 85) digits[d] = set[number % 85];
        for (size_t d = 0; d < count + 1; d++) add_byte(out, (uint8_t)digits[d]);
    }
}

static void write_ascii85(struct span value, struct buf *out)
{
    add(out, "<~");
    for (size_t i = 0; i < value.len; i += 4) {
        uint64_t number = 0;
        char digits[5];
        size_t count = value.len - i < 4 ? value.len - i : 4;
        for (size_t b = 0; b < 4; b++) number = number << 8 | (b < count ? value.at[i + b] : 0);
        for (size_t d = 5; d-- > 0; number /= 85) digits[d] = (char)('!' + number % 85);
        for (size_t d = 0; d < count + 1; d++) add_byte(out, (uint8_t)digits[d]);
    }
    add(out, "~>");
}

static void write_uuencode(struct span value, struct buf *out)
{
    add_byte(out, '\n');
    for (size_t i = 0; i < value.len; i += 45) {
        size_t count = value.len - i < 45 ? value.len - i : 45;
        add_byte(out, (uint8_t)(' ' + count));
        for (size_t b = i; b < i + count; b += 3) {
            uint32_t bits = 0;
            for (size_t k = 0; k < 3; k++) bits = bits << 8 | (b + k < i + count ? value.at[b + k] : 0);
            for (unsigned k = 0; k < 4; k++) {
                uint8_t digit = bits >> (18 - 6 * k) & 63;
                add_byte(out, digit == 0 ? '`' : (uint8_t)(' ' + digit));
            }
        }
        add_byte(out, '\n');
    }
}

static void write_decimal(struct span value, struct buf *out)
{
    static const char *const formats[] = {"%u,", "%u, ", "%u ", "%u; "};
    const char *format = formats[dice() % COUNT_OF(formats)];

    for (size_t i = 0; i < value.len; i++) {
        char unit[16];
        snprintf(unit, sizeof unit, format, (unsigned)value.at[i]);
        add(out, unit);
    }
}

/* One character in three or so by a format, one of them in the value's middle; the rest as it is. */
static void write_some(struct span value, const char *const *formats, size_t count, struct buf *out)
{
    for (size_t i = 0; i < value.len; i++) {
        char unit[24];
        snprintf(unit, sizeof unit, formats[dice() % count], (unsigned)value.at[i]);
        if (dice() % 3 == 0 || i == 4)
            add(out, unit);
        else
            add_byte(out, value.at[i]);
    }
}

static void write_percent(struct span value, struct buf *out)
{
    static const char *const formats[] = {"%%%02x", "%%%02X", "%%u%04x"};
    write_some(value, formats, COUNT_OF(formats), out);
}

static void write_escapes(struct span value, struct buf *out)
{
    static const char *const formats[] = {"\\u%04x", "\\u%04X", "\\x%02x", "\\u{%x}", "\\%03o", "\\U%04x"};
    write_some(value, formats, COUNT_OF(formats), out);
}

static void write_entities(struct span value, struct buf *out)
{
    static const char *const formats[] = {"&#%u;", "&#x%x;", "&#X%X;", "&#%05u;"};
    write_some(value, formats, COUNT_OF(formats), out);
}

static void write_quoted(struct span value, struct buf *out)
{
    static const char *const formats[] = {"=%02X", "=\r\n=%02X", "=\n=%02X"};
    write_some(value, formats, COUNT_OF(formats), out);
}

static void write_utf16(struct span value, struct buf *out)
{
    bool big = dice() % 2 == 0;

    for (size_t i = 0; i < value.len; i++) {
        if (big) add_byte(out, 0);
        add_byte(out, value.at[i]);
        if (!big) add_byte(out, 0);
    }
}

static void write_full_width(struct span value, struct buf *out)
{
    for (size_t i = 0; i < value.len; i++) {
        uint32_t wide = 0xff00u + value.at[i] - 0x20u;
        uint8_t bytes[] = {0xef, (uint8_t)(0x80 | (wide >> 6 & 63)), (uint8_t)(0x80 | (wide & 63))};
        assert_int_equal(buf_add(out, (struct span){bytes, sizeof bytes}), ERR_OK);
    }
}

static void write_unseen(struct span value, struct buf *out)
{
    static const char *const unseen[] = {"\xe2\x80\x8b", "\xc2\xad", "\xe2\x80\x8d", "\xef\xbb\xbf", "\xcc\x81"};

    for (size_t i = 0; i < value.len; i++) {
        add_byte(out, value.at[i]);
        add(out, unseen[dice() % COUNT_OF(unseen)]);
    }
}

static const struct {
    const char *decoder;
    encoder_fn *write;
} encoders[] = {
    {"base64", write_base64},     {"base64", write_folded},           {"base32", write_base32},
    {"hex", write_hex},           {"base85", write_base85},           {"ascii85", write_ascii85},
    {"uuencode", write_uuencode}, {"character codes", write_decimal}, {"percent", write_percent},
    {"escapes", write_escapes},   {"entities", write_entities},       {"quoted-printable", write_quoted},
    {"UTF-16", write_utf16},      {"look-alikes", write_full_width},  {"look-alikes", write_unseen},
};

/* A value of letters, figures, '_' and '-', as tokens have, that is as long as the shortest of them are, or longer. */
static struct span make_value(uint8_t bytes[64])
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t len = 20 + dice() % 45;

    for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)set[dice() % 64];
    return (struct span){bytes, len};
}

static void add_words(struct buf *out, size_t count)
{
    static const char *const words[] = {"some ", "words, ", "of\n", "(text) ", "{\"a\": 1} ", "x=2 ", "path/to/it "};
    while (count-- > 0) add(out, words[dice() % COUNT_OF(words)]);
}

/* Wherever in a text it stands, so at every place of the blocks that are looked at together. */
static void a_value_is_found_in_every_encoding(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        size_t i = round % COUNT_OF(encoders);
        uint8_t bytes[64];
        struct span value = make_value(bytes);
        struct buf text = {0};
        struct heard heard;

        add_words(&text, dice() % 60);
        add(&text, "\"");
        encoders[i].write(value, &text);
        add(&text, "\" ");
        add_words(&text, dice() % 60);
        heard = undo(encoders[i].decoder, buf_span(&text), value);
        if (heard.found == 0)
            print_error("%s of %.*s: %.*s\n", encoders[i].decoder, SPAN_FMT(value), SPAN_FMT(buf_span(&text)));
        assert_true(heard.found > 0);
        buf_clear(&text);
    }
}

/* An escape matters to the stretch in front of it and to the one behind: a token may begin in the one, and go on. */
static void an_escape_is_told_with_what_stands_in_front_of_it(void **state)
{
    (void)state;
    for (size_t apart = 0; apart < 700; apart++) {
        struct buf text = {0};
        add(&text, "\"a\\u0062c");
        for (size_t i = 0; i < apart; i++) add(&text, " ");
        add(&text, "ghp_MFINozFQVD1pf2XspDXb3Vgxh53wLw2xVo\\u0063\\u0038\"");
        for (size_t i = 0; i < apart; i++) add(&text, " ");
        assert_true(undo("escapes", buf_span(&text), S(VALUE)).found > 0);
        buf_clear(&text);
    }
}

/* Behind letters that belong to the run, or with its start cut off: at every alignment. */
static void a_run_may_begin_anywhere(void **state)
{
    static const struct {
        const char *decoder;
        encoder_fn *write;
        const char *front;
    } runs[] = {{"base64", write_base64, "Abc-9_/x"}, {"base32", write_base32, ""}, {"base85", write_base85, "a#B}c"}};

    (void)state;
    for (unsigned round = 0; round < 300; round++)
        for (size_t i = 0; i < COUNT_OF(runs); i++) {
            uint8_t bytes[128];
            struct span value = make_value(bytes + 8), whole = {bytes, value.len + 8};
            struct buf text = {0};

            memcpy(bytes, "in front", 8);
            runs[i].write(whole, &text);
            buf_consume(&text, dice() % 10);
            assert_true(undo(runs[i].decoder, buf_span(&text), value).found > 0);
            buf_clear(&text);
            add(&text, runs[i].front + dice() % (strlen(runs[i].front) + 1));
            runs[i].write(value, &text);
            assert_true(undo(runs[i].decoder, buf_span(&text), value).found > 0);
            buf_clear(&text);
        }
}

/* The shortest tokens have 16 characters, also in UTF-16: between bytes that are no text. */
static void the_shortest_text_is_found_in_a_long_run(void **state)
{
    enum { TOKEN = 16 };
    static const struct {
        const char *decoder;
        encoder_fn *write;
    } runs[] = {{"base64", write_base64}, {"base32", write_base32}, {"hex", write_hex_row}};

    (void)state;
    for (unsigned round = 0; round < 2000; round++)
        for (size_t i = 0; i < COUNT_OF(runs); i++) {
            uint8_t bytes[64];
            struct span value = span_first(make_value(bytes), TOKEN);
            struct buf plain = {0}, text = {0};

            for (unsigned k = dice() % 40; k > 0; k--) add_byte(&plain, (uint8_t)(0x80 | dice()));
            size_t from = buf_len(&plain);
            if (round % 2 == 0)
                assert_int_equal(buf_add(&plain, value), ERR_OK);
            else
                write_utf16(value, &plain);
            struct span wanted = span_from(buf_span(&plain), from);
            uint8_t copy[2 * TOKEN];
            memcpy(copy, wanted.at, wanted.len);
            wanted.at = copy;
            for (unsigned k = dice() % 40; k > 0; k--) add_byte(&plain, (uint8_t)(0x80 | dice()));
            add_words(&text, dice() % 30);
            runs[i].write(buf_span(&plain), &text);
            if (undo(runs[i].decoder, buf_span(&text), wanted).found == 0)
                fail_msg("%s, round %u: %.*s", runs[i].decoder, round, SPAN_FMT(buf_span(&text)));
            buf_clear(&plain);
            buf_clear(&text);
        }
}

/* 8 MB of base64 and of hex, looked at in windows that overlap: a value in the middle is found, whole. */
static void a_long_run_is_undone_in_windows(void **state)
{
    enum { WINDOW = 16 * 1024, OVERLAP = 2048, FRONT = 3 * 1024 * 1024 + 1 };
    static const struct {
        const char *decoder;
        encoder_fn *write;
    } runs[] = {{"base64", write_base64}, {"hex", write_hex}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(runs); i++) {
        struct buf plain = {0}, coded = {0};
        size_t found = 0;
        while (buf_len(&plain) < FRONT) add(&plain, "the quick brown fox jumps over the lazy dog 0123456789 ");
        add(&plain, VALUE);
        while (buf_len(&plain) < 2 * FRONT) add(&plain, " of some more words that are harmless, and longer");
        runs[i].write(buf_span(&plain), &coded);
        for (size_t at = 0; at < buf_len(&coded); at += WINDOW - OVERLAP)
            found += undo(runs[i].decoder, span_first(span_from(buf_span(&coded), at), WINDOW), S(VALUE)).found;
        assert_true(found > 0);
        buf_clear(&plain);
        buf_clear(&coded);
    }
}

/* Whatever the bytes, and wherever they are cut: nothing outside of them is read, what is told keeps to its bounds. */
static void any_bytes_may_come(void **state)
{
    static const char set[] = "\\u%&#x=+A<~>-_/;:, \n\"0123456789abcdefABCDEFGHZz\xe2\x80\x8b\xd1\x80";

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        size_t len = 1 + dice() % 400;
        uint8_t *bytes = malloc(len); /* of the very size, so that one byte too many is noticed */
        for (size_t i = 0; i < len; i++)
            bytes[i] = round % 2 == 0 ? (uint8_t)dice() : (uint8_t)set[dice() % (sizeof set - 1)];
        for (size_t i = 0; i < decoder_count; i++) { /* also where no sign calls for it */
            struct heard heard = {.text = {bytes, len}};
            struct buf room = {0};
            assert_int_equal(decode_undo(&decoders[i], heard.text, &room, on_decoded, &heard), ERR_OK);
            buf_clear(&room);
        }
        (void)decode_signs((struct span){bytes, len});
        free(bytes);
    }
    assert_int_equal(decode_signs((struct span){NULL, 0}), 0);
}

static void random_bytes_tell_next_to_nothing(void **state)
{
    enum { BYTES = 512 * 1024, WINDOW = 16 * 1024 };
    uint8_t *bytes = malloc(BYTES);
    struct buf text = {0};
    size_t told = 0;

    (void)state;
    for (size_t i = 0; i < BYTES; i++) bytes[i] = (uint8_t)dice();
    for (size_t at = 0; at < BYTES; at += WINDOW) told += undo(NULL, (struct span){bytes + at, WINDOW}, S("")).told;
    assert_true(told < 40); /* an escape in front of twelve letters by chance */
    write_base64((struct span){bytes, BYTES}, &text);
    told = 0;
    for (size_t at = 0; at < buf_len(&text); at += WINDOW)
        told += undo(NULL, span_first(span_from(buf_span(&text), at), WINDOW), S("")).told;
    assert_true(told < 40);
    buf_clear(&text);
    free(bytes);
}

static void every_machine_sees_the_same(void **state)
{
    uint8_t bytes[BLOCK_BATCH * BLOCK_BYTES + BLOCK_BEHIND];

    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        struct marks first_marks, other_marks;
        struct rows first_rows, other_rows;
        size_t count = 1 + dice() % BLOCK_BATCH;
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = round < 20 ? (uint8_t)dice() : (uint8_t)(' ' + dice() % 95);
        if (round >= 100) memset(bytes + dice() % 400, "A7f ,"[dice() % 5], dice() % 100);
        blocks_nth(0)->rows(bytes, count, &first_rows);
        blocks_nth(0)->marks(bytes, count, &first_marks);
        for (unsigned i = 1; blocks_nth(i) != NULL; i++) {
            blocks_nth(i)->rows(bytes, count, &other_rows);
            assert_memory_equal(&other_rows, &first_rows, sizeof other_rows);
            blocks_nth(i)->marks(bytes, count, &other_marks);
            assert_memory_equal(&other_marks, &first_marks, sizeof other_marks);
        }
    }
}

/* A token behind "\\n", and a compressed file's start, wherever they stand: none falls between two blocks. */
static void a_sign_is_seen_at_every_place(void **state)
{
    static const char *const signs[] = {"a\\nghp_MFINozFQVD1pf2Xs ", "\"H4sIAAAAAAACA6tWyss\" ",
                                        "\"eJyrVkrLz1eyUlAqLU\" "};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(signs); i++)
        for (size_t at = 0; at < 800; at++) {
            struct buf text = {0};
            for (size_t k = 0; k < at; k++) add_byte(&text, (uint8_t) "x = y; "[k % 7]);
            add(&text, signs[i]);
            for (size_t k = 0; k < 400; k++) add_byte(&text, (uint8_t) "x = y; "[k % 7]);
            assert_true(decode_signs(buf_span(&text)) != 0);
            buf_clear(&text);
        }
}

static enum err on_enough(void *context, const struct decoded *decoded)
{
    (void)decoded;
    ++*(unsigned *)context;
    return ERR_LIMIT;
}

static void an_error_ends_the_undoing(void **state)
{
    static const char text[] = "Z2hwX01GSU5vekZRVkQxcGYyWHNw, Z2hwX01GSU5vekZRVkQxcGYyWHNw";
    struct buf room = {0};
    unsigned calls = 0;

    (void)state;
    assert_int_equal(decode_undo(&decoders[0], SPAN_LIT(text), &room, on_enough, &calls), ERR_LIMIT);
    assert_int_equal(calls, 1);
    buf_clear(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_encoding_is_undone),
        cmocka_unit_test(encodings_of_encodings_are_undone),
        cmocka_unit_test(a_value_is_found_in_every_encoding),
        cmocka_unit_test(a_run_may_begin_anywhere),
        cmocka_unit_test(the_shortest_text_is_found_in_a_long_run),
        cmocka_unit_test(an_escape_is_told_with_what_stands_in_front_of_it),
        cmocka_unit_test(a_long_run_is_undone_in_windows),
        cmocka_unit_test(any_bytes_may_come),
        cmocka_unit_test(random_bytes_tell_next_to_nothing),
        cmocka_unit_test(every_machine_sees_the_same),
        cmocka_unit_test(a_sign_is_seen_at_every_place),
        cmocka_unit_test(an_error_ends_the_undoing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
