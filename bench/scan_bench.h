/* scan_bench.h — the scanner of the shipped rules, and texts for it: for the benches of the scan. */
#pragma once
#include "backends/manifest/rule_cache.h"
#include "backends/manifest/rule_file.h"
#include "bench/bench.h"
#include "dlp/scan/scan.h"
#include "reactor/base/own.h"

enum { SCAN_BENCH_PIECE = 16 * 1024 };

static struct rule_set *scan_bench_rules;
static struct engine *scan_bench_engine;
static struct scanner *scan_bench_scanner;

static inline void scan_bench_require(bool claim)
{
    if (!claim) abort();
}

/* One known value beside the rules, as most bottles have.  What is compiled is kept in the build folder. */
static inline void scan_bench_begin(void)
{
    struct manifest_errors errors = manifest_errors_begin();
    struct rule_fault fault;
    struct vault *vault = NULL;
    enum rule_cache_use use;

    scan_bench_require(rules_read_shipped(&errors, &scan_bench_rules) == ERR_OK && scan_bench_rules != NULL);
    manifest_errors_end(&errors);
    scan_bench_require(rule_cache_open("build/release/bench", scan_bench_rules, &fault, &use, &scan_bench_engine) ==
                       ERR_OK);
    scan_bench_require(vault_new(1, &vault) == ERR_OK);
    scan_bench_require(vault_set(vault, 0, SPAN_LIT("sk_known_0123456789abcdef")) == ERR_OK);
    scan_bench_require(scanner_new(vault, scan_bench_engine, &scan_bench_scanner) == ERR_OK);
    vault_free(&vault);
}

static inline uint32_t scan_bench_dice(void)
{
    static uint64_t seed = 1;
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33);
}

static inline void scan_bench_add(struct buf *text, const char *words)
{
    scan_bench_require(buf_add(text, span_of(words)) == ERR_OK);
}

/* len random characters of a set. */
static inline void scan_bench_add_random(struct buf *text, const char *set, size_t len)
{
    size_t size = strlen(set);
    uint8_t *at;

    scan_bench_require(buf_room(text, len, &at) == ERR_OK);
    for (size_t i = 0; i < len; i++) at[i] = (uint8_t)set[scan_bench_dice() % size];
    buf_added(text, len);
}

/* Text in JSON as the clients of LLMs write it: \n and \", not \u000a and \u0022. */
static inline void scan_bench_add_json(struct buf *text, struct span value)
{
    static const char plain[] = "\n\"\\\t\r", written[] = "n\"\\tr";

    scan_bench_add(text, "{\"model\":\"m\",\"max_tokens\":4096,\"messages\":[{\"role\":\"user\",\"content\":\"");
    for (size_t i = 0; i < value.len; i++) {
        const char *escaped = value.at[i] == '\0' ? NULL : strchr(plain, value.at[i]);
        char escape[] = {'\\', escaped == NULL ? '\0' : written[escaped - plain], '\0'};
        if (escaped != NULL)
            scan_bench_add(text, escape);
        else
            scan_bench_require(buf_add(text, (struct span){value.at + i, 1}) == ERR_OK);
    }
    scan_bench_add(text, "\"}]}");
}

#define SCAN_BENCH_BASE64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

/* Feeds text, over and over until bytes have been, in pieces as they come from a socket. */
static inline enum err scan_bench_feed(struct scan *scan, struct span text, uint64_t bytes, struct findings *findings)
{
    for (struct span rest = text; bytes > 0; rest = rest.len > 0 ? rest : text) {
        struct span piece = span_first(rest, bytes < SCAN_BENCH_PIECE ? (size_t)bytes : SCAN_BENCH_PIECE);
        TRY(scan_feed(scan, piece, findings));
        rest = span_from(rest, piece.len);
        bytes -= piece.len;
    }
    return ERR_OK;
}

/* A body of so many bytes; how many findings it had. */
static inline uint64_t scan_bench_body(struct span text, uint64_t bytes)
{
    const struct scan_unit unit = {.place = SCAN_BODY};
    struct findings findings = {0};
    struct scan *scan = NULL;

    scan_bench_require(scan_new(scan_bench_scanner, &unit, &scan) == ERR_OK);
    scan_bench_require(scan_bench_feed(scan, text, bytes, &findings) == ERR_OK);
    scan_bench_require(scan_end(scan, &findings) == ERR_OK);
    scan_free(&scan);
    return findings.count;
}
