/* http2_frames.h — HTTP/2 frames from lines of text, and what an endpoint of ours sends as text again.
 *
 * A line is    [COUNT*]TYPE[/FLAGS] STREAM [PAYLOAD]
 *   TYPE       data headers priority rst settings push ping goaway window cont, or a number
 *   FLAGS      e END_STREAM, h END_HEADERS, a ACK, p PADDED, y PRIORITY
 *   STREAM     the next of COUNT frames gets the next of its side (+2) where it ends in '+'
 *   PAYLOAD    #HEX; else the fields n=v|n=v of a block of literals (headers, cont), or text
 */
#pragma once
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "reactor/base/buf.h"
#include "reactor/base/own.h"
#include "reactor/wire/http2.h"

static const char *const frame_types[] = {"data", "headers", "priority", "rst",    "settings",
                                          "push", "ping",    "goaway",   "window", "cont"};

static inline void frames_add(struct buf *out, const void *at, size_t len)
{
    if (buf_add(out, (struct span){at, len}) != ERR_OK) abort();
}

static inline void frames_header(struct buf *out, size_t len, unsigned type, unsigned flags, uint32_t stream)
{
    const uint8_t header[] = {(uint8_t)(len >> 16),    (uint8_t)(len >> 8),    (uint8_t)len,
                              (uint8_t)type,           (uint8_t)flags,         (uint8_t)(stream >> 24),
                              (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream};

    frames_add(out, header, sizeof header);
}

/* RFC 7541 section 5.1 with a prefix of seven bits, and a string that is not Huffman's. */
static inline void frames_string(struct buf *out, struct span text)
{
    uint8_t bytes[8];
    size_t count = 0, left = text.len;

    bytes[count++] = left < 127 ? (uint8_t)left : 127;
    if (left >= 127) {
        for (left -= 127; left >= 128; left >>= 7) bytes[count++] = (uint8_t)(128u | (left & 127u));
        bytes[count++] = (uint8_t)left;
    }
    frames_add(out, bytes, count);
    if (text.len > 0) frames_add(out, text.at, text.len);
}

/* A literal that is not indexed. */
static inline void frames_field(struct buf *out, struct span name, struct span value)
{
    frames_add(out, "\0", 1);
    frames_string(out, name);
    frames_string(out, value);
}

static inline void frames_block(struct buf *out, struct span fields)
{
    while (fields.len > 0) {
        size_t end = span_find(fields, '|', 0);
        struct span field = span_first(fields, end);
        size_t equals = span_find(field, '=', 0);
        if (equals == field.len) abort();
        frames_field(out, span_first(field, equals), span_from(field, equals + 1));
        fields = span_from(fields, end < fields.len ? end + 1 : end);
    }
}

static inline void frames_hex(struct buf *out, struct span hex)
{
    for (size_t i = 0; i + 1 < hex.len; i += 2) {
        char pair[3] = {(char)hex.at[i], (char)hex.at[i + 1], 0};
        uint8_t byte = (uint8_t)strtoul(pair, NULL, 16);
        frames_add(out, &byte, 1);
    }
}

static inline unsigned frames_type(struct span name)
{
    for (unsigned i = 0; i < COUNT_OF(frame_types); i++)
        if (span_is(name, span_of(frame_types[i]))) return i;
    if (name.len == 0 || !isdigit(name.at[0])) abort();
    return (unsigned)strtoul((const char *)name.at, NULL, 10);
}

static inline unsigned frames_flags(struct span letters)
{
    static const char known[] = "ehapy";
    static const uint8_t bits[] = {0x1, 0x4, 0x1, 0x8, 0x20};
    unsigned flags = 0;

    for (size_t i = 0; i < letters.len; i++) flags |= bits[strchr(known, letters.at[i]) - known];
    return flags;
}

static inline struct span frames_word(struct span *line)
{
    size_t end = span_find(*line, ' ', 0);
    struct span word = span_first(*line, end);

    *line = span_from(*line, end < line->len ? end + 1 : end);
    return word;
}

static inline void frames_line(struct buf *out, struct span line)
{
    struct span word = frames_word(&line), stream_word = frames_word(&line);
    size_t star = span_find(word, '*', 0), count = 1;

    if (star < word.len) {
        count = strtoul((const char *)word.at, NULL, 10);
        word = span_from(word, star + 1);
    }
    size_t slash = span_find(word, '/', 0);
    unsigned type = frames_type(span_first(word, slash)),
             flags = slash < word.len ? frames_flags(span_from(word, slash + 1)) : 0;
    uint32_t stream = (uint32_t)strtoul((const char *)stream_word.at, NULL, 10);
    bool next = stream_word.at[stream_word.len - 1] == '+';
    struct buf payload = {0};

    if (line.len > 0 && line.at[0] == '#')
        frames_hex(&payload, span_from(line, 1));
    else if (type == 1 || type == 9)
        frames_block(&payload, line);
    else if (line.len > 0)
        frames_add(&payload, line.at, line.len);
    for (size_t i = 0; i < count; i++) {
        frames_header(out, buf_len(&payload), type, flags, stream + (next ? 2 * (uint32_t)i : 0));
        if (buf_len(&payload) > 0) frames_add(out, buf_span(&payload).at, buf_len(&payload));
    }
    buf_clear(&payload);
}

static inline void frames_write(struct buf *out, const char *text)
{
    struct span lines = span_of(text);

    while (lines.len > 0) {
        size_t end = span_find(lines, '\n', 0);
        if (end > 0) frames_line(out, span_first(lines, end));
        lines = span_from(lines, end < lines.len ? end + 1 : end);
    }
}

#define FRAMES_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

/* --- what came out -------------------------------------------------------------------------------------------- */
static inline uint32_t frames_number(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Reads whole frames, and writes the resets and the GOAWAYs among them: "RST 1 CANCEL; GOAWAY 0 NO_ERROR".  A client's
 * preface may come first. */
static inline void frames_read_faults(struct span in, char *text, size_t size)
{
    size_t used = 0;

    text[0] = 0;
    if (span_starts(in, span_of(FRAMES_PREFACE))) in = span_from(in, sizeof FRAMES_PREFACE - 1);
    while (in.len >= 9) {
        size_t len = frames_number(in.at) >> 8;
        const uint8_t *payload = in.at + 9;
        if (in.len - 9 < len) abort();
        if (in.at[3] == 3)
            used += (size_t)snprintf(text + used, size - used, "RST %u %s; ", frames_number(in.at + 5),
                                     http2_code_name(frames_number(payload)));
        if (in.at[3] == 7)
            used += (size_t)snprintf(text + used, size - used, "GOAWAY %u %s; ", frames_number(payload),
                                     http2_code_name(frames_number(payload + 4)));
        if (used >= size) abort();
        in = span_from(in, 9 + len);
    }
    if (in.len > 0) abort();
    if (used >= 2) text[used - 2] = 0;
}
