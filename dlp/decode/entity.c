#include "dlp/decode/decoders.h"
#include "dlp/decode/escapes.h"
#include "reactor/base/own.h"

/* HTML's and XML's character references, decimal, hexadecimal and by name; browsers do without the ';'. */

enum { NUMBER_MAX = 8, NAME_BYTES = 13 }; /* the longest name and its ';' */

static const struct {
    const char *name;
    char character;
} names[] = {
    {"amp", '&'},      {"lt", '<'},     {"gt", '>'},     {"quot", '"'},         {"apos", '\''},    {"lowbar", '_'},
    {"UnderBar", '_'}, {"period", '.'}, {"sol", '/'},    {"plus", '+'},         {"equals", '='},   {"colon", ':'},
    {"hyphen", '-'},   {"dash", '-'},   {"commat", '@'}, {"dollar", '$'},       {"excl", '!'},     {"num", '#'},
    {"percnt", '%'},   {"ast", '*'},    {"midast", '*'}, {"comma", ','},        {"semi", ';'},     {"quest", '?'},
    {"lpar", '('},     {"rpar", ')'},   {"lsqb", '['},   {"lbrack", '['},       {"rsqb", ']'},     {"rbrack", ']'},
    {"lcub", '{'},     {"lbrace", '{'}, {"rcub", '}'},   {"rbrace", '}'},       {"bsol", '\\'},    {"Hat", '^'},
    {"grave", '`'},    {"verbar", '|'}, {"vert", '|'},   {"VerticalLine", '|'}, {"NewLine", '\n'}, {"Tab", '\t'},
    {"nbsp", ' '},
};

static size_t next(struct span text, size_t from) { return span_find(text, '&', from); }

static size_t read_number(struct span text, size_t at, struct escape *out)
{
    bool hex = at + 2 < text.len && (text.at[at + 2] | 0x20) == 'x';
    size_t start = at + 2 + hex, zeros = 0, digits, end;
    uint32_t character;

    while (start + zeros < text.len && text.at[start + zeros] == '0') zeros++;
    digits = escape_number(text, start + zeros, hex ? 16 : 10, NUMBER_MAX, &character);
    if (digits == 0) return 0;
    end = start + zeros + digits;
    if (end < text.len && text.at[end] == ';') end++;
    return escape_character(text, at, end - at, character, out);
}

static size_t read_name(struct span text, size_t at, struct escape *out)
{
    struct span name = span_first(span_from(text, at + 1), NAME_BYTES);
    size_t len = 0;

    while (len < name.len && (name.at[len] | 0x20) >= 'a' && (name.at[len] | 0x20) <= 'z') len++;
    if (len == name.len || name.at[len] != ';') return 0;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (span_is(span_first(name, len), span_of(names[i].name)))
            return escape_character(text, at, len + 2, (uint8_t)names[i].character, out);
    return 0;
}

static size_t read(struct span text, size_t at, struct escape *out)
{
    if (at + 1 < text.len && text.at[at + 1] == '#') return read_number(text, at, out);
    return read_name(text, at, out);
}

const struct escapes entity_escapes = {next, read};

enum err entity_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    return escapes_undo(self, &entity_escapes, text, room, fn, context);
}
