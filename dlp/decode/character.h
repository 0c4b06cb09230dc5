/* character.h — one character in UTF-8 (RFC 3629) and UTF-16 (RFC 2781). */
#pragma once
#include "reactor/base/span.h"

enum { UTF8_BYTES_MAX = 4, UTF8_LEAD_MIN = 0xc2, UTF8_REST_END = 0xc0 };

/* Whether two bytes may begin a character of more than one. */
static inline bool utf8_begins(const uint8_t *at)
{
    return at[0] >= UTF8_LEAD_MIN && (int8_t)at[1] < UTF8_REST_END - 256;
}

/* Writes a character, a lone surrogate too, to to: how many bytes. */
static inline size_t utf8_write(uint32_t character, uint8_t *to)
{
    size_t len = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;

    if (len == 1) {
        to[0] = (uint8_t)character;
        return 1;
    }
    for (size_t i = len; i-- > 1; character >>= 6) to[i] = (uint8_t)(0x80 | (character & 0x3f));
    to[0] = (uint8_t)((0xf00u >> len & 0xff) | character);
    return len;
}

/* The character at at and its bytes; 0 bytes: there is none, or it is cut. */
static inline size_t utf8_read(struct span text, size_t at, uint32_t *character)
{
    uint8_t c = text.at[at];
    size_t len = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

    if (len == 0 || text.len - at < len) return 0;
    *character = len == 1 ? c : c & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((text.at[at + i] & 0xc0) != 0x80) return 0;
        *character = *character << 6 | (text.at[at + i] & 0x3fu);
    }
    return len;
}

static inline bool utf16_is_high(uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
static inline bool utf16_is_low(uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }
static inline uint32_t utf16_join(uint32_t high, uint32_t low)
{
    return 0x10000 + ((high - 0xd800) << 10) + low - 0xdc00;
}
