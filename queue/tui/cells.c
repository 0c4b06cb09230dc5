#include "queue/tui/cells.h"

static bool begins(uint8_t byte) { return (byte & 0xc0) != 0x80; }

size_t cells_count(struct span clean)
{
    size_t count = 0;

    for (size_t i = 0; i < clean.len; i++) count += begins(clean.at[i]);
    return count;
}

struct span cells_first(struct span clean, size_t columns)
{
    size_t at = 0;

    for (size_t used = 0; at < clean.len; at++)
        if (begins(clean.at[at]) && used++ == columns) break;
    return span_first(clean, at);
}

struct span cells_last(struct span clean, size_t columns)
{
    size_t at = clean.len;

    for (size_t used = 0; at > 0 && used < columns; at--) used += begins(clean.at[at - 1]);
    return span_from(clean, at);
}
