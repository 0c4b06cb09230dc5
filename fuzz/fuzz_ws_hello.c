/* fuzz_ws_hello.c — claim: a list of extensions has one reading or none (written anew, it is read as itself), and what
 * is answered to a client's offers is an answer that whoever offered to deflate takes.
 * The bytes are the value of a field.  Reaches ws_extension_next, ws_terms_accept, ws_terms_answer, ws_terms_agree.
 * Seeds fuzz/corpus/ws_hello. */
#include <stdlib.h>

#include "reactor/wire/ws_extension.h"
#include "reactor/wire/ws_terms.h"

static void require(bool claim)
{
    if (!claim) abort();
}

static void write_extension(struct buf *out, const struct ws_extension *e)
{
    require(buf_printf(out, "%s%.*s", buf_len(out) > 0 ? "," : "", SPAN_FMT(e->name)) == ERR_OK);
    for (size_t i = 0; i < e->count; i++) {
        require(buf_printf(out, ";%.*s", SPAN_FMT(e->params[i].name)) == ERR_OK);
        if (e->params[i].has_value) require(buf_printf(out, "=%.*s", SPAN_FMT(e->params[i].value)) == ERR_OK);
    }
}

/* Appends the list without spaces and quotes. */
static enum err rewrite(struct span list, struct buf *out)
{
    struct ws_extension e;

    do {
        TRY(ws_extension_next(&list, &e));
        require(e.name.len > 0 && e.count <= WS_PARAMS_MAX);
        write_extension(out, &e);
    } while (list.len > 0);
    return ERR_OK;
}

static void check_answer(struct span offers)
{
    static struct head request, response;
    struct ws_terms terms, agreed;
    struct buf answer = {0};

    request.field_count = response.field_count = 0;
    require(head_add(&request, SPAN_LIT("Sec-WebSocket-Extensions"), offers) == ERR_OK);
    if (ws_terms_accept(&request, &terms) != ERR_OK || !terms.deflates) return;
    require(ws_terms_answer(&terms, &answer) == ERR_OK);
    require(head_add(&response, SPAN_LIT("Sec-WebSocket-Extensions"), buf_span(&answer)) == ERR_OK);
    require(ws_terms_agree(&response, true, &agreed) == ERR_OK && agreed.deflates);
    require(agreed.server.window_bits == terms.server.window_bits && agreed.server.window_bits >= 9);
    require(!agreed.server.keeps_context && !agreed.client.keeps_context);
    buf_clear(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct span in = {bytes, len};
    struct buf once = {0}, twice = {0};

    if (rewrite(in, &once) == ERR_OK) {
        require(rewrite(buf_span(&once), &twice) == ERR_OK);
        require(span_is(buf_span(&once), buf_span(&twice)));
    }
    check_answer(in);
    buf_clear(&once);
    buf_clear(&twice);
    return 0;
}
