#include "dlp/scan/text.h"

#include <assert.h>

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

/* from..to in the place's own text. */
static void put_place(const struct sink *sink, struct finding *finding, uint64_t from, uint64_t to)
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

enum { TEXT_SHIFT = 40 }; /* a body has 1 GiB at most, what comes of it more; numbers may come round */

/* The secret is from..to in the text. */
static void put_where(const struct sink *sink, struct finding *finding, uint64_t from, uint64_t to)
{
    const struct path *path = sink->path;
    bool is_undone = path->to > 0;

    finding->place = sink->place;
    finding->from = (path->base + from) | (uint64_t)path->text << TEXT_SHIFT;
    put_place(sink, finding, is_undone ? path->from : from, is_undone ? path->to : to);
    finding_put_encoding(finding, path->names, path->depth);
}

static void add(const struct sink *sink, const struct finding *finding)
{
    if (!sink->is_pair || !findings_tell(sink->findings, finding)) findings_add(sink->findings, finding);
}

static void tell_known(struct scanner *scanner, uint32_t id, uint64_t end, const struct sink *sink)
{
    const struct known_form *form = &scanner->known.forms[id];
    struct finding finding = {.rule = "known-secret", .title = "a credential of this bottle", .rung = RUNG_KNOWN};

    finding.slot = form->slot;
    finding.fingerprint = scanner->known.values[form->slot];
    put_where(sink, &finding, end - form->len, end);
    add(sink, &finding);
}

static struct window look(const struct text *text, uint64_t end)
{
    uint64_t from = end > RULE_WINDOW ? end - RULE_WINDOW : 0, seen = text->at + text->bytes.len,
             to = end < seen ? end + 1 : end;

    assert(from >= text->at && to <= seen);
    return (struct window){
        .bytes = {text->bytes.at + (from - text->at), to - from},
        .end = end - from,
        .is_first = from == 0 && text->begins,
        .is_last = to == seen && text->ends,
    };
}

static enum err tell_rule(struct scanner *scanner, size_t id, const struct text *text, uint64_t end,
                          const struct sink *sink)
{
    assert(scanner->engine != NULL);
    const struct rule *rule = &scanner->engine->rules->list[id];
    struct window window = look(text, end);
    struct finding finding = {.rule = (const char *)rule->id.at, .title = (const char *)rule->title.at};
    struct confirmed confirmed;
    enum err err = confirm_hit(scanner->engine->confirm, id, &window, &confirmed);

    if (err != ERR_OK) return err == ERR_NOT_FOUND ? ERR_OK : err;
    uint64_t from = end - window.end + (uint64_t)(confirmed.secret.at - window.bytes.at);
    if (from == 0 && !text->begins) return ERR_OK; /* a part of one that has begun before the cut */
    finding.rung = confirmed.rung;
    finding_put_shown(&finding, rule, confirmed.secret);
    put_where(sink, &finding, from, from + confirmed.secret.len);
    finding.fingerprint = confirmed.fingerprint;
    add(sink, &finding);
    return ERR_OK;
}

void text_tell_bound(const struct sink *sink, const char *rule, const char *title)
{
    struct finding finding = {.rule = rule, .title = title, .rung = RUNG_CONTEXT};

    finding.place = sink->place;
    finding_put_name(&finding, SPAN_LIT("as a whole"));
    findings_add(sink->findings, &finding);
    sink->findings->unkept = true;
}

/* It could only be told, and there is no room. */
static bool is_left_out(const struct scanner *scanner, const struct candidate *candidate, const struct sink *sink)
{
    if (candidate->id < scanner->known.count || sink->to_the_end || !findings_full(sink->findings)) return false;
    assert(scanner->engine != NULL); /* whose rule it is */
    return !rung_stops(scanner->engine->rules->list[candidate->id - scanner->known.count].rung);
}

/* One that may go on is told when its end has been seen, if it is a rule's. */
static enum err tell(struct scanner *scanner, const struct text *text, const struct candidate *candidate,
                     bool may_go_on, const struct sink *sink)
{
    if (is_left_out(scanner, candidate, sink)) {
        sink->findings->more = true;
        return ERR_OK;
    }
    if (candidate->id >= scanner->known.count)
        return may_go_on ? ERR_OK
                         : tell_rule(scanner, candidate->id - scanner->known.count, text, candidate->last, sink);
    tell_known(scanner, candidate->id, candidate->last, sink);
    return ERR_OK;
}

static void hold(struct candidates *candidates, size_t first, struct held *held)
{
    for (size_t i = first; i < candidates->count; i++) {
        if (held->count < SCAN_HELD_MAX)
            held->list[held->count++] = candidates->list[i];
        else
            candidates->more = true;
    }
}

enum err text_settle(struct scanner *scanner, const struct text *text, const struct sink *sink, struct held *held)
{
    struct candidates *candidates = scanner->candidates;
    uint64_t seen = text->at + text->bytes.len;
    size_t i = 0;

    if (scanner->engine != NULL) confirm_next_text(scanner->engine->confirm);
    candidates_order(candidates);
    for (; i < candidates->count && !sink_is_final(sink); i++) {
        const struct candidate *candidate = &candidates->list[i];
        bool may_go_on = !text->ends && candidate->last + SCAN_AHEAD >= seen;
        if (may_go_on && held != NULL) break;
        TRY(tell(scanner, text, candidate, may_go_on, sink));
    }
    if (sink_is_final(sink)) return ERR_OK;
    if (held != NULL) hold(candidates, i, held);
    if (candidates->more) text_tell_bound(sink, "too-many-hits", "more hits than are confirmed");
    return ERR_OK;
}

static enum err sweep(struct scanner *scanner, struct span bytes)
{
    struct reporter known = report_known(scanner), rules = report_rules(scanner);
    const char *at = (const char *)bytes.at;
    unsigned len = (unsigned)bytes.len;

    candidates_clear(scanner->candidates);
    if (scanner->known.block != NULL)
        TRY(hs_err(hs_scan(scanner->known.block, at, len, 0, scanner->scratch, candidates_on_match, &known)));
    for (size_t i = 0; i < scanner->part_count; i++)
        TRY(hs_err(hs_scan(scanner->parts[i].block, at, len, 0, scanner->scratch, candidates_on_match, &rules)));
    return ERR_OK;
}

enum err text_scan(struct scanner *scanner, const struct text *text, const struct sink *sink)
{
    assert(text->at == 0);
    if (text->bytes.len == 0 || sink_is_final(sink)) return ERR_OK;
    if (text->bytes.len > SCAN_PIECE_MAX) return ERR_LIMIT;
    TRY(sweep(scanner, text->bytes));
    if (scanner->candidates->count == 0) return ERR_OK;
    return text_settle(scanner, text, sink, NULL);
}
