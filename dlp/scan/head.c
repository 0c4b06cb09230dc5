#include <assert.h>

#include "dlp/decode/decode.h"
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
            TRY(nest_look(nest, &parts[j], decode_signs(parts[j].bytes)));
        }
        at += name + value + 4;
    }
    return ERR_OK;
}

static enum err scan_whole(struct scanner *scanner, struct span bytes, const struct sink *sink)
{
    const struct text text = {.bytes = bytes, .begins = true, .ends = true};
    uint32_t texts = 0, signs;
    struct nest nest;

    TRY(text_scan(scanner, &text, sink));
    signs = decode_signs(bytes);
    if (signs == 0) return ERR_OK;
    nest_begin(&nest, scanner, sink, &texts, bytes.len);
    return sink->field_count > 0 ? look_at_each(&nest, bytes) : nest_look(&nest, &text, signs);
}

enum err scan_fields(struct scanner *scanner, enum scan_place place, const struct field *fields, size_t count,
                     struct findings *findings)
{
    static const struct path path;
    bool hidden[HEAD_FIELDS_MAX] = {false};
    const struct sink sink = {place, findings, fields, count, hidden, &path};
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
