#include <assert.h>

#include "dlp/scan/joined.h"
#include "dlp/scan/nest.h"
#include "dlp/scan/scan.h"
#include "reactor/base/own.h"

static uint8_t *put(uint8_t *at, struct span bytes)
{
    if (bytes.len > 0) memcpy(at, bytes.at, bytes.len);
    return at + bytes.len;
}

static enum err join(const struct field *fields, size_t count, struct buf *text)
{
    size_t len = 0;
    uint8_t *at;

    for (size_t i = 0; i < count; i++) len += fields[i].name.len + fields[i].value.len + 4;
    TRY(buf_room(text, len, &at));
    for (size_t i = 0; i < count; i++) {
        at = put(put(at, fields[i].name), SPAN_LIT(": "));
        at = put(put(at, fields[i].value), SPAN_LIT("\r\n"));
    }
    buf_added(text, len);
    return ERR_OK;
}

/* What is encoded ends where a name or a value does. */
static enum err look_at_each(struct nest *nest, struct span text)
{
    const struct sink *sink = &nest->sink;
    uint64_t at = 0;

    for (size_t i = 0; i < sink->field_count; i++) {
        size_t name = sink->fields[i].name.len, value = sink->fields[i].value.len;
        const struct text parts[] = {
            {{text.at + at, name}, at, true, true},
            {{text.at + at + name + 2, value}, at + name + 2, true, true},
        };
        for (size_t j = 0; j < COUNT_OF(parts); j++) {
            nest->seen_count = 0;
            TRY(nest_look(nest, &parts[j]));
        }
        at += name + value + 4;
    }
    return ERR_OK;
}

/* A value and the one that follows it as one text, told of the field that has the second.  at: the first's start in the
 * text of all. */
static enum err scan_pair(struct scanner *scanner, const struct sink *sink, size_t first, uint64_t at, struct buf *pair)
{
    struct span left = sink->fields[first].value, right = sink->fields[first + 1].value;
    size_t from = sink->fields[first + 1].name.len + 2;
    const struct path path = {.names = {"joined fields"}, .depth = 1, .from = from, .to = from + right.len, .base = at};
    struct sink joined = *sink;
    uint32_t texts = 0;
    struct nest nest;

    joined.fields += first + 1;
    joined.field_count = 1;
    joined.hidden += first + 1;
    joined.path = &path;
    joined.is_pair = true;
    buf_cut(pair, 0);
    TRY(buf_add(pair, left));
    TRY(buf_add(pair, right));
    const struct text text = {.bytes = buf_span(pair), .begins = true, .ends = true};
    TRY(text_scan(scanner, &text, &joined));
    nest_begin(&nest, scanner, &joined, &texts, text.bytes.len);
    return nest_look(&nest, &text);
}

static enum err scan_pairs(struct scanner *scanner, const struct sink *sink)
{
    struct buf pair = {0};
    enum err err = ERR_OK;
    uint64_t at = 0;

    for (size_t i = 0; err == ERR_OK && i + 1 < sink->field_count; i++) {
        const struct field *field = &sink->fields[i];
        if (joined_may_be(field->value, field[1].value))
            err = scan_pair(scanner, sink, i, at + field->name.len + 2, &pair);
        at += field->name.len + field->value.len + 4;
    }
    buf_clear(&pair);
    return err;
}

static enum err scan_whole(struct scanner *scanner, struct span bytes, const struct sink *sink)
{
    const struct text text = {.bytes = bytes, .begins = true, .ends = true};
    uint32_t texts = 0;
    struct nest nest;

    TRY(text_scan(scanner, &text, sink));
    nest_begin(&nest, scanner, sink, &texts, bytes.len);
    nest.joined = sink->place == SCAN_TARGET ? joined_find(sink->place, (struct span){0}) : NULL;
    if (sink->field_count == 0) return nest_look(&nest, &text);
    if (nest.joined != NULL || decode_signs(bytes) != 0) TRY(look_at_each(&nest, bytes));
    return scan_pairs(scanner, sink);
}

enum err scan_fields(struct scanner *scanner, enum scan_place place, const struct field *fields, size_t count,
                     struct findings *findings)
{
    static const struct path path;
    bool hidden[HEAD_FIELDS_MAX] = {false};
    const struct sink sink = {place, findings,          fields, count, hidden,
                              &path, .to_the_end = true}; /* the last hit may hide a name */
    struct buf text = {0};

    if (scanner->candidates == NULL || count == 0) return ERR_OK;
    if (count > HEAD_FIELDS_MAX) return ERR_LIMIT;
    TRY(join(fields, count, &text));
    enum err err = scan_whole(scanner, buf_span(&text), &sink);
    buf_clear(&text);
    return err;
}

enum err scan_block(struct scanner *scanner, enum scan_place place, struct span name, struct span bytes,
                    struct findings *findings)
{
    static const struct path path;
    const struct sink sink = {.place = place, .findings = findings, .path = &path};

    if (name.len > 0) return scan_fields(scanner, place, &(struct field){name, bytes}, 1, findings);
    return scanner->candidates == NULL ? ERR_OK : scan_whole(scanner, bytes, &sink);
}
