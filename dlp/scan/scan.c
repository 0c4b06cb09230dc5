#include "dlp/scan/scan.h"

#include <assert.h>

#include "dlp/scan/candidates.h"
#include "dlp/scan/engine_int.h"
#include "dlp/scan/known.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/wire/inflate.h"

/* A candidate is confirmed when so many bytes are behind it: until then its run may go on, and what `$` and `\b` say of
 * its end may hang on what comes. */
enum { SCAN_AHEAD = 2 };

/* What remains of the pieces before: the window of a candidate that was not confirmed with them. */
enum { TAIL_BYTES = RULE_WINDOW + SCAN_AHEAD };

struct scanner {
    struct known known;
    struct engine *engine;         /* or NULL */
    const struct part *parts;      /* the engine's */
    size_t part_count;             /* 0 where there is no rule */
    hs_scratch_t *scratch;         /* large enough for all */
    struct candidates *candidates; /* of the call under way: known forms, then rules; NULL when there is neither */
    uint8_t window[RULE_WINDOW + 1];
};

struct scan {
    struct scanner *scanner;
    hs_stream_t *known, *rules[ENGINE_PARTS]; /* NULL where there are none, and after the end */
    enum scan_place place;
    uint64_t seen;
    uint8_t *tail; /* the last bytes seen, for rules; made when there are some */
    size_t tail_len;
    struct candidate held[SCAN_HELD_MAX];
    size_t held_count;
    struct inflate *inflate;   /* undoes the codings of the unit; NULL when it has none */
    struct scan *plain;        /* takes what comes of that */
    struct findings *findings; /* plain's, while it is fed */
};

/* --- made ------------------------------------------------------------------------------------------------ */

static enum err make_scratch(struct scanner *scanner, const struct part *part)
{
    TRY(hs_err(hs_alloc_scratch(part->block, &scanner->scratch)));
    return hs_err(hs_alloc_scratch(part->stream, &scanner->scratch));
}

static enum err make_room(struct scanner *scanner)
{
    const struct part known = {0, scanner->known.block, scanner->known.stream};
    size_t rule_count = scanner->engine != NULL ? scanner->engine->rules->count : 0;

    if (known.block != NULL) TRY(make_scratch(scanner, &known));
    for (size_t i = 0; i < scanner->part_count; i++) TRY(make_scratch(scanner, &scanner->parts[i]));
    if (scanner->scratch == NULL) return ERR_OK;
    TRY(candidates_new(scanner->known.count + rule_count, &scanner->candidates));
    for (size_t i = 0; i < rule_count; i++)
        if (scanner->engine->rules->list[i].off)
            candidates_ignore(scanner->candidates, (uint32_t)(scanner->known.count + i));
    return ERR_OK;
}

enum err scanner_new(const struct vault *vault, struct engine *engine, struct scanner **scanner_out)
{
    AUTO(scanner) scanner = mem_new(sizeof *scanner);

    if (scanner == NULL) return ERR_NOMEM;
    if (engine != NULL) {
        scanner->engine = engine_hold(engine);
        scanner->parts = engine->parts;
        scanner->part_count = engine->part_count;
    }
    TRY(known_make(vault, &scanner->known));
    TRY(make_room(scanner));
    *scanner_out = MOVE(scanner);
    return ERR_OK;
}

void scanner_free(struct scanner **scanner)
{
    struct scanner *freed = MOVE(*scanner);

    if (freed == NULL) return;
    known_free(&freed->known);
    engine_free(&freed->engine);
    hs_free_scratch(freed->scratch);
    candidates_free(&freed->candidates);
    mem_wipe(freed->window, sizeof freed->window);
    mem_free(freed);
}

/* --- seen and told --------------------------------------------------------------------------------------- */

/* What can be looked at while a text passes: a piece of it, and what came just before. */
struct text {
    struct span tail, piece;
    uint64_t piece_at; /* where tail ends and piece begins, in bytes from the start of the text */
    uint64_t seen;     /* up to here Hyperscan has looked */
    bool whole;        /* and there will be no more */
};

/* Where findings of one call go. */
struct sink {
    enum scan_place place;
    struct findings *findings;
    const struct field *fields; /* that were joined, or none: then offsets are told */
    size_t field_count;
    bool *hidden; /* by field: its name holds a part of a secret */
};

/* Copies only what lies across the piece's start. */
static struct window look(struct scanner *scanner, const struct text *text, uint64_t end)
{
    uint64_t from = end > RULE_WINDOW ? end - RULE_WINDOW : 0, to = end < text->seen ? end + 1 : end;
    struct window window = {.end = end - from, .is_first = from == 0, .is_last = text->whole && to == text->seen};

