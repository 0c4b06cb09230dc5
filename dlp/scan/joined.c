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

enum { BLOCK = 64 };

/* Without a branch, so that it becomes a few wide instructions: a quote that no backslash escapes is in there. */
static inline __attribute__((always_inline)) bool has_quote(const uint8_t *at)
{
    const uint8_t *before = at - 1;
    uint8_t any = 0;

    for (size_t i = 0; i < BLOCK; i++) any |= (uint8_t)(at[i] == '"') & (uint8_t)(before[i] != '\\');
    return any != 0;
}

static size_t skip_blocks(const uint8_t *bytes, size_t at, size_t len)
{
    while (at + BLOCK <= len && !has_quote(bytes + at)) at += BLOCK;
    return at;
}

__attribute__((target("avx2"))) static size_t skip_blocks_avx2(const uint8_t *bytes, size_t at, size_t len)
{
    while (at + BLOCK <= len && !has_quote(bytes + at)) at += BLOCK;
    return at;
}

/* The first quote at or behind from that is not escaped, or text.len.  Where one is, as in the long strings of code
 * that models are sent, many are. */
static size_t next_quote(struct span text, size_t from)
{
    for (size_t at = span_find(text, '"', from); at < text.len; at = span_find(text, '"', at)) {
        if (at == 0 || text.at[at - 1] != '\\') return at;
        at = __builtin_cpu_supports("avx2") ? skip_blocks_avx2(text.at, at + 1, text.len)
                                            : skip_blocks(text.at, at + 1, text.len);
    }
    return text.len;
}

static uint8_t next_mark(struct span text, size_t at)
{
    while (at < text.len && (text.at[at] == ' ' || text.at[at] == '\n' || text.at[at] == '\r' || text.at[at] == '\t'))
        at++;
    return at < text.len ? text.at[at] : '\0';
}

/* From quote to quote: what begins with a mark stands between two strings, as no half of a token does. */
static enum err join_json(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    struct joiner joiner = begin(self, text, room, fn, context);
    size_t open = next_quote(text, 0), close;

    for (; open < text.len; open = close) {
        uint8_t mark = next_mark(text, open + 1);
        close = next_quote(text, open + 1);
        if (mark == ',' || mark == ':' || mark == ']' || mark == '}' || close == text.len) continue;
        if (next_mark(text, close + 1) == ':') continue; /* a key */
        TRY(join(&joiner, (struct span){text.at + open + 1, close - open - 1}));
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
