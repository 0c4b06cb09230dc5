#include "dlp/scan/joined.h"

#include "dlp/scan/placeholder.h"
#include "reactor/base/limits.h"

static bool is_part(struct span part)
{
    if (part.len == 0 || part.len > JOIN_PART_MAX) return false;
    for (size_t i = 0; i < part.len; i++)
        if (part.at[i] <= ' ' || part.at[i] > '~') return false;
    return true;
}

static bool has_digit(struct span part)
{
    for (size_t i = 0; i < part.len; i++)
        if (part.at[i] >= '0' && part.at[i] <= '9') return true;
    return false;
}

bool joined_may_be(struct span left, struct span right)
{
    return left.len + right.len >= JOIN_PAIR_MIN && is_part(left) && is_part(right) &&
           (has_digit(left) || has_digit(right));
}

/* --- pairs ----------------------------------------------------------------------------------------------- */

/* Pairs of a text's values on their way to whom they are told. */
struct joiner {
    struct decoded decoded; /* what is told next: its place is that of all pairs in it */
    struct span text, left;
    struct buf *room;
    decoded_fn *fn;
    void *context;
};

static enum err tell(struct joiner *joiner)
{
    enum err err = ERR_OK;

    joiner->decoded.bytes = buf_span(joiner->room);
    if (joiner->decoded.bytes.len > 0) err = joiner->fn(joiner->context, &joiner->decoded);
    buf_cut(joiner->room, 0);
    return err;
}

/* part stands in the text. */
static enum err join(struct joiner *joiner, struct span part)
{
    struct span left = joiner->left;

    joiner->left = part;
    if (left.len == 0 || !joined_may_be(left, part)) return ERR_OK;
    if (buf_len(joiner->room) == 0) joiner->decoded.from = (size_t)(left.at - joiner->text.at) - 1;
    joiner->decoded.to = (size_t)(part.at - joiner->text.at) + part.len;
    TRY(buf_add(joiner->room, left));
    TRY(buf_add(joiner->room, part));
    TRY(buf_add(joiner->room, SPAN_LIT("\n")));
    return buf_len(joiner->room) >= JOIN_TOLD_BYTES ? tell(joiner) : ERR_OK;
}

static struct joiner begin(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn,
                           void *context)
{
    buf_cut(room, 0);
    return (struct joiner){.decoded.name = self->name, .text = text, .room = room, .fn = fn, .context = context};
}

/* --- a query, a form ------------------------------------------------------------------------------------- */

static enum err join_query(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn,
                           void *context)
{
    struct joiner joiner = begin(self, text, room, fn, context);

    for (size_t at = span_find(text, '=', 0); at < text.len; at = span_find(text, '=', at + 1)) {
        size_t end = span_find(text, '&', at + 1);
        TRY(join(&joiner, (struct span){text.at + at + 1, end - at - 1}));
        if (end == text.len) break;
    }
    return tell(&joiner);
}

/* --- JSON ------------------------------------------------------------------------------------------------ */

enum { BLOCK = 64, BEFORE = 5 };
#define NO_QUOTE SIZE_MAX

typedef uint64_t quotes_fn(const uint8_t *at);

/* Bit i: a quote that no backslash escapes is at at[i].  The byte in front of at is there. */
static uint64_t quotes_plain(const uint8_t *at)
{
    const uint8_t *before = at - 1;
    uint64_t quotes = 0;

    for (size_t i = 0; i < BLOCK; i++) quotes |= (uint64_t)(at[i] == '"' && before[i] != '\\') << i;
    return quotes;
}

#ifdef __x86_64__
typedef char lane __attribute__((vector_size(32), aligned(1), may_alias));

__attribute__((target("avx2"))) static uint32_t quotes_in_lane(const uint8_t *at)
{
    const lane here = *(const lane *)at, before = *(const lane *)(at - 1);

    return (uint32_t)__builtin_ia32_pmovmskb256((lane)((here == '"') & (before != '\\')));
}

__attribute__((target("avx2"))) static uint64_t quotes_avx2(const uint8_t *at)
{
    return quotes_in_lane(at) | (uint64_t)quotes_in_lane(at + BLOCK / 2) << 32;
}

static quotes_fn *quotes_here(void) { return __builtin_cpu_supports("avx2") ? quotes_avx2 : quotes_plain; }
#else
static quotes_fn *quotes_here(void) { return quotes_plain; }
#endif

/* The first byte at or behind at that is no blank. */
static uint8_t mark_at(struct span text, size_t at)
{
    while (at < text.len && (text.at[at] == ' ' || text.at[at] == '\n' || text.at[at] == '\r' || text.at[at] == '\t'))
        at++;
    return at < text.len ? text.at[at] : '\0';
}

