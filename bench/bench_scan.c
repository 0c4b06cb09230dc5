/* bench_scan.c — question: what does the scan add to Hyperscan's own sweep, and how many bytes a second is that? The
 * rules that we ship, and honest texts: random base64 in JSON, random JSON, our own source, an LLM request with 200
 * KB of it; 100 MB of the request as one upload; text dense with the words of rules, and one with many hits.  One
 * block, and a stream of 16 KiB pieces; beside them hs_scan() of the same database, PCRE2 rule by rule, a copy of the
 * bytes.  A head of 20 fields at once and one by one, a whole request of 10 KB.  An engine compiled, and out of its
 * cache.  What one open request costs in memory.  The numbers decide whether confirmation may stay PCRE2, whether
 * heads are joined, whether there is a cache. `bench_scan long` streams 5 GB, and says what the state grew by. */
#include <glob.h>
#include <hs.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <unistd.h>

#include "backends/manifest/file.h"
#include "bench/scan_bench.h"
#include "dlp/scan/engine_int.h"

enum { TEXT_BYTES = 200 * 1024, HEADS = 1000, OPEN = 1000, FEW = 3 };
#define UPLOAD_BYTES MIB(100)
#define LONG_BYTES   5000000000ull

static hs_scratch_t *scratch;
static pcre2_code *codes[RULE_COUNT_MAX];
static pcre2_match_data *match;
static struct buf text;
static uint8_t copy[4 * TEXT_BYTES];

static void begin(void)
{
    PCRE2_SIZE at;
    int error;

    scan_bench_begin();
    scan_bench_require(hs_alloc_scratch(scan_bench_engine->parts[0].block, &scratch) == HS_SUCCESS);
    scan_bench_require(hs_alloc_scratch(scan_bench_engine->parts[0].stream, &scratch) == HS_SUCCESS);
    match = pcre2_match_data_create(16, NULL);
    for (size_t i = 0; i < scan_bench_rules->count; i++) {
        const struct rule *rule = &scan_bench_rules->list[i];
        codes[i] =
            pcre2_compile(rule->pattern.at, rule->pattern.len, rule->nocase ? PCRE2_CASELESS : 0, &error, &at, NULL);
        scan_bench_require(codes[i] != NULL && pcre2_jit_compile(codes[i], PCRE2_JIT_COMPLETE) == 0);
    }
}

/* --- texts ----------------------------------------------------------------------------------------------- */

static void make_base64(void)
{
    while (buf_len(&text) < TEXT_BYTES) {
        scan_bench_add(&text, "{\"type\":\"image\",\"data\":\"");
        scan_bench_add_random(&text, SCAN_BENCH_BASE64, 1024);
        scan_bench_add(&text, "\"},\n");
    }
}

static const char *const words[] = {"static ", "int ",   "count",   " = ",      "(",        ");",      "return ",
                                    "if (",    "->next", "size_t ", "buffer",   "struct ",  "token",   "secret",
                                    "i++",     " < ",    "const ",  "char *",   "password", "[i]",     "0x1f",
                                    "sizeof",  "4096",   "key",     "release(", "acquire",  "config.", "default",
                                    "example", "state",  "self.",   "await "};

static void add_word(void) { scan_bench_add(&text, words[scan_bench_dice() % COUNT_OF(words)]); }

static void make_json(void)
{
    scan_bench_add(&text, "[");
    while (buf_len(&text) < TEXT_BYTES) {
        char number[64];
        snprintf(number, sizeof number, "{\"id\":%u,\"score\":%u.%u,\"name\":\"", scan_bench_dice(),
                 scan_bench_dice() % 100, scan_bench_dice() % 1000);
        scan_bench_add(&text, number);
        add_word();
        scan_bench_add(&text, "\",\"tags\":[\"");
        add_word();
        scan_bench_add(&text, "\",\"");
        scan_bench_add_random(&text, "0123456789abcdef", 8);
        scan_bench_add(&text, "\"],\"active\":true},\n");
    }
    scan_bench_add(&text, "{}]");
}

/* Code that is dense with the words that rules are about. */
static void make_words(void)
{
    while (buf_len(&text) < TEXT_BYTES) {
        for (unsigned i = 0; i < 12; i++) add_word();
        scan_bench_add(&text, scan_bench_dice() % 8 == 0 ? "print(\"a message of some words\")\n    " : "\n    ");
    }
}

/* Code as it is: our own. */
static void read_source(struct buf *source)
{
    glob_t paths;

    scan_bench_require(glob("reactor/*/*.c", 0, NULL, &paths) == 0);
    for (size_t i = 0; i < paths.gl_pathc && buf_len(source) < TEXT_BYTES; i++)
        scan_bench_require(file_read(paths.gl_pathv[i], MIB(1), source) == ERR_OK);
    scan_bench_require(buf_len(source) >= TEXT_BYTES);
    globfree(&paths);
}

