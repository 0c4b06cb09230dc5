#include "backends/manifest/toml_string.h"

#include <stdlib.h>

#include "backends/manifest/text.h"
#include "reactor/base/utf8.h"

struct place toml_place(const struct toml_text *text)
{
    struct place place = {text->line, 1};

    for (size_t i = text->line_at; i < text->at; i++) place.column += (text->bytes.at[i] & 0xc0) != 0x80;
    return place;
}

enum err toml_fault(const struct toml_text *text, const char *hint)
{
    struct span rest = span_from(text->bytes, text->at);

    rest = span_first(rest, span_find(rest, '\n', 0));
    if (rest.len == 0)
        complain(text->reader, toml_place(text), hint, "the %s ends here", toml_is_end(text) ? "file" : "line");
    else
        complain(text->reader, toml_place(text), hint, "this is no TOML: `%s`", quoted(span_first(rest, 20)));
    return ERR_SYNTAX;
}

enum err toml_limit(const struct toml_text *text, const char *what)
{
    complain(text->reader, toml_place(text), "make it simpler", "%s", what);
    return ERR_LIMIT;
}

/* --- between values ---------------------------------------------------------------------------------------- */

static bool take_newline(struct toml_text *text)
{
    if (!toml_take(text, '\n') && !(span_starts(span_from(text->bytes, text->at), SPAN_LIT("\r\n")) && (text->at += 2)))
        return false;
    text->line++;
    text->line_at = text->at;
    return true;
}

void toml_skip_blanks(struct toml_text *text)
{
    while (toml_peek(text) == ' ' || toml_peek(text) == '\t') text->at++;
}

bool toml_take_line_end(struct toml_text *text)
{
    toml_skip_blanks(text);
    if (toml_peek(text) == '#')
        while (!toml_is_end(text) && toml_peek(text) != '\n' && toml_peek(text) != '\r') text->at++;
    return take_newline(text) || toml_is_end(text);
}

void toml_skip_lines(struct toml_text *text)
{
    while (toml_take_line_end(text) && !toml_is_end(text)) {}
}

/* --- strings ----------------------------------------------------------------------------------------------- */

static enum err add_code(struct buf *out, uint32_t code)
{
    uint8_t bytes[4];
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t marks[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = len; i-- > 1; code >>= 6) bytes[i] = (uint8_t)(0x80 | (code & 0x3f));
    bytes[0] = (uint8_t)(marks[len] | code);
    return buf_add(out, (struct span){bytes, len});
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum err take_code(struct toml_text *text, size_t digits, struct buf *out)
{
    uint32_t code = 0;

    for (size_t i = 0; i < digits; i++) {
        int digit = hex_digit(toml_peek(text));
        if (digit < 0) return toml_fault(text, "write 4 hex digits behind `\\u`, 8 behind `\\U`");
        code = code << 4 | (uint32_t)digit;
        text->at++;
    }
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return toml_fault(text, "name a character that there is");
    return add_code(out, code);
}

/* Behind a backslash. */
static enum err take_escape(struct toml_text *text, struct buf *out)
{
    static const char names[] = "btnfr\"\\", bytes[] = "\b\t\n\f\r\"\\";
    uint8_t c = toml_peek(text);
    const char *name = c != '\0' ? strchr(names, c) : NULL;

