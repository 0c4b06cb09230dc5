#include "dlp/scan/surround.h"

#include "dlp/scan/plain.h"

enum { SIGNS_MAX = 5 }; /* of punctuation in one go: as in "}],{ */

/* Between words, and no part of a value that is written in base64, hex or the like. */
static bool is_sign(uint8_t c) { return c != '\0' && c < 0x80 && strchr("\"':,;{}[]()<>&?!|", c) != NULL; }
static bool is_space(uint8_t c) { return c == ' '; }
static bool is_between(uint8_t c) { return is_sign(c) || is_space(c); }
static bool is_run(uint8_t c) { return !is_between(c); }

/* --- fed -------------------------------------------------------------------------------------------------------- */

void surround_begin(struct surround *s, const struct findings *findings, bool is_plain)
{
    memset(s, 0, sizeof *s);
    s->json = pointer_begin();
    for (size_t i = 0; is_plain && i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        struct surround_place *place = &s->places[i];
        place->from = finding->from;
        place->byte = finding->byte;
        place->sought = finding->place == SCAN_BODY && finding->encoding[0] == '\0' && finding->from <= finding->byte &&
                        finding->byte - finding->from < SECRET_BYTES_MAX;
    }
}

/* Of the piece, which begins at at, what lies in from..end: how many bytes. */
static size_t keep(uint8_t *to, uint64_t from, uint64_t end, uint64_t at, struct span piece)
{
    uint64_t first = from > at ? from : at, last = end < at + piece.len ? end : at + piece.len;

    if (first >= last) return 0;
    memcpy(to, piece.at + (first - at), last - first);
    return last - first;
}

static void keep_beside(struct surround_place *place, uint64_t at, struct span piece)
{
    uint64_t from = place->from > SURROUND_BYTES ? place->from - SURROUND_BYTES : 0, behind = place->byte + 1;

    place->before_len += keep(place->before + place->before_len, from, place->from, at, piece);
    place->after_len += keep(place->after + place->after_len, behind, behind + SURROUND_BYTES, at, piece);
}

/* The next byte whose pointer is wanted; UINT64_MAX: there is none. */
static uint64_t next_sought(const struct surround *s)
{
    uint64_t next = UINT64_MAX;

    for (size_t i = 0; i < SCAN_FINDINGS_MAX; i++) {
        const struct surround_place *place = &s->places[i];
        if (place->sought && place->byte >= s->at && place->byte < next) next = place->byte;
    }
    return next;
}

static void write_pointers(struct surround *s, uint64_t byte)
{
    for (size_t i = 0; i < SCAN_FINDINGS_MAX; i++)
        if (s->places[i].sought && s->places[i].byte == byte) pointer_write(&s->json, s->places[i].pointer);
}

void surround_feed(struct surround *s, struct span piece)
{
    uint64_t next;

    for (size_t i = 0; i < SCAN_FINDINGS_MAX; i++)
        if (s->places[i].sought) keep_beside(&s->places[i], s->at, piece);
    while (piece.len > 0 && (next = next_sought(s)) != UINT64_MAX) {
        struct span part = next - s->at < piece.len ? span_first(piece, next - s->at + 1) : piece;
        pointer_feed(&s->json, part);
        s->at += part.len;
        piece = span_from(piece, part.len);
        if (s->at == next + 1) write_pointers(s, next);
    }
    s->at += piece.len;
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
    add(line, span_of(PLAIN_MASK));
    line->masked = true;
}

static void add_run(struct line *line, struct span run)
{
    if (plain_words(run))
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
    add(&line, span_of(shown[0] != '\0' ? shown : PLAIN_MASK));
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
