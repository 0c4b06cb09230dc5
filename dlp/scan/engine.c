#include "dlp/scan/engine_int.h"

#include <assert.h>
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

static enum err columns_make(const struct rule *list, size_t count, size_t first_id, struct columns *columns)
{
    *columns = (struct columns){.patterns = mem_new(count * sizeof *columns->patterns),
                                .flags = mem_new(count * sizeof *columns->flags),
                                .ids = mem_new(count * sizeof *columns->ids)};
    if (columns->patterns == NULL || columns->flags == NULL || columns->ids == NULL) return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        columns->patterns[i] = (const char *)list[i].pattern.at;
        columns->flags[i] = flags_of(&list[i]);
        columns->ids[i] = (unsigned)(first_id + i);
    }
    return ERR_OK;
}

/* For any machine that Hyperscan runs on: what was compiled here serves there.  A database for AVX2 or AVX-512 sweeps
 * no faster (probed with our rules: within 1 %), as the code that reads it is chosen by the machine anyway. */
static const hs_platform_info_t any_machine = {.tune = HS_TUNE_FAMILY_GENERIC};

static enum err compile(const struct rule *list, size_t count, const struct columns *columns, unsigned mode,
                        struct rule_fault *fault, hs_database_t **database_out)
{
    hs_compile_error_t *why = NULL;
    hs_error_t error = hs_compile_multi(columns->patterns, columns->flags, columns->ids, (unsigned)count, mode,
                                        &any_machine, database_out, &why);
    enum err err = hs_err(error);

    if (error == HS_COMPILER_ERROR && why != NULL && why->expression >= 0) {
        fault->rule = &list[why->expression];
        snprintf(fault->why, sizeof fault->why, "%s", why->message);
        err = ERR_SYNTAX;
    }
    hs_free_compile_error(why);
    return err;
}

/* The rules from one on, as the last part. */
static enum err compile_part(struct engine *engine, size_t from, struct rule_fault *fault)
{
    const struct rule *list = &engine->rules->list[from];
    struct part *part = &engine->parts[engine->part_count++];
    size_t count = engine->rules->count - from;
    struct columns columns;
    enum err err = columns_make(list, count, from, &columns);

    assert(engine->part_count <= ENGINE_PARTS);
    part->from = from;
    if (err == ERR_OK) err = compile(list, count, &columns, HS_MODE_BLOCK, fault, &part->block);
    if (err == ERR_OK) err = compile(list, count, &columns, HS_MODE_STREAM, fault, &part->stream);
    columns_free(&columns);
    return err;
}

/* --- kept ------------------------------------------------------------------------------------------------ */

/* In front of the cached bytes: the block database, then the one for streams. */
struct cache_head {
    uint8_t key[DIGEST_BYTES];    /* of the rules that are in it */
    uint8_t digest[DIGEST_BYTES]; /* SHA-256 of what stands behind the head */
    uint64_t rule_count, block_len, stream_len;
};

/* The format changes when other databases are made of the same patterns. */
static void make_key(const struct rule *list, size_t count, uint8_t key[DIGEST_BYTES])
{
    struct digest digest;

    digest_begin(&digest);
    digest_add(&digest, SPAN_LIT("bottled engine, format 3\n"));
    digest_add(&digest, span_of(hs_version()));
    for (size_t i = 0; i < count; i++) {
        uint32_t ahead[] = {(uint32_t)list[i].pattern.len, flags_of(&list[i])};
        digest_add(&digest, (struct span){(const uint8_t *)ahead, sizeof ahead});
        digest_add(&digest, list[i].pattern);
    }
    digest_end(&digest, key);
}

void engine_key(const struct rule_set *rules, uint8_t key[DIGEST_BYTES]) { make_key(rules->list, rules->count, key); }

static void sum(struct span bytes, uint8_t out[DIGEST_BYTES])
{
    struct digest digest;

    digest_begin(&digest);
    digest_add(&digest, bytes);
    digest_end(&digest, out);
}

/* The head, when bytes are a cache of these rules or the first of them, from its first byte to its last. */
static bool is_ours(const struct rule *list, size_t count, struct span bytes, struct cache_head *head)
{
    uint8_t key[DIGEST_BYTES], digest[DIGEST_BYTES];

    if (bytes.len < sizeof *head) return false;
    memcpy(head, bytes.at, sizeof *head);
    bytes = span_from(bytes, sizeof *head);
    if (head->rule_count == 0 || head->rule_count > count) return false;
    if (head->block_len > bytes.len || head->stream_len != bytes.len - head->block_len) return false;
    make_key(list, head->rule_count, key);
    if (!mem_same(head->key, key, sizeof key)) return false;
    sum(bytes, digest);
    return mem_same(head->digest, digest, sizeof digest);
}

