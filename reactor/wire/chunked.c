#include "reactor/wire/chunked.h"

#include "reactor/base/limits.h"

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of framing. */
static enum chunked_state next_state(struct chunked *d, uint8_t c)
{
    int digit;

    switch (d->state) {
    case CHUNKED_SIZE:
        if (++d->line > CHUNK_LINE_MAX) return CHUNKED_BAD;
        if ((digit = hex_value(c)) >= 0) {
            if (d->left > (CHUNK_SIZE_MAX >> 4)) return CHUNKED_BAD;
            d->left = d->left << 4 | (uint32_t)digit;
            return CHUNKED_SIZE;
        }
        if (d->line == 1) return CHUNKED_BAD; /* a size has at least one digit */
        return c == ';' ? CHUNKED_EXT : c == '\r' ? CHUNKED_SIZE_LF : CHUNKED_BAD;
    case CHUNKED_EXT:
        if (++d->line > CHUNK_LINE_MAX) return CHUNKED_BAD;
        return c == '\r' ? CHUNKED_SIZE_LF : c >= 0x20 && c < 0x7f ? CHUNKED_EXT : CHUNKED_BAD;
    case CHUNKED_SIZE_LF: d->line = 0; return c != '\n' ? CHUNKED_BAD : d->left == 0 ? CHUNKED_END_CR : CHUNKED_BODY;
    case CHUNKED_BODY_CR: return c == '\r' ? CHUNKED_BODY_LF : CHUNKED_BAD;
    case CHUNKED_BODY_LF: return c == '\n' ? CHUNKED_SIZE : CHUNKED_BAD;
    case CHUNKED_END_CR: return c == '\r' ? CHUNKED_END_LF : CHUNKED_BAD;
    case CHUNKED_END_LF: return c == '\n' ? CHUNKED_DONE : CHUNKED_BAD;
    case CHUNKED_BODY:
    case CHUNKED_DONE:
    case CHUNKED_BAD: return d->state;
    }
    return CHUNKED_BAD;
}

void chunked_feed(struct chunked *decoder, struct span in, size_t *used, struct span *data)
{
    size_t at = 0;

    *data = (struct span){0};
    while (at < in.len && decoder->state < CHUNKED_DONE) {
        if (decoder->state != CHUNKED_BODY) {
            decoder->state = next_state(decoder, in.at[at++]);
            continue;
        }
        size_t len = in.len - at < decoder->left ? in.len - at : decoder->left;
        *data = (struct span){in.at + at, len};
        at += len;
        decoder->left -= (uint32_t)len;
        if (decoder->left == 0) decoder->state = CHUNKED_BODY_CR;
        break;
    }
    *used = at;
}
