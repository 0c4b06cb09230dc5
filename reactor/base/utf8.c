#include "reactor/base/utf8.h"

#define EACH_BYTE(c) (0x0101010101010101u * (uint64_t)(c))

/* The index of the first byte at or after from that is not ASCII, or one less than eight before the end. */
static size_t skip_ascii(struct span s, size_t from)
{
    uint64_t eight;

    for (; s.len - from >= sizeof eight; from += sizeof eight) {
        memcpy(&eight, s.at + from, sizeof eight);
        if ((eight & EACH_BYTE(0x80)) != 0) break;
    }
    return from;
}

size_t utf8_run(struct utf8 *utf8, struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (utf8->left == 0) i = skip_ascii(s, i);
        if (i < s.len && !utf8_next(utf8, s.at[i])) return i;
    }
    return s.len;
}
