/* memo.h — hits of one text that were judged: the same rule at the end of the same bytes comes to the same.
 *
 * A hostile text can have a hit every few bytes, but has to repeat itself to be long; so most hits cost a comparison.
 * Exact: every byte that a match can hang on is compared, and nothing is copied.  A row points to where the bytes stood
 * when they were judged: memo_next_text() before they change or go.
 */
#pragma once
#include "dlp/scan/finding.h"

/* All that the judgement of a hit hangs on, but for a keyword that stands farther off. */
struct memo_key {
    size_t rule;
    struct span bytes; /* from one in front of where a match can start, to the one behind its end */
    bool is_ahead;     /* that one is there */
    bool is_first, is_last;
};

struct memo_row {
    uint64_t text; /* the number of the text that key.bytes are in; 0: not kept */
    struct memo_key key;
    bool found, has_keyword;
    enum rung rung;
    uint16_t back, len; /* the secret: so far in front of the end of the hit, so long */
    struct fingerprint fingerprint;
};

/* Begins zeroed, and keeps nothing before the first memo_next_text(). */
struct memo {
    uint64_t text; /* counts them */
    struct memo_row rows[CONFIRM_MEMO_ROWS];
};

/* The row for this key.  False when it is empty: the caller fills it in, then keeps it. */
bool memo_find(struct memo *memo, const struct memo_key *key, struct memo_row **row_out);
void memo_keep(const struct memo *memo, struct memo_row *row);

void memo_next_text(struct memo *memo);
