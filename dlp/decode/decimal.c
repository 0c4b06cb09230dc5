#include "dlp/decode/decoders.h"
#include "dlp/decode/worth.h"
#include "reactor/base/limits.h"

/* Character codes in decimal, "103, 104,112", as a list in a program or in JSON has them. */

enum { GAP_MAX = 8 };

static bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

/* The number at at, at most 255 and at most three digits: its digits, or 0. */
static size_t read_code(struct span text, size_t at, unsigned *code)
{
    size_t i = at;

    for (*code = 0; i < text.len && is_digit(text.at[i]); i++) {
        if (i - at == 3) return 0;
        *code = *code * 10 + text.at[i] - '0';
    }
    return *code <= 255 ? i - at : 0;
}

static bool is_between(uint8_t c) { return c == ' ' || c == ',' || c == ';' || c == '\t' || c == '\r' || c == '\n'; }

/* What stands between two codes. */
static size_t gap(struct span text, size_t at)
{
    size_t i = at;

    while (i < text.len && i - at < GAP_MAX && is_between(text.at[i])) i++;
    return i - at;
}

enum err decimal_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    struct decoded decoded = {.name = self->name};
    uint8_t *to;

    buf_cut(room, 0);
    TRY(buf_room(room, text.len, &to));
    buf_added(room, text.len);
    for (size_t at = 0; at < text.len; at = decoded.to + 1) {
        size_t digits, len = 0, between = 0;
        unsigned code;
        while (at < text.len && !is_digit(text.at[at])) at++;
        decoded.from = decoded.to = at;
        while ((digits = read_code(text, at, &code)) > 0) {
            to[len++] = (uint8_t)code;
            decoded.to = at + digits;
            between = gap(text, decoded.to);
            if (between == 0) break;
            at = decoded.to + between;
        }
        decoded.bytes = (struct span){to, len};
        if (len >= DECODE_TEXT_MIN && decode_worth(&decoded.bytes)) TRY(fn(context, &decoded));
    }
    return ERR_OK;
}

bool decimal_is_text(struct span text, size_t at)
{
    enum { CODES = 4 };
    unsigned code;

    for (unsigned i = 0; i < 3 && at < text.len && is_digit(text.at[at]); i++) at++; /* the lane may begin within one */
    for (unsigned i = 0; i < CODES; i++) {
        size_t between = gap(text, at), digits = read_code(text, at + between, &code);
        if (between == 0 || digits == 0 || code < ' ' || code > '~') return false;
        at += between + digits;
    }
    return true;
}