    if (from >= text->piece_at) {
        window.bytes = (struct span){text->piece.at + (from - text->piece_at), to - from};
        return window;
    }
    size_t before = text->piece_at - from, len = to - from;
    size_t in_tail = before < len ? before : len;
    assert(before <= text->tail.len);
    memcpy(scanner->window, text->tail.at + text->tail.len - before, in_tail);
    if (len > in_tail) memcpy(scanner->window + in_tail, text->piece.at, len - in_tail);
    window.bytes = (struct span){scanner->window, len};
    return window;
}

static bool is_hidden(const struct sink *sink, struct span name)
{
    for (size_t i = 0; i < sink->field_count; i++)
        if (sink->hidden[i] && span_is_nocase(sink->fields[i].name, name)) return true;
    return false;
}

/* Also in what was told of it before. */
static void hide(const struct sink *sink, size_t field)
{
    struct finding shown = {.place = sink->place};

    if (sink->hidden[field]) return;
    sink->hidden[field] = true;
    finding_put_name(&shown, sink->fields[field].name);
    for (size_t i = 0; i < sink->findings->count; i++) {
        struct finding *told = &sink->findings->list[i];
        if (told->place == sink->place && strcmp(told->where, shown.where) == 0)
            finding_put_name(told, SPAN_LIT("name"));
    }
}

/* The secret is from..to in the text, which is that of join(). */
static void put_where(const struct sink *sink, struct finding *finding, uint64_t from, uint64_t to)
{
    size_t at = 0, next = 0;

    if (sink->field_count == 0) {
        finding_put_byte(finding, to - 1);
        return;
    }
    for (size_t i = 0; i < sink->field_count && next < to; i++, at = next) {
        struct span name = sink->fields[i].name;
        next = at + name.len + sink->fields[i].value.len + 4;
        if (from < at + name.len && to > at) hide(sink, i);
        if (to <= next) finding_put_name(finding, is_hidden(sink, name) ? SPAN_LIT("name") : name);
    }
}

static enum err tell_known(struct scanner *scanner, uint32_t id, uint64_t end, const struct sink *sink)
{
    const struct known_form *form = &scanner->known.forms[id];
    struct finding finding = {.rule = "known-secret", .title = "a credential of this bottle", .rung = RUNG_KNOWN};

    finding.place = sink->place;
    finding.from = end - form->len;
    finding.slot = form->slot;
    finding.fingerprint = scanner->known.values[form->slot];
    put_where(sink, &finding, end - form->len, end);
    findings_add(sink->findings, &finding);
    return ERR_OK;
}

static enum err tell_rule(struct scanner *scanner, size_t id, const struct text *text, uint64_t end,
                          const struct sink *sink)
{
    const struct rule *rule = &scanner->engine->rules->list[id];
    struct window window = look(scanner, text, end);
    struct finding finding = {.rule = (const char *)rule->id.at, .title = (const char *)rule->title.at};
    struct confirmed confirmed;
    enum err err = confirm_hit(scanner->engine->confirm, id, &window, &confirmed);

    if (err != ERR_OK) return err == ERR_NOT_FOUND ? ERR_OK : err;
    uint64_t from = end - window.end + (uint64_t)(confirmed.secret.at - window.bytes.at);
    finding.place = sink->place;
    finding.from = from;
    finding.rung = confirmed.rung;
    finding_put_shown(&finding, rule, confirmed.secret);
    put_where(sink, &finding, from, from + confirmed.secret.len);
    TRY(fingerprint_of(confirmed.secret, &finding.fingerprint));
    findings_add(sink->findings, &finding);
    return ERR_OK;
}

static void tell_too_many(const struct sink *sink)
{
    struct finding finding = {.rule = "too-many-hits", .title = "more hits than are confirmed", .rung = RUNG_CONTEXT};

    finding.place = sink->place;
    finding_put_name(&finding, SPAN_LIT("as a whole"));
    findings_add(sink->findings, &finding);
}

/* Confirms and tells what has enough bytes behind it, in order; the rest is held for later. */
static enum err settle(struct scanner *scanner, const struct text *text, const struct sink *sink, struct scan *scan)
{
    struct candidates *candidates = scanner->candidates;
    size_t i = 0;

