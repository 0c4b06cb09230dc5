#include "dlp/decode/digits.h"

#include "dlp/decode/worth.h"
#include "reactor/base/limits.h"
#include "reactor/base/own.h"

enum {
    LINE_MIN = 20,     /* digits of a line that is folded, not a word */
    LINES_MIN = 4,     /* shorter lines, of one length, in a row */
    INDENT_MAX = 32,   /* blanks at the start of a folded line */
    PROBE_BEFORE = 16, /* bytes looked at around a place that may be readable */
    PROBE_BYTES = 64,
    PROBE_NEXT = PROBE_BYTES - 2 * DECODE_TEXT_MIN, /* a row that does not end in one probe, in UTF-16 at most, is
                                                       whole in the next */
    WORD = 8,
    WORD_READABLE = 3 /* bytes of a word that are: four in UTF-16, of which the last may be cut */
};

size_t digits_count(const uint8_t *value, struct span text, size_t at, size_t most)
{
    size_t i = at;

    while (i < text.len && i - at < most && value[text.at[i]] != NOT_DIGIT) i++;
    return i - at;
}

/* --- folds ----------------------------------------------------------------------------------------------- */

static bool stands(struct span text, size_t at, uint8_t c) { return at < text.len && text.at[at] == c; }

size_t digits_line(struct span text, size_t at)
{
    size_t end = at, to;

    if (end < text.len && text.at[end] == '\r') end++;
    if (end < text.len && text.at[end] == '\n') {
        end++;
    } else { /* as JSON writes it */
        if (!stands(text, at, '\\')) return 0;
        end = stands(text, at + 1, 'r') ? at + 2 : at;
        if (!stands(text, end, '\\') || !stands(text, end + 1, 'n')) return 0;
        end += 2;
    }
    for (to = end; to < text.len && to - end < INDENT_MAX && (text.at[to] == ' ' || text.at[to] == '\t');) to++;
    return to - at;
}

/* Whether lines of that many digits go on behind at, LINES_MIN of them or to the end of the run. */
static bool is_regular(const uint8_t *value, struct span text, size_t at, size_t line)
{
    for (unsigned i = 0; i < LINES_MIN; i++) {
        size_t digits = digits_count(value, text, at, line + 1), gap = digits_line(text, at + digits);
        if (digits > line || (digits < line && i == 0)) return false;
        if (digits < line || gap == 0) return i > 0; /* the last one is shorter, or nothing follows it */
        at += digits + gap;
    }
    return true;
}

size_t digits_fold(const uint8_t *value, struct span text, size_t at, size_t line, size_t before)
{
    size_t bytes = digits_line(text, at);

    if (bytes == 0 || digits_count(value, text, at + bytes, 1) == 0) return 0;
    if (line >= LINE_MIN || line == before) return bytes; /* the last one may be short */
    return line >= 2 && is_regular(value, text, at + bytes, line) ? bytes : 0;
}

/* --- bits ------------------------------------------------------------------------------------------------ */

struct run {
    const struct decoder *decoder;
    size_t from, to;    /* in the text */
    struct span packed; /* its digits, end to end, from a byte's high bit; zeros fill the last byte */
    unsigned spare;     /* how many */
    struct buf *room;   /* holds packed, and behind it what is told */
    decoded_fn *fn;
    void *context;
};

static uint8_t byte_at(struct span packed, size_t i, unsigned bits)
{
    unsigned next = i + 1 < packed.len ? packed.at[i + 1] : 0;
    return (uint8_t)(((unsigned)packed.at[i] << 8 | next) << bits >> 8);
}

/* The bytes of packed from bit bits on, to at. */
static size_t shift(struct span packed, unsigned bits, uint8_t *to)
{
    for (size_t i = 0; i < packed.len; i++) to[i] = byte_at(packed, i, bits);
    return packed.len;
}

/* Whether the bytes around at, from bit bits on, are worth it. */
static bool probe(struct span packed, size_t at, unsigned bits)
{
    uint8_t bytes[PROBE_BYTES];
    size_t from = at > PROBE_BEFORE ? at - PROBE_BEFORE : 0;
    struct span near = span_first(span_from(packed, from), PROBE_BYTES);
    struct span shifted = {bytes, shift(near, bits, bytes)};

    return decode_worth(&shifted);
}

/* Whether enough bytes of a word, from bit bits on, are no control characters. */
static bool is_readable(uint64_t word, unsigned bits)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t bytes = __builtin_bswap64(word) << bits, readable = (bytes >> 6 | bytes >> 5) & ones;

    return (readable * ones) >> 56 >= WORD_READABLE; /* the highest byte of the product is the sum of all */
}

/* Whether 12 readable bytes start anywhere at that offset.  They hold two words of four bytes, each high bit 0: only
 * where that is so is looked closer. */
