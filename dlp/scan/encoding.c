#include "dlp/scan/encoding.h"

#include "reactor/base/own.h"

static enum err write_raw(const struct encoding *self, struct span value, struct buf *out)
{
    (void)self;
    return buf_add(out, value);
}

static enum err write_hex(const struct encoding *self, struct span value, struct buf *out)
{
    for (size_t i = 0; i < value.len; i++) TRY(buf_printf(out, "%s%02x", i > 0 ? self->set : "", value.at[i]));
    return ERR_OK;
}

#define BASE32    "abcdefghijklmnopqrstuvwxyz234567"
#define BASE64    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
#define BASE64URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/* Options: how many bytes stand in front of the value in its group.  Bits of the value alone fill the digits from the
 * first whole one to the last whole one; only those are kept. */
static enum err write_digits(const struct encoding *self, struct span value, struct buf *out)
{
    size_t width = strlen(self->set) == 32 ? 5 : 6, ahead = 8 * self->options;
    size_t first = (ahead + width - 1) / width, last = (ahead + 8 * value.len) / width;

    for (size_t digit = first; digit < last; digit++) {
        unsigned number = 0;
        for (size_t bit = digit * width - ahead; bit < (digit + 1) * width - ahead; bit++)
            number = number << 1 | ((unsigned)value.at[bit / 8] >> (7 - bit % 8) & 1);
        TRY(buf_add(out, (struct span){(const uint8_t *)self->set + number, 1}));
    }
    return ERR_OK;
}

static bool is_alnum(uint8_t c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); }
static bool is_in(uint8_t c, const char *set) { return c != '\0' && strchr(set, c) != NULL; }

enum { EVERY_BYTE = 1, SPACE_IS_PLUS = 2 };

static enum err write_percent(const struct encoding *self, struct span value, struct buf *out)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.at[i];
        if (c == ' ' && (self->options & SPACE_IS_PLUS) != 0)
            TRY(buf_add(out, SPAN_LIT("+")));
        else if ((self->options & EVERY_BYTE) == 0 && (is_alnum(c) || is_in(c, self->set)))
            TRY(buf_add(out, (struct span){&c, 1}));
        else
            TRY(buf_printf(out, "%%%02x", c));
    }
    return ERR_OK;
}

/* The character in front of text, which begins with a byte of 0x80 or more; *len is its bytes.  What is not UTF-8 is
 * taken for Latin-1, as lenient encoders do. */
static uint32_t utf8_character(struct span text, size_t *len)
{
    uint8_t c = text.at[0];
    size_t more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
    uint32_t character = c & (0x3fu >> more);

    *len = 1;
    if (more == 0 || more >= text.len) return c;
    for (size_t i = 1; i <= more; i++) {
        if ((text.at[i] & 0xc0) != 0x80) return c;
        character = character << 6 | (text.at[i] & 0x3fu);
    }
    *len = more + 1;
    return character;
}

/* RFC 8259 section 7: beyond the Basic Multilingual Plane in two halves. */
static enum err write_unicode(struct buf *out, uint32_t character)
{
    if (character < 0x10000) return buf_printf(out, "\\u%04x", character);
    character -= 0x10000;
    return buf_printf(out, "\\u%04x\\u%04x", 0xd800 + (character >> 10), 0xdc00 + (character & 0x3ff));
}

enum { EVERY_CHARACTER = 1, SLASH = 2, ASCII = 4 };

static enum err write_json_ascii(const struct encoding *self, uint8_t c, struct buf *out)
{
    if ((self->options & EVERY_CHARACTER) != 0 || is_in(c, self->set)) return write_unicode(out, c);
    if (c == '\t') return buf_add(out, SPAN_LIT("\\t"));
    if (c == '"' || c == '\\' || (c == '/' && (self->options & SLASH) != 0)) TRY(buf_add(out, SPAN_LIT("\\")));
    return buf_add(out, (struct span){&c, 1});
}

static enum err write_json(const struct encoding *self, struct span value, struct buf *out)
{
    while (value.len > 0) {
        size_t len = 1;
        uint32_t character = value.at[0] < 0x80 ? value.at[0] : utf8_character(value, &len);
        if (character < 0x80)
            TRY(write_json_ascii(self, (uint8_t)character, out));
        else if ((self->options & (EVERY_CHARACTER | ASCII)) != 0)
            TRY(write_unicode(out, character));
        else
            TRY(buf_add(out, span_first(value, len)));
        value = span_from(value, len);
    }
    return ERR_OK;
}

static enum err write_entities(const struct encoding *self, struct span value, struct buf *out)
{
    while (value.len > 0) {
        size_t len = 1;
        uint32_t character = value.at[0] < 0x80 ? value.at[0] : utf8_character(value, &len);
        TRY(buf_printf(out, self->options == 16 ? "&#x%x;" : "&#%u;", character));
        value = span_from(value, len);
    }
    return ERR_OK;
}

