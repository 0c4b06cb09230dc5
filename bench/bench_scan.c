/* bench_scan.c — question: what does the scan add to Hyperscan's own sweep, and how many bytes a second is that?
 * Three texts without a hit (random base64 in JSON, source-like text, an LLM request with 200 KB of code) and one with
 * many; one block, and a stream of 16 KiB pieces; beside them hs_scan() of the same database, PCRE2 rule by rule, a
 * copy of the bytes.  A head of 20 fields at once and one by one.  An engine compiled, and out of its cache.  The
 * numbers decide whether confirmation may stay PCRE2, whether heads are joined, whether there is a cache.  Rules: those
 * of tests/scan_rules.h, but those that are there to be hit. */
#include <hs.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "bench/bench.h"
#include "dlp/scan/engine_int.h"
#include "dlp/scan/scan.h"
#include "tests/scan_rules.h"

enum { TEXT_BYTES = 200 * 1024, PIECE_BYTES = 16 * 1024, RULES = 9, HEADS = 1000 };

static const struct rule_set rules = {.list = scan_rule_rows, .count = RULES};
static struct scanner *scanner;
static struct engine *engine;
static hs_scratch_t *scratch;
static pcre2_code *codes[RULES];
static pcre2_match_data *match;
static struct buf text;
static uint8_t copy[2 * TEXT_BYTES];

static void require(bool claim)
{
    if (!claim) abort();
}

static void begin(void)
{
    struct rule_fault fault;
    struct vault *vault = NULL;
    PCRE2_SIZE at;
    int error;

    require(vault_new(1, &vault) == ERR_OK);
    require(vault_set(vault, 0, SPAN_LIT("sk_known_0123456789abcdef")) == ERR_OK);
    require(engine_new(&rules, (struct span){0}, &fault, &engine) == ERR_OK);
    require(scanner_new(vault, engine, &scanner) == ERR_OK);
    require(hs_alloc_scratch(engine->block, &scratch) == HS_SUCCESS);
    match = pcre2_match_data_create(8, NULL);
    for (size_t i = 0; i < RULES; i++) {
        codes[i] = pcre2_compile(rules.list[i].pattern.at, rules.list[i].pattern.len,
                                 rules.list[i].nocase ? PCRE2_CASELESS : 0, &error, &at, NULL);
        require(codes[i] != NULL && pcre2_jit_compile(codes[i], PCRE2_JIT_COMPLETE) == 0);
    }
    vault_free(&vault);
}

/* --- texts ----------------------------------------------------------------------------------------------- */

static uint32_t dice(void)
{
    static uint64_t seed = 1;
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33);
}

static void add(const char *words) { require(buf_add(&text, span_of(words)) == ERR_OK); }

static void make_base64(void)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    while (buf_len(&text) < TEXT_BYTES) {
        char row[1025];
        for (size_t i = 0; i < 1024; i++) row[i] = set[dice() % 64];
        row[1024] = '\0';
        add("{\"type\":\"image\",\"data\":\"");
        add(row);
        add("\"},\n");
    }
}

static void add_source(const char *newline, const char *quote)
{
    static const char *const words[] = {"static ", "int ",   "count",   " = ",      "(",        ");",      "return ",
                                        "if (",    "->next", "size_t ", "buffer",   "struct ",  "token",   "secret",
                                        "i++",     " < ",    "const ",  "char *",   "password", "[i]",     "0x1f",
                                        "sizeof",  "4096",   "key",     "release(", "acquire",  "config.", "default",
                                        "example", "state",  "self.",   "await "};

    for (unsigned i = 0; i < 12; i++) add(words[dice() % COUNT_OF(words)]);
    if (dice() % 8 == 0) {
        add("print(");
        add(quote);
        add("a message of some words");
        add(quote);
        add(")");
    }
    add(newline);
}

static void make_source(void)
{
    while (buf_len(&text) < TEXT_BYTES) add_source("\n    ", "\"");
}

static void make_request(void)
{
    add("{\"model\":\"m\",\"max_tokens\":4096,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
        "\"text\":\"");
    while (buf_len(&text) < TEXT_BYTES) add_source("\\n    ", "\\\"");
    add("\"}]}]}");
}

/* Every 80 bytes something that is looked at, and is not one. */
static void make_hits(void)
{
    while (buf_len(&text) < TEXT_BYTES) {
        add("\"password\": \"aaaaaaaabbbbbbbbccccccccdddddddd\", \"name\": \"of some more words\"\n");
        add("9f86d081884c7d659a2feaa0c55ad0150a1b2c3d  a/file/of/some/name/that/has/a/checksum.c\n");
    }
}

