#include "dlp/decode/decoders.h"
#include "dlp/decode/escapes.h"
#include "reactor/base/own.h"

/* HTML's and XML's character references, decimal, hexadecimal and by name; browsers do without the ';'. */

enum { NUMBER_MAX = 8 };

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
    struct span rest = span_from(text, at + 1);

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct span name = span_of(names[i].name);
        if (!span_starts(rest, name) || rest.len == name.len || rest.at[name.len] != ';') continue;
        return escape_character(text, at, name.len + 2, (uint8_t)names[i].character, out);
    }
    return 0;
}

static size_t read(struct span text, size_t at, struct escape *out)
{
    if (at + 1 < text.len && text.at[at + 1] == '#') return read_number(text, at, out);
    return read_name(text, at, out);
}

static const struct escapes entity = {next, read};

enum err entity_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    return escapes_undo(self, &entity, text, room, fn, context);
}
