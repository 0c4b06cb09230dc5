/* bench_hostile.c — question: what is the slowest that a hostile body makes the scan?  Every case is repeated to
 * HOSTILE_BYTES, or for HOSTILE_S (100 MB take as long a byte: nothing grows with the body), streamed in 16 KiB
 * pieces, and timed by the CPU it takes.  Cases: floods of prefixes, keywords and encodings' signs; secrets, and such
 * as are nearly one, of every kind that the vectors have; every body of the evasion matrix (BOTTLED_CORPORA; without
 * it those are left out).  Prints the slowest SHOWN, the slowest last, and exits with 1 when that is below GOAL_MB.
 * The number decides what a step may confirm, and what decoders may cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bench/scan_bench.h"
#include "tests/corpus.h"

enum { SHOWN = 40, CASES_MAX = 4096, GOAL_MB = 50, BUFFER_BYTES = 1 << 20, STRIDE_BYTES = 1 << 17 };
#define HOSTILE_BYTES MIB(4)
#define HOSTILE_S     0.1

struct result {
    char name[80];
    double mb_per_s;
    unsigned long long findings;
};

static struct result results[CASES_MAX];
static size_t result_count;

static double cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Errors are an answer too: the body is refused. */
static uint64_t scan_some(struct span text, double *mb_per_s)
{
    const struct scan_unit unit = {.place = SCAN_BODY};
    struct findings findings = {0};
    struct scan *scan = NULL;
    uint64_t bytes = 0;
    enum err err = ERR_OK;
    double start = cpu_s();

    scan_bench_require(scan_new(scan_bench_scanner, &unit, &scan) == ERR_OK);
    for (; err == ERR_OK && bytes < HOSTILE_BYTES && cpu_s() - start < HOSTILE_S; bytes += STRIDE_BYTES)
        err = scan_bench_feed(scan, text, STRIDE_BYTES, &findings);
    if (err == ERR_OK) (void)!scan_end(scan, &findings);
    scan_free(&scan);
    *mb_per_s = (double)bytes / 1e6 / (cpu_s() - start);
    return findings.count;
}

/* The better of two: what else runs here only slows. */
static void run(const char *name, struct span seed)
{
    struct buf text = {0};
    struct result *result = &results[result_count++];
    double again;

    if (seed.len == 0 || result_count == CASES_MAX) {
        result_count--;
        return;
    }
    while (buf_len(&text) < BUFFER_BYTES) scan_bench_require(buf_add(&text, seed) == ERR_OK);
    snprintf(result->name, sizeof result->name, "%s", name);
    for (char *c = result->name; *c != '\0'; c++)
        if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\') *c = '?';
    result->findings = scan_some(buf_span(&text), &result->mb_per_s);
    if (result->mb_per_s < 2 * GOAL_MB) {
        scan_some(buf_span(&text), &again);
        if (again > result->mb_per_s) result->mb_per_s = again;
    }
    buf_clear(&text);
}

/* --- floods ---------------------------------------------------------------------------------------------- */

static const char *const floods[] = {
    "ghp_",
    "ghp_Zx9Qw3Er5Ty7Ui1Op2As4Df6Gh8Jk0LzXcV!", /* one too short */
    "AKIA",
    "AKIAQ3EGRZ5KLMNO27W ",
    "-----BEGIN ",
    "-----BEGIN RSA PRIVATE KEY-----\n",
    "-----BEGIN RSA PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA",
    "eyJ",
    "eyJhbGciOiJIUzI1NiJ9.",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.",
    "xoxb-",
    "sk-",
    "SG.",
    "https://a:",
    "postgres://u:p@h/",
    "password",
    "password=",
    "password = \"",
    "secret: 'aaaaaaaaaaaaaaaaaaaaaaaa'\n",
    "api_key=\"0123456789abcdef0123456789abcdef\" ",
    "token.token.token.token = ",
    "A",
    "a",
    "0",
    "4111111111111111 ",
    "4111 1111 1111 1111-",
    "DE89370400440532013000 ",
    "abandon abandon abandon abandon ",
    "legal winner thank year wave sausage ",
    "%25",
    "%2525",
    "%67%68%70%5f",
    "\\u0067",
    "\\x67",
    "&#103;",
    "&#x67;",
    "=67=68=70",
    "H4sIAAAAAAAA",
    "eJyrVkrLz1eyUlAqLU4tykvMTVWyUqoFAF",
    "67 68 70 5f ",
    "103,104,112,95,",
    "Z2hwX1p4OVF3M0VyNVR5N1VpMU9wMkFzNERmNkdoOEprMEx6WGNWYg==\n",
    "WjJod1gxcDRPVkYzTTBWeU5WUjVOMVZwTVU5d01rRnpORVJtTmtkb09FcHJNRXg2V0dOV1lnPT0=",
    "M5UHAX22PA4VCRZTIVZDKVDZG5KWSMKPOAZEC4ZUIRTDMR3IHBFGWMCMPJMGGVTC",
    "g\xe2\x80\x8bh\xe2\x80\x8bp\xe2\x80\x8b_",
    "\xef\xbd\x87\xef\xbd\x88\xef\xbd\x90",
    "g\0h\0p\0_",
    " ",
    "\n",
    "\"",
    "=",
    ":",
    "{\"a\":",
    "<~",
    "begin 644 a\n",
    "+AGcAaABwAF8-",
};

