#include "dlp/scan/literal.h"

#include "dlp/scan/encoding.h"
#include "reactor/base/mem.h"

/* Is the form one of the literals from number first on? */
static bool is_known(const struct literals *literals, size_t first, struct span form)
{
    for (size_t i = first; i < literals->count; i++)
        if (span_is(literals->list[i].bytes, form)) return true;
    return false;
}

/* Every form of one value that differs from those before it; the first encoding to write a form decides on case. */
static enum err add_value(struct literals *literals, uint16_t slot, struct span value)
{
    size_t first = literals->count;

    for (size_t i = 0; i < encoding_count; i++) {
        struct buf form = {0};
        enum err err = encoding_write(&encodings[i], value, &form);
        struct span bytes = buf_span(&form);

        if (bytes.len > SCAN_LITERAL_MAX) bytes = span_from(bytes, bytes.len - SCAN_LITERAL_MAX);
        if (err == ERR_OK && !is_known(literals, first, bytes)) {
            struct span kept = {buf_span(&literals->bytes).at + buf_len(&literals->bytes), bytes.len};
            err = buf_add(&literals->bytes, bytes); /* there is room: literals_make() saw to it */
            literals->list[literals->count++] = (struct literal){kept, slot, encodings[i].nocase};
        }
        buf_clear(&form);
        TRY(err);
    }
    return ERR_OK;
}

static enum err add_slot(struct literals *literals, uint16_t slot, struct span value)
{
    size_t colon = span_find(value, ':', 0);

    if (value.len < SECRET_BYTES_MIN) return ERR_OK;
    TRY(add_value(literals, slot, value));
    if (value.len < colon + 1 + SECRET_BYTES_MIN) return ERR_OK;
    return add_value(literals, slot, span_from(value, colon + 1));
}

enum err literals_make(const struct vault *vault, struct literals *literals)
{
    size_t count_max = vault_slots(vault) * 2 * encoding_count;
    enum err err = ERR_OK;
    uint8_t *room;

    *literals = (struct literals){.list = mem_new(count_max * sizeof(struct literal))};
    if (literals->list == NULL) return ERR_NOMEM;
    err = buf_room(&literals->bytes, count_max * SCAN_LITERAL_MAX, &room); /* spans into it stay where they are */
    for (size_t slot = 0; err == ERR_OK && slot < vault_slots(vault); slot++)
        err = add_slot(literals, (uint16_t)slot, vault_get(vault, slot));
    if (err != ERR_OK) literals_free(literals);
    return err;
}

void literals_free(struct literals *literals)
{
    buf_clear(&literals->bytes);
    mem_free(literals->list);
    *literals = (struct literals){0};
}
