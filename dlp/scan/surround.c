#include "dlp/scan/surround.h"

#include <ctype.h>
#include <stdio.h>

#include "reactor/base/own.h"

#define MASK "\xe2\x80\xa6" /* an ellipsis */

enum { SIGNS_MAX = 5 }; /* of punctuation in one go: as in "}],{ */

/* Words that say what a value is, and hold nothing themselves. */
static const char *const words[] = {
    "a",       "access",     "account",     "an",        "and",      "api",
    "app",     "arguments",  "as",          "assistant", "auth",     "authorization",
    "aws",     "basic",      "be",          "bearer",    "body",     "class",
    "client",  "code",       "command",     "config",    "const",    "content",
    "cookie",  "credential", "credentials", "curl",      "data",     "database",
    "db",      "default",    "description", "email",     "env",      "export",
    "file",    "for",        "from",        "function",  "git",      "github",
    "gitlab",  "header",     "headers",     "here",      "host",     "http",
    "https",   "id",         "import",      "in",        "input",    "is",
    "it",      "json",       "key",         "keys",      "let",      "login",
    "message", "messages",   "model",       "my",        "name",     "new",
    "npm",     "of",         "old",         "output",    "pass",     "password",
    "path",    "port",       "private",     "prompt",    "public",   "query",
    "refresh", "region",     "request",     "result",    "role",     "root",
    "secret",  "secrets",    "server",      "service",   "session",  "set",
    "shell",   "ssh",        "string",      "system",    "test",     "text",
    "the",     "this",       "to",          "token",     "tokens",   "tool",
    "type",    "url",        "use",         "user",      "username", "value",
    "values",  "var",        "webhook",     "with",      "write",    "x",
    "your",
};

static bool is_word(struct span text)
{
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (span_is_nocase(text, span_of(words[i]))) return true;
    return false;
}