/* Between two strings nothing but this comes first, as it does in no half of a token. */
static bool is_between(struct span text, size_t quote)
{
    uint8_t mark = mark_at(text, quote + 1);

    return mark == ',' || mark == ':' || mark == ']' || mark == '}';
}

/* Lengths alone, as most are too short or too long. */
static bool may_fit(size_t left, size_t right)
{
    return left <= JOIN_PART_MAX && right <= JOIN_PART_MAX && left + right >= JOIN_PAIR_MIN;
}

/* quote: the places of quotes up to this one.  From the last but one to it a string, and count quotes before that
 * another: 2, or 4 where the name of the second is between them. */
static enum err join_strings(struct joiner *joiner, const size_t *quote, size_t count)
{
    const size_t *open = quote - 1, *left = open - count;
    struct span text = joiner->text;

    if (!is_between(text, left[1]) || !is_between(text, open[-1]) || mark_at(text, open[1] + 1) == ':') return ERR_OK;
    if ((mark_at(text, open[-1] + 1) == ':') != (count == 4) || mark_at(text, left[1] + 1) == ':') return ERR_OK;
    joiner->left = (struct span){text.at + left[0] + 1, left[1] - left[0] - 1};
    return join(joiner, (struct span){text.at + open[0] + 1, open[1] - open[0] - 1});
}

/* Quotes of a block, behind the last of those before; the text's first byte goes with its first block. */
struct quotes {
    size_t at[BEFORE + 1 + BLOCK];
    size_t count;
};

static enum err join_block(struct joiner *joiner, struct quotes *quotes)
{
    for (size_t i = BEFORE; i < quotes->count; i++) {
        const size_t *quote = &quotes->at[i];
        size_t right = quote[0] - quote[-1];
        if (right > JOIN_PART_MAX) continue;
        if (quote[-3] != NO_QUOTE && may_fit(quote[-2] - quote[-3], right)) TRY(join_strings(joiner, quote, 2));
        if (quote[-5] != NO_QUOTE && may_fit(quote[-4] - quote[-5], right)) TRY(join_strings(joiner, quote, 4));
    }
    if (quotes->count > BEFORE) memmove(quotes->at, &quotes->at[quotes->count - BEFORE], BEFORE * sizeof quotes->at[0]);
    quotes->count = BEFORE;
    return ERR_OK;
}

static enum err join_json(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    struct joiner joiner = begin(self, text, room, fn, context);
    struct quotes quotes = {{NO_QUOTE, NO_QUOTE, NO_QUOTE, NO_QUOTE, NO_QUOTE}, BEFORE};
    quotes_fn *find_quotes = quotes_here();

    if (text.len > 0 && text.at[0] == '"') quotes.at[quotes.count++] = 0;
    for (size_t at = 1; at < text.len; at += BLOCK) {
        uint8_t last[1 + BLOCK];
        bool whole = at + BLOCK <= text.len;
        if (!whole) memcpy(memset(last, 0, sizeof last), text.at + at - 1, text.len - at + 1);
        for (uint64_t bits = find_quotes(whole ? text.at + at : last + 1); bits != 0; bits &= bits - 1)
            quotes.at[quotes.count++] = at + (size_t)__builtin_ctzll(bits);
        TRY(join_block(&joiner, &quotes));
    }
    return tell(&joiner);
}

/* --- multipart ------------------------------------------------------------------------------------------- */

static size_t find(struct span text, struct span what, size_t from)
{
    const uint8_t *hit = from < text.len ? memmem(text.at + from, text.len - from, what.at, what.len) : NULL;

    return hit != NULL ? (size_t)(hit - text.at) : text.len;
}

/* RFC 2046 section 5.1: a part's body begins behind an empty line and ends before the next delimiter. */
static enum err join_multipart(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn,
                               void *context)
{
    static const struct span empty = SPAN_LIT("\r\n\r\n"), delimiter = SPAN_LIT("\r\n--");
    struct joiner joiner = begin(self, text, room, fn, context);

    for (size_t at = find(text, empty, 0), end; at < text.len; at = find(text, empty, end)) {
        at += empty.len;
        end = find(text, delimiter, at);
        TRY(join(&joiner, (struct span){text.at + at, end - at}));
    }
    return tell(&joiner);
}

const struct decoder *joined_find(enum scan_place place, struct span content_type)
{
    static const struct decoder query = {"joined values", 0, join_query}, json = {"joined strings", 0, join_json},
                                multipart = {"joined parts", 0, join_multipart};

    if (place == SCAN_TARGET || span_has_word(content_type, SPAN_LIT("form-urlencoded"))) return &query;
    if (span_has_word(content_type, SPAN_LIT("multipart"))) return &multipart;
    return content_type.len == 0 || span_has_word(content_type, SPAN_LIT("json")) ? &json : NULL;
}
