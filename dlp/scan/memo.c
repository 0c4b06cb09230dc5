#include "dlp/scan/memo.h"

/* Of the rule and the last bytes: a bad spread costs time alone, as all bytes are compared. */
static size_t slot_of(const struct memo_key *key)
{
    uint64_t hash = key->rule + 1, word;

    for (size_t at = key->bytes.len, last = at > 32 ? at - 32 : 0; at >= last + sizeof word; at -= sizeof word) {
        memcpy(&word, key->bytes.at + at - sizeof word, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    return hash % CONFIRM_MEMO_ROWS;
}

static bool is_same(const struct memo_key *a, const struct memo_key *b)
{
    return a->rule == b->rule && a->is_ahead == b->is_ahead && a->is_first == b->is_first && a->is_last == b->is_last &&
           span_is(a->bytes, b->bytes);
}

bool memo_find(struct memo *memo, const struct memo_key *key, struct memo_row **row_out)
{
    struct memo_row *row = &memo->rows[slot_of(key)];

    *row_out = row;
    if (row->text > 0 && row->text == memo->text && is_same(&row->key, key)) return true;
    *row = (struct memo_row){.key = *key};
    return false;
}

void memo_keep(const struct memo *memo, struct memo_row *row) { row->text = memo->text; }

void memo_next_text(struct memo *memo) { memo->text++; }