static void make_source(void) { read_source(&text); }

static void make_request_of(size_t bytes)
{
    struct buf source = {0};

    read_source(&source);
    scan_bench_add_json(&text, span_first(buf_span(&source), bytes));
    buf_clear(&source);
}

static void make_request(void) { make_request_of(TEXT_BYTES); }

/* Every 80 bytes something that is looked at, and is not one. */
static void make_hits(void)
{
    while (buf_len(&text) < TEXT_BYTES) {
        scan_bench_add(&text, "\"password\": \"aaaaaaaabbbbbbbbccccccccdddddddd\", \"name\": \"of some more words\"\n");
        scan_bench_add(&text, "9f86d081884c7d659a2feaa0c55ad0150a1b2c3d  a/file/of/some/name/that/has/a/checksum.c\n");
    }
}

/* --- scans ----------------------------------------------------------------------------------------------- */

static uint64_t run_block(void)
{
    struct findings findings = {0};

    scan_bench_require(scan_block(scan_bench_scanner, SCAN_BODY, (struct span){0}, buf_span(&text), &findings) ==
                       ERR_OK);
    return findings.count;
}

static uint64_t run_stream(void) { return scan_bench_body(buf_span(&text), buf_len(&text)); }
static uint64_t run_upload(void) { return scan_bench_body(buf_span(&text), UPLOAD_BYTES); }

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
    (void)id, (void)from, (void)to, (void)flags;
    ++*(uint64_t *)context;
    return 0;
}

static uint64_t run_raw(void)
{
    uint64_t hits = 0;

    scan_bench_require(hs_scan(scan_bench_engine->parts[0].block, (const char *)buf_span(&text).at,
                               (unsigned)buf_len(&text), 0, scratch, on_match, &hits) == HS_SUCCESS);
    return hits;
}

static uint64_t run_raw_stream(void)
{
    hs_stream_t *stream = NULL;
    uint64_t hits = 0;

    scan_bench_require(hs_open_stream(scan_bench_engine->parts[0].stream, 0, &stream) == HS_SUCCESS);
    for (struct span rest = buf_span(&text); rest.len > 0;) {
        struct span piece = span_first(rest, SCAN_BENCH_PIECE);
        scan_bench_require(hs_scan_stream(stream, (const char *)piece.at, (unsigned)piece.len, 0, scratch, on_match,
                                          &hits) == HS_SUCCESS);
        rest = span_from(rest, piece.len);
    }
    scan_bench_require(hs_close_stream(stream, scratch, on_match, &hits) == HS_SUCCESS);
    return hits;
}

static uint64_t run_pcre2(void)
{
    uint64_t hits = 0;

    for (size_t i = 0; i < scan_bench_rules->count; i++)
        for (size_t at = 0; pcre2_match(codes[i], buf_span(&text).at, buf_len(&text), at, 0, match, NULL) > 0; hits++)
            at = pcre2_get_ovector_pointer(match)[1];
    return hits;
}

static uint64_t run_copy(void)
{
    memcpy(copy, buf_span(&text).at, buf_len(&text));
    return copy[scan_bench_dice() % TEXT_BYTES];
}

static void run_texts(void)
{
    static const struct {
        const char *name;
        void (*make)(void);
    } texts[] = {{"base64", make_base64}, {"json", make_json},       {"source", make_source},
                 {"words", make_words},   {"request", make_request}, {"hits", make_hits}};
    static const struct {
        const char *name;
        int runs;
        uint64_t (*run)(void);
    } ways[] = {{"block", BENCH_RUNS, run_block}, {"stream", BENCH_RUNS, run_stream},
                {"hs_scan", BENCH_RUNS, run_raw}, {"hs_scan_stream", BENCH_RUNS, run_raw_stream},
                {"pcre2", FEW, run_pcre2},        {"memcpy", BENCH_RUNS, run_copy}};

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        texts[i].make();
        for (size_t j = 0; j < COUNT_OF(ways); j++) {
            char name[64];
            snprintf(name, sizeof name, "scan/%s/%s", texts[i].name, ways[j].name);
            bench_times(name, ways[j].runs, 1, buf_len(&text), ways[j].run);
        }
        buf_clear(&text);
    }
    make_request();
    bench_times("scan/upload of 100 MB/stream", FEW, 1, UPLOAD_BYTES, run_upload);
    buf_clear(&text);
}

/* --- heads, and a request of 10 KB ----------------------------------------------------------------------- */

static struct field fields[20];

static uint64_t run_head(void)
{
    struct findings findings = {0};

    for (int i = 0; i < HEADS; i++)
        scan_bench_require(scan_fields(scan_bench_scanner, SCAN_FIELD, fields, COUNT_OF(fields), &findings) == ERR_OK);
    return findings.count;
}

