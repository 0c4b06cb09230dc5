#include "dlp/scan/literal.h"

#include "dlp/scan/encoding.h"
#include "dlp/scan/entropy.h"
#include "reactor/base/mem.h"

/* Is the form one of the literals from number first on? */
static bool is_known(const struct literals *literals, size_t first, struct span form)
{
    for (size_t i = first; i < literals->count; i++)
        if (span_is(literals->list[i].bytes, form)) return true;
    return false;
}

/* A copy of it, unless it is there. */
static enum err add_literal(struct literals *literals, size_t first, struct literal literal)
{
    uint8_t *room;

    if (is_known(literals, first, literal.bytes)) return ERR_OK;
    TRY(buf_room(&literals->bytes, literal.bytes.len, &room)); /* stays where it is: literals_make() saw to that */
    TRY(buf_add(&literals->bytes, literal.bytes));
    literal.bytes.at = room;
    literals->list[literals->count++] = literal;
    return ERR_OK;
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
        if (err == ERR_OK) err = add_literal(literals, first, (struct literal){bytes, slot, encodings[i].nocase});
        buf_clear(&form);
        TRY(err);
    }
    return ERR_OK;
}

static enum part_class { LOWER, UPPER, DIGIT, MARK, OTHER } class_of(uint8_t c)
{
    if (c >= 'a' && c <= 'z') return LOWER;
    if (c >= 'A' && c <= 'Z') return UPPER;
    if (c >= '0' && c <= '9') return DIGIT;
    return c == '+' || c == '/' || c == '_' || c == '-' || c == '=' || c == '.' || c == '~' ? MARK : OTHER;
}

/* Does no person write so?  Characters of a token alone, of high entropy, and of one kind seldom side by side. */
static bool is_random(struct span part)
{
    enum { TURNS_MIN = 5, ENTROPY_MIN = 3 * ENTROPY_BIT };
    size_t turns = 0;

    for (size_t i = 0; i < part.len; i++) {
        if (class_of(part.at[i]) == OTHER) return false;
        turns += i > 0 && class_of(part.at[i]) != class_of(part.at[i - 1]);
    }
    return turns >= TURNS_MIN && entropy_of(part) >= ENTROPY_MIN;
}

/* Where that begins which no other value shares. */
static size_t find_own(struct span value)
{
    size_t at = value.len;

    if (span_starts(value, SPAN_LIT("-----BEGIN "))) return value.len;
    if (!span_starts(value, SPAN_LIT("eyJ"))) return 0;
    while (at > 0 && value.at[at - 1] != '.') at--;
    return at;
}

static enum err add_parts(struct literals *literals, uint16_t slot, struct span value)
{
    size_t first = literals->count, step = SECRET_PART_RUN - SECRET_PART, own = find_own(value);

    if (value.len < SECRET_PART_RUN) return ERR_OK;
    if (value.len / step > SECRET_PARTS_MAX) step = value.len / SECRET_PARTS_MAX + 1;
    for (size_t at = own; at + SECRET_PART <= value.len; at += step) {
        struct span part = {value.at + at, SECRET_PART};
        if (is_random(part)) TRY(add_literal(literals, first, (struct literal){part, slot, false}));
    }
    return ERR_OK;
}

static enum err add_slot(struct literals *literals, uint16_t slot, struct span value)
{
    size_t colon = span_find(value, ':', 0);

    if (value.len < SECRET_BYTES_MIN) return ERR_OK;
    TRY(add_value(literals, slot, value));
    TRY(add_parts(literals, slot, value));
    if (value.len < colon + 1 + SECRET_BYTES_MIN) return ERR_OK;
    return add_value(literals, slot, span_from(value, colon + 1));
}

enum err literals_make(const struct vault *vault, struct literals *literals)
{
    size_t form_count_max = vault_slots(vault) * 2 * encoding_count;
    size_t part_count_max = vault_slots(vault) * (SECRET_PARTS_MAX + 1);
    enum err err = ERR_OK;
    uint8_t *room;

    *literals = (struct literals){.list = mem_new((form_count_max + part_count_max) * sizeof(struct literal))};
    if (literals->list == NULL) return ERR_NOMEM;
    err = buf_room(&literals->bytes, form_count_max * SCAN_LITERAL_MAX + part_count_max * SECRET_PART, &room);
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
