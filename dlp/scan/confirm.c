#include "dlp/scan/confirm.h"

#include <assert.h>
#include <hs.h>
#include <stdio.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "dlp/scan/entropy.h"
#include "dlp/scan/memo.h"
#include "dlp/scan/placeholder.h"
#include "dlp/scan/validate.h"
#include "reactor/base/buf.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

/* One rule, compiled. */
struct matcher {
    const struct rule *rule;
    pcre2_code *code;   /* NULL until it is compiled, with all that is below */
    pcre2_code **allow; /* by row of the rule's */
    size_t width;       /* of its longest match */
};

struct confirm {
    pcre2_general_context *memory;
    pcre2_compile_context *compile;
    pcre2_match_context *bounded, *pinned; /* pinned: to the end of the hit, by a callout */
    pcre2_match_data *data, *whole;        /* of a pattern, of an allow pattern */
    pcre2_jit_stack *stack;
    struct matcher *list;
    size_t count;
    uint8_t lower[RULE_WINDOW]; /* a window in lower case */
    struct memo memo;
};

/* --- compiled -------------------------------------------------------------------------------------------- */

static void *pcre2_room(PCRE2_SIZE size, void *unused)
{
    (void)unused;
    return mem_room(size);
}

static void pcre2_give(void *memory, void *unused)
{
    (void)unused;
    mem_free(memory);
}

/* What both engines must agree on beside the pattern: bytes, not characters; only LF ends a line.  Possessive loops
 * made by the optimiser would keep a match from ending where it is pinned. */
static enum err compile(struct confirm *confirm, const struct rule *rule, struct span pattern, uint32_t options,
                        struct rule_fault *fault, pcre2_code **code_out)
{
    PCRE2_SIZE at = 0;
    int error = 0, len;

    options |= PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_POSSESS;
    if (rule->nocase) options |= PCRE2_CASELESS;
    *code_out = pcre2_compile(pattern.at, pattern.len, options, &error, &at, confirm->compile);
    if (*code_out == NULL && error == PCRE2_ERROR_HEAP_FAILED) return ERR_NOMEM;
    if (*code_out == NULL) {
        fault->rule = rule;
        len = pcre2_get_error_message(error, (PCRE2_UCHAR *)fault->why, sizeof fault->why);
        if (len < 0) snprintf(fault->why, sizeof fault->why, "PCRE2 error %d", error);
        return ERR_SYNTAX;
    }
    (void)pcre2_jit_compile(*code_out, PCRE2_JIT_COMPLETE); /* where it may not, matching is slower and as right */
    return ERR_OK;
}

/* The sweep's compiler knows how far back a match can start. */
static enum err measure(const struct rule *rule, struct rule_fault *fault, size_t *width_out)
{
    hs_expr_info_t *info = NULL;
    hs_compile_error_t *why = NULL;
    hs_error_t error =
        hs_expression_info((const char *)rule->pattern.at, rule->nocase ? HS_FLAG_CASELESS : 0, &info, &why);
    enum err err = ERR_SYNTAX;

    fault->rule = rule;
    if (error != HS_SUCCESS)
        snprintf(fault->why, sizeof fault->why, "%s", why != NULL ? why->message : "out of memory");
    else if (info->min_width == 0)
        snprintf(fault->why, sizeof fault->why, "it matches where nothing stands");
    else if (info->max_width > RULE_WINDOW)
        snprintf(fault->why, sizeof fault->why, "a match must have a bound of %u bytes or less", RULE_WINDOW);
    else
        err = ERR_OK;
    if (err == ERR_OK) *width_out = info->max_width;
    hs_free_compile_error(why);
    mem_free(info);
    return err;
}

/* The pattern, and behind it the question whether it may end there: callout 1. */
static enum err compile_pattern(struct confirm *confirm, struct matcher *matcher, struct rule_fault *fault)
{
    struct buf pinned = {0};
    uint32_t groups = 0;
    enum err err = buf_printf(&pinned, "(?:%s)(?C1)", (const char *)matcher->rule->pattern.at);

