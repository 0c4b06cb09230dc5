/* fuzz_decode.c — claim: whatever the text, each decoder tells stretches that lie within it and are at most twice as
 * long, the same ones each time; and a value that was put into it, encoded, is among what is told.
 * The first byte chooses the encoding, the second where in the rest it stands.
 * Reaches every decoder, decode_signs(), every blocks_nth().  Seeds fuzz/corpus/decode. */
#include <stdio.h>
#include <stdlib.h>

#include "dlp/decode/blocks.h"
#include "dlp/decode/decode.h"
#include "reactor/base/encode.h"
#include "reactor/base/limits.h"

enum { ENCODINGS = 6 };

static const struct span value = SPAN_LIT("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");

struct heard {
    struct span text;
    uint64_t sum; /* of all that was told */
    size_t found;
};

static void require(bool claim)
{
    if (!claim) abort();
}

static enum err on_decoded(void *context, const struct decoded *decoded)
{
    struct heard *heard = context;

    require(decoded->from < decoded->to && decoded->to <= heard->text.len);
    require(decoded->bytes.len > 0 && decoded->bytes.len <= 2 * heard->text.len);
    if (memmem(decoded->bytes.at, decoded->bytes.len, value.at, value.len) != NULL) heard->found++;
    for (size_t i = 0; i < decoded->bytes.len; i++) heard->sum = heard->sum * 31 + decoded->bytes.at[i];
    return ERR_OK;
}

/* signs: of the decoders that are called. */
static struct heard undo(struct span text, uint32_t signs)
{
    struct heard heard = {.text = text};
    struct buf room = {0};

    for (size_t i = 0; i < decoder_count; i++)
        if ((decoders[i].signs & signs) != 0)
            require(decode_undo(&decoders[i], text, &room, on_decoded, &heard) == ERR_OK);
    buf_clear(&room);
    return heard;
}

static void add_each(struct buf *text, const char *format)
{
    for (size_t i = 0; i < value.len; i++) require(buf_printf(text, format, (unsigned)value.at[i]) == ERR_OK);
}

static void add_value(struct buf *text, unsigned encoding)
{
    switch (encoding) {
    case 0: require(encode_base64(text, value, BASE64_URL) == ERR_OK); break;
    case 1: require(encode_hex(text, value) == ERR_OK); break;
    case 2: add_each(text, "%%%02x"); break;
    case 3: add_each(text, "\\u%04x"); break;
    case 4: add_each(text, "&#%u;"); break;
    default: add_each(text, "%u,"); break;
    }
}

static void add(struct buf *text, struct span bytes) { require(buf_add(text, bytes) == ERR_OK); }

static void check_places(struct span text)
{
    struct marks first_marks, marks;
    struct rows first_rows, rows;

    if (text.len < BLOCK_BYTES + BLOCK_BEHIND) return;
    blocks_nth(0)->marks(text.at, 1, &first_marks);
    blocks_nth(0)->rows(text.at, 1, &first_rows);
    for (unsigned i = 1; blocks_nth(i) != NULL; i++) {
        blocks_nth(i)->marks(text.at, 1, &marks);
        require(memcmp(&marks, &first_marks, sizeof marks) == 0);
        blocks_nth(i)->rows(text.at, 1, &rows);
        require(memcmp(&rows, &first_rows, sizeof rows) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct span rest = {bytes + 2, len - 2}, front;
    struct buf text = {0};
    struct heard heard;
    uint32_t signs;

    if (len < 3) return 0;
    front = span_first(rest, bytes[1] * 4u);
    heard = undo(rest, UINT32_MAX);
    require(heard.sum == undo(rest, UINT32_MAX).sum);
    check_places(rest);

    add(&text, front);
    add(&text, SPAN_LIT(" \""));
    add_value(&text, bytes[0] % ENCODINGS);
    add(&text, SPAN_LIT("\" "));
    add(&text, span_from(rest, front.len));
    signs = decode_signs(buf_span(&text));
    require(undo(buf_span(&text), signs).found > 0);
    buf_clear(&text);
    return 0;
}
