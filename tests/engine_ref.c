#include "tests/engine_ref.h"

#include <math.h>
#include <stdlib.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "dlp/scan/placeholder.h"
#include "dlp/scan/validate.h"
#include "reactor/base/buf.h"
#include "reactor/base/mem.h"

static void require(bool claim)
{
    if (!claim) abort();
}

/* One rule on one text.  First every end is marked, then the ways to one end are judged. */
struct search {
    const struct rule *rule;
    struct span text;
    bool *ends;
    size_t end;
    bool judging, found;
    enum rung rung;
    struct span secret;
};

static pcre2_code *compile(const struct rule *rule, struct span pattern, uint32_t options)
{
    PCRE2_SIZE at;
    int error;
    pcre2_code *code =
        pcre2_compile(pattern.at, pattern.len,
                      options | PCRE2_NO_START_OPTIMIZE | PCRE2_NO_AUTO_POSSESS | (rule->nocase ? PCRE2_CASELESS : 0),
                      &error, &at, NULL);

    require(code != NULL);
    return code;
}

static bool has_word_near(const struct search *search)
{
    size_t from = search->end > RULE_WINDOW ? search->end - RULE_WINDOW : 0;

    for (size_t i = 0; i < search->rule->keyword_count; i++)
        for (size_t at = from; at + search->rule->keywords[i].len <= search->end; at++)
            if (span_is_nocase((struct span){search->text.at + at, search->rule->keywords[i].len},
                               search->rule->keywords[i]))
                return true;
    return search->rule->keyword_count == 0;
}

static bool is_allowed(const struct rule *rule, struct span secret)
{
    bool allowed = false;

    for (size_t i = 0; i < rule->stop_count; i++) allowed |= span_has_word(secret, rule->stop[i]);
    for (size_t i = 0; i < rule->allow_count; i++) {
        pcre2_code *code = compile(rule, rule->allow[i], PCRE2_ANCHORED | PCRE2_ENDANCHORED);
        pcre2_match_data *data = pcre2_match_data_create(1, NULL);
        allowed |= pcre2_match(code, secret.at, secret.len, 0, 0, data, NULL) >= 0;
        pcre2_match_data_free(data);
        pcre2_code_free(code);
    }
    return allowed;
}

static bool is_even(const struct rule *rule, struct span secret)
{
    double bits = 0;

    for (unsigned c = 0; c < 256; c++) {
        double share = 0;
        for (size_t i = 0; i < secret.len; i++) share += secret.at[i] == c;
        share /= (double)secret.len;
        if (share > 0) bits -= share * log2(share);
    }
    return rule->entropy_centibits == 0 || bits * 100 > rule->entropy_centibits + 1e-9;
}

static void judge(struct search *search, struct span secret)
{
    const struct rule *rule = search->rule;
    enum rung rung = rule->rung;

    if (is_allowed(rule, secret) || !is_even(rule, secret)) return;
    if (rule->check.len > 0 && rule_check(rule->check, secret) == CHECK_GOOD)
        rung = rung == RUNG_GENERIC ? RUNG_CONTEXT : RUNG_CHECKED;
    else if (is_placeholder(secret)) {
        if (rung == RUNG_GENERIC) return;
        rung = RUNG_GENERIC;
    }
    if (search->found && search->rung <= rung) return;
    search->found = true;
    search->rung = rung;
    search->secret = secret;
}

static int on_end(pcre2_callout_block *block, void *context)
{
    struct search *search = context;
    size_t group = search->rule->group, from = block->start_match, to = block->current_position;

    if (!search->judging) {
        search->ends[to] = true;
        return 1;
    }
    if (to != search->end) return 1;
    if (group > 0) {
        require(group < block->capture_top);
        from = block->offset_vector[2 * group];
        to = block->offset_vector[2 * group + 1];
    }
    /* the first way of the best rung; nothing is surer than a check or the rule's own rung */
    if (to > from) judge(search, (struct span){search->text.at + from, to - from});
    return search->found && search->rung <= search->rule->rung ? 0 : 1;
}

static void go(struct search *search, const pcre2_code *code)
{
    pcre2_match_data *data = pcre2_match_data_create(8, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    int matched;

    pcre2_set_callout(context, on_end, search);
    matched = pcre2_match(code, search->text.at, search->text.len, 0, 0, data, context);
    require(matched >= 0 || matched == PCRE2_ERROR_NOMATCH);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
}

static void tell(struct search *search, enum scan_place place, struct findings *findings)
{
    struct finding finding = {.rule = (const char *)search->rule->id.at, .title = (const char *)search->rule->title.at};

    finding.place = place;
    finding.from = (uint64_t)(search->secret.at - search->text.at);
    finding.rung = search->rung;
    finding_put_shown(&finding, search->rule, search->secret);
    finding_put_byte(&finding, (uint64_t)(search->secret.at + search->secret.len - search->text.at) - 1);
    require(fingerprint_of(search->secret, &finding.fingerprint) == ERR_OK);
    findings_add(findings, &finding);
}

static void mark_ends(struct search *search, pcre2_code **code)
{
    struct buf pattern = {0};

    require(buf_printf(&pattern, "(?:%s)(?C1)", (const char *)search->rule->pattern.at) == ERR_OK);
    *code = compile(search->rule, buf_span(&pattern), 0);
    buf_clear(&pattern);
    search->ends = mem_new(search->text.len + 2);
    require(search->ends != NULL);
    go(search, *code);
    search->judging = true;
}

/* The last end of a run counts.  When there is room for nothing more, what is only told is not looked at. */
static void look_at(struct search *search, const pcre2_code *code, enum scan_place place, struct findings *findings)
{
    if (!search->ends[search->end] || search->ends[search->end + 1]) return;
    if (findings_full(findings) && !rung_stops(search->rule->rung)) {
        findings->more = true;
        return;
    }
    search->found = false;
    if (has_word_near(search)) go(search, code);
    if (search->found) tell(search, place, findings);
}

void ref_scan(const struct rule_set *rules, enum scan_place place, struct span text, struct findings *findings)
{
    struct search *searches = mem_new(rules->count * sizeof *searches);
    pcre2_code **codes = mem_new(rules->count * sizeof *codes);

    require(searches != NULL && codes != NULL);
    for (size_t i = 0; i < rules->count; i++) {
        searches[i] = (struct search){.rule = &rules->list[i], .text = text};
        mark_ends(&searches[i], &codes[i]);
    }
    for (size_t end = 0; end <= text.len; end++)
        for (size_t i = 0; i < rules->count && !findings_final(findings); i++) {
            searches[i].end = end;
            look_at(&searches[i], codes[i], place, findings);
        }
    for (size_t i = 0; i < rules->count; i++) {
        mem_free(searches[i].ends);
        pcre2_code_free(codes[i]);
    }
    mem_free(searches);
    mem_free(codes);
}