enum { BIG_ENDIAN_ = 1 };

static enum err write_unit(struct buf *out, uint32_t unit, unsigned options)
{
    uint8_t low = (uint8_t)unit, high = (uint8_t)(unit >> 8);

    return buf_add(out, (struct span){options == BIG_ENDIAN_ ? (uint8_t[]){high, low} : (uint8_t[]){low, high}, 2});
}

static enum err write_utf16(const struct encoding *self, struct span value, struct buf *out)
{
    while (value.len > 0) {
        size_t len = 1;
        uint32_t character = value.at[0] < 0x80 ? value.at[0] : utf8_character(value, &len);
        if (character >= 0x10000) {
            TRY(write_unit(out, 0xd800 + ((character - 0x10000) >> 10), self->options));
            character = 0xdc00 + (character & 0x3ff);
        }
        TRY(write_unit(out, character, self->options));
        value = span_from(value, len);
    }
    return ERR_OK;
}

static enum err write_reversed(const struct encoding *self, struct span value, struct buf *out)
{
    (void)self;
    for (size_t i = value.len; i > 0; i--) TRY(buf_add(out, (struct span){&value.at[i - 1], 1}));
    return ERR_OK;
}

static enum err write_rot13(const struct encoding *self, struct span value, struct buf *out)
{
    (void)self;
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.at[i], letter = (uint8_t)((c | 0x20) - 'a');
        if (letter < 26) c = (uint8_t)(c - letter + (letter + 13) % 26);
        TRY(buf_add(out, (struct span){&c, 1}));
    }
    return ERR_OK;
}

/* clang-format off */
const struct encoding encodings[] = {
    {"raw",                     write_raw,      "",                     0,               true}, /* names lose case */
    {"reversed",                write_reversed, "",                     0,               true},
    {"rot13",                   write_rot13,    "",                     0,               true},
    {"UTF-16LE",                write_utf16,    "",                     0,               true},
    {"UTF-16BE",                write_utf16,    "",                     BIG_ENDIAN_,     true},
    {"hex",                     write_hex,      "",                     0,               true},
    {"hex, colons",             write_hex,      ":",                    0,               true},
    {"hex, hyphens",            write_hex,      "-",                    0,               true},
    {"hex, blanks",             write_hex,      " ",                    0,               true},
    {"hex, \\x",                write_hex,      "\\x",                  0,               true},
    {"hex, 0x",                 write_hex,      ",0x",                  0,               true},
    {"hex, 0x and blanks",      write_hex,      ", 0x",                 0,               true},
    {"base64",                  write_digits,   BASE64,                 0,               false},
    {"base64 after 1 byte",     write_digits,   BASE64,                 1,               false},
    {"base64 after 2 bytes",    write_digits,   BASE64,                 2,               false},
    {"base64url",               write_digits,   BASE64URL,              0,               false},
    {"base64url after 1 byte",  write_digits,   BASE64URL,              1,               false},
    {"base64url after 2 bytes", write_digits,   BASE64URL,              2,               false},
    {"base32",                  write_digits,   BASE32,                 0,               true},
    {"base32 after 1 byte",     write_digits,   BASE32,                 1,               true},
    {"base32 after 2 bytes",    write_digits,   BASE32,                 2,               true},
    {"base32 after 3 bytes",    write_digits,   BASE32,                 3,               true},
    {"base32 after 4 bytes",    write_digits,   BASE32,                 4,               true},
    {"HTML, decimal",           write_entities, "",                     10,              false},
    {"HTML, hex",               write_entities, "",                     16,              true},
    {"percent, every byte",     write_percent,  "",                     EVERY_BYTE,      true},
    {"encodeURIComponent",      write_percent,  "-_.!~*'()",            0,               true},
    {"percent, RFC 3986",       write_percent,  "-_.~",                 0,               true},
    {"percent, path",           write_percent,  "-_.~/",                0,               true}, /* Python's quote() */
    {"encodeURI",               write_percent,  "-_.!~*'();/?:@&=+$,#", 0,               true},
    {"percent, form",           write_percent,  "-_.*",                 SPACE_IS_PLUS,   true},
    {"JSON",                    write_json,     "",                     0,               false},
    {"JSON, ASCII",             write_json,     "",                     ASCII,           true},
    {"JSON, slashes",           write_json,     "",                     SLASH,           false},
    {"JSON, slashes, ASCII",    write_json,     "",                     SLASH | ASCII,   true}, /* PHP */
    {"JSON, HTML",              write_json,     "<>&",                  0,               true}, /* Go */
    {"JSON, HTML, more",        write_json,     "<>&='",                0,               true}, /* gson */
    {"JSON, every character",   write_json,     "",                     EVERY_CHARACTER, true},
};
/* clang-format on */

const size_t encoding_count = COUNT_OF(encodings);
