#include "dlp/decode/escapes.h"

#include "dlp/decode/digits.h"
#include "dlp/decode/fold.h"
#include "dlp/decode/worth.h"
#include "reactor/base/limits.h"

size_t escape_number(struct span text, size_t at, unsigned base, size_t most, uint32_t *number)
{
    size_t count = 0;

    for (*number = 0; at + count < text.len && count < most; count++) {
        unsigned digit = digits_hex[text.at[at + count]];
        if (digit >= base) break;
        *number = *number * base + digit;
    }
    return count;
}

/* Whether a character that is written as an escape of used bytes matters: it may stand in a token, begins another
 * escape, or hid where a token begins. */
static enum reason matters(struct span text, size_t at, size_t used, uint32_t character)
{
    uint8_t behind = at + used < text.len ? text.at[at + used] : 0;

    if (decode_in_token(character) || character == '%' || character == '\\') return REASON_WITHIN;
    if ((character == '&' && behind == '#') || (character == '<' && behind == '~')) return REASON_WITHIN;
    return decode_token_at(text, at + used) ? REASON_BEFORE : REASON_NONE;
}

size_t escape_character(struct span text, size_t at, size_t used, uint32_t character, struct escape *out)
{
    if (character > 0x10ffff) return 0;
    out->len = utf8_write(character, out->bytes);
    out->reason = fold_character(character) != FOLD_NONE ? REASON_WITHIN : matters(text, at, used, character);
    return used;
}

/* Whether another byte of the same character may stand in front of the escape at at or behind it. */
static bool has_part_beside(struct span text, size_t at, size_t used)
{
    uint8_t behind = at + used < text.len ? text.at[at + used] : text.at[at];

    return behind == text.at[at] || behind >= 0x80 || (at > 0 && text.at[at - 1] >= 0x80);
}

size_t escape_byte(struct span text, size_t at, size_t used, uint8_t byte, struct escape *out)
{
    out->bytes[0] = byte;
    out->len = 1;
    if (byte >= 0x80)
        out->reason = has_part_beside(text, at, used) ? REASON_WITHIN : REASON_NONE;
    else
        out->reason = matters(text, at, used, byte);
    return used;
}

bool escape_matters(const struct escapes *escapes, struct span text, size_t at)
{
    struct escape escape = {.len = 0};

    return escapes->read(text, at, &escape) > 0 && escape.reason != REASON_NONE;
}

/* --- stretches ------------------------------------------------------------------------------------------- */

/* The next escape at or after from that is a reason; text.len: none. */
static size_t next_reason(const struct escapes *escapes, struct span text, size_t from, enum reason *reason)
{
    for (size_t at = escapes->next(text, from); at < text.len; at = escapes->next(text, at)) {
        struct escape escape = {.len = 0};
        size_t used = escapes->read(text, at, &escape);
        *reason = escape.reason;
        if (used > 0 && escape.reason != REASON_NONE) return at;
        at += used > 0 ? used : 1;
    }
    return text.len;
}

/* Where a stretch must go on to, for an escape that ends at at. */
static size_t reach(struct span text, size_t at, enum reason reason)
{
    size_t beside = reason == REASON_WITHIN ? DECODE_BESIDE : reason == REASON_BEFORE ? DECODE_BESIDE / 4 : 0;

    if (reason == REASON_BEFORE)
        while (at < text.len && decode_in_token(text.at[at])) at++;
    return text.len - at < beside ? text.len : at + beside;
}

/* Rewrites what is between from and *to to at; how many bytes.  *to moves on with every reason that is met. */
static size_t rewrite(const struct escapes *escapes, struct span text, size_t from, size_t *to, uint8_t *at)
{
    uint8_t *start = at;

    while (from < *to) {
        struct escape escape = {.len = 0};
        size_t next = escapes->next(text, from), used, reached;
        if (next > *to) next = *to;
        memcpy(at, text.at + from, next - from);
        at += next - from;
        from = next;
        if (from == *to) break;
        used = escapes->read(text, from, &escape);
        if (used == 0) {
            *at++ = text.at[from++];
            continue;
        }
        memcpy(at, escape.bytes, escape.len);
        at += escape.len;
        from += used;
        reached = reach(text, from, escape.reason);
        if (reached > *to) *to = reached;
    }
    *to = from;
    return (size_t)(at - start);
}

/* Whether what was rewritten is text: three bytes in four are, or DECODE_TEXT_MIN in a row. */
static bool is_told(struct span bytes)
{
    size_t text = 0, len;
    uint32_t character;

    for (size_t at = 0; at<bytes.len; at += len> 0 ? len : 1) {
        len = utf8_read(bytes, at, &character);
        if (len > 1 || (bytes.at[at] >= ' ' && bytes.at[at] < 0x7f)) text += len;
    }
    return bytes.len >= DECODE_TEXT_MIN && (text * 4 >= bytes.len * 3 || decode_worth(&bytes));
}

enum err escapes_undo(const struct decoder *self, const struct escapes *escapes, struct span text, struct buf *room,
                      decoded_fn *fn, void *context)
{
    struct decoded decoded = {.name = self->name};
    enum reason reason;
    uint8_t *to;

    buf_cut(room, 0);
    TRY(buf_room(room, 2 * text.len, &to));
    buf_added(room, 2 * text.len);
    for (size_t at = 0; (at = next_reason(escapes, text, at, &reason)) < text.len; at = decoded.to) {
        size_t before = reason == REASON_WITHIN ? DECODE_BESIDE : DECODE_BESIDE / 8;
        decoded.from = at < before ? 0 : at - before; /* also what was told as part of another */
        decoded.to = at + 1;
        decoded.bytes = (struct span){to, rewrite(escapes, text, decoded.from, &decoded.to, to)};
        if (is_told(decoded.bytes)) TRY(fn(context, &decoded));
    }
    return ERR_OK;
}
