/* utf8.h — text, a character or a byte at a time (RFC 3629 section 4). */
#pragma once
#include "reactor/base/span.h"

/* Where in a character text is; zeroed between two of them. */
struct utf8 {
    uint8_t left;      /* bytes of this character still to come */
    uint8_t low, high; /* what the next of them may be */
};

/* May c follow?  When not, nothing changes. */
static inline bool utf8_next(struct utf8 *utf8, uint8_t c)
{
    if (utf8->left > 0) {
        if (c < utf8->low || c > utf8->high) return false;
        *utf8 = (struct utf8){(uint8_t)(utf8->left - 1), 0x80, 0xbf};
        return true;
    }
    if (c < 0x80) return true;
    if (c < 0xc2 || c > 0xf4) return false;
    utf8->left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    utf8->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;  /* nothing overlong, */
    utf8->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf; /* no surrogate, nothing beyond U+10FFFF */
    return true;
}

/* The index of the first byte that may not follow, or s.len. */
size_t utf8_run(struct utf8 *utf8, struct span s);

/* The length of the well-formed sequence in front, or 0; s.len > 0. */
static inline size_t utf8_len(struct span s)
{
    struct utf8 utf8 = {0};

    for (size_t i = 0; i < s.len && utf8_next(&utf8, s.at[i]); i++)
        if (utf8.left == 0) return i + 1;
    return 0;
}

/* Its code point; len is what utf8_len() said. */
static inline uint32_t utf8_code(struct span s, size_t len)
{
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = s.at[0] & masks[len];

    for (size_t i = 1; i < len; i++) code = code << 6 | (s.at[i] & 0x3fu);
    return code;
}
