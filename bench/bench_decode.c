/* bench_decode.c — question: what do the decoders add to each byte of a body?  Honest texts, and such as are full of
 * signs, in windows as a body's scan takes them: decode_signs() alone, then it and the decoders that it asks for, and
 * each of those.  The numbers decide what counts as a sign: a scan is to keep 90 % of what hs_scan() alone would do.
 * `bench_decode FILE...` asks of these files what it asks of its own texts. */
#include <glob.h>

#include "backends/manifest/file.h"
#include "bench/scan_bench.h"
#include "dlp/decode/decode.h"

enum { TEXT_BYTES = 1 << 20, ROUNDS = 10 };

static struct buf text, room;
static const struct decoder *only; /* NULL: all */
static uint64_t told;
static uint32_t signs;

/* --- texts ----------------------------------------------------------------------------------------------- */

static void read_files(const char *pattern)
{
    glob_t paths;

    scan_bench_require(glob(pattern, GLOB_BRACE, NULL, &paths) == 0);
    for (size_t i = 0; i < paths.gl_pathc && buf_len(&text) < TEXT_BYTES; i++)
        scan_bench_require(file_read(paths.gl_pathv[i], MIB(4), &text) == ERR_OK);
    globfree(&paths);
}

static void make_source(void) { read_files("{reactor,backends,fsm,dlp}/*/*.c"); }
static void make_python(void) { read_files("/usr/lib/python3*/[a-m]*.py"); }
static void make_docs(void) { read_files("/usr/share/doc/*/{copyright,README*,NEWS}"); }

/* What an LLM is sent: the source in JSON. */
static void make_request(void)
{
    struct buf source;

    make_source();
    source = text;
    text = (struct buf){0};
    scan_bench_add_json(&text, buf_span(&source));
    buf_clear(&source);
}

/* Letters that look like those of ASCII, in words that do not. */
static void make_cyrillic(void)
{
    while (buf_len(&text) < TEXT_BYTES) {
        char letter[] = {(char)0xd0, (char)(0xb0 + scan_bench_dice() % 16), '\0'};
        scan_bench_add(&text, scan_bench_dice() % 6 == 0 ? " " : letter);
    }
}

static void make_base64(void) { scan_bench_add_random(&text, SCAN_BENCH_BASE64, TEXT_BYTES); }
static void make_hex(void) { scan_bench_add_random(&text, "0123456789abcdef", TEXT_BYTES); }
static void make_letters(void) { scan_bench_add_random(&text, "abcdefghijklmnopqrstuvwxyz0123456789", TEXT_BYTES); }
static void make_printable(void)
{
    char set[96] = "";

    for (unsigned i = 0; i < 95; i++) set[i] = (char)(' ' + i);
    scan_bench_add_random(&text, set, TEXT_BYTES);
}

static void make_random(void)
{
    uint8_t *at;

    scan_bench_require(buf_room(&text, TEXT_BYTES, &at) == ERR_OK);
    for (size_t i = 0; i < TEXT_BYTES; i++) at[i] = (uint8_t)scan_bench_dice();
    buf_added(&text, TEXT_BYTES);
}

/* --- windows --------------------------------------------------------------------------------------------- */

static enum err on_decoded(void *context, const struct decoded *decoded)
{
    (void)context;
    told += decoded->bytes.len;
    return ERR_OK;
}

static uint64_t run_windows(bool undo)
{
    struct span all = buf_span(&text);

    told = signs = 0;
    for (size_t at = 0; at + DECODE_OVERLAP < all.len; at += DECODE_WINDOW - DECODE_OVERLAP) {
        struct span window = span_first(span_from(all, at), DECODE_WINDOW);
        uint32_t found = only == NULL ? decode_signs(window) : only->signs;
        signs |= found;
        for (size_t i = 0; undo && i < decoder_count; i++)
            if ((decoders[i].signs & found) != 0 && (only == NULL || only == &decoders[i]))
                scan_bench_require(decode_undo(&decoders[i], window, &room, on_decoded, NULL) == ERR_OK);
    }
    return told;
}

/* The best of some: what else runs here only slows. */
static double best_ns(bool undo)
{
    uint64_t best = UINT64_MAX;

    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t start = bench_now_ns(), took;
        run_windows(undo);
        took = bench_now_ns() - start;
        if (took < best) best = took;
    }
    return (double)best / (double)buf_len(&text);
}

static void run_text(const char *name)
{
    double alone = best_ns(false), all = best_ns(true);
    uint32_t asked = signs;

    printf("{\"bench\":\"decode/%s\",\"signs_ns_per_byte\":%.3f,\"all_ns_per_byte\":%.3f,\"told\":%.4f}\n", name, alone,
           all, (double)told / (double)buf_len(&text));
    for (size_t i = 0; i < decoder_count; i++) {
        if ((decoders[i].signs & asked) == 0) continue;
        only = &decoders[i];
        printf("{\"bench\":\"decode/%s/%s\",\"ns_per_byte\":%.3f}\n", name, only->name, best_ns(true));
        only = NULL;
    }
    buf_clear(&text);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*make)(void);
    } texts[] = {
        {"source", make_source},     {"request", make_request},    {"python", make_python}, {"docs", make_docs},
        {"cyrillic", make_cyrillic}, {"base64", make_base64},      {"hex", make_hex},       {"letters", make_letters},
        {"random", make_random},     {"printable", make_printable}};

    for (int i = 1; i < argc; i++) {
        read_files(argv[i]);
        run_text(argv[i]);
    }
    for (size_t i = 0; argc == 1 && i < COUNT_OF(texts); i++) {
        texts[i].make();
        run_text(texts[i].name);
    }
    buf_clear(&room);
    return 0;
}