static uint64_t run_fields(void)
{
    struct findings findings = {0};

    for (int i = 0; i < HEADS; i++)
        for (size_t j = 0; j < COUNT_OF(fields); j++)
            scan_bench_require(scan_block(scan_bench_scanner, SCAN_FIELD, fields[j].name, fields[j].value, &findings) ==
                               ERR_OK);
    return findings.count;
}

static uint64_t run_small(void)
{
    struct findings findings = {0};

    for (int i = 0; i < HEADS; i++) {
        scan_bench_require(scan_block(scan_bench_scanner, SCAN_TARGET, (struct span){0}, SPAN_LIT("/v1/messages"),
                                      &findings) == ERR_OK);
        scan_bench_require(scan_fields(scan_bench_scanner, SCAN_FIELD, fields, COUNT_OF(fields), &findings) == ERR_OK);
        findings.count += scan_bench_body(buf_span(&text), buf_len(&text));
    }
    return findings.count;
}

static void run_requests(void)
{
    size_t head_bytes = 0;

    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        fields[i] = (struct field){SPAN_LIT("X-Client-Name"), SPAN_LIT("a value of some thirty bytes, and two")};
        head_bytes += fields[i].name.len + fields[i].value.len + 4;
    }
    bench_run("scan/head of 20/at once", HEADS, head_bytes * HEADS, run_head);
    bench_run("scan/head of 20/one by one", HEADS, head_bytes * HEADS, run_fields);
    make_request_of(10000 - head_bytes - 100);
    bench_run("scan/request of 10 KB", HEADS, (head_bytes + buf_len(&text)) * HEADS, run_small);
    buf_clear(&text);
}

/* --- engines --------------------------------------------------------------------------------------------- */

static struct buf saved;

static uint64_t make_engine(struct span cached)
{
    struct rule_fault fault;
    struct engine *made = NULL;

    scan_bench_require(engine_new(scan_bench_rules, cached, &fault, &made) == ERR_OK);
    scan_bench_require(engine_was_cached(made) == (cached.len > 0));
    engine_free(&made);
    return 1;
}

static uint64_t run_compile(void) { return make_engine((struct span){0}); }
static uint64_t run_load(void) { return make_engine(buf_span(&saved)); }

static void run_engines(void)
{
    scan_bench_require(engine_save(scan_bench_engine, &saved) == ERR_OK);
    bench_times("scan/engine/compiled", 1, 1, 0, run_compile);
    bench_times("scan/engine/cached", FEW, 1, 0, run_load);
    buf_clear(&saved);
}

/* --- memory ---------------------------------------------------------------------------------------------- */

/* What the kernel has given us: whatever the allocator does, it is what an open request costs. */
static uint64_t resident(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    scan_bench_require(file != NULL && fscanf(file, "%*u %lu", &pages) == 1);
    fclose(file);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* They stay open: what is given back to the allocator would be taken for nothing the next time. */
static void measure_open(const char *coding, const char *name, struct scan *open[OPEN])
{
    const struct scan_unit unit = {.place = SCAN_BODY, .content_encoding = span_of(coding)};
    struct findings findings = {0};
    uint64_t before = resident();
    size_t stream = 0;

    scan_bench_require(hs_stream_size(scan_bench_engine->parts[0].stream, &stream) == HS_SUCCESS);
    for (size_t i = 0; i < OPEN; i++) {
        scan_bench_require(scan_new(scan_bench_scanner, &unit, &open[i]) == ERR_OK);
        if (coding[0] == '\0')
            scan_bench_require(scan_bench_feed(open[i], buf_span(&text), buf_len(&text), &findings) == ERR_OK);
    }
    printf("{\"bench\":\"scan/open request/%s\",\"bytes\":%llu,\"hs_stream_bytes\":%zu}\n", name,
           (unsigned long long)(resident() - before) / OPEN, stream);
}

static void run_open(void)
{
    static struct scan *open[2][OPEN];

    make_request();
    run_stream(); /* whatever is made once is made */
    measure_open("", "200 KB seen", open[0]);
    measure_open("gzip", "gzip, nothing seen", open[1]);
    for (size_t i = 0; i < OPEN; i++) scan_free(&open[0][i]);
    for (size_t i = 0; i < OPEN; i++) scan_free(&open[1][i]);
    buf_clear(&text);
}

static uint64_t run_endless(void) { return scan_bench_body(buf_span(&text), LONG_BYTES); }

static void run_long(void)
{
    make_request();
    run_stream();
    uint64_t before = resident();
    bench_times("scan/body of 5 GB/stream", 1, 1, LONG_BYTES, run_endless);
    printf("{\"bench\":\"scan/body of 5 GB/grown\",\"bytes\":%llu}\n", (unsigned long long)(resident() - before));
    buf_clear(&text);
}

int main(int argc, char **argv)
{
    begin();
    if (argc > 1 && strcmp(argv[1], "long") == 0) {
        run_long();
        return 0;
    }
    run_texts();
    run_requests();
    run_open();
    run_engines();
    return 0;
}
