#include "dlp/scan/scanner.h"

#include "dlp/scan/scan.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

static enum err make_scratch(struct scanner *scanner, const struct part *part)
{
    TRY(hs_err(hs_alloc_scratch(part->block, &scanner->scratch)));
    return hs_err(hs_alloc_scratch(part->stream, &scanner->scratch));
}

static enum err make_room(struct scanner *scanner)
{
    const struct part known = {0, scanner->known.block, scanner->known.stream};
    size_t rule_count = scanner->engine != NULL ? scanner->engine->rules->count : 0;

    if (known.block != NULL) TRY(make_scratch(scanner, &known));
    for (size_t i = 0; i < scanner->part_count; i++) TRY(make_scratch(scanner, &scanner->parts[i]));
    if (scanner->scratch == NULL) return ERR_OK;
    TRY(candidates_new(scanner->known.count + rule_count, &scanner->candidates));
    for (size_t i = 0; i < rule_count; i++)
        if (scanner->engine->rules->list[i].off)
            candidates_ignore(scanner->candidates, (uint32_t)(scanner->known.count + i));
    return ERR_OK;
}

enum err scanner_new(const struct vault *vault, struct engine *engine, struct scanner **scanner_out)
{
    AUTO(scanner) scanner = mem_new(sizeof *scanner);

    if (scanner == NULL) return ERR_NOMEM;
    if (engine != NULL) {
        scanner->engine = engine_hold(engine);
        scanner->parts = engine->parts;
        scanner->part_count = engine->part_count;
    }
    TRY(known_make(vault, &scanner->known));
    TRY(make_room(scanner));
    *scanner_out = MOVE(scanner);
    return ERR_OK;
}

void scanner_free(struct scanner **scanner)
{
    struct scanner *freed = MOVE(*scanner);

    if (freed == NULL) return;
    known_free(&freed->known);
    engine_free(&freed->engine);
    hs_free_scratch(freed->scratch);
    candidates_free(&freed->candidates);
    for (size_t i = 0; i < COUNT_OF(freed->rooms); i++) buf_clear(&freed->rooms[i]);
    mem_free(freed);
}
