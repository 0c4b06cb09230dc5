/* fuzz_show.c — claim: whatever bytes a proposal's texts hold, what is shown is printable, one line stays one line, and
 * no wider than asked; nor does a byte of JSON steer a terminal.
 * The first bytes say columns, tool, state and decision; the rest is texts, each behind a byte that is its length.
 * Reaches show_clean, show_line, show_detail, show_decision, show_json.  Seeds fuzz/corpus/show. */
#include <stdlib.h>

#include "queue/show.h"
#include "reactor/base/own.h"

static void require(bool claim)
{
    if (!claim) abort();
}

static struct span take(struct span *in)
{
    struct span text;

    if (in->len == 0) return (struct span){0};
    text = span_first(span_from(*in, 1), in->at[0]);
    *in = span_from(*in, 1 + text.len);
    return text;
}

/* Printable ASCII and ellipses, each of one column; ends: how many lines it is. */
static void require_shown(struct span text, size_t columns, size_t ends)
{
    size_t used = 0, ended = 0;

    for (size_t len; text.len > 0; text = span_from(text, len)) {
        len = span_starts(text, SPAN_LIT("…")) ? strlen("…") : 1;
        require(len > 1 || text.at[0] == '\n' || (text.at[0] >= ' ' && text.at[0] <= '~'));
        ended += text.at[0] == '\n';
        used++;
    }
    require(ended <= ends && (columns == 0 || used <= columns));
}

static void try_text(struct span text, size_t columns)
{
    struct buf out = {0};

    require(show_clean(&out, text, columns) == ERR_OK);
    require_shown(buf_span(&out), columns, 0);
    buf_clear(&out);
}

static void try_item(const struct store_item *item, uint64_t now_ms)
{
    struct buf out = {0};
    struct json json = json_begin(&out);

    require(show_line(&out, item, now_ms) == ERR_OK);
    require_shown(buf_span(&out), SHOW_LINE_COLUMNS, 0);
    buf_clear(&out);
    require(show_detail(&out, item, now_ms) == ERR_OK);
    require_shown(buf_span(&out), 0, 17); /* as many as there are names of rows */
    buf_clear(&out);
    if (item->decision != NULL) require(show_decision(&out, item->decision, now_ms) == ERR_OK);
    require_shown(buf_span(&out), 0, 0);
    buf_clear(&out);
    show_json(&json, item, now_ms);
    require(json.err == ERR_OK);
    for (size_t i = 0; i < buf_len(&out); i++) require(buf_span(&out).at[i] >= ' ' && buf_span(&out).at[i] != 0x7f);
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct store_item item = {0};
    struct decision decision = {0};
    struct proposal *p = &item.proposal;
    struct span *texts[] = {&p->bottle,         &p->method,  &p->scheme,  &p->host,           &p->path,
                            &p->rule,           &p->title,   &p->service, &p->rung,           &p->where,
                            &p->pointer,        &p->encoding, &p->shown,  &p->context,        &p->secret,
                            &decision.operator, &decision.words, &decision.route_methods, &decision.route_path};

    if (len < 6 || len > 8192) return 0;
    struct span in = {bytes + 6, len - 6};
    try_text(in, bytes[0]);
    p->id = UINT64_MAX >> (bytes[5] % 64);
    p->port = (uint16_t)(bytes[0] << 8 | bytes[5]);
    p->tool = bytes[1] % TOOL_COUNT;
    item.state = bytes[2] % (AUDIT_FORGOTTEN + 1);
    decision.scope = bytes[3] % SCOPE_COUNT;
    decision.why = bytes[4] % WHY_COUNT;
    p->deadline_ms = bytes[0] * 40u;
    p->others = item.waiting = UINT32_MAX >> (bytes[5] % 32);
    for (size_t i = 0; i < COUNT_OF(texts); i++) *texts[i] = take(&in);
    if ((bytes[4] & 0x80) == 0) item.decision = &decision;
    try_item(&item, 5000);
    try_item(&item, UINT64_MAX);
    return 0;
}
