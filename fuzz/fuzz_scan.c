/* fuzz_scan.c — claim: how a body is cut changes no finding, also through decoders and from one pane to the next; and
 * each known value that is put in is found.
 * Eight bytes say where to cut, the first also how much stands in front; in the rest a byte of 0x80 or more stands for
 * one of the literals, every fourth of them in base64.
 * Reaches scan_new, scan_feed, scan_end, pane_take, nest_look.  Seeds fuzz/corpus/scan. */
#include <stdlib.h>

#include "dlp/scan/literal.h"
#include "dlp/scan/scan.h"
#include "dlp/scan/pane.h"
#include "reactor/base/encode.h"
#include "reactor/base/own.h"

static struct scanner *scanner;
static struct literals literals;

static void require(bool claim)
{
    if (!claim) abort();
}

static void begin(void)
{
    static const struct span values[] = {SPAN_LIT("tok+en/0123456789"), SPAN_LIT("user:pass word\"\\"),
                                         SPAN_LIT("aaaaaaaab")};
    AUTO(vault) vault = NULL;

    require(vault_new(COUNT_OF(values), &vault) == ERR_OK);
    for (size_t i = 0; i < COUNT_OF(values); i++) require(vault_set(vault, i, values[i]) == ERR_OK);
    require(literals_make(vault, &literals) == ERR_OK);
    require(scanner_new(vault, NULL, &scanner) == ERR_OK);
}

static struct findings scan(struct span body, struct span cuts)
{
    const struct scan_unit unit = {.place = SCAN_BODY};
    struct findings findings = {0};
    struct scan *one = NULL;
    size_t turn = 0;

    require(scan_new(scanner, &unit, &one) == ERR_OK);
    while (body.len > 0) {
        struct span piece = cuts.len == 0 ? body : span_first(body, 1 + cuts.at[turn++ % cuts.len] % 31u);
        require(scan_feed(one, piece, &findings) == ERR_OK);
        body = span_from(body, piece.len);
    }
    require(scan_end(one, &findings) == ERR_OK);
    scan_free(&one);
    return findings;
}

static bool tells(const struct findings *findings, uint16_t slot)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->list[i].slot == slot) return true;
    return false;
}

/* So that the rest lies over the end of a pane, or in the first. */
static void put_filler(struct buf *body, uint8_t how)
{
    static const uint8_t filler[DECODE_STEP];
    size_t len = how < 0x80 ? 0 : sizeof filler - 4 * (how & 0x7fu);

    require(buf_add(body, (struct span){filler, len}) == ERR_OK);
}

static void put_literal(struct buf *body, const struct literal *literal, bool coded)
{
    require((coded ? encode_base64(body, literal->bytes, BASE64_STANDARD) : buf_add(body, literal->bytes)) == ERR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    bool put_in[3] = {false};
    struct buf body = {0};

    if (scanner == NULL) begin();
    if (len < 9 || len > 1024) return 0;
    put_filler(&body, bytes[0]);
    for (size_t i = 8; i < len; i++) {
        const struct literal *literal = &literals.list[bytes[i] % literals.count];
        bool stands = bytes[i] >= 0x80, coded = i % 4 == 0;
        if (stands) put_literal(&body, literal, coded);
        if (!stands) require(buf_add(&body, (struct span){bytes + i, 1}) == ERR_OK);
        if (stands && !coded) put_in[literal->slot] = true; /* its neighbours may be digits of base64 too */
    }
    struct findings whole = scan(buf_span(&body), (struct span){0}),
                    cut = scan(buf_span(&body), (struct span){bytes, 8});
    require(memcmp(&whole, &cut, sizeof whole) == 0);
    for (uint16_t slot = 0; slot < COUNT_OF(put_in); slot++) require(!put_in[slot] || tells(&whole, slot));
    buf_clear(&body);
    return 0;
}
