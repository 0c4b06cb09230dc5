#include "dlp/scan/scan.h"

#include <assert.h>
#include <hs.h>
#include <stdio.h>

#include "dlp/scan/literal.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/wire/inflate.h"

struct scanner {
    hs_database_t *block, *stream; /* the same rules; NULL when there are none */
    hs_scratch_t *scratch;         /* large enough for both */
    uint16_t *slots;               /* of rule i */
};

struct scan {
    struct scanner *scanner;
    hs_stream_t *stream; /* NULL without rules, and after the end */
    enum scan_place place;
    struct inflate *inflate;   /* undoes the codings of the unit; NULL when it has none */
    struct scan *plain;        /* takes what comes of that */
    struct findings *findings; /* plain's, while it is fed */
};

static const char *const places[] = {
    [SCAN_TARGET] = "target", [SCAN_FIELD] = "field", [SCAN_BODY] = "body", [SCAN_TRAILER] = "trailer"};

/* Beside memory only its own bounds can stop the engine. */
static enum err engine_err(hs_error_t error)
{
    if (error == HS_SUCCESS) return ERR_OK;
    return error == HS_NOMEM ? ERR_NOMEM : ERR_LIMIT;
}

/* The literals as the engine's compiler wants them: columns. */
struct columns {
    const char **bytes;
    size_t *lens;
    unsigned *flags, *ids;
};

static void columns_free(struct columns *columns)
{
    mem_free(columns->bytes);
    mem_free(columns->lens);
    mem_free(columns->flags);
    mem_free(columns->ids);
}

static enum err columns_make(const struct literals *literals, struct columns *columns)
{
    size_t count = literals->count;

    *columns = (struct columns){
        .bytes = mem_new(count * sizeof *columns->bytes),
        .lens = mem_new(count * sizeof *columns->lens),
        .flags = mem_new(count * sizeof *columns->flags),
        .ids = mem_new(count * sizeof *columns->ids),
    };
    if (columns->bytes == NULL || columns->lens == NULL || columns->flags == NULL || columns->ids == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        columns->bytes[i] = (const char *)literals->list[i].bytes.at;
        columns->lens[i] = literals->list[i].bytes.len;
        columns->flags[i] = HS_FLAG_SINGLEMATCH | (literals->list[i].nocase ? HS_FLAG_CASELESS : 0);
        columns->ids[i] = (unsigned)i;
    }
    return ERR_OK;
}

static enum err compile(const struct columns *columns, size_t count, unsigned mode, hs_database_t **database_out)
{
    hs_compile_error_t *why = NULL;
    hs_error_t error = hs_compile_lit_multi(columns->bytes, columns->flags, columns->ids, columns->lens,
                                            (unsigned)count, mode, NULL, database_out, &why);

    hs_free_compile_error(why);
    return engine_err(error);
}

static enum err compile_all(struct scanner *scanner, const struct literals *literals)
{
    struct columns columns;
    enum err err = columns_make(literals, &columns);

    if (err == ERR_OK) err = compile(&columns, literals->count, HS_MODE_BLOCK, &scanner->block);
    if (err == ERR_OK) err = compile(&columns, literals->count, HS_MODE_STREAM, &scanner->stream);
    columns_free(&columns);
    TRY(err);
    TRY(engine_err(hs_alloc_scratch(scanner->block, &scanner->scratch)));
    TRY(engine_err(hs_alloc_scratch(scanner->stream, &scanner->scratch)));
    scanner->slots = mem_new(literals->count * sizeof *scanner->slots);
    if (scanner->slots == NULL) return ERR_NOMEM;
    for (size_t i = 0; i < literals->count; i++) scanner->slots[i] = literals->list[i].slot;
    return ERR_OK;
}

enum err scanner_new(const struct vault *vault, struct scanner **scanner_out)
{
    AUTO(scanner) scanner = mem_new(sizeof *scanner);
    struct literals literals;
    enum err err;

    if (scanner == NULL) return ERR_NOMEM;
    TRY(literals_make(vault, &literals));
    err = literals.count > 0 ? compile_all(scanner, &literals) : ERR_OK;
    literals_free(&literals);
    TRY(err);
    *scanner_out = MOVE(scanner);
    return ERR_OK;
}

void scanner_free(struct scanner **scanner)
{
    struct scanner *freed = MOVE(*scanner);

    if (freed == NULL) return;
    hs_free_database(freed->block);
    hs_free_database(freed->stream);
    hs_free_scratch(freed->scratch);
    mem_free(freed->slots);
    mem_free(freed);
}

/* Where hits of one call to the engine go. */
struct sink {
    const struct scanner *scanner;
    enum scan_place place;
    const char *where; /* NULL: the place and the offset of the hit */
    bool hit;
    struct findings *findings;
};

