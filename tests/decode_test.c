/* decode_test.c — every decoder: what it undoes and what it leaves alone; wherever the text is cut; over random values
 * and random bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dlp/decode/decode.h"
#include "dlp/decode/worth.h"
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
    {"escapes", S("{\"t\": \"gh\\\\u0070_MFINozFQ\"}"), S("gh\\u0070_MFINozFQ")},
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
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_encoding_is_undone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
