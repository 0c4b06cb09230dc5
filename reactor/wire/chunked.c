#include "reactor/wire/chunked.h"

#include "reactor/base/limits.h"
#include "reactor/wire/octets.h"

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum chunked_state next_of_size(struct chunked *d, uint8_t c)
{
    int digit = hex_value(c);

    if (digit >= 0) {
        if (d->left > (CHUNK_SIZE_MAX >> 4)) return CHUNKED_BAD;
        d->left = d->left << 4 | (uint32_t)digit;
        return CHUNKED_SIZE;
    }
    if (d->line == 1) return CHUNKED_BAD; /* a size has at least one digit */
    return c == ';' ? CHUNKED_EXT_BEGIN : c == '\r' ? CHUNKED_SIZE_LF : CHUNKED_BAD;
}

/* The byte after a name or value. */
static enum chunked_state next_of_extension(uint8_t c)
{
    return c == ';' ? CHUNKED_EXT_BEGIN : c == '\r' ? CHUNKED_SIZE_LF : CHUNKED_BAD;
}

static enum chunked_state next_of_quoted(uint8_t c)
{
    if (c == '"') return CHUNKED_EXT_END;
    if (c == '\\') return CHUNKED_EXT_ESCAPE;
    return octet_is(c, OCTET_VALUE) ? CHUNKED_EXT_QUOTED : CHUNKED_BAD;
}

static enum chunked_state next_of_line(struct chunked *d, uint8_t c)
{
    bool token = octet_is(c, OCTET_TOKEN);

    switch (d->state) {
    case CHUNKED_SIZE: return next_of_size(d, c);
    case CHUNKED_EXT_BEGIN: return token ? CHUNKED_EXT_NAME : CHUNKED_BAD;
    case CHUNKED_EXT_NAME: return token ? CHUNKED_EXT_NAME : c == '=' ? CHUNKED_EXT_EQUALS : next_of_extension(c);
    case CHUNKED_EXT_EQUALS: return token ? CHUNKED_EXT_VALUE : c == '"' ? CHUNKED_EXT_QUOTED : CHUNKED_BAD;
    case CHUNKED_EXT_VALUE: return token ? CHUNKED_EXT_VALUE : next_of_extension(c);
    case CHUNKED_EXT_QUOTED: return next_of_quoted(c);
    case CHUNKED_EXT_ESCAPE: return octet_is(c, OCTET_VALUE) ? CHUNKED_EXT_QUOTED : CHUNKED_BAD;
    case CHUNKED_EXT_END: return next_of_extension(c);
    case CHUNKED_SIZE_LF: d->line = 0; return c != '\n' ? CHUNKED_BAD : d->left == 0 ? CHUNKED_TRAILERS : CHUNKED_BODY;
    case CHUNKED_BODY_CR: return c == '\r' ? CHUNKED_BODY_LF : CHUNKED_BAD;
    case CHUNKED_BODY_LF: d->line = 0; return c == '\n' ? CHUNKED_SIZE : CHUNKED_BAD;
    case CHUNKED_BODY:
    case CHUNKED_TRAILERS:
    case CHUNKED_DONE:
    case CHUNKED_BAD: break;
    }
    return CHUNKED_BAD;
}

/* One byte of framing. */
static enum chunked_state next_state(struct chunked *d, uint8_t c)
{
    return ++d->line > CHUNK_LINE_MAX ? CHUNKED_BAD : next_of_line(d, c);
}

static size_t take_data(struct chunked *d, struct span in, struct span *data)
{
    *data = span_first(in, d->left);
    d->left -= (uint32_t)data->len;
    if (d->left == 0) d->state = CHUNKED_BODY_CR;
    return data->len;
}

static size_t take_trailers(struct chunked *d, struct span in)
{
    size_t len;
    enum err err = octet_find_end(in, TRAILER_BYTES_MAX, true, &d->scanned, &len);

    if (err == ERR_AGAIN) return 0;
    d->state = err == ERR_OK ? CHUNKED_DONE : CHUNKED_BAD;
    if (err != ERR_OK) return 0;
    d->trailers = span_first(in, len - 2);
    return len;
}

void chunked_feed(struct chunked *decoder, struct span in, size_t *used, struct span *data)
{
    size_t at = 0;

    *data = (struct span){0};
    while (at < in.len && decoder->state < CHUNKED_TRAILERS && data->len == 0) {
        if (decoder->state == CHUNKED_BODY)
            at += take_data(decoder, span_from(in, at), data);
        else
            decoder->state = next_state(decoder, in.at[at++]);
    }
    if (decoder->state == CHUNKED_TRAILERS && at < in.len) at += take_trailers(decoder, span_from(in, at));
    *used = at;
}