static void run_floods(void)
{
    for (size_t i = 0; i < COUNT_OF(floods); i++) {
        char name[80];
        snprintf(name, sizeof name, "flood/%s", floods[i]);
        run(name, span_of(floods[i]));
    }
    run("flood/UTF-16", (struct span){(const uint8_t *)"g\0h\0p\0_\0Z\0x\0", 12});
}

/* Random characters of one set: no pattern, and all signs of an encoding. */
static void run_sets(void)
{
    static const char *const sets[] = {"0123456789abcdef",
                                       "0123456789",
                                       SCAN_BENCH_BASE64,
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
                                       "ghp_",
                                       "AKI",
                                       "eyJ.",
                                       "\\u0123456789abcdef",
                                       "%0123456789abcdef",
                                       "-_=:\"' \n"};

    for (size_t i = 0; i < COUNT_OF(sets); i++) {
        struct buf text = {0};
        char name[80];
        snprintf(name, sizeof name, "random/%s", sets[i]);
        scan_bench_add_random(&text, sets[i], BUFFER_BYTES);
        run(name, buf_span(&text));
        buf_clear(&text);
    }
}

/* --- what the rules look for ----------------------------------------------------------------------------- */

static void run_keywords(void)
{
    struct buf all = {0};

    for (size_t i = 0; i < scan_bench_rules->count; i++)
        for (size_t j = 0; j < scan_bench_rules->list[i].keyword_count; j++) {
            scan_bench_require(buf_add(&all, scan_bench_rules->list[i].keywords[j]) == ERR_OK);
            scan_bench_add(&all, "_key = \"");
            scan_bench_add_random(&all, "0123456789abcdef", 32);
            scan_bench_add(&all, "\"\n");
        }
    run("keywords/each with 32 hex digits", buf_span(&all));
    buf_clear(&all);
    for (size_t i = 0; i < scan_bench_rules->count; i++)
        for (size_t j = 0; j < scan_bench_rules->list[i].keyword_count; j++) {
            scan_bench_require(buf_add(&all, scan_bench_rules->list[i].keywords[j]) == ERR_OK);
            scan_bench_add(&all, "=");
        }
    run("keywords/all", buf_span(&all));
    buf_clear(&all);
}

/* One vector of each kind, as it is and with its last characters gone. */
static void run_vectors(const char *file, const char *id_key)
{
    struct corpus corpus;
    char last[80] = "";

    if (!corpus_open(&corpus, file)) return;
    for (const cJSON *row; (row = corpus_next(&corpus)) != NULL;) {
        struct span text = span_of(corpus_text(row, "text"));
        char name[80];
        if (strcmp(corpus_text(row, id_key), last) == 0) continue;
        snprintf(last, sizeof last, "%s", corpus_text(row, id_key));
        snprintf(name, sizeof name, "vector/%s", last);
        run(name, text);
        snprintf(name, sizeof name, "vector cut/%s", last);
        run(name, span_first(text, text.len > 8 ? text.len - 4 : 0));
    }
    corpus_close(&corpus);
}

static void run_matrix(void)
{
    struct corpus corpus;

    if (!corpus_open(&corpus, "evasion-matrix.jsonl.gz")) return;
    for (const cJSON *row; (row = corpus_next(&corpus)) != NULL;) {
        struct buf body = {0};
        char name[80];
        if (!corpus_octets(row, "body", &body) && !corpus_bytes(row, "body_b64", &body))
            scan_bench_add(&body, corpus_text(row, "url"));
        snprintf(name, sizeof name, "evasion/%s", corpus_text(row, "id"));
        run(name, buf_span(&body));
        buf_clear(&body);
    }
    corpus_close(&corpus);
}

static int faster_first(const void *a, const void *b)
{
    const struct result *x = a, *y = b;

    return (x->mb_per_s < y->mb_per_s) - (x->mb_per_s > y->mb_per_s);
}

int main(int argc, char **argv)
{
    scan_bench_begin();
    if (argc > 1) { /* one text, for a profile */
        run(argv[1], span_of(argv[1]));
        printf("{\"bench\":\"hostile/%s\",\"mb_per_s\":%.1f}\n", results[0].name, results[0].mb_per_s);
        return 0;
    }
    run_floods();
    run_sets();
    run_keywords();
    run_matrix();
    run_vectors("gitleaks-vectors.jsonl.gz", "rule");
    qsort(results, result_count, sizeof *results, faster_first);
    for (size_t i = result_count > SHOWN ? result_count - SHOWN : 0; i < result_count; i++)
        printf("{\"bench\":\"hostile/%s\",\"mb_per_s\":%.1f,\"findings\":%llu}\n", results[i].name, results[i].mb_per_s,
               results[i].findings);
    printf("{\"bench\":\"hostile\",\"cases\":%zu,\"bytes_each\":%llu,\"slowest_mb_per_s\":%.1f}\n", result_count,
           (unsigned long long)HOSTILE_BYTES, results[result_count - 1].mb_per_s);
    return results[result_count - 1].mb_per_s < GOAL_MB;
}
