/* fuzz_surround.c — claim: how a body is cut changes nothing of what is shown around a finding, and of the body nothing
 * is shown but words of our list and punctuation.
 * The first two bytes say where the finding is.  Reaches surround.c.  Seeds fuzz/corpus/surround. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "dlp/scan/surround.h"

static struct beside look(const struct findings *findings, struct span body, size_t piece, struct arena *arena)
{
    static struct surround surround;
    struct surround *s = &surround;

    surround_begin(s, findings, true);
    while (body.len > 0) {
        size_t len = piece < body.len ? piece : body.len;
        surround_feed(s, span_first(body, len));
        body = span_from(body, len);
    }
    struct beside *beside = surround_end(s, findings, arena);
    if (beside == NULL) abort();
    return *beside;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena arena = arena_begin(KIB(64));
    struct findings findings = {.count = 1};

    if (len < 3) return 0;
    findings.list[0] = (struct finding){.place = SCAN_BODY, .from = bytes[0]};
    findings.list[0].byte = bytes[0] + (bytes[1] & 63u);
    struct beside whole = look(&findings, (struct span){bytes + 2, len - 2}, len, &arena);
    struct beside pieces = look(&findings, (struct span){bytes + 2, len - 2}, 1 + bytes[1] % 5, &arena);
    if (!span_is(whole.context, pieces.context) || !span_is(whole.pointer, pieces.pointer)) abort();
    for (size_t i = 0; i < whole.context.len; i++) /* the mark is three bytes, none of them ASCII */
        if (isdigit(whole.context.at[i]) || iscntrl(whole.context.at[i])) abort();
    arena_end(&arena);
    return 0;
}
