#include "dlp/scan/scan.h"

#include <assert.h>

#include "dlp/scan/joined.h"
#include "dlp/scan/nest.h"
#include "dlp/scan/pane.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/wire/inflate.h"

struct scan {
    struct scanner *scanner;
    hs_stream_t *known, *rules[ENGINE_PARTS]; /* NULL where there are none, and after the end */
    enum scan_place place;
    bool to_the_end;
    struct path path;
    struct pane pane;
    struct held held;
    const struct decoder *joined;
    uint32_t own, *texts;      /* counted by the outermost scan */
    struct inflate *inflate;   /* undoes the codings of the unit, or NULL */
    bool is_guessed;           /* it says nothing of them, but starts as if it had one */
    struct scan *plain;        /* takes what comes of that */
    struct findings *findings; /* plain's, while it is fed */
    enum err plain_err;
};

/* --- made ------------------------------------------------------------------------------------------------ */

static enum err open_streams(struct scan *scan)
{
    const struct scanner *scanner = scan->scanner;

    if (scanner->known.stream != NULL) TRY(hs_err(hs_open_stream(scanner->known.stream, 0, &scan->known)));
    for (size_t i = 0; i < scanner->part_count; i++)
        TRY(hs_err(hs_open_stream(scanner->parts[i].stream, 0, &scan->rules[i])));
    return ERR_OK;
}

static enum err scan_plain(void *context, struct span bytes)
{
    struct scan *scan = context;

    scan->plain_err = scan_feed(scan->plain, bytes, scan->findings);
    return scan->plain_err;
}

/* A scan within the scan: the bytes as they come are looked at too, as what they say of themselves may be untrue. */
static enum err undo_coding(struct scan *scan, struct span codings, const char *guessed)
{
    const struct scan_unit unit = {.place = scan->place, .to_the_end = scan->to_the_end};

    TRY(inflate_new(codings, scan_plain, scan, &scan->inflate));
    if (scan->inflate == NULL) return ERR_OK;
    TRY(scan_new(scan->scanner, &unit, &scan->plain));
    scan->plain->joined = scan->joined;
    scan->plain->path = scan->path;
    scan->plain->texts = scan->texts;
    scan->plain->path.text = ++*scan->texts;
    scan->is_guessed = guessed != NULL;
    if (scan->is_guessed) scan->plain->path.names[scan->plain->path.depth++] = guessed;
    return ERR_OK;
}

enum err scan_new(struct scanner *scanner, const struct scan_unit *unit, struct scan **scan_out)
{
    AUTO(scan) scan = mem_new(sizeof *scan);

    if (scan == NULL) return ERR_NOMEM;
    scan->scanner = scanner;
    scan->place = unit->place;
    scan->to_the_end = unit->to_the_end;
    scan->joined = joined_find(unit->place, unit->content_type);
    scan->texts = &scan->own;
    if (scanner->candidates != NULL) {
        TRY(undo_coding(scan, unit->content_encoding, NULL));
        TRY(open_streams(scan));
    }
    *scan_out = MOVE(scan);
    return ERR_OK;
}

void scan_free(struct scan **scan)
{
    struct scan *freed = MOVE(*scan);

    if (freed == NULL) return;
    if (freed->known != NULL) hs_close_stream(freed->known, NULL, NULL, NULL);
    for (size_t i = 0; i < ENGINE_PARTS; i++)
        if (freed->rules[i] != NULL) hs_close_stream(freed->rules[i], NULL, NULL, NULL);
    pane_close(&freed->pane);
    inflate_free(&freed->inflate);
    scan_free(&freed->plain);
    mem_free(freed);
}

/* --- as it comes ----------------------------------------------------------------------------------------- */

static struct sink sink_of(const struct scan *scan, struct findings *findings)
{
    return (struct sink){
        .place = scan->place, .findings = findings, .path = &scan->path, .to_the_end = scan->to_the_end};
}

static struct text text_of(const struct scan *scan, bool ends)
{
    return (struct text){.bytes = pane_bytes(&scan->pane), .at = scan->pane.at, .begins = true, .ends = ends};
}

/* The call begins with what was held by the one before. */
static void take_held(struct scan *scan)
{
    struct candidates *candidates = scan->scanner->candidates;

    candidates_clear(candidates);
    for (size_t i = 0; i < scan->held.count; i++) candidates_add(candidates, &scan->held.list[i]);
    scan->held.count = 0;
}

static enum err sweep(struct scan *scan, struct span step, struct findings *findings)
{
    struct scanner *scanner = scan->scanner;
    struct reporter known = report_known(scanner), rules = report_rules(scanner);
    const struct text text = text_of(scan, false);
    const struct sink sink = sink_of(scan, findings);
    const char *at = (const char *)step.at;
    unsigned len = (unsigned)step.len;

