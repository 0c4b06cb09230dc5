#include "dlp/scan/json_shape.h"

#include "reactor/base/own.h"

enum { DEPTH_MAX = 16 };

static bool skip_value(struct span *text, unsigned depth);

static bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

static void skip_space(struct span *text)
{
    while (text->len > 0 && text->at[0] != '\0' && strchr(" \t\n\r", text->at[0]) != NULL) *text = span_from(*text, 1);
}

static bool skip_byte(struct span *text, uint8_t c)
{
    if (text->len == 0 || text->at[0] != c) return false;
    *text = span_from(*text, 1);
    return true;
}

/* Section 7; which characters follow a backslash is looked at, the four digits of \u are not. */
static bool skip_string(struct span *text, struct span *inside)
{
    if (!skip_byte(text, '"')) return false;
    for (size_t i = 0; i < text->len && text->at[i] >= 0x20; i++) {
        if (text->at[i] == '"') {
            *inside = span_first(*text, i);
            *text = span_from(*text, i + 1);
            return true;
        }
        if (text->at[i] != '\\') continue;
        i++;
        if (i == text->len || text->at[i] == '\0' || strchr("\"\\/bfnrtu", text->at[i]) == NULL) return false;
    }
    return false;
}

static bool skip_digits(struct span *text)
{
    size_t count = 0;

    while (count < text->len && is_digit(text->at[count])) count++;
    *text = span_from(*text, count);
    return count > 0;
}

/* Section 6. */
static bool skip_number(struct span *text)
{
    skip_byte(text, '-');
    if (!skip_byte(text, '0') && !skip_digits(text)) return false;
    if (skip_byte(text, '.') && !skip_digits(text)) return false;
    if (!skip_byte(text, 'e') && !skip_byte(text, 'E')) return true;
    if (!skip_byte(text, '+')) skip_byte(text, '-');
    return skip_digits(text);
}

static bool skip_word(struct span *text)
{
    static const struct span words[] = {SPAN_LIT("true"), SPAN_LIT("false"), SPAN_LIT("null")};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (span_starts(*text, words[i])) {
            *text = span_from(*text, words[i].len);
            return true;
        }
    return false;
}

static bool skip_array(struct span *text, unsigned depth)
{
    if (!skip_byte(text, '[')) return false;
    skip_space(text);
    if (skip_byte(text, ']')) return true;
    do {
        if (!skip_value(text, depth)) return false;
    } while (skip_byte(text, ','));
    return skip_byte(text, ']');
}

static bool skip_object(struct span *text, unsigned depth, const char *member, bool *found)
{
    struct span name;

    if (!skip_byte(text, '{')) return false;
    skip_space(text);
    if (skip_byte(text, '}')) return true;
    do {
        skip_space(text);
        if (!skip_string(text, &name)) return false;
        if (member != NULL && span_is(name, span_of(member))) *found = true;
        skip_space(text);
        if (!skip_byte(text, ':') || !skip_value(text, depth)) return false;
    } while (skip_byte(text, ','));
    return skip_byte(text, '}');
}

/* A value and the white space around it. */
static bool skip_value(struct span *text, unsigned depth)
{
    struct span ignored;
    bool is;

    skip_space(text);
    if (text->len == 0 || depth == DEPTH_MAX) return false;
    switch (text->at[0]) {
    case '{': is = skip_object(text, depth + 1, NULL, NULL); break;
    case '[': is = skip_array(text, depth + 1); break;
    case '"': is = skip_string(text, &ignored); break;
    default: is = is_digit(text->at[0]) || text->at[0] == '-' ? skip_number(text) : skip_word(text); break;
    }
    skip_space(text);
    return is;
}

bool json_is_object(struct span text, const char *member)
{
    bool found = member == NULL;

    skip_space(&text);
    if (!skip_object(&text, 0, member, &found)) return false;
    skip_space(&text);
    return found && text.len == 0;
}
