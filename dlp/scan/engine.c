#include "dlp/scan/engine_int.h"

#include <stdio.h>

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

/* --- compiled -------------------------------------------------------------------------------------------- */

/* The rules as Hyperscan's compiler wants them: columns. */
struct columns {
    const char **patterns;
    unsigned *flags, *ids;
};

static unsigned flags_of(const struct rule *rule) { return rule->nocase ? HS_FLAG_CASELESS : 0; }

static void columns_free(struct columns *columns)
{
    mem_free(columns->patterns);
    mem_free(columns->flags);
    mem_free(columns->ids);
}

static enum err columns_make(const struct rule_set *rules, struct columns *columns)
{
    *columns = (struct columns){.patterns = mem_new(rules->count * sizeof *columns->patterns),
                                .flags = mem_new(rules->count * sizeof *columns->flags),
                                .ids = mem_new(rules->count * sizeof *columns->ids)};
    if (columns->patterns == NULL || columns->flags == NULL || columns->ids == NULL) return ERR_NOMEM;
    for (size_t i = 0; i < rules->count; i++) {
        columns->patterns[i] = (const char *)rules->list[i].pattern.at;
        columns->flags[i] = flags_of(&rules->list[i]);
        columns->ids[i] = (unsigned)i;
    }
    return ERR_OK;
}

/* For any machine that Hyperscan runs on: what was compiled here serves there.  A database for AVX2 or AVX-512 sweeps
 * no faster (probed with our rules: within 1 %), as the code that reads it is chosen by the machine anyway. */
static const hs_platform_info_t any_machine = {.tune = HS_TUNE_FAMILY_GENERIC};

static enum err compile(const struct engine *engine, const struct columns *columns, unsigned mode,
                        struct rule_fault *fault, hs_database_t **database_out)
{
    hs_compile_error_t *why = NULL;
    hs_error_t error = hs_compile_multi(columns->patterns, columns->flags, columns->ids, (unsigned)engine->rules->count,
                                        mode, &any_machine, database_out, &why);
    enum err err = hs_err(error);

    if (error == HS_COMPILER_ERROR && why != NULL && why->expression >= 0) {
        fault->rule = &engine->rules->list[why->expression];
        snprintf(fault->why, sizeof fault->why, "%s", why->message);
        err = ERR_SYNTAX;
    }
    hs_free_compile_error(why);
    return err;
}

static enum err compile_both(struct engine *engine, struct rule_fault *fault)
{
    struct columns columns;
    enum err err = columns_make(engine->rules, &columns);

    if (err == ERR_OK) err = compile(engine, &columns, HS_MODE_BLOCK, fault, &engine->block);
    if (err == ERR_OK) err = compile(engine, &columns, HS_MODE_STREAM, fault, &engine->stream);
    columns_free(&columns);
    return err;
}

/* --- kept ------------------------------------------------------------------------------------------------ */

/* In front of the cached bytes: the block database, then the one for streams. */
struct cache_head {
    uint8_t key[DIGEST_BYTES];    /* engine_key() */
    uint8_t digest[DIGEST_BYTES]; /* SHA-256 of what stands behind the head */
    uint64_t block_len, stream_len;
};

/* The format changes when other databases are made of the same patterns. */
void engine_key(const struct rule_set *rules, uint8_t key[DIGEST_BYTES])
{
    struct digest digest;

    digest_begin(&digest);
    digest_add(&digest, SPAN_LIT("bottled engine, format 2\n"));
    digest_add(&digest, span_of(hs_version()));
    for (size_t i = 0; i < rules->count; i++) {
        struct span pattern = rules->list[i].pattern;
        uint32_t ahead[] = {(uint32_t)pattern.len, flags_of(&rules->list[i])};
        digest_add(&digest, (struct span){(const uint8_t *)ahead, sizeof ahead});
        digest_add(&digest, pattern);
    }
    digest_end(&digest, key);
}

static void sum(struct span bytes, uint8_t out[DIGEST_BYTES])
{
    struct digest digest;

    digest_begin(&digest);
    digest_add(&digest, bytes);
    digest_end(&digest, out);
}