    candidates_order(candidates);
    for (; i < candidates->count; i++) {
        const struct candidate *candidate = &candidates->list[i];
        if (!text->whole && candidate->last + SCAN_AHEAD >= text->seen) break;
        if (candidate->id < scanner->known.count)
            TRY(tell_known(scanner, candidate->id, candidate->last, sink));
        else
            TRY(tell_rule(scanner, candidate->id - scanner->known.count, text, candidate->last, sink));
    }
    for (; i < candidates->count; i++) {
        if (scan->held_count < SCAN_HELD_MAX)
            scan->held[scan->held_count++] = candidates->list[i];
        else
            candidates->more = true;
    }
    if (candidates->more) tell_too_many(sink);
    return ERR_OK;
}

/* --- blocks ---------------------------------------------------------------------------------------------- */

static enum err sweep_block(struct scanner *scanner, struct span bytes)
{
    struct reporter known = {scanner->candidates, 0}, rules = {scanner->candidates, (uint32_t)scanner->known.count};
    const char *at = (const char *)bytes.at;
    unsigned len = (unsigned)bytes.len;

    candidates_clear(scanner->candidates);
    if (scanner->known.block != NULL)
        TRY(hs_err(hs_scan(scanner->known.block, at, len, 0, scanner->scratch, candidates_on_match, &known)));
    for (size_t i = 0; i < scanner->part_count; i++)
        TRY(hs_err(hs_scan(scanner->parts[i].block, at, len, 0, scanner->scratch, candidates_on_match, &rules)));
    return ERR_OK;
}

static enum err scan_text(struct scanner *scanner, struct span bytes, const struct sink *sink)
{
    struct text text = {.piece = bytes, .seen = bytes.len, .whole = true};

    if (bytes.len == 0) return ERR_OK;
    if (bytes.len > SCAN_PIECE_MAX) return ERR_LIMIT;
    TRY(sweep_block(scanner, bytes));
    if (scanner->candidates->count == 0) return ERR_OK;
    return settle(scanner, &text, sink, NULL);
}

static uint8_t *put(uint8_t *at, struct span bytes)
{
    if (bytes.len > 0) memcpy(at, bytes.at, bytes.len);
    return at + bytes.len;
}

static enum err join(const struct field *fields, size_t count, struct buf *text)
{
    size_t len = 0;
    uint8_t *at;

    for (size_t i = 0; i < count; i++) len += fields[i].name.len + fields[i].value.len + 4;
    TRY(buf_room(text, len, &at));
    for (size_t i = 0; i < count; i++) {
        at = put(put(at, fields[i].name), SPAN_LIT(": "));
        at = put(put(at, fields[i].value), SPAN_LIT("\r\n"));
    }
    buf_added(text, len);
    return ERR_OK;
}

enum err scan_fields(struct scanner *scanner, enum scan_place place, const struct field *fields, size_t count,
                     struct findings *findings)
{
    bool hidden[HEAD_FIELDS_MAX] = {false};
    struct sink sink = {place, findings, fields, count, hidden};
    struct buf text = {0};

    if (scanner->candidates == NULL || count == 0) return ERR_OK;
    if (count > HEAD_FIELDS_MAX) return ERR_LIMIT;
    TRY(join(fields, count, &text));
    enum err err = scan_text(scanner, buf_span(&text), &sink);
    buf_clear(&text);
    return err;
}

enum err scan_block(struct scanner *scanner, enum scan_place place, struct span name, struct span bytes,
                    struct findings *findings)
{
    struct sink sink = {.place = place, .findings = findings};

    if (name.len > 0) return scan_fields(scanner, place, &(struct field){name, bytes}, 1, findings);
    return scanner->candidates == NULL ? ERR_OK : scan_text(scanner, bytes, &sink);
}

/* --- streams --------------------------------------------------------------------------------------------- */

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

    return scan_feed(scan->plain, bytes, scan->findings);
}

/* A scan within the scan: the bytes as they come are looked at too, as what they say of themselves may be untrue. */
static enum err undo_codings(struct scan *scan, const struct scan_unit *unit)
{
    const struct scan_unit plain = {.place = unit->place, .content_type = unit->content_type};

    TRY(inflate_new(unit->content_encoding, scan_plain, scan, &scan->inflate));
    return scan->inflate != NULL ? scan_new(scan->scanner, &plain, &scan->plain) : ERR_OK;
}

enum err scan_new(struct scanner *scanner, const struct scan_unit *unit, struct scan **scan_out)
{
    AUTO(scan) scan = mem_new(sizeof *scan);

    if (scan == NULL) return ERR_NOMEM;
    scan->scanner = scanner;
    scan->place = unit->place;
    if (scanner->candidates != NULL) {
        TRY(undo_codings(scan, unit));
        TRY(open_streams(scan));
    }
    *scan_out = MOVE(scan);
    return ERR_OK;
}