/* A body and a target are one place each, wherever in them the hit is. */
static bool is_told(const struct sink *sink, uint16_t slot)
{
    for (size_t i = 0; i < sink->findings->count; i++) {
        const struct finding *told = &sink->findings->list[i];
        if (told->slot != slot || told->place != sink->place) continue;
        if (sink->where == NULL || strcmp(told->where, sink->where) == 0) return true;
    }
    return false;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
    struct sink *sink = context;
    struct findings *findings = sink->findings;
    struct finding *finding;

    (void)from, (void)flags;
    sink->hit = true;
    if (is_told(sink, sink->scanner->slots[id])) return 0;
    if (findings->count == SCAN_FINDINGS_MAX) {
        findings->more = true;
        return 0;
    }
    finding = &findings->list[findings->count++];
    *finding = (struct finding){.rule = "known-secret", .place = sink->place, .slot = sink->scanner->slots[id]};
    if (sink->where != NULL)
        snprintf(finding->where, sizeof finding->where, "%s", sink->where);
    else
        snprintf(finding->where, sizeof finding->where, "%s byte %llu", places[sink->place], to - 1);
    return 0; /* anything else would end the scan */
}

static enum err scan_whole(struct scanner *scanner, struct span bytes, struct sink *sink)
{
    if (bytes.len == 0) return ERR_OK;
    if (bytes.len > SCAN_PIECE_MAX) return ERR_LIMIT;
    return engine_err(
        hs_scan(scanner->block, (const char *)bytes.at, (unsigned)bytes.len, 0, scanner->scratch, on_match, sink));
}

/* "field user-agent": lower case, printable, cut to fit. */
static void print_where(char *where, size_t size, enum scan_place place, struct span name)
{
    snprintf(where, size, "%s %.*s", places[place], (int)(name.len < size ? name.len : size), (const char *)name.at);
    for (char *c = where; *c != '\0'; c++) {
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c | 0x20);
        if (*c < ' ' || *c > '~') *c = '?';
    }
}

enum err scan_block(struct scanner *scanner, enum scan_place place, struct span name, struct span bytes,
                    struct findings *findings)
{
    char where[sizeof findings->list[0].where];
    struct sink in_name = {scanner, place, where, false, findings};
    struct sink in_bytes = {scanner, place, name.len > 0 ? where : NULL, false, findings};

    if (scanner->block == NULL) return ERR_OK;
    print_where(where, sizeof where, place, SPAN_LIT("name"));
    TRY(scan_whole(scanner, name, &in_name));
    if (!in_name.hit) print_where(where, sizeof where, place, name);
    return scan_whole(scanner, bytes, &in_bytes);
}

static enum err scan_plain(void *context, struct span bytes)
{
    struct scan *scan = context;

    return scan_feed(scan->plain, bytes, scan->findings);
}

/* A scan within the scan: the bytes as they come are looked at too, as what they say of themselves may be untrue. */
static enum err undo_codings(struct scan *scan, const struct scan_unit *unit)
{
    const struct scan_unit plain = {.place = unit->place, .content_type = unit->content_type};

    TRY(inflate_new(unit->content_encoding, scan_plain, scan, &scan->inflate));
    return scan->inflate != NULL ? scan_new(scan->scanner, &plain, &scan->plain) : ERR_OK;
}

enum err scan_new(struct scanner *scanner, const struct scan_unit *unit, struct scan **scan_out)
{
    AUTO(scan) scan = mem_new(sizeof *scan);

    if (scan == NULL) return ERR_NOMEM;
    scan->scanner = scanner;
    scan->place = unit->place;
    if (scanner->stream != NULL) {
        TRY(undo_codings(scan, unit));
        TRY(engine_err(hs_open_stream(scanner->stream, 0, &scan->stream)));
    }
    *scan_out = MOVE(scan);
    return ERR_OK;
}

static enum err scan_pieces(struct scan *scan, struct span bytes, struct sink *sink)
{
    while (bytes.len > 0) {
        struct span piece = span_first(bytes, SCAN_PIECE_MAX);
        TRY(engine_err(hs_scan_stream(scan->stream, (const char *)piece.at, (unsigned)piece.len, 0,
                                      scan->scanner->scratch, on_match, sink)));
        bytes = span_from(bytes, piece.len);
    }
    return ERR_OK;
}

enum err scan_feed(struct scan *scan, struct span bytes, struct findings *findings)
{
    struct sink sink = {scan->scanner, scan->place, NULL, false, findings};

    if (scan->scanner->stream == NULL) return ERR_OK;
    assert(scan->stream != NULL); /* not after the end */
    TRY(scan_pieces(scan, bytes, &sink));
    scan->findings = findings;
    return scan->inflate != NULL ? inflate_feed(scan->inflate, bytes) : ERR_OK;
}

enum err scan_end(struct scan *scan, struct findings *findings)
{
    struct sink sink = {scan->scanner, scan->place, NULL, false, findings};

    if (scan->stream == NULL) return ERR_OK;
    TRY(engine_err(hs_close_stream(MOVE(scan->stream), scan->scanner->scratch, on_match, &sink)));
    if (scan->inflate == NULL) return ERR_OK;
    TRY(inflate_end(scan->inflate));
    return scan_end(scan->plain, findings);
}

void scan_free(struct scan **scan)
{
    struct scan *freed = MOVE(*scan);

    if (freed == NULL) return;
    if (freed->stream != NULL) hs_close_stream(freed->stream, NULL, NULL, NULL);
    inflate_free(&freed->inflate);
    scan_free(&freed->plain);
    mem_free(freed);
}
