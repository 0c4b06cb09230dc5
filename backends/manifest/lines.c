#include "backends/manifest/lines.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "reactor/base/own.h"

struct line {
    uint64_t start; /* in the bytes of the scan */
    uint64_t number;
    bool allowed;
};

/* What was told last: the scan finds some things twice, and late. */
struct told {
    const char *rule;
    struct fingerprint fingerprint;
    uint64_t number;
};

struct lines {
    const struct lines_options *options;
    struct diff diff;
    bool is_diff;
    uint64_t number; /* of the input's line */
    enum diff_line kind;
    /* the scan of lines that stand together */
    struct scan *scan;
    char path[DIFF_PATH_MAX];
    struct findings findings;
    uint64_t fed;
    struct line kept[LINES_KEPT]; /* the last, in a ring */
    size_t line_count;
    struct told told[LINES_TOLD]; /* the last, in a ring */
    size_t told_count;
};

static struct line *newest(struct lines *lines) { return &lines->kept[(lines->line_count - 1) % LINES_KEPT]; }

/* The line that holds a byte, or the oldest one that is known. */
static const struct line *line_of(struct lines *lines, uint64_t byte)
{
    size_t oldest = lines->line_count > LINES_KEPT ? lines->line_count - LINES_KEPT : 0, i = lines->line_count - 1;

    while (i > oldest && lines->kept[i % LINES_KEPT].start > byte) i--;
    return &lines->kept[i % LINES_KEPT];
}

static bool is_told(struct lines *lines, const struct told *now)
{
    for (size_t i = 0; i < COUNT_OF(lines->told); i++) {
        const struct told *told = &lines->told[i];
        if (told->rule == now->rule && told->number == now->number &&
            memcmp(&told->fingerprint, &now->fingerprint, sizeof now->fingerprint) == 0)
            return true;
    }
    lines->told[lines->told_count++ % LINES_TOLD] = *now;
    return false;
}

static enum err tell(struct lines *lines, const struct line *line, const struct finding *finding)
{
    const struct told now = {finding->rule, finding->fingerprint, line->number};
    const struct line_finding found = {lines->path, line->number, finding, rung_stops(finding->rung)};

    if ((lines->options->honours && line->allowed) || is_told(lines, &now)) return ERR_OK;
    return lines->options->fn(lines->options->owner, &found);
}

static enum err tell_more(struct lines *lines)
{
    const struct line *line = newest(lines);
    const struct line_finding found = {lines->path, line->number, NULL, findings_stop(&lines->findings)};

    if (lines->options->honours && line->allowed) return ERR_OK;
    return lines->options->fn(lines->options->owner, &found);
}

static enum err tell_all(struct lines *lines)
{
    const struct findings *findings = &lines->findings;

    if (findings->count == 0) return ERR_OK;
    for (size_t i = 0; i < findings->count; i++)
        TRY(tell(lines, line_of(lines, findings->list[i].byte), &findings->list[i]));
    if (findings->more) TRY(tell_more(lines));
    lines->findings = (struct findings){0};
    return ERR_OK;
}

/* --- lines that stand together ----------------------------------------------------------------------------- */

static enum err end_together(struct lines *lines)
{
    if (lines->scan == NULL) return ERR_OK;
    TRY(scan_end(lines->scan, &lines->findings));
    scan_free(&lines->scan);
    return tell_all(lines);
}

static enum err begin_together(struct lines *lines)
{
    static const struct scan_unit unit = {.place = SCAN_BODY, .to_the_end = true};

    snprintf(lines->path, sizeof lines->path, "%s",
             lines->kind == DIFF_ADDED ? lines->diff.path : lines->options->path);
    lines->fed = 0;
    lines->line_count = 0;
    memset(lines->told, 0, sizeof lines->told);
    return scan_new(lines->options->scanner, &unit, &lines->scan);
}

/* What a diff leaves out between two lines joins nothing. */
static enum err begin_line(struct lines *lines, enum diff_line kind, uint64_t number)
{
    bool follows = lines->scan != NULL && kind == lines->kind && newest(lines)->number + 1 == number;