    take_held(scan);
    if (scan->known != NULL)
        TRY(hs_err(hs_scan_stream(scan->known, at, len, 0, scanner->scratch, candidates_on_match, &known)));
    for (size_t i = 0; i < scanner->part_count; i++)
        TRY(hs_err(hs_scan_stream(scan->rules[i], at, len, 0, scanner->scratch, candidates_on_match, &rules)));
    return scanner->candidates->count > 0 ? text_settle(scanner, &text, &sink, &scan->held) : ERR_OK;
}

/* All are closed whatever happens to one. */
static enum err close_streams(struct scan *scan)
{
    struct scanner *scanner = scan->scanner;
    struct reporter known = report_known(scanner), rules = report_rules(scanner);
    hs_error_t error = HS_SUCCESS, other;

    if (scan->known != NULL) error = hs_close_stream(MOVE(scan->known), scanner->scratch, candidates_on_match, &known);
    for (size_t i = 0; i < scanner->part_count; i++) {
        other = hs_close_stream(MOVE(scan->rules[i]), scanner->scratch, candidates_on_match, &rules);
        if (other != HS_SUCCESS) error = other;
    }
    return hs_err(error);
}

/* --- its codings ----------------------------------------------------------------------------------------- */

/* A unit that is not coded as was guessed is as good as any; what came until then was scanned. */
static enum err give_up_guess(struct scan *scan, struct findings *findings)
{
    inflate_free(&scan->inflate);
    TRY(scan_end(scan->plain, findings));
    scan_free(&scan->plain);
    return ERR_OK;
}

static enum err inflate_step(struct scan *scan, struct span fresh, struct findings *findings)
{
    const struct sink sink = sink_of(scan, findings);
    enum err err;

    if (scan->inflate == NULL) return ERR_OK;
    scan->findings = findings;
    err = inflate_feed(scan->inflate, fresh);
    if (!scan->is_guessed || scan->plain_err != ERR_OK || err == ERR_OK || err == ERR_NOMEM) return err;
    if (err == ERR_LIMIT) nest_tell_spent(&sink);
    return give_up_guess(scan, findings);
}

static enum err end_coding(struct scan *scan, struct findings *findings)
{
    if (scan->inflate == NULL) return ERR_OK;
    if (scan->is_guessed) return give_up_guess(scan, findings);
    TRY(inflate_end(scan->inflate));
    return scan_end(scan->plain, findings);
}

static enum err guess_coding(struct scan *scan, struct findings *findings)
{
    const struct sink sink = sink_of(scan, findings);
    struct span coding = nest_coding(pane_bytes(&scan->pane));

    if (scan->inflate != NULL || coding.len == 0) return ERR_OK;
    if (scan->path.depth == DECODE_DEPTH_MAX) nest_tell_spent(&sink);
    if (scan->path.depth == DECODE_DEPTH_MAX) return ERR_OK;
    return undo_coding(scan, coding, (const char *)coding.at);
}

/* --- its windows ----------------------------------------------------------------------------------------- */

static enum err look(struct scan *scan, bool ends, struct findings *findings)
{
    const struct text text = text_of(scan, ends);
    const struct sink sink = sink_of(scan, findings);
    struct nest nest;

    nest_begin(&nest, scan->scanner, &sink, scan->texts, text.bytes.len);
    nest.joined = scan->joined;
    return nest_look(&nest, &text);
}

static enum err end_step(struct scan *scan, bool ends, struct findings *findings)
{
    if (scan->pane.at == 0 && scan->pane.len == scan->pane.fresh) TRY(guess_coding(scan, findings));
    TRY(look(scan, ends, findings));
    return inflate_step(scan, pane_fresh(&scan->pane), findings);
}

enum err scan_feed(struct scan *scan, struct span bytes, struct findings *findings)
{
    const struct sink sink = sink_of(scan, findings);

    if (scan->scanner->candidates == NULL) return ERR_OK;
    while (bytes.len > 0 && !sink_is_final(&sink)) {
        struct span step;
        assert(scan->known != NULL || scan->rules[0] != NULL); /* not after the end */
        TRY(pane_take(&scan->pane, &bytes, &step));
        TRY(sweep(scan, step, findings));
        if (!pane_is_full(&scan->pane)) continue;
        TRY(end_step(scan, false, findings));
        pane_move(&scan->pane);
    }
    return ERR_OK;
}

enum err scan_end(struct scan *scan, struct findings *findings)
{
    const struct sink sink = sink_of(scan, findings);
    const struct text text = text_of(scan, true);

    if ((scan->known == NULL && scan->rules[0] == NULL) || sink_is_final(&sink)) return ERR_OK;
    take_held(scan);
    TRY(close_streams(scan));
    TRY(text_settle(scan->scanner, &text, &sink, NULL));
    TRY(end_step(scan, true, findings));
    return end_coding(scan, findings);
}
