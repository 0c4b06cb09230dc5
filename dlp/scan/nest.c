#include "dlp/scan/nest.h"

#include "dlp/scan/pane.h"
#include "reactor/base/digest.h"
#include "reactor/base/own.h"
#include "reactor/wire/inflate.h"

/* A text on the way down. */
struct level {
    struct nest *nest;
    const struct text *text;
};

void nest_begin(struct nest *nest, struct scanner *scanner, const struct sink *sink, uint32_t *texts, size_t bytes)
{
    nest->scanner = scanner;
    nest->sink = *sink;
    nest->path = *sink->path;
    nest->sink.path = &nest->path;
    nest->joined = NULL;
    nest->texts = texts;
    nest->budget = DECODE_BUDGET * (bytes > DECODE_OVERLAP ? bytes : DECODE_OVERLAP);
    nest->is_spent = false;
    nest->seen_count = 0;
}

/* ERR_LIMIT ends all undoing of the text. */
static enum err spend(struct nest *nest, size_t bytes)
{
    nest->is_spent = bytes > nest->budget;
    if (nest->is_spent) return ERR_LIMIT;
    nest->budget -= bytes;
    return ERR_OK;
}

/* What is still encoded at the bottom is not looked at, so it is a finding. */
static enum err go_deeper(struct nest *nest)
{
    nest->is_spent = nest->path.depth == DECODE_DEPTH_MAX;
    return nest->is_spent ? ERR_LIMIT : ERR_OK;
}

static bool was_seen(struct nest *nest, const struct text *text)
{
    uint8_t cut = (uint8_t)(text->begins | text->ends << 1), key[DIGEST_BYTES];
    struct digest digest;

    digest_begin(&digest);
    digest_add(&digest, (struct span){&cut, 1});
    digest_add(&digest, text->bytes);
    digest_end(&digest, key);
    for (size_t i = 0; i < nest->seen_count; i++)
        if (memcmp(nest->seen[i], key, NEST_KEY_BYTES) == 0) return true;
    if (nest->seen_count < NEST_SEEN_MAX) memcpy(nest->seen[nest->seen_count++], key, NEST_KEY_BYTES);
    return false;
}

static enum err look(struct nest *nest, const struct text *text);
static enum err look_inflated(struct nest *nest, const struct text *text);

/* The path leads to it. */
static enum err look_at_new(struct nest *nest, const struct text *text)
{
    nest->path.text = ++*nest->texts;
    nest->path.base = 0;
    TRY(text_scan(nest->scanner, text, &nest->sink));
    TRY(look_inflated(nest, text));
    return look(nest, text);
}

enum { BESIDE_BYTES = 8 };

/* An escape is told with what stands around it, which was cut out of its text: there bytes and text are the same. */
static bool is_cut_before(struct span text, const struct decoded *decoded)
{
    return decoded->from > 0 && decoded->bytes.len >= BESIDE_BYTES &&
           span_starts(span_from(text, decoded->from), span_first(decoded->bytes, BESIDE_BYTES));
}

static bool is_cut_behind(struct span text, const struct decoded *decoded)
{
    return decoded->to < text.len && decoded->to >= BESIDE_BYTES && decoded->bytes.len >= BESIDE_BYTES &&
           span_starts(span_from(text, decoded->to - BESIDE_BYTES),
                       span_from(decoded->bytes, decoded->bytes.len - BESIDE_BYTES));
}

static enum err on_decoded(void *context, const struct decoded *decoded)
{
    const struct level *level = context;
    struct nest *nest = level->nest;
    const struct path path = nest->path;
    const struct span around = level->text->bytes;
    const struct text text = {
        .bytes = decoded->bytes,
        .begins = decoded->from > 0 ? !is_cut_before(around, decoded) : level->text->begins,
        .ends = decoded->to < around.len ? !is_cut_behind(around, decoded) : level->text->ends,
    };

    TRY(go_deeper(nest));
    TRY(spend(nest, text.bytes.len));
    if (was_seen(nest, &text)) return ERR_OK;
    nest->path.names[nest->path.depth++] = decoded->name;
    if (path.to == 0) {
        nest->path.from = level->text->at + decoded->from;
        nest->path.to = level->text->at + decoded->to;
    }
    enum err err = look_at_new(nest, &text);
    nest->path = path;
    return err;
}

/* cost: of each decoder's look, in bytes of the budget. */
static enum err undo(struct nest *nest, const struct text *text, size_t cost)
{
    uint32_t signs = decode_signs(text->bytes);
    struct level level = {nest, text};
    struct buf *room = &nest->scanner->rooms[nest->path.depth];