    if (name == NULL && c != 'u' && c != 'U')
        return toml_fault(text, "write patterns in '''three single quotes''': in double quotes a backslash escapes");
    text->at++;
    if (name == NULL) return take_code(text, c == 'u' ? 4 : 8, out);
    return buf_add(out, (struct span){(const uint8_t *)&bytes[name - names], 1});
}

/* A backslash at a line's end takes what is blank in front of the next text. */
static bool skip_folded(struct toml_text *text)
{
    size_t at = text->at;

    toml_skip_blanks(text);
    if (take_newline(text)) {
        do toml_skip_blanks(text);
        while (take_newline(text));
        return true;
    }
    text->at = at;
    return false;
}

struct quotes {
    uint8_t mark;
    bool three;
};

/* True at the quotes that close the string, which are taken. */
static bool take_close(struct toml_text *text, struct quotes quotes)
{
    static const char *const threes[] = {"\"\"\"", "'''"};
    struct span rest = span_from(text->bytes, text->at), three = span_of(threes[quotes.mark == '\'']);

    if (!quotes.three) return toml_take(text, quotes.mark);
    if (!span_starts(rest, three)) return false;
    text->at += 3;
    return true;
}

static enum err take_characters(struct toml_text *text, struct quotes quotes, struct buf *out)
{
    if (quotes.three) take_newline(text); /* right behind the quotes it is none of the text's */
    while (!take_close(text, quotes)) {
        struct span one = span_first(span_from(text->bytes, text->at), 1);
        if (toml_is_end(text) || (!quotes.three && (one.at[0] == '\n' || one.at[0] == '\r')))
            return toml_fault(text, "close the string with the quotes that opened it");
        if (quotes.mark == '"' && toml_take(text, '\\')) {
            if (!quotes.three || !skip_folded(text)) TRY(take_escape(text, out));
            continue;
        }
        if (take_newline(text)) {
            TRY(buf_add(out, SPAN_LIT("\n")));
            continue;
        }
        TRY(buf_add(out, one));
        text->at++;
    }
    for (size_t i = 0; quotes.three && i < 2 && toml_take(text, quotes.mark); i++) /* of five the last three close */
        TRY(buf_add(out, (struct span){&quotes.mark, 1}));
    return ERR_OK;
}

enum err toml_string(struct toml_text *text, struct arena *arena, bool lines, struct span *out)
{
    struct quotes quotes = {toml_peek(text), false};
    struct buf characters = {0};
    enum err err;

    text->at++;
    if (lines && span_first(span_from(text->bytes, text->at), 2).len == 2 && text->bytes.at[text->at] == quotes.mark &&
        text->bytes.at[text->at + 1] == quotes.mark) {
        quotes.three = true;
        text->at += 2;
    }
    err = take_characters(text, quotes, &characters);
    if (err == ERR_OK) {
        *out = arena_copy(arena, buf_span(&characters));
        if (out->at == NULL) err = ERR_NOMEM;
    }
    buf_clear(&characters);
    return err;
}

/* --- numbers and booleans ---------------------------------------------------------------------------------- */

static size_t skip_digits(struct span *rest, const char *digits)
{
    size_t len = 0;

    /* an underscore stands between two digits */
    while (len < rest->len && (strchr(digits, rest->at[len]) != NULL ||
                               (rest->at[len] == '_' && len > 0 && rest->at[len - 1] != '_' && len + 1 < rest->len &&
                                strchr(digits, rest->at[len + 1]) != NULL)))
        len++;
    *rest = span_from(*rest, len);
    return len;
}

static bool skip_mark(struct span *rest, const char *marks)
{
    if (rest->len == 0 || strchr(marks, rest->at[0]) == NULL) return false;
    *rest = span_from(*rest, 1);
    return true;
}

#define DIGITS "0123456789"

static bool is_number(struct span text)
{
    static const struct {
        const char *start, *digits;
    } bases[] = {{"0x", DIGITS "abcdefABCDEF"}, {"0o", "01234567"}, {"0b", "01"}};

    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
        if (span_starts(text, span_of(bases[i].start))) {
            text = span_from(text, 2);
            return skip_digits(&text, bases[i].digits) > 0 && text.len == 0;
        }
    skip_mark(&text, "+-");
    if (span_is(text, SPAN_LIT("inf")) || span_is(text, SPAN_LIT("nan"))) return true;
    if (text.len > 1 && text.at[0] == '0' && strchr(DIGITS "_", text.at[1]) != NULL) return false;
    if (skip_digits(&text, DIGITS) == 0) return false;
    if (skip_mark(&text, ".") && skip_digits(&text, DIGITS) == 0) return false;
    if (!skip_mark(&text, "eE")) return text.len == 0;
    skip_mark(&text, "+-");
    return skip_digits(&text, DIGITS) > 0 && text.len == 0;
}

enum err toml_bare_value(struct toml_text *text, struct arena *arena, struct span *out)
{
    struct span rest = span_from(text->bytes, text->at), value;
    size_t len = 0;

    while (len < rest.len && rest.at[len] > ' ' && strchr(",]}#", rest.at[len]) == NULL) len++;
    value = span_first(rest, len);
    if (!span_is(value, SPAN_LIT("true")) && !span_is(value, SPAN_LIT("false")) && !is_number(value))
        return toml_fault(text,
                          "write a string in quotes, a number, true, false, `[...]` or `{...}`; dates are not read");
    *out = arena_copy(arena, value);
    text->at += len;
    return out->at != NULL ? ERR_OK : ERR_NOMEM;
}