static bool has_text(struct span packed, unsigned bits)
{
    const uint64_t high = 0x0101010101010101u * (0x80u >> bits);

    for (size_t i = 0, next; i + WORD <= packed.len; i = next) {
        uint64_t word;
        memcpy(&word, packed.at + i, WORD);
        next = i + 4;
        if ((word & high) != 0 || !is_readable(word, bits)) continue;
        if (probe(packed, i, bits)) return true;
        next = i + PROBE_NEXT;
    }
    return false;
}

static enum err tell_at(const struct run *run, unsigned bits)
{
    struct decoded decoded = {.name = run->decoder->name, .from = run->from, .to = run->to};
    uint8_t *to;

    if (run->packed.len < DECODE_TEXT_MIN) return ERR_OK;
    if (!has_text(run->packed, bits) && (bits != 0 || !decode_is_packed(run->packed))) return ERR_OK;
    to = run->room->at + run->packed.len;
    decoded.bytes = (struct span){to, shift(run->packed, bits, to) - (bits + run->spare > 0) - (bits + run->spare > 8)};
    return decode_worth(&decoded.bytes) ? run->fn(run->context, &decoded) : ERR_OK;
}

/* Every bit offset at which a byte may start: multiples of what a digit has. */
static enum err tell_run(const struct run *run, unsigned bits)
{
    unsigned offset = 0;

    do {
        TRY(tell_at(run, offset));
        offset = (offset + bits) % 8;
    } while (offset != 0);
    return ERR_OK;
}

/* --- runs ------------------------------------------------------------------------------------------------ */

/* Digits end to end. */
struct packing {
    uint8_t *to;
    uint32_t held;
    unsigned bits; /* held and not written yet */
};

/* count digits at at; what is none is a digit of ones, which no text has. */
static void pack(struct packing *packing, const struct digits *digits, const uint8_t *at, size_t count)
{
    const unsigned ones = (1u << digits->bits) - 1;
    struct packing p = *packing;

    for (size_t i = 0; i < count; i++) {
        p.held = p.held << digits->bits | (digits->value[at[i]] & ones);
        p.bits += digits->bits;
        if (p.bits < 8) continue;
        p.bits -= 8;
        *p.to++ = (uint8_t)(p.held >> p.bits);
    }
    *packing = p;
}

/* The run that starts at run->from: its end, its digits packed to to; how many there are. */
static size_t pack_run(const struct digits *digits, struct span text, struct run *run, uint8_t *to)
{
    struct packing packing = {.to = to};
    size_t count = 0, before = 0, gap;

    for (run->to = run->from;; run->to += gap) {
        size_t group = digits_count(digits->value, text, run->to, text.len);
        pack(&packing, digits, text.at + run->to, group);
        count += group;
        run->to += group;
        gap = run->to < text.len && group > 0 ? digits->gap(text, run->to, group, before) : 0;
        before = group;
        if (gap == 0) break;
    }
    run->spare = packing.bits == 0 ? 0 : 8 - packing.bits;
    if (packing.bits > 0) *packing.to++ = (uint8_t)(packing.held << run->spare);
    run->packed = (struct span){to, (size_t)(packing.to - to)};
    return count;
}

bool digits_are_text(const struct digits *digits, struct span text, size_t at)
{
    enum { LOOK = 64 };
    uint8_t bytes[LOOK];
    struct packing packing = {.to = bytes};
    struct span packed = {bytes, 0};
    unsigned offset = 0;

    pack(&packing, digits, text.at + at, span_first(span_from(text, at), LOOK).len);
    packed.len = (size_t)(packing.to - bytes);
    do {
        if (has_text(packed, offset)) return true;
        offset = (offset + digits->bits) % 8;
    } while (offset != 0);
    return false;
}

enum err digits_undo(const struct decoder *self, const struct digits *digits, struct span text, struct buf *room,
                     decoded_fn *fn, void *context)
{
    struct run run = {.decoder = self, .room = room, .fn = fn, .context = context};
    uint8_t *to;

    buf_cut(room, 0);
    TRY(buf_room(room, 2 * text.len, &to));
    buf_added(room, 2 * text.len);
    for (size_t at = 0; at < text.len; at = run.to) {
        size_t group;
        while (at < text.len && digits->value[text.at[at]] == NOT_DIGIT) at++;
        group = digits_count(digits->value, text, at, text.len);
        run.from = at;
        run.to = at + group;
        if (run.to == text.len) {
            if (group < digits->run_min) continue;
        } else if (group < digits->run_min && digits->gap(text, run.to, group, 0) == 0) {
            continue; /* a word */
        }
        if (pack_run(digits, text, &run, to) >= digits->run_min) TRY(tell_run(&run, digits->bits));
    }
    return ERR_OK;
}