    for (size_t i = 0; signs != 0 && i < decoder_count; i++) {
        if ((decoders[i].signs & signs) == 0) continue;
        TRY(spend(nest, cost));
        TRY(decode_undo(&decoders[i], text->bytes, room, on_decoded, &level));
    }
    return ERR_OK;
}

static enum err look(struct nest *nest, const struct text *text)
{
    return undo(nest, text, text->bytes.len / DECODE_LOOKS);
}

static enum err undo_joined(struct nest *nest, const struct text *text)
{
    struct level level = {nest, text};

    if (nest->joined == NULL || nest->path.depth == DECODE_DEPTH_MAX) return ERR_OK;
    return decode_undo(nest->joined, text->bytes, &nest->scanner->rooms[nest->path.depth], on_decoded, &level);
}

enum err nest_look(struct nest *nest, const struct text *text)
{
    enum err err = undo(nest, text, 0); /* no more than there are decoders */

    if (err == ERR_OK) err = undo_joined(nest, text);
    for (size_t i = 0; i < COUNT_OF(nest->scanner->rooms); i++) buf_cut(&nest->scanner->rooms[i], 0);
    if (!nest->is_spent) return err;
    nest_tell_spent(&nest->sink);
    return ERR_OK;
}

void nest_tell_spent(const struct sink *sink)
{
    text_tell_bound(sink, "too-deep", "more encodings in each other than are undone");
}

/* --- compressed ------------------------------------------------------------------------------------------ */

struct span nest_coding(struct span text)
{
    static const struct {
        struct span start, name;
    } magic[] = {{SPAN_LIT("\x1f\x8b\x08"), SPAN_LIT("gzip")}, {SPAN_LIT("\x28\xb5\x2f\xfd"), SPAN_LIT("zstd")}};
    enum { ZLIB_CHECK = 31, WINDOW_BITS = 0x70, DEFLATE = 8, DICTIONARY = 0x20 };

    for (size_t i = 0; i < COUNT_OF(magic); i++)
        if (span_starts(text, magic[i].start)) return magic[i].name;
    if (text.len < 2 || (text.at[0] & ~WINDOW_BITS) != DEFLATE) return (struct span){0}; /* RFC 1950 section 2.2 */
    if ((text.at[0] << 8 | text.at[1]) % ZLIB_CHECK != 0 || (text.at[1] & DICTIONARY) != 0) return (struct span){0};
    return SPAN_LIT("deflate");
}

/* What comes of a compressed text. */
struct inflated {
    struct nest *nest;
    struct pane pane;
    enum err err; /* of looking at it */
};

static enum err look_at_pane(struct inflated *inflated, bool ends)
{
    const struct text text = {.bytes = pane_bytes(&inflated->pane), .begins = inflated->pane.at == 0, .ends = ends};
    struct nest *nest = inflated->nest;

    nest->path.text = ++*nest->texts;
    TRY(text_scan(nest->scanner, &text, &nest->sink));
    return look(nest, &text);
}

static enum err take_inflated(struct inflated *inflated, struct span bytes)
{
    struct span taken;

    TRY(spend(inflated->nest, bytes.len));
    while (bytes.len > 0) {
        TRY(pane_take(&inflated->pane, &bytes, &taken));
        if (!pane_is_full(&inflated->pane)) continue;
        TRY(look_at_pane(inflated, false));
        pane_move(&inflated->pane);
    }
    return ERR_OK;
}

static enum err on_inflated(void *context, struct span bytes)
{
    struct inflated *inflated = context;

    inflated->err = take_inflated(inflated, bytes);
    return inflated->err;
}

/* Bytes that are not so coded, or only at their start, are no error: what came of them has been looked at. */
static enum err inflate_all(struct inflated *inflated, struct span coding, struct span bytes)
{
    AUTO(inflate) inflate = NULL;

    TRY(inflate_new(coding, on_inflated, inflated, &inflate));
    enum err err = inflate_feed(inflate, bytes);
    TRY(inflated->err);
    if (err == ERR_NOMEM) return err;
    if (err == ERR_LIMIT) inflated->nest->is_spent = true;
    if (err == ERR_LIMIT) return err;
    return look_at_pane(inflated, true);
}

static enum err look_inflated(struct nest *nest, const struct text *text)
{
    struct span coding = nest_coding(text->bytes);
    struct inflated inflated = {.nest = nest};
    const struct path path = nest->path;

    if (coding.len == 0) return ERR_OK;
    TRY(go_deeper(nest));
    TRY(spend(nest, DECODE_INFLATE_COST));
    nest->path.names[nest->path.depth++] = (const char *)coding.at;
    enum err err = inflate_all(&inflated, coding, text->bytes);
    nest->path = path;
    pane_close(&inflated.pane);
    return err;
}