/* The head, when bytes are a cache of these rules from its first byte to its last. */
static bool is_ours(const struct rule_set *rules, struct span bytes, struct cache_head *head)
{
    uint8_t key[DIGEST_BYTES], digest[DIGEST_BYTES];

    if (bytes.len < sizeof *head) return false;
    memcpy(head, bytes.at, sizeof *head);
    bytes = span_from(bytes, sizeof *head);
    if (head->block_len > bytes.len || head->stream_len != bytes.len - head->block_len) return false;
    engine_key(rules, key);
    if (!mem_same(head->key, key, sizeof key)) return false;
    sum(bytes, digest);
    return mem_same(head->digest, digest, sizeof digest);
}

static bool load(struct engine *engine, struct span bytes)
{
    struct cache_head head;

    if (!is_ours(engine->rules, bytes, &head)) return false;
    const char *at = (const char *)bytes.at + sizeof head;
    if (hs_deserialize_database(at, head.block_len, &engine->block) == HS_SUCCESS &&
        hs_deserialize_database(at + head.block_len, head.stream_len, &engine->stream) == HS_SUCCESS)
        return true;
    hs_free_database(engine->block);
    hs_free_database(engine->stream);
    engine->block = engine->stream = NULL;
    return false;
}

static enum err save(const hs_database_t *database, struct buf *out, uint64_t *len_out)
{
    char *bytes = NULL;
    size_t len = 0;

    *len_out = 0;
    if (database == NULL) return ERR_OK;
    TRY(hs_err(hs_serialize_database(database, &bytes, &len)));
    enum err err = buf_add(out, (struct span){(const uint8_t *)bytes, len});
    mem_free(bytes);
    *len_out = len;
    return err;
}

enum err engine_save(const struct engine *engine, struct buf *out)
{
    struct cache_head head;
    struct buf bytes = {0};
    enum err err;

    engine_key(engine->rules, head.key);
    err = save(engine->block, &bytes, &head.block_len);
    if (err == ERR_OK) err = save(engine->stream, &bytes, &head.stream_len);
    sum(buf_span(&bytes), head.digest);
    if (err == ERR_OK) err = buf_add(out, (struct span){(const uint8_t *)&head, sizeof head});
    if (err == ERR_OK) err = buf_add(out, buf_span(&bytes));
    buf_clear(&bytes);
    return err;
}

/* --- held ------------------------------------------------------------------------------------------------ */

static enum err begin(const struct rule_set *rules, struct engine **engine_out)
{
    struct engine *engine = mem_new(sizeof *engine);

    if (engine == NULL) return ERR_NOMEM;
    engine->references = 1;
    engine->rules = rule_set_hold(rules);
    *engine_out = engine;
    return ERR_OK;
}

enum err engine_load(const struct rule_set *rules, struct span cached, struct rule_fault *fault,
                     struct engine **engine_out)
{
    AUTO(engine) engine = NULL;

    TRY(begin(rules, &engine));
    engine->cached = load(engine, cached);
    if (!engine->cached) return ERR_NOT_FOUND;
    TRY(confirm_new(rules, fault, &engine->confirm));
    *engine_out = MOVE(engine);
    return ERR_OK;
}

static enum err compile_engine(const struct rule_set *rules, struct rule_fault *fault, struct engine **engine_out)
{
    AUTO(engine) engine = NULL;

    if (rules->count > RULE_COUNT_MAX) return ERR_LIMIT;
    TRY(begin(rules, &engine));
    TRY(confirm_new(rules, fault, &engine->confirm));
    if (rules->count > 0) TRY(compile_both(engine, fault));
    *engine_out = MOVE(engine);
    return ERR_OK;
}

enum err engine_new(const struct rule_set *rules, struct span cached, struct rule_fault *fault,
                    struct engine **engine_out)
{
    enum err err = engine_load(rules, cached, fault, engine_out);

    return err == ERR_NOT_FOUND ? compile_engine(rules, fault, engine_out) : err;
}

struct engine *engine_hold(struct engine *engine)
{
    engine->references++;
    return engine;
}

void engine_free(struct engine **held)
{
    struct engine *engine = MOVE(*held);

    if (engine == NULL || --engine->references > 0) return;
    hs_free_database(engine->block);
    hs_free_database(engine->stream);
    confirm_free(&engine->confirm);
    rule_set_free(&engine->rules);
    mem_free(engine);
}

bool engine_was_cached(const struct engine *engine) { return engine->cached; }

bool engine_is_of(const struct engine *engine, const struct rule_set *rules)
{
    return memcmp(engine->rules->digest, rules->digest, sizeof rules->digest) == 0;
}