/* --- scans ----------------------------------------------------------------------------------------------- */

static uint64_t run_block(void)
{
    struct findings findings = {0};

    require(scan_block(scanner, SCAN_BODY, (struct span){0}, buf_span(&text), &findings) == ERR_OK);
    return findings.count;
}

static uint64_t run_stream(void)
{
    const struct scan_unit unit = {.place = SCAN_BODY};
    struct findings findings = {0};
    struct scan *scan = NULL;

    require(scan_new(scanner, &unit, &scan) == ERR_OK);
    for (struct span rest = buf_span(&text); rest.len > 0;) {
        struct span piece = span_first(rest, PIECE_BYTES);
        require(scan_feed(scan, piece, &findings) == ERR_OK);
        rest = span_from(rest, piece.len);
    }
    require(scan_end(scan, &findings) == ERR_OK);
    scan_free(&scan);
    return findings.count;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
    (void)id, (void)from, (void)to, (void)flags;
    ++*(uint64_t *)context;
    return 0;
}

static uint64_t run_raw(void)
{
    uint64_t hits = 0;

    require(hs_scan(engine->block, (const char *)buf_span(&text).at, (unsigned)buf_len(&text), 0, scratch, on_match,
                    &hits) == HS_SUCCESS);
    return hits;
}

static uint64_t run_pcre2(void)
{
    uint64_t hits = 0;

    for (size_t i = 0; i < RULES; i++)
        for (size_t at = 0; pcre2_match(codes[i], buf_span(&text).at, buf_len(&text), at, 0, match, NULL) > 0; hits++)
            at = pcre2_get_ovector_pointer(match)[1];
    return hits;
}

static uint64_t run_copy(void)
{
    memcpy(copy, buf_span(&text).at, buf_len(&text));
    return copy[dice() % TEXT_BYTES];
}

static struct field fields[20];

static uint64_t run_head(void)
{
    struct findings findings = {0};

    for (int i = 0; i < HEADS; i++)
        require(scan_fields(scanner, SCAN_FIELD, fields, COUNT_OF(fields), &findings) == ERR_OK);
    return findings.count;
}

static uint64_t run_fields(void)
{
    struct findings findings = {0};

    for (int i = 0; i < HEADS; i++)
        for (size_t j = 0; j < COUNT_OF(fields); j++)
            require(scan_block(scanner, SCAN_FIELD, fields[j].name, fields[j].value, &findings) == ERR_OK);
    return findings.count;
}

static struct buf saved;

static uint64_t make_engine(struct span cached)
{
    struct rule_fault fault;
    struct engine *made = NULL;

    require(engine_new(&rules, cached, &fault, &made) == ERR_OK);
    require(engine_was_cached(made) == (cached.len > 0));
    engine_free(&made);
    return 1;
}

static uint64_t run_compile(void) { return make_engine((struct span){0}); }
static uint64_t run_load(void) { return make_engine(buf_span(&saved)); }

static void run_texts(void)
{
    static const struct {
        const char *name;
        void (*make)(void);
    } texts[] = {{"base64", make_base64}, {"source", make_source}, {"request", make_request}, {"hits", make_hits}};
    static const struct {
        const char *name;
        uint64_t (*run)(void);
    } ways[] = {
        {"block", run_block}, {"stream", run_stream}, {"hs_scan", run_raw}, {"pcre2", run_pcre2}, {"memcpy", run_copy}};

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        texts[i].make();
        for (size_t j = 0; j < COUNT_OF(ways); j++) {
            char name[64];
            snprintf(name, sizeof name, "scan/%s/%s", texts[i].name, ways[j].name);
            bench_run(name, 1, buf_len(&text), ways[j].run);
        }
        buf_clear(&text);
    }
}

int main(void)
{
    size_t head_bytes = 0;

    begin();
    run_texts();
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        fields[i] = (struct field){SPAN_LIT("X-Client-Name"), SPAN_LIT("a value of some thirty bytes, and two")};
        head_bytes += fields[i].name.len + fields[i].value.len + 4;
    }
    bench_run("scan/head of 20/at once", HEADS, head_bytes * HEADS, run_head);
    bench_run("scan/head of 20/one by one", HEADS, head_bytes * HEADS, run_fields);
    require(engine_save(engine, &saved) == ERR_OK);
    bench_run("scan/engine/compiled", 1, 0, run_compile);
    bench_run("scan/engine/cached", 1, 0, run_load);
    buf_clear(&saved);
    return 0;
}
