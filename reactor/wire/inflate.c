#include "reactor/wire/inflate.h"

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/wire/coding.h"
#include "reactor/wire/head.h"

struct layer {
    struct decoder decoder;
    uint64_t given; /* bytes */
    uint8_t piece[INFLATE_PIECE];
};

struct inflate {
    inflate_fn *fn;
    void *context;
    enum err err;   /* of the first failure */
    uint64_t taken; /* bytes fed */
    size_t count;
    struct layer layers[]; /* in the order they are undone */
};

/* What changes no byte: "chunked" is a transfer coding (RFC 9112 section 7), here a mistake that no origin undoes. */
static bool is_none(struct span name)
{
    return span_is_nocase(name, SPAN_LIT("identity")) || span_is_nocase(name, SPAN_LIT("chunked"));
}

/* Codings in the order they were applied.  errors: ERR_DENIED */
static enum err read_list(struct span list, const struct coding **codings, size_t *count)
{
    for (struct span name; head_next_element(&list, &name);) {
        const struct coding *coding = coding_find(name);
        if (is_none(name)) continue;
        if (coding == NULL || *count == CODINGS_MAX) return ERR_DENIED;
        codings[(*count)++] = coding;
    }
    return ERR_OK;
}

enum err inflate_new(struct span list, inflate_fn *fn, void *context, struct inflate **inflate_out)
{
    const struct coding *codings[CODINGS_MAX];
    AUTO(inflate) chain = NULL;
    size_t count = 0;

    *inflate_out = NULL;
    TRY(read_list(list, codings, &count));
    if (count == 0) return ERR_OK;
    chain = mem_new(sizeof *chain + count * sizeof *chain->layers);
    if (chain == NULL) return ERR_NOMEM;
    chain->fn = fn;
    chain->context = context;
    while (count > 0) TRY(decoder_open(&chain->layers[chain->count++].decoder, codings[--count]));
    *inflate_out = MOVE(chain);
    return ERR_OK;
}

/* Bytes that each coding may have given by now.  It grows by whole blocks, so it does not matter how far in one the
 * caller's cut is. */
static uint64_t bound(const struct inflate *chain)
{
    uint64_t blocks = (chain->taken + INFLATE_BLOCK - 1) / INFLATE_BLOCK,
             bytes = blocks * INFLATE_BLOCK * INFLATE_RATIO_MAX;

    return bytes < INFLATE_TOTAL_MAX ? bytes : INFLATE_TOTAL_MAX;
}

static enum err take(struct inflate *chain, size_t level, struct span in);

/* Hands len bytes of the layer's piece on, up to the bound. */
static enum err give(struct inflate *chain, size_t level, size_t len)
{
    struct layer *layer = &chain->layers[level];
    uint64_t left = bound(chain) - layer->given;
    struct span out = {layer->piece, len < left ? len : (size_t)left};

    layer->given += out.len;
    if (out.len > 0) TRY(take(chain, level + 1, out));
    return out.len < len ? ERR_LIMIT : ERR_OK;
}

/* Undoes the codings from level on; what came before a failure is handed on before it. */
static enum err take(struct inflate *chain, size_t level, struct span in)
{
    struct layer *layer = &chain->layers[level];
    struct decoder *decoder = &layer->decoder;
    size_t len = 0;

    if (level == chain->count) return chain->fn(chain->context, in);
    while (in.len > 0 || (len == sizeof layer->piece && !decoder->whole)) {
        enum err err = decoder_step(decoder, &in, layer->piece, sizeof layer->piece, &len);
        TRY(give(chain, level, len));
        TRY(err);
    }
    return ERR_OK;
}

enum err inflate_feed(struct inflate *chain, struct span bytes)
{
    while (chain->err == ERR_OK && bytes.len > 0) {
        struct span part = span_first(bytes, INFLATE_BLOCK - chain->taken % INFLATE_BLOCK);
        chain->taken += part.len;
        chain->err = take(chain, 0, part);
        bytes = span_from(bytes, part.len);
    }
    return chain->err;
}

enum err inflate_end(const struct inflate *chain)
{
    TRY(chain->err);
    for (size_t i = 0; i < chain->count; i++)
        if (chain->layers[i].decoder.begun && !chain->layers[i].decoder.whole) return ERR_SYNTAX;
    return ERR_OK;
}

void inflate_free(struct inflate **inflate)
{
    struct inflate *chain = MOVE(*inflate);

    if (chain == NULL) return;
    for (size_t i = 0; i < chain->count; i++) decoder_close(&chain->layers[i].decoder);
    mem_free(chain);
}