    if (!follows) TRY(end_together(lines));
    lines->kind = kind;
    if (kind == DIFF_OTHER) return ERR_OK;
    if (!follows) TRY(begin_together(lines));
    lines->kept[lines->line_count++ % LINES_KEPT] = (struct line){.start = lines->fed, .number = number};
    return ERR_OK;
}

static bool has_marker(struct span line)
{
    static const char *const markers[] = {"bottled:allow",
                                          "gitleaks:allow",
                                          "betterleaks:allow",
                                          "pragma: allowlist secret",
                                          "pragma: whitelist secret",
                                          "secretlint-disable-line",
                                          "trufflehog:ignore",
                                          "pipelock:ignore"};

    for (size_t i = 0; i < COUNT_OF(markers); i++)
        if (memmem(line.at, line.len, markers[i], strlen(markers[i])) != NULL) return true;
    return false;
}

/* --- the input --------------------------------------------------------------------------------------------- */

static enum err take_start(struct lines *lines, struct span line)
{
    enum diff_line kind = DIFF_TEXT;

    if (lines->number++ == 0) lines->is_diff = lines->options->may_be_diff && diff_begins(line);
    if (!lines->is_diff) return begin_line(lines, DIFF_TEXT, lines->number);
    kind = diff_take(&lines->diff, line);
    return begin_line(lines, kind, kind == DIFF_ADDED ? lines->diff.number - 1 : lines->number);
}

/* A line, or LINES_PIECE_BYTES of one. */
static enum err take_piece(struct lines *lines, struct span piece, bool is_first, bool is_last)
{
    if (is_first) TRY(take_start(lines, piece));
    if (lines->kind == DIFF_OTHER) return ERR_OK;
    if (is_first && lines->kind == DIFF_ADDED) piece = span_from(piece, 1);
    if (lines->options->honours) newest(lines)->allowed |= has_marker(piece);
    TRY(scan_feed(lines->scan, piece, &lines->findings));
    lines->fed += piece.len;
    return is_last ? tell_all(lines) : ERR_OK;
}

static enum err take_buffer(struct lines *lines, struct buf *buf, bool *in_line, bool is_end)
{
    for (;;) {
        struct span have = buf_span(buf);
        assert(have.len == 0 || have.at != NULL);
        size_t len = span_find(have, '\n', 0);
        bool is_whole = len < have.len, is_last = is_whole || (is_end && have.len <= LINES_PIECE_BYTES);

        len += is_whole;
        if (len > LINES_PIECE_BYTES) len = LINES_PIECE_BYTES, is_last = false;
        if (len == 0 || (!is_last && len < LINES_PIECE_BYTES)) return ERR_OK;
        TRY(take_piece(lines, span_first(have, len), !*in_line, is_last));
        *in_line = !is_last;
        buf_consume(buf, len);
    }
}

static enum err read_some(int fd, const struct lines_options *options, struct buf *buf, bool *is_end)
{
    uint8_t *at;
    ssize_t len;

    TRY(buf_room(buf, LINES_PIECE_BYTES, &at));
    do len = read(fd, at, LINES_PIECE_BYTES);
    while (len < 0 && errno == EINTR);
    if (len < 0) return ERR_SYS;
    buf_added(buf, (size_t)len);
    if (options->on_read != NULL) options->on_read(options->owner, (size_t)len);
    *is_end = len == 0;
    return ERR_OK;
}

enum err lines_scan(int fd, const struct lines_options *options)
{
    struct lines lines = {.options = options};
    struct buf buf = {0};
    bool in_line = false, is_end = false;
    enum err err = ERR_OK;

    while (err == ERR_OK && !is_end) {
        err = read_some(fd, options, &buf, &is_end);
        if (err == ERR_OK) err = take_buffer(&lines, &buf, &in_line, is_end);
    }
    if (err == ERR_OK) err = end_together(&lines);
    scan_free(&lines.scan);
    buf_clear(&buf);
    return err;
}
