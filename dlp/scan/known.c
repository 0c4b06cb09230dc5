#include "dlp/scan/known.h"

#include "dlp/scan/engine_int.h"
#include "dlp/scan/literal.h"
#include "reactor/base/mem.h"

/* The literals as Hyperscan's compiler wants them: columns. */
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
        columns->flags[i] = literals->list[i].nocase ? HS_FLAG_CASELESS : 0;
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
    return hs_err(error);
}

/* A body is one place, where a value is told once; a block is many fields, each a place. */
static enum err compile_both(struct known *known, const struct literals *literals)
{
    struct columns columns;
    enum err err = columns_make(literals, &columns);

    if (err == ERR_OK) err = compile(&columns, literals->count, HS_MODE_BLOCK, &known->block);
    for (size_t i = 0; err == ERR_OK && i < literals->count; i++) columns.flags[i] |= HS_FLAG_SINGLEMATCH;
    if (err == ERR_OK) err = compile(&columns, literals->count, HS_MODE_STREAM, &known->stream);
    columns_free(&columns);
    return err;
}

static enum err describe(struct known *known, const struct vault *vault, const struct literals *literals)
{
    known->forms = mem_new(literals->count * sizeof *known->forms);
    known->values = mem_new(vault_slots(vault) * sizeof *known->values);
    if (known->forms == NULL || known->values == NULL) return ERR_NOMEM;
    known->count = literals->count;
    for (size_t i = 0; i < literals->count; i++)
        known->forms[i] = (struct known_form){literals->list[i].slot, (uint16_t)literals->list[i].bytes.len};
    for (size_t slot = 0; slot < vault_slots(vault); slot++)
        TRY(fingerprint_of(vault_get(vault, slot), &known->values[slot]));
    return ERR_OK;
}

enum err known_make(const struct vault *vault, struct known *known)
{
    struct literals literals;
    enum err err = ERR_OK;

    *known = (struct known){0};
    TRY(literals_make(vault, &literals));
    if (literals.count > 0) err = compile_both(known, &literals);
    if (literals.count > 0 && err == ERR_OK) err = describe(known, vault, &literals);
    literals_free(&literals);
    if (err != ERR_OK) known_free(known);
    return err;
}

void known_free(struct known *known)
{
    hs_free_database(known->block);
    hs_free_database(known->stream);
    mem_free(known->forms);
    mem_free(known->values);
    *known = (struct known){0};
}