    if (err == ERR_OK) err = compile(confirm, matcher->rule, buf_span(&pinned), 0, fault, &matcher->code);
    buf_clear(&pinned);
    TRY(err);
    pcre2_pattern_info(matcher->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    if (matcher->rule->group <= groups) return ERR_OK;
    fault->rule = matcher->rule;
    snprintf(fault->why, sizeof fault->why, "it has no group %u", matcher->rule->group);
    return ERR_SYNTAX;
}

static void matcher_clear(struct matcher *matcher)
{
    for (size_t i = 0; matcher->allow != NULL && i < matcher->rule->allow_count; i++)
        pcre2_code_free(matcher->allow[i]);
    mem_free(matcher->allow);
    pcre2_code_free(matcher->code);
    *matcher = (struct matcher){.rule = matcher->rule};
}

static enum err compile_parts(struct confirm *confirm, struct matcher *matcher, struct rule_fault *fault)
{
    const struct rule *rule = matcher->rule;

    TRY(measure(rule, fault, &matcher->width));
    TRY(compile_pattern(confirm, matcher, fault));
    matcher->allow = mem_new(rule->allow_count * sizeof *matcher->allow);
    if (matcher->allow == NULL) return ERR_NOMEM;
    for (size_t i = 0; i < rule->allow_count; i++)
        TRY(compile(confirm, rule, rule->allow[i], PCRE2_ANCHORED | PCRE2_ENDANCHORED, fault, &matcher->allow[i]));
    return ERR_OK;
}

/* All of it or nothing. */
static enum err compile_rule(struct confirm *confirm, struct matcher *matcher, struct rule_fault *fault)
{
    enum err err = compile_parts(confirm, matcher, fault);

    if (err != ERR_OK) matcher_clear(matcher);
    return err;
}

static int judge_end(pcre2_callout_block *block, void *context);

static enum err make_contexts(struct confirm *confirm)
{
    confirm->memory = pcre2_general_context_create(pcre2_room, pcre2_give, NULL);
    if (confirm->memory == NULL) return ERR_NOMEM;
    confirm->compile = pcre2_compile_context_create(confirm->memory);
    confirm->bounded = pcre2_match_context_create(confirm->memory);
    confirm->pinned = pcre2_match_context_create(confirm->memory);
    confirm->data = pcre2_match_data_create(UINT8_MAX + 1, confirm->memory);
    confirm->whole = pcre2_match_data_create(1, confirm->memory);
    confirm->stack = pcre2_jit_stack_create(KIB(32), KIB(512), confirm->memory);
    if (confirm->compile == NULL || confirm->bounded == NULL || confirm->pinned == NULL || confirm->data == NULL ||
        confirm->whole == NULL || confirm->stack == NULL)
        return ERR_NOMEM;
    pcre2_set_newline(confirm->compile, PCRE2_NEWLINE_LF);
    pcre2_set_match_limit(confirm->bounded, CONFIRM_STEPS_MAX);
    pcre2_set_match_limit(confirm->pinned, CONFIRM_STEPS_MAX);
    pcre2_jit_stack_assign(confirm->pinned, NULL, confirm->stack); /* the other may run inside a callout of this */
    return ERR_OK;
}

enum err confirm_later(const struct rule_set *rules, struct confirm **confirm_out)
{
    AUTO(confirm) confirm = mem_new(sizeof *confirm);

    if (confirm == NULL) return ERR_NOMEM;
    memo_begin(&confirm->memo);
    TRY(make_contexts(confirm));
    confirm->list = mem_new(rules->count * sizeof *confirm->list);
    if (confirm->list == NULL) return ERR_NOMEM;
    for (; confirm->count < rules->count; confirm->count++)
        confirm->list[confirm->count].rule = &rules->list[confirm->count];
    *confirm_out = MOVE(confirm);
    return ERR_OK;
}

enum err confirm_new(const struct rule_set *rules, struct rule_fault *fault, struct confirm **confirm_out)
{
    AUTO(confirm) confirm = NULL;