/* The call begins with what was held by the one before. */
static void take_held(struct scan *scan)
{
    struct candidates *candidates = scan->scanner->candidates;

    candidates_clear(candidates);
    for (size_t i = 0; i < scan->held_count; i++) candidates_add(candidates, &scan->held[i]);
    scan->held_count = 0;
}

static enum err sweep_step(struct scan *scan, struct span step)
{
    struct scanner *scanner = scan->scanner;
    struct reporter known = {scanner->candidates, 0}, rules = {scanner->candidates, (uint32_t)scanner->known.count};
    const char *at = (const char *)step.at;
    unsigned len = (unsigned)step.len;

    take_held(scan);
    if (scan->known != NULL)
        TRY(hs_err(hs_scan_stream(scan->known, at, len, 0, scanner->scratch, candidates_on_match, &known)));
    for (size_t i = 0; i < scanner->part_count; i++)
        TRY(hs_err(hs_scan_stream(scan->rules[i], at, len, 0, scanner->scratch, candidates_on_match, &rules)));
    scan->seen += step.len;
    return ERR_OK;
}

static enum err keep_tail(struct scan *scan, struct span piece)
{
    if (scan->tail == NULL) scan->tail = mem_room(TAIL_BYTES);
    if (scan->tail == NULL) return ERR_NOMEM;
    if (piece.len > TAIL_BYTES) piece = span_from(piece, piece.len - TAIL_BYTES);
    size_t stays = scan->tail_len + piece.len > TAIL_BYTES ? TAIL_BYTES - piece.len : scan->tail_len;
    memmove(scan->tail, scan->tail + scan->tail_len - stays, stays);
    memcpy(scan->tail + stays, piece.at, piece.len);
    scan->tail_len = stays + piece.len;
    return ERR_OK;
}

enum err scan_feed(struct scan *scan, struct span bytes, struct findings *findings)
{
    struct sink sink = {.place = scan->place, .findings = findings};
    struct text text = {{scan->tail, scan->tail_len}, bytes, scan->seen, scan->seen, false};

    if (scan->scanner->candidates == NULL || bytes.len == 0) return ERR_OK;
    assert(scan->known != NULL || scan->rules[0] != NULL); /* not after the end */
    for (struct span rest = bytes; rest.len > 0;) {
        struct span step = span_first(rest, SCAN_STEP_BYTES);
        TRY(sweep_step(scan, step));
        text.seen = scan->seen;
        if (scan->scanner->candidates->count > 0) TRY(settle(scan->scanner, &text, &sink, scan));
        rest = span_from(rest, step.len);
    }
    if (scan->rules[0] != NULL) TRY(keep_tail(scan, bytes));
    scan->findings = findings;
    return scan->inflate != NULL ? inflate_feed(scan->inflate, bytes) : ERR_OK;
}

/* All are closed whatever happens to one. */
static enum err close_streams(struct scan *scan)
{
    struct scanner *scanner = scan->scanner;
    struct reporter known = {scanner->candidates, 0}, rules = {scanner->candidates, (uint32_t)scanner->known.count};
    hs_error_t error = HS_SUCCESS, other;

    if (scan->known != NULL) error = hs_close_stream(MOVE(scan->known), scanner->scratch, candidates_on_match, &known);
    for (size_t i = 0; i < scanner->part_count; i++) {
        other = hs_close_stream(MOVE(scan->rules[i]), scanner->scratch, candidates_on_match, &rules);
        if (error == HS_SUCCESS) error = other;
    }
    return hs_err(error);
}

enum err scan_end(struct scan *scan, struct findings *findings)
{
    struct sink sink = {.place = scan->place, .findings = findings};
    struct text text = {{scan->tail, scan->tail_len}, {0}, scan->seen, scan->seen, true};

    if (scan->known == NULL && scan->rules[0] == NULL) return ERR_OK;
    take_held(scan);
    TRY(close_streams(scan));
    TRY(settle(scan->scanner, &text, &sink, scan));
    if (scan->inflate == NULL) return ERR_OK;
    TRY(inflate_end(scan->inflate));
    return scan_end(scan->plain, findings);
}

void scan_free(struct scan **scan)
{
    struct scan *freed = MOVE(*scan);

    if (freed == NULL) return;
    if (freed->known != NULL) hs_close_stream(freed->known, NULL, NULL, NULL);
    for (size_t i = 0; i < ENGINE_PARTS; i++)
        if (freed->rules[i] != NULL) hs_close_stream(freed->rules[i], NULL, NULL, NULL);
    if (freed->tail != NULL) mem_wipe(freed->tail, TAIL_BYTES);
    mem_free(freed->tail);
    inflate_free(&freed->inflate);
    scan_free(&freed->plain);
    mem_free(freed);
}
