/* confirm.h — is what the sweep reported a secret?  PCRE2 on the bytes in front of a hit, and what a rule asks beyond
 * its pattern: keywords, entropy, words that make it no finding, checksums.
 *
 * A hit is a rule and the end of a match.  Every way in which the pattern matches up to there is tried, the one that
 * starts first before all others, until one has a secret that counts: a decoy in front of it hides nothing.
 * Again    hits of one text that end the same bytes are judged once (memo.h): what repeats costs a comparison.
 * Limits   a pattern is RULE_WINDOW bytes wide at most; CONFIRM_STEPS_MAX of backtracking for one hit.
 * Secret   scratch memory is wiped when freed.  Not safe to use from more than one thread.
 */
#pragma once
#include "dlp/scan/finding.h"

/* What is wrong with a rule. */
struct rule_fault {
    const struct rule *rule;
    char why[160]; /* the compiler's words */
};

/* What stands around the end of a hit. */
struct window {
    struct span bytes; /* RULE_WINDOW bytes in front of the end, or all there are; and the one behind, if there is */
    size_t end;        /* in bytes: of the match */
    bool is_first, is_last; /* bytes start where the text starts, end where it ends */
};

struct confirmed {
    enum rung rung;
    struct span secret; /* in the window */
    struct fingerprint fingerprint;
};

struct confirm;

/* Compiles every rule, and so tells what is wrong with one.  rules outlive it.
 * errors: ERR_SYNTAX and *fault; ERR_NOMEM */
MUST_CHECK enum err confirm_new(const struct rule_set *rules, struct rule_fault *fault, struct confirm **confirm_out);

/* For rules that passed confirm_new() once: each is compiled when it first hits.  Few ever do, and all of ours take
 * 0.15 s.  errors: ERR_NOMEM */
MUST_CHECK enum err confirm_later(const struct rule_set *rules, struct confirm **confirm_out);
void confirm_free(struct confirm **confirm);

/* errors: ERR_NOT_FOUND it is no secret; ERR_LIMIT, ERR_NOMEM that can't be told */
MUST_CHECK enum err confirm_hit(struct confirm *confirm, size_t rule, const struct window *window,
                                struct confirmed *confirmed);

/* The windows from here to the next call are of one text, whose bytes stay as they are until then; without a first call
 * nothing is taken to stay. */
void confirm_next_text(struct confirm *confirm);
