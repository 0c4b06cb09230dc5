#include "dlp/decode/decoders.h"
#include "dlp/decode/escapes.h"
#include "dlp/decode/worth.h"

/* Backslashes: RFC 8259 section 7, and what JavaScript, C and shells add: \x67, \u{67}, \147, a line that goes on. */

static size_t next(struct span text, size_t from) { return span_find(text, '\\', from); }

/* \u0067, or two halves of one character. */
static size_t read_unicode(struct span text, size_t at, struct escape *out)
{
    uint32_t character, low;
    size_t used = 6;

    if (at + 2 < text.len && text.at[at + 2] == '{') {
        size_t digits = escape_number(text, at + 3, 16, 6, &character);
        bool ends = digits > 0 && at + 3 + digits < text.len && text.at[at + 3 + digits] == '}';
        return ends ? escape_character(text, at, 4 + digits, character, out) : 0;
    }
    if (escape_number(text, at + 2, 16, 4, &character) != 4) return 0;
    if (utf16_is_high(character) && span_starts(span_from(text, at + used), SPAN_LIT("\\u")) &&
        escape_number(text, at + 8, 16, 4, &low) == 4 && utf16_is_low(low)) {
        character = utf16_join(character, low);
        used += 6;
    }
    return escape_character(text, at, used, character, out);
}

/* \\: escapes of escapes, as JSON in JSON has them.  All but the last of a row are taken off at once, so that the last
 * begins an escape, however deep it was: a secret is no better hidden by more of them. */
static size_t read_backslashes(struct span text, size_t at)
{
    size_t end = at;

    while (end < text.len && text.at[end] == '\\') end++;
    return end - 1 - at;
}

/* What a letter behind a backslash means, or 0. */
static uint8_t meaning(uint8_t c)
{
    switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'v': return '\v';
    default: return '\0';
    }
}

/* \n and the like, or a character that needs none: \/.  A letter stands for itself in JavaScript, and for much else in
 * patterns: it matters where a token goes on behind it.  So does a line that goes on. */
static size_t read_letter(struct span text, size_t at, uint8_t c, struct escape *out)
{
    uint8_t means = meaning(c), before = at > 0 ? text.at[at - 1] : '\0';
    bool is_letter = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');

    if (means != '\0') return escape_byte(text, at, 2, means, out);
    out->bytes[0] = c;
    out->len = c != '\n';
    if (c == '\n')
        out->reason = decode_in_token(before) && at + 2 < text.len && decode_in_token(text.at[at + 2]);
    else
        out->reason = is_letter ? decode_token_at(text, at + 2) : decode_in_token(c);
    return 2;
}

static size_t read(struct span text, size_t at, struct escape *out)
{
    uint8_t c = at + 1 < text.len ? text.at[at + 1] : 0;
    uint32_t number;
    size_t digits;

    if (c == '\0') return 0;
    if (c == '\\') return read_backslashes(text, at);
    if ((c | 0x20) == 'u') return read_unicode(text, at, out);
    if (c == 'x') {
        bool whole = escape_number(text, at + 2, 16, 2, &number) == 2;
        return whole ? escape_byte(text, at, 4, (uint8_t)number, out) : 0;
    }
    digits = escape_number(text, at + 1, 8, 3, &number);
    if (digits > 1 && number < 256) return escape_byte(text, at, 1 + digits, (uint8_t)number, out);
    return read_letter(text, at, c, out);
}

const struct escapes backslash_escapes = {next, read};

enum err escape_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    return escapes_undo(self, &backslash_escapes, text, room, fn, context);
}
