/* utf8.h — one character of text (RFC 3629 section 4). */
#pragma once
#include "reactor/base/span.h"

/* The length of the well-formed sequence in front, or 0; s.len > 0. */
static inline size_t utf8_len(struct span s)
{
    uint8_t c = s.at[0];
    size_t len = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;

    if (len == 0 || len > s.len) return 0;
    for (size_t i = 1; i < len; i++)
        if ((s.at[i] & 0xc0) != 0x80) return 0;
    if ((c == 0xe0 && s.at[1] < 0xa0) || (c == 0xed && s.at[1] > 0x9f)) return 0;
    if ((c == 0xf0 && s.at[1] < 0x90) || (c == 0xf4 && s.at[1] > 0x8f)) return 0;
    return len;
}

/* Its code point; len is what utf8_len() said. */
static inline uint32_t utf8_code(struct span s, size_t len)
{
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = s.at[0] & masks[len];

    for (size_t i = 1; i < len; i++) code = code << 6 | (s.at[i] & 0x3fu);
    return code;
}
