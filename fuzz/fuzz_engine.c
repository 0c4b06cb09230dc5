/* fuzz_engine.c — claim: the engine finds exactly what PCRE2 finds in all of the text at once, however it is cut; what
 * it finds besides is in an encoding.
 * Eight bytes say where to cut; in the rest a byte of 0x80 or more stands for one of the pieces of scan_rules.h.
 * Reaches scan_feed, scan_end, scan_block, settle, look, confirm_hit, judge_end.  Seeds fuzz/corpus/engine. */
#include <stdlib.h>

#include "dlp/scan/scan.h"
#include "tests/engine_ref.h"
#include "tests/scan_rules.h"

static struct scanner *scanner;

static void require(bool claim)
{
    if (!claim) abort();
}

static void begin(void)
{
    AUTO(vault) vault = NULL;
    AUTO(engine) engine = NULL;
    struct rule_fault fault;

    require(vault_new(1, &vault) == ERR_OK);
    require(engine_new(&scan_rules, (struct span){0}, &fault, &engine) == ERR_OK);
    require(scanner_new(vault, engine, &scanner) == ERR_OK);
}

static struct findings scan(struct span body, struct span cuts)
{
    const struct scan_unit unit = {.place = SCAN_BODY};
    struct findings findings = {0};
    AUTO(scan) one = NULL;
    size_t turn = 0;

    require(scan_new(scanner, &unit, &one) == ERR_OK);
    while (body.len > 0) {
        struct span piece = cuts.len == 0 ? body : span_first(body, 1 + cuts.at[turn++ % cuts.len] % 63u);
        require(scan_feed(one, piece, &findings) == ERR_OK);
        body = span_from(body, piece.len);
    }
    require(scan_end(one, &findings) == ERR_OK);
    return findings;
}

static bool is_undone(const struct finding *finding)
{
    return finding->encoding[0] != '\0' || strcmp(finding->rule, "too-deep") == 0;
}

/* What was found as it is: the reference undoes no encoding. */
static struct findings as_it_is(const struct findings *findings)
{
    struct findings kept = {0};

    for (size_t i = 0; i < findings->count; i++)
        if (!is_undone(&findings->list[i])) findings_add(&kept, &findings->list[i]);
    return kept;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct findings block = {0}, wanted = {0};
    struct buf body = {0};

    if (scanner == NULL) begin();
    if (len < 9 || len > 400) return 0;
    for (size_t i = 8; i < len; i++) {
        struct span piece = span_of(scan_pieces[bytes[i] % COUNT_OF(scan_pieces)]);
        require(buf_add(&body, bytes[i] >= 0x80 ? piece : (struct span){bytes + i, 1}) == ERR_OK);
    }
    struct findings whole = scan(buf_span(&body), (struct span){0}),
                    cut = scan(buf_span(&body), (struct span){bytes, 8});
    require(scan_block(scanner, SCAN_BODY, (struct span){0}, buf_span(&body), &block) == ERR_OK);
    ref_scan(&scan_rules, SCAN_BODY, buf_span(&body), &wanted);
    require(memcmp(&cut, &whole, sizeof cut) == 0);
    require(whole.more == block.more);
    if (!whole.more) { /* else one in an encoding may have taken the place of another */
        whole = as_it_is(&whole);
        block = as_it_is(&block);
        require(memcmp(&whole, &wanted, sizeof whole) == 0);
        require(memcmp(&block, &wanted, sizeof block) == 0);
    }
    buf_clear(&body);
    return 0;
}
