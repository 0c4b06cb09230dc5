#include "dlp/decode/worth.h"

#include "dlp/decode/character.h"
#include "reactor/base/limits.h"

enum {
    BESIDE = 32,    /* bytes told on either side of what is readable: a name, a sign, the end of a line */
    TOKEN_LOOK = 64 /* bytes of a token that are looked at */
};

static bool is_printable(uint8_t c) { return c >= 0x20 && c < 0x7f; }

/* The row of readable characters, step bytes each, at or before at: its first byte.  The other bytes are zero. */
static bool is_readable(struct span bytes, size_t at, size_t step)
{
    if (!is_printable(bytes.at[at])) return false;
    return step == 1 || bytes.at[at + 1] == 0;
}

/* The first row of DECODE_TEXT_MIN at or after from: its start, or bytes.len.  Looks at the last character that a row
 * from here would have, and backward from there: most of what is not text is never looked at. */
static size_t find_row(struct span bytes, size_t from, size_t step)
{
    const size_t row = DECODE_TEXT_MIN * step;

    while (from + row <= bytes.len) {
        size_t at = from + row;
        do {
            at -= step;
            if (!is_readable(bytes, at, step)) break;
        } while (at > from);
        if (at == from && is_readable(bytes, at, step)) return from;
        from = step == 1 ? at + 1 : from + 1;
    }
    return bytes.len;
}

/* A row goes on over characters that are not ASCII: what is hidden between them is for the next decoder to see. */
static size_t row_end(struct span bytes, size_t at, size_t step)
{
    while (at + step <= bytes.len) {
        uint32_t character;
        size_t len = step;
        if (!is_readable(bytes, at, step)) len = step == 1 ? utf8_read(bytes, at, &character) : 0;
        if (len < step || (len == 1 && !is_printable(bytes.at[at]))) break;
        at += len;
    }
    return at;
}

/* From the first row to the end of the last. */
static bool find_rows(struct span bytes, size_t step, size_t *from, size_t *to)
{
    size_t at = find_row(bytes, 0, step);

    if (at == bytes.len) return false;
    if (at < *from) *from = at;
    for (; at < bytes.len; at = find_row(bytes, at, step)) {
        at = row_end(bytes, at, step);
        if (at > *to) *to = at;
    }
    return true;
}

bool decode_is_packed(struct span bytes)
{
    const uint8_t *at = bytes.at;

    if (bytes.len < DECODE_TEXT_MIN) return false;
    if (at[0] == 0x1f && at[1] == 0x8b) return at[2] == 8;
    if (at[0] == 0x28 && at[1] == 0xb5) return at[2] == 0x2f && at[3] == 0xfd;
    return (at[0] & 0x8f) == 8 && (at[1] & 0x20) == 0 && (at[0] << 8 | at[1]) % 31 == 0;
}

bool decode_worth(struct span *bytes)
{
    size_t from = bytes->len, to = 0;
    bool found = find_rows(*bytes, 1, &from, &to);

    if (decode_is_packed(*bytes)) return true;
    if (find_rows(*bytes, 2, &from, &to)) found = true;
    if (!found) return false;
    from = from > BESIDE ? from - BESIDE : 0;
    to = to + BESIDE < bytes->len ? to + BESIDE : bytes->len;
    *bytes = (struct span){bytes->at + from, to - from};
    return true;
}

bool decode_token_at(struct span text, size_t at)
{
    bool figures = false, small = false, capitals = false;
    size_t i = at;

    for (; i < text.len && i - at < TOKEN_LOOK; i++) {
        uint8_t c = text.at[i];
        if (!decode_in_word(c)) break;
        figures |= c >= '0' && c <= '9';
        capitals |= c >= 'A' && c <= 'Z';
        small |= c >= 'a';
        if (i - at + 1 >= DECODE_TEXT_MIN && (figures || (capitals && small))) return true;
    }
    return i - at == TOKEN_LOOK || (i == text.len && i - at >= DECODE_TEXT_MIN); /* the rest may have them */
}
