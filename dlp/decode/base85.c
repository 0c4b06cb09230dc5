#include "dlp/decode/decoders.h"
#include "dlp/decode/digits.h"
#include "dlp/decode/worth.h"
#include "reactor/base/limits.h"

/* Five digits are four bytes, the first digit first.  RFC 1924's alphabet, as git and Python's b85encode() write it,
 * stands bare, so all five alignments are tried; Adobe's stands in <~ ~>. */

enum { GROUP = 5, GROUP_BYTES = 4, BARE_MIN = 20 };

/* The bytes of a group of count digits, 2 at least; what lacks counts as the highest digit.  false: over 32 bits. */
static bool write_group(const uint8_t digits[GROUP], unsigned count, uint8_t *to)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < GROUP; i++) number = number * 85 + (i < count ? digits[i] : 84);
    for (unsigned i = 0; i + 1 < count; i++) to[i] = (uint8_t)(number >> (24 - 8 * i));
    return number <= UINT32_MAX;
}

static enum err tell(const struct decoder *self, size_t from, size_t to, struct span bytes, decoded_fn *fn,
                     void *context)
{
    struct decoded decoded = {self->name, from, to, bytes};

    return bytes.len > 0 && decode_worth(&decoded.bytes) ? fn(context, &decoded) : ERR_OK;
}

/* The groups of a run, the last one perhaps short, to at; how many bytes.  A group that is none leaves zeros. */
static size_t write_run(struct span run, uint8_t *to)
{
    size_t len = 0;

    while (run.len >= 2) {
        uint8_t digits[GROUP] = {0};
        unsigned count = run.len < GROUP ? (unsigned)run.len : GROUP;
        for (unsigned i = 0; i < count; i++) digits[i] = digits_base85[run.at[i]];
        if (!write_group(digits, count, to + len)) memset(to + len, 0, GROUP_BYTES);
        len += count - 1;
        run = span_from(run, count);
    }
    return len;
}

bool base85_is_text(struct span text, size_t at)
{
    uint8_t bytes[BARE_MIN];
    size_t len;

    if (digits_count(digits_base85, text, at, BARE_MIN) < BARE_MIN) return false;
    len = write_run(span_first(span_from(text, at), BARE_MIN), bytes);
    for (size_t i = 0; i < len; i++)
        if (bytes[i] < ' ' || bytes[i] > '~') return false;
    return true;
}

enum err base85_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    uint8_t *to;

    buf_cut(room, 0);
    TRY(buf_room(room, text.len + GROUP_BYTES, &to));
    buf_added(room, text.len + GROUP_BYTES);
    for (size_t at = 0; at < text.len;) {
        size_t count = digits_count(digits_base85, text, at, text.len);
        for (size_t skip = 0; skip < GROUP && count >= BARE_MIN; skip++) {
            struct span run = span_from(span_first(span_from(text, at), count), skip);
            TRY(tell(self, at + skip, at + count, (struct span){to, write_run(run, to)}, fn, context));
        }
        at += count + 1;
    }
    return ERR_OK;
}

/* --- Adobe's --------------------------------------------------------------------------------------------- */

struct ascii85 {
    uint8_t digits[GROUP];
    unsigned count;
    uint8_t *to;
};

static bool is_blank(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Takes c in: false at what ends the text. */
static bool take(struct ascii85 *self, uint8_t c)
{
    if (c == 'z' && self->count == 0) { /* four zeros: one says as much */
        *self->to++ = 0;
        return true;
    }
    if (c < '!' || c > 'u') return is_blank(c);
    self->digits[self->count++] = (uint8_t)(c - '!');
    if (self->count < GROUP) return true;
    self->count = 0;
    if (!write_group(self->digits, GROUP, self->to)) return false;
    self->to += GROUP_BYTES;
    return true;
}

/* What stands behind "<~" at at, to to; how many bytes, and where in the text it ends.  In JSON a backslash before
 * another, or before a quote, is not its own. */
static size_t write_ascii85(struct span text, size_t at, bool in_json, uint8_t *to, size_t *end)
{
    struct ascii85 state = {.to = to};

    for (; at < text.len; at++) {
        uint8_t next = at + 1 < text.len ? text.at[at + 1] : 0;
        if (in_json && text.at[at] == '\\' && (next == '\\' || next == '"' || next == '/')) at++;
        if (!take(&state, text.at[at])) break;
    }
    if (state.count > 1 && write_group(state.digits, state.count, state.to)) state.to += state.count - 1;
    *end = at;
    return (size_t)(state.to - to);
}

enum err ascii85_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    uint8_t *to;

    buf_cut(room, 0);
    TRY(buf_room(room, text.len + GROUP_BYTES, &to));
    buf_added(room, text.len + GROUP_BYTES);
    for (size_t from = span_find(text, '<', 0), end; from + 2 < text.len; from = span_find(text, '<', end)) {
        size_t len;
        end = from + 1;
        if (text.at[from + 1] != '~') continue;
        len = write_ascii85(text, from + 2, false, to, &end);
        TRY(tell(self, from, end, (struct span){to, len}, fn, context));
        if (span_find(span_first(text, end), '\\', from) == end) continue;
        len = write_ascii85(text, from + 2, true, to, &end);
        TRY(tell(self, from, end, (struct span){to, len}, fn, context));
    }
    return ERR_OK;
}