static void part_clear(struct part *part)
{
    hs_free_database(part->block);
    hs_free_database(part->stream);
    *part = (struct part){0};
}

/* The next part: how many rules are in it, or 0. */
static size_t load_part(struct engine *engine, size_t from, struct span bytes)
{
    struct part *part = &engine->parts[engine->part_count];
    struct cache_head head;

    if (!is_ours(&engine->rules->list[from], engine->rules->count - from, bytes, &head)) return 0;
    const char *at = (const char *)bytes.at + sizeof head;
    part->from = from;
    if (hs_deserialize_database(at, head.block_len, &part->block) == HS_SUCCESS &&
        hs_deserialize_database(at + head.block_len, head.stream_len, &part->stream) == HS_SUCCESS) {
        engine->part_count++;
        return head.rule_count;
    }
    part_clear(part);
    return 0;
}

/* How many rules are in it. */
static size_t load(struct engine *engine, const struct span *cached, size_t cached_count)
{
    size_t at = 0;

    for (size_t i = 0; i < cached_count && engine->part_count < ENGINE_PARTS; i++)
        at += load_part(engine, at, cached[i]);
    return at;
}

static enum err save(const hs_database_t *database, struct buf *out, uint64_t *len_out)
{
    char *bytes = NULL;
    size_t len = 0;

    TRY(hs_err(hs_serialize_database(database, &bytes, &len)));
    enum err err = buf_add(out, (struct span){(const uint8_t *)bytes, len});
    mem_free(bytes);
    *len_out = len;
    return err;
}

enum err engine_save(const struct engine *engine, struct buf *out)
{
    const struct part *part = &engine->parts[engine->part_count - 1];
    struct cache_head head = {.rule_count = engine->rules->count - part->from};
    struct buf bytes = {0};
    enum err err;

    assert(engine->part_count > 0);
    make_key(&engine->rules->list[part->from], head.rule_count, head.key);
    err = save(part->block, &bytes, &head.block_len);
    if (err == ERR_OK) err = save(part->stream, &bytes, &head.stream_len);
    sum(buf_span(&bytes), head.digest);
    if (err == ERR_OK) err = buf_add(out, (struct span){(const uint8_t *)&head, sizeof head});
    if (err == ERR_OK) err = buf_add(out, buf_span(&bytes));
    buf_clear(&bytes);
    return err;
}

/* --- held ------------------------------------------------------------------------------------------------ */

static enum err begin(const struct rule_set *rules, struct engine **engine_out)
{
    struct engine *engine;

    if (rules->count > RULE_COUNT_MAX) return ERR_LIMIT;
    engine = mem_new(sizeof *engine);
    if (engine == NULL) return ERR_NOMEM;
    engine->references = 1;
    engine->rules = rule_set_hold(rules);
    *engine_out = engine;
    return ERR_OK;
}

enum err engine_load(const struct rule_set *rules, const struct span *cached, size_t cached_count,
                     struct engine **engine_out)
{
    AUTO(engine) engine = NULL;

    TRY(begin(rules, &engine));
    engine->cached = load(engine, cached, cached_count) == rules->count;
    if (!engine->cached) return ERR_NOT_FOUND;
    TRY(confirm_later(rules, &engine->confirm));
    *engine_out = MOVE(engine);
    return ERR_OK;
}

enum err engine_new(const struct rule_set *rules, struct span cached, struct rule_fault *fault,
                    struct engine **engine_out)
{
    AUTO(engine) engine = NULL;
    enum err err = engine_load(rules, &cached, 1, engine_out);

    if (err != ERR_NOT_FOUND) return err;
    TRY(begin(rules, &engine));
    TRY(confirm_new(rules, fault, &engine->confirm));
    TRY(compile_part(engine, load(engine, &cached, 1), fault));
    *engine_out = MOVE(engine);
    return ERR_OK;
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
    for (size_t i = 0; i < engine->part_count; i++) part_clear(&engine->parts[i]);
    confirm_free(&engine->confirm);
    rule_set_free(&engine->rules);
    mem_free(engine);
}

bool engine_was_cached(const struct engine *engine) { return engine->cached; }

bool engine_is_of(const struct engine *engine, const struct rule_set *rules)
{
    return memcmp(engine->rules->digest, rules->digest, sizeof rules->digest) == 0;
}
