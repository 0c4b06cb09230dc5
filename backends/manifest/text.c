#include "backends/manifest/text.h"

#include "reactor/base/own.h"
#include "reactor/base/utf8.h"

/* clang-format off */
static const struct {
    uint32_t first, last;
    const char *what;
} refused[] = {
    {0x00,   0x00,   "a NUL byte"},
    {0x01,   0x08,   "a control character"},
    {0x0b,   0x0c,   "a control character"},
    {0x0e,   0x1f,   "a control character"},
    {0x7f,   0x9f,   "a control character"},
    {0x2028, 0x2029, "a line or paragraph separator"},
    {0x202a, 0x202e, "a mark that reorders the text a person sees"},
    {0x2066, 0x2069, "a mark that reorders the text a person sees"},
    {0xfeff, 0xfeff, "a byte order mark"},
    {0xfffe, 0xffff, "a code point that is no character"},
};
/* clang-format on */

static const char *code_fault(uint32_t code)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        if (code >= refused[i].first && code <= refused[i].last) return refused[i].what;
    return NULL;
}

const char *text_fault(struct span text, size_t *at_out)
{
    for (size_t at = 0, len; at < text.len; at += len) {
        struct span rest = span_from(text, at);
        const char *what;

        *at_out = at;
        len = utf8_len(rest);
        if (len == 0) return "a byte that is not UTF-8";
        if (rest.at[0] == '\r' && !span_starts(rest, SPAN_LIT("\r\n"))) return "a carriage return without a line feed";
        what = code_fault(utf8_code(rest, len));
        if (what != NULL) return what;
    }
    return NULL;
}

bool text_is_of(struct span text, const char *accepted)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == '\0' || strchr(accepted, text.at[i]) == NULL) return false;
    return text.len > 0;
}

/* --- what an unquoted scalar may be taken for ------------------------------------------------------------- */

static size_t skip(struct span *s, const char *accepted)
{
    size_t len = 0;

    while (len < s->len && s->at[len] != '\0' && strchr(accepted, s->at[len]) != NULL) len++;
    *s = span_from(*s, len);
    return len;
}

static bool skip_one(struct span *s, const char *accepted)
{
    if (s->len == 0 || s->at[0] == '\0' || strchr(accepted, s->at[0]) == NULL) return false;
    *s = span_from(*s, 1);
    return true;
}

#define DIGITS "0123456789"

static bool is_prefixed_number(struct span s)
{
    if (!skip_one(&s, "0") || !skip_one(&s, "xob")) return false;
    return skip(&s, DIGITS "abcdefABCDEF_") > 0 && s.len == 0;
}

/* 1_000, 010, 1.5, .5, 1e3 and, in YAML 1.1, 12:30 in base 60. */
static bool is_number(struct span s)
{
    size_t digits;

    skip_one(&s, "+-");
    if (is_prefixed_number(s)) return true;
    if (span_is_nocase(s, SPAN_LIT(".inf")) || span_is_nocase(s, SPAN_LIT(".nan"))) return true;
    if (s.len == 0 || s.at[0] == '_') return false;
    digits = skip(&s, DIGITS "_");
    while (digits > 0 && skip_one(&s, ":"))
        if (skip(&s, DIGITS) == 0) return false;
    if (skip_one(&s, ".")) digits += skip(&s, DIGITS "_");
    if (digits == 0) return false;
    if (skip_one(&s, "eE")) {
        skip_one(&s, "+-");
        if (skip(&s, DIGITS) == 0) return false;
    }
    return s.len == 0;
}

static bool is_date(struct span s)
{
    if (skip(&s, DIGITS) != 4 || !skip_one(&s, "-")) return false;
    if (skip(&s, DIGITS) == 0 || !skip_one(&s, "-")) return false;
    return skip(&s, DIGITS) > 0 && (s.len == 0 || strchr("Tt ", s.at[0]) != NULL);
}

const char *text_looks_like(struct span plain)
{
    static const char *const booleans[] = {"true", "false", "yes", "no", "on", "off", "y", "n"};

    if (plain.len == 0 || span_is(plain, SPAN_LIT("~")) || span_is_nocase(plain, SPAN_LIT("null"))) return "a null";
    for (size_t i = 0; i < COUNT_OF(booleans); i++)
        if (span_is_nocase(plain, span_of(booleans[i]))) return "a boolean";
    if (is_number(plain)) return "a number";
    return is_date(plain) ? "a date" : NULL;
}