    TRY(confirm_later(rules, &confirm));
    for (size_t i = 0; i < confirm->count; i++) TRY(compile_rule(confirm, &confirm->list[i], fault));
    *confirm_out = MOVE(confirm);
    return ERR_OK;
}

void confirm_free(struct confirm **held)
{
    struct confirm *confirm = MOVE(*held);

    if (confirm == NULL) return;
    for (size_t i = 0; i < confirm->count; i++) matcher_clear(&confirm->list[i]);
    mem_free(confirm->list);
    pcre2_jit_stack_free(confirm->stack);
    pcre2_match_data_free(confirm->data);
    pcre2_match_data_free(confirm->whole);
    pcre2_match_context_free(confirm->bounded);
    pcre2_match_context_free(confirm->pinned);
    pcre2_compile_context_free(confirm->compile);
    pcre2_general_context_free(confirm->memory);
    mem_wipe(confirm->lower, sizeof confirm->lower);
    mem_free(confirm);
}

/* --- judged ---------------------------------------------------------------------------------------------- */

/* One hit while it is looked at. */
struct attempt {
    struct confirm *confirm;
    const struct matcher *matcher;
    const struct window *window;
    struct span judged; /* the secret that was looked at last: many ways lead to the same */
    bool found;
    enum err err;
    enum rung rung;     /* of the best */
    struct span secret; /* of the best */
    size_t start;       /* of the best match, in the window */
};

/* In steps of a fixed size and without a branch, so that it becomes a few wide instructions. */
static void make_lower(uint8_t bytes[RULE_WINDOW], size_t len)
{
    enum { STEP = 64 };

    _Static_assert(RULE_WINDOW % STEP == 0, "what is behind len is there");
    for (size_t at = 0; at < len; at += STEP)
        for (size_t i = at; i < at + STEP; i++) bytes[i] |= (uint8_t)(((uint8_t)(bytes[i] - 'A') < 26) << 5);
}

/* One of the keywords stands in text, or none is asked for. */
static bool has_keyword(struct confirm *confirm, const struct rule *rule, struct span text)
{
    if (rule->keyword_count == 0) return true;
    memcpy(confirm->lower, text.at, text.len);
    make_lower(confirm->lower, text.len);
    for (size_t i = 0; i < rule->keyword_count; i++)
        if (memmem(confirm->lower, text.len, rule->keywords[i].at, rule->keywords[i].len) != NULL) return true;
    return false;
}

static bool is_stopped(const struct rule *rule, struct span secret)
{
    for (size_t i = 0; i < rule->stop_count; i++)
        if (span_has_word(secret, rule->stop[i])) return true;
    return false;
}

/* ERR_OK when no pattern allows it, ERR_NOT_FOUND when one does. */
static enum err ask_allow(struct confirm *confirm, const struct matcher *matcher, struct span secret)
{
    for (size_t i = 0; i < matcher->rule->allow_count; i++) {
        int matched = pcre2_match(matcher->allow[i], secret.at, secret.len, 0, 0, confirm->whole, confirm->bounded);
        if (matched >= 0) return ERR_NOT_FOUND;
        if (matched != PCRE2_ERROR_NOMATCH) return ERR_LIMIT;
    }
    return ERR_OK;
}

static bool is_even(const struct rule *rule, struct span secret)
{
    uint64_t floor = (uint64_t)rule->entropy_centibits * ENTROPY_BIT;

    return floor == 0 || (uint64_t)entropy_of(secret) * 100 > floor;
}

/* What becomes of a rung: a right checksum raises it, a placeholder lowers it, but a right checksum is no accident.
 * RUNG_COUNT: no finding. */
static enum rung rung_of(const struct rule *rule, struct span secret)
{
    if (rule->check.len > 0 && rule_check(rule->check, secret) == CHECK_GOOD) return rung_raised(rule->rung);
    if (!is_placeholder(secret)) return rule->rung;
    return rule->rung < RUNG_GENERIC ? RUNG_GENERIC : RUNG_COUNT;
}

static enum rung judge(struct attempt *attempt, struct span secret)
{
    const struct rule *rule = attempt->matcher->rule;

    if (is_stopped(rule, secret) || !is_even(rule, secret)) return RUNG_COUNT;
    enum err err = ask_allow(attempt->confirm, attempt->matcher, secret);
    if (err == ERR_LIMIT) attempt->err = err;
    return err == ERR_OK ? rung_of(rule, secret) : RUNG_COUNT;
}

static bool take_group(const pcre2_callout_block *block, const struct attempt *attempt, struct span *secret)
{
    uint8_t group = attempt->matcher->rule->group;
    size_t from = block->start_match, to = block->current_position;

    if (group > 0) {
        if (block->capture_top <= group || block->offset_vector[2 * group] == PCRE2_UNSET) return false;
        from = block->offset_vector[2 * group];
        to = block->offset_vector[2 * group + 1];
    }
    *secret = (struct span){attempt->window->bytes.at + from, to - from};
    return secret->len > 0;
}

/* A match has come to its end: 0 when it is the one, else PCRE2 looks for another way. */
static int judge_end(pcre2_callout_block *block, void *context)
{
    struct attempt *attempt = context;
    struct span secret;
    enum rung rung;

    if (block->current_position != attempt->window->end) return 1;
    if (!take_group(block, attempt, &secret)) return 1;
    if (secret.at == attempt->judged.at && secret.len == attempt->judged.len) return 1;
    attempt->judged = secret;
    rung = judge(attempt, secret);
    if (rung == RUNG_COUNT || (attempt->found && rung >= attempt->rung)) return 1;
    attempt->found = true;
    attempt->rung = rung;
    attempt->secret = secret;
    attempt->start = block->start_match;
    return rung <= attempt->matcher->rule->rung ? 0 : 1; /* what was lowered may have a better one behind it */
}

/* It was compiled once without a fault, so only memory can be wanting; whatever it is, it can't be told. */
static enum err compile_at_last(struct confirm *confirm, struct matcher *matcher)
{
    struct rule_fault fault;
    enum err err = matcher->code == NULL ? compile_rule(confirm, matcher, &fault) : ERR_OK;

