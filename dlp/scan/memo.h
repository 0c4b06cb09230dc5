/* memo.h — hits that were judged: the same rule at the end of the same bytes comes to the same.
 *
 * A hostile text can have a hit every few bytes, but has to repeat itself to be long; so most hits cost a comparison.
 * Exact: every byte that a match can hang on is compared, and nothing is copied.  A row points to where the bytes stood
 * when they were judged, in one text: memo_next_text() before they change or go.
 * Wide     matches of MEMO_WIDE_BYTES or more can take a thousand times as long to judge as to digest.  What they came
 *          to is kept beyond the text, by HMAC-SHA256 of those bytes under a random key of the memo.
 */
#pragma once
#include "dlp/scan/finding.h"
#include "reactor/base/digest.h"

/* All that the judgement of a hit hangs on, but for a keyword that stands farther off. */
struct memo_key {
    size_t rule;
    struct span bytes; /* from one in front of where a match can start, to the one behind its end */
    bool is_ahead;     /* that one is there */
    bool is_first, is_last;
};

/* What it came to. */
struct memo_outcome {
    bool found, has_keyword;
    enum rung rung;
    uint16_t back, len; /* the secret: so far in front of the end of the hit, so long */
    struct fingerprint fingerprint;
};

struct memo_row {
    uint64_t text; /* the number of the text that key.bytes are in; 0: not kept */
    struct memo_key key;
    struct memo_outcome outcome;
};

struct memo_wide {
    uint8_t digest[DIGEST_BYTES];
    struct memo_outcome outcome;
};

struct memo {
    uint64_t text; /* counts them; 0: no row is kept */
    struct memo_row rows[MEMO_ROWS];
    struct memo_wide wide[MEMO_WIDE_ROWS];
    uint8_t secret[DIGEST_BYTES];
    uint8_t digest[DIGEST_BYTES]; /* of the key that was looked for last, if that is wide */
};

void memo_begin(struct memo *memo);

/* The outcome of this key.  False when it is not known: the caller works it out, and keeps it before it looks for
 * another.  errors of the digest: it is not known */
bool memo_find(struct memo *memo, const struct memo_key *key, struct memo_row **row_out);
void memo_keep(struct memo *memo, struct memo_row *row);

void memo_next_text(struct memo *memo);