static bool is_letter(uint8_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* Between words, and no part of a value that is written in base64, hex or the like. */
static bool is_sign(uint8_t c) { return c != '\0' && c < 0x80 && strchr("\"':,;{}[]()<>&?!|", c) != NULL; }
static bool is_space(uint8_t c) { return c == ' '; }
static bool is_between(uint8_t c) { return is_sign(c) || is_space(c); }
static bool is_run(uint8_t c) { return !is_between(c); }

/* One run of bytes without a gap: the words in it where all of it is words, joined by _ or -. */
static bool is_words(struct span run)
{
    size_t at = 0;

    while (at < run.len) {
        size_t end = at;
        while (end < run.len && is_letter(run.at[end])) end++;
        if (end == at || !is_word((struct span){run.at + at, end - at})) return false;
        if (end < run.len && run.at[end] != '_' && run.at[end] != '-' && run.at[end] != '.' && run.at[end] != '=')
            return false;
        at = end + 1;
    }
    return run.len > 0;
}

/* --- JSON ------------------------------------------------------------------------------------------------------- */

static struct pointer_level *top(struct surround *s)
{
    return s->depth > 0 && s->depth <= POINTER_DEPTH_MAX ? &s->levels[s->depth - 1] : NULL;
}

static void open_level(struct surround *s, bool is_array)
{
    if (s->depth < POINTER_DEPTH_MAX) s->levels[s->depth] = (struct pointer_level){.is_array = is_array};
    s->depth++;
    s->is_key = !is_array;
}

static void close_level(struct surround *s)
{
    if (s->depth > 0) s->depth--;
    s->is_key = false;
}

static void next_member(struct surround *s)
{
    struct pointer_level *level = top(s);

    if (level == NULL) return;
    level->index++;
    s->is_key = !level->is_array;
}

static void read_text(struct surround *s, uint8_t c)
{
    struct pointer_level *level = top(s);

    if (!s->escaped && c == '"') {
        s->in_text = false;
        return;
    }
    s->escaped = !s->escaped && c == '\\';
    if (!s->is_key || level == NULL) return;
    if (level->key_len < sizeof level->key) level->key[level->key_len] = (char)c;
    level->key_len++;
}

static void read_json(struct surround *s, uint8_t c)
{
    struct pointer_level *level = top(s);

    if (s->in_text) {
        read_text(s, c);
        return;
    }
    switch (c) {
    case '{': open_level(s, false); break;
    case '[': open_level(s, true); break;
    case '}':
    case ']': close_level(s); break;
    case ',': next_member(s); break;
    case ':': s->is_key = false; break;
    case '"':
        s->in_text = true;
        if (s->is_key && level != NULL) level->key_len = 0;
        break;
    default: break;
    }
}

static void write_pointer(const struct surround *s, struct surround_place *place)
{
    size_t used = 0;

    for (size_t i = 0; i < s->depth && i < POINTER_DEPTH_MAX && used < sizeof place->pointer; i++) {
        const struct pointer_level *level = &s->levels[i];
        struct span key = {(const uint8_t *)level->key, level->key_len};
        size_t room = sizeof place->pointer - used;
        int wrote;
        if (level->is_array)
            wrote = snprintf(place->pointer + used, room, "/%u", level->index);
        else if (level->key_len <= sizeof level->key && is_words(key))
            wrote = snprintf(place->pointer + used, room, "/%.*s", SPAN_FMT(key));
        else
            wrote = snprintf(place->pointer + used, room, "/" MASK);
        used += (size_t)wrote;
    }
    if (s->depth > POINTER_DEPTH_MAX || used >= sizeof place->pointer) place->pointer[0] = '\0';
}

/* --- fed -------------------------------------------------------------------------------------------------------- */

void surround_begin(struct surround *s, const struct findings *findings, bool is_plain)
{
    memset(s, 0, sizeof *s);
    for (size_t i = 0; is_plain && i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        struct surround_place *place = &s->places[i];
        place->from = finding->from;
        place->byte = finding->byte;
        place->sought = finding->place == SCAN_BODY && finding->encoding[0] == '\0' && finding->from <= finding->byte &&
                        finding->byte - finding->from < SECRET_BYTES_MAX;
    }
}

/* The last bytes in front, moved along; the first behind. */
static void keep_byte(struct surround_place *place, uint64_t at, uint8_t c)
{
    if (at < place->from && at + SURROUND_BYTES >= place->from) place->before[place->before_len++] = c;
    if (at > place->byte && place->after_len < SURROUND_BYTES) place->after[place->after_len++] = c;
}

/* Where no place is near, nothing is kept of a byte. */
static void look_at(struct surround *s, uint8_t c)
{
    for (size_t i = 0; i < SCAN_FINDINGS_MAX; i++) {
        struct surround_place *place = &s->places[i];
        if (!place->sought) continue;
        if (s->at == place->byte && s->is_json) write_pointer(s, place);
        keep_byte(place, s->at, c);
    }
}

void surround_feed(struct surround *s, struct span piece)
{
    for (size_t i = 0; i < piece.len; i++, s->at++) {
        uint8_t c = piece.at[i];
        if (!s->begun && !isspace(c)) {
            s->begun = true;
            s->is_json = c == '{' || c == '[';
        }
        if (s->is_json) read_json(s, c);
        look_at(s, c);
    }
}

/* --- told ------------------------------------------------------------------------------------------------------- */

struct line {
    char *text;
    size_t used;
    bool masked; /* the last that was written is a mark */
};

static void add(struct line *line, struct span text)
{
    if (line->used + text.len >= SURROUND_TEXT_MAX) return;
    memcpy(line->text + line->used, text.at, text.len);
    line->used += text.len;
    line->masked = false;
}

static void add_mask(struct line *line)
{
    if (line->masked) return;
    add(line, span_of(MASK));
    line->masked = true;
}

static void add_run(struct line *line, struct span run)
{
    if (is_words(run))
        add(line, run);
    else if (run.len > 0)
        add_mask(line);
}

static size_t count(struct span text, size_t at, bool (*is)(uint8_t))
{
    size_t end = at;

    while (end < text.len && is(text.at[end])) end++;
    return end - at;
}

/* What is longer than what stands between two values of JSON may be a value itself. */
static void add_between(struct line *line, struct span signs)
{
    while (signs.len > 0) {
        size_t spaces = count(signs, 0, is_space), len = count(signs, spaces, is_sign);
        if (spaces > 0) add(line, SPAN_LIT(" "));
        if (len > SIGNS_MAX)
            add_mask(line);
        else if (len > 0)
            add(line, (struct span){signs.at + spaces, len});
        signs = span_from(signs, spaces + len);
    }
}

/* What touches either end is a part of something: of what lies beyond our look, or of the secret. */
static void add_masked(struct line *line, struct span text)
{
    size_t at = 0;

    while (at < text.len) {
        size_t run = count(text, at, is_run), between = count(text, at + run, is_between);
        if (run > 0 && (at == 0 || at + run == text.len))
            add_mask(line);
        else
            add_run(line, (struct span){text.at + at, run});
        add_between(line, (struct span){text.at + at + run, between});
        at += run + between;
    }
}

static struct span context_of(const struct surround *s, size_t i, const char *shown, char text[SURROUND_TEXT_MAX])
{
    const struct surround_place *place = &s->places[i];
    struct line line = {.text = text};

    if (!place->sought || s->at <= place->byte) return (struct span){0};
    add_masked(&line, (struct span){place->before, place->before_len});
    add(&line, SPAN_LIT("["));
    add(&line, span_of(shown[0] != '\0' ? shown : MASK));
    add(&line, SPAN_LIT("]"));
    add_masked(&line, (struct span){place->after, place->after_len});
    return (struct span){(const uint8_t *)text, line.used};
}

/* Nothing, where a secret is in it or that can't be known. */
static struct span clean(struct scanner *scanner, struct span text)
{
    struct findings findings = {0};
    enum err err = scan_block(scanner, SCAN_TARGET, (struct span){0}, text, &findings);

    return err == ERR_OK && !findings_stop(&findings) ? text : (struct span){0};
}

struct beside *surround_end(const struct surround *s, const struct findings *findings, struct scanner *scanner,
                            struct arena *arena)
{
    struct beside *beside = arena_new(arena, findings->count * sizeof *beside);

    for (size_t i = 0; beside != NULL && i < findings->count; i++) {
        char text[SURROUND_TEXT_MAX];
        struct span context = context_of(s, i, findings->list[i].shown, text);
        beside[i].context = arena_copy(arena, clean(scanner, context));
        beside[i].pointer = arena_copy(arena, clean(scanner, span_of(s->places[i].pointer)));
        if (beside[i].context.at == NULL || beside[i].pointer.at == NULL) return NULL;
    }
    return beside;
}
