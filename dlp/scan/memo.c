#include "dlp/scan/memo.h"

#include "reactor/base/mem.h"

void memo_begin(struct memo *memo)
{
    *memo = (struct memo){0};
    digest_random(memo->secret, sizeof memo->secret);
}

/* Of the rule and the last bytes: a bad spread costs time alone, as all bytes are compared. */
static struct memo_row *row_of(struct memo *memo, const struct memo_key *key)
{
    uint64_t hash = key->rule + 1, word;

    for (size_t at = key->bytes.len, last = at > 32 ? at - 32 : 0; at >= last + sizeof word; at -= sizeof word) {
        memcpy(&word, key->bytes.at + at - sizeof word, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    return &memo->rows[hash % MEMO_ROWS];
}

static bool is_same(const struct memo_key *a, const struct memo_key *b)
{
    return a->rule == b->rule && a->is_ahead == b->is_ahead && a->is_first == b->is_first && a->is_last == b->is_last &&
           span_is(a->bytes, b->bytes);
}

/* The row for memo->digest, which is evenly spread; NULL when the key is not wide, or has none. */
static struct memo_wide *wide_of(struct memo *memo, const struct memo_key *key)
{
    static const uint8_t none[DIGEST_BYTES];

    if (key->bytes.len < MEMO_WIDE_BYTES || memcmp(memo->digest, none, sizeof none) == 0) return NULL;
    size_t spread = (size_t)memo->digest[0] << 8 | memo->digest[1];
    return &memo->wide[spread % MEMO_WIDE_ROWS];
}

static bool find_wide(struct memo *memo, const struct memo_key *key, struct memo_outcome *outcome)
{
    const uint64_t rest[] = {key->rule, key->is_ahead, key->is_first, key->is_last};
    const struct span parts[] = {{(const uint8_t *)rest, sizeof rest}, key->bytes};
    const struct memo_wide *wide;

    if (key->bytes.len < MEMO_WIDE_BYTES) return false;
    if (digest_hmac((struct span){memo->secret, sizeof memo->secret}, parts, 2, memo->digest) != ERR_OK)
        memset(memo->digest, 0, sizeof memo->digest);
    wide = wide_of(memo, key);
    if (wide == NULL || !mem_same(wide->digest, memo->digest, sizeof wide->digest)) return false;
    *outcome = wide->outcome;
    return true;
}

bool memo_find(struct memo *memo, const struct memo_key *key, struct memo_row **row_out)
{
    struct memo_row *row = row_of(memo, key);

    *row_out = row;
    if (row->text > 0 && row->text == memo->text && is_same(&row->key, key)) return true;
    *row = (struct memo_row){.key = *key};
    if (!find_wide(memo, key, &row->outcome)) return false;
    row->text = memo->text;
    return true;
}

void memo_keep(struct memo *memo, struct memo_row *row)
{
    struct memo_wide *wide = wide_of(memo, &row->key);

    row->text = memo->text;
    if (wide == NULL) return;
    memcpy(wide->digest, memo->digest, sizeof wide->digest);
    wide->outcome = row->outcome;
}

void memo_next_text(struct memo *memo) { memo->text++; }