    return err == ERR_SYNTAX ? ERR_LIMIT : err;
}

static enum err match(struct attempt *attempt)
{
    const struct window *window = attempt->window;
    struct confirm *confirm = attempt->confirm;
    size_t width = attempt->matcher->width, from = window->end > width ? window->end - width : 0;
    uint32_t options = (window->is_first ? 0 : PCRE2_NOTBOL) | (window->is_last ? 0 : PCRE2_NOTEOL);
    int matched;

    pcre2_set_callout(confirm->pinned, judge_end, attempt);
    matched = pcre2_match(attempt->matcher->code, window->bytes.at, window->bytes.len, from, options, confirm->data,
                          confirm->pinned);
    if (attempt->err != ERR_OK) return attempt->err;
    return matched < 0 && matched != PCRE2_ERROR_NOMATCH ? ERR_LIMIT : ERR_OK;
}

/* Most keywords are a part of what matches. */
static enum err judge_hit(struct confirm *confirm, size_t rule, const struct window *window,
                          struct memo_outcome *outcome)
{
    struct attempt attempt = {.confirm = confirm, .matcher = &confirm->list[rule], .window = window};

    TRY(match(&attempt));
    outcome->found = attempt.found;
    if (!attempt.found) return ERR_OK;
    outcome->rung = attempt.rung;
    outcome->back = (uint16_t)(window->bytes.at + window->end - attempt.secret.at);
    outcome->len = (uint16_t)attempt.secret.len;
    outcome->has_keyword = has_keyword(confirm, attempt.matcher->rule,
                                       (struct span){window->bytes.at + attempt.start, window->end - attempt.start});
    return fingerprint_of(attempt.secret, &outcome->fingerprint);
}

/* What is in front of the widest match shows in `\b`, and in `^` where the text begins. */
static struct memo_key key_of(size_t rule, size_t width, const struct window *window)
{
    size_t from = window->end > width ? window->end - width - 1 : 0;

    return (struct memo_key){.rule = rule,
                             .bytes = {window->bytes.at + from, window->bytes.len - from},
                             .is_ahead = window->bytes.len > window->end,
                             .is_first = window->is_first && from == 0,
                             .is_last = window->is_last};
}

enum err confirm_hit(struct confirm *confirm, size_t rule, const struct window *window, struct confirmed *confirmed)
{
    struct matcher *matcher = &confirm->list[rule];
    struct memo_key key;
    const struct memo_outcome *outcome;
    struct memo_row *row;

    assert(rule < confirm->count && window->end <= window->bytes.len && window->end <= RULE_WINDOW);
    TRY(compile_at_last(confirm, matcher));
    key = key_of(rule, matcher->width, window);
    if (!memo_find(&confirm->memo, &key, &row)) {
        TRY(judge_hit(confirm, rule, window, &row->outcome));
        memo_keep(&confirm->memo, row);
    }
    outcome = &row->outcome;
    if (!outcome->found) return ERR_NOT_FOUND;
    if (!outcome->has_keyword && !has_keyword(confirm, matcher->rule, span_first(window->bytes, window->end)))
        return ERR_NOT_FOUND;
    confirmed->rung = outcome->rung;
    confirmed->secret = (struct span){window->bytes.at + window->end - outcome->back, outcome->len};
    confirmed->fingerprint = outcome->fingerprint;
    return ERR_OK;
}

void confirm_next_text(struct confirm *confirm) { memo_next_text(&confirm->memo); }
