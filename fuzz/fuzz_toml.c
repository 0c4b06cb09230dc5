/* fuzz_toml.c — claim: no TOML file crashes the reader; it is read within its bounds or refused with a reason, places
 * are within the file, and a second reading gives the same tree. Reaches toml_read, toml_string, toml_bare_value.
 * Seeds fuzz/corpus/toml. */
#include <stdlib.h>

#include "backends/manifest/toml.h"
#include "reactor/base/limits.h"

static bool is_same(const struct yaml_node *a, const struct yaml_node *b, unsigned depth, size_t *count)
{
    const struct yaml_node *x = a->first, *y = b->first;
    size_t children = 0;

    if (++*count > TOML_NODES_MAX + 1 || depth > 2 * YAML_DEPTH_MAX) abort();
    if (a->kind != b->kind || a->plain != b->plain || a->place.line < 1 || a->place.column < 1) return false;
    if (!span_is(a->text, b->text) || !span_is(a->key, b->key)) return false;
    for (; x != NULL && y != NULL; x = x->next, y = y->next, children++)
        if (!is_same(x, y, depth + 1, count)) return false;
    return x == NULL && y == NULL && children == a->count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena arenas[] = {arena_begin(TOML_TREE_BYTES_MAX), arena_begin(TOML_TREE_BYTES_MAX)};
    struct yaml_node *roots[2] = {NULL};
    enum err errs[2];
    size_t count = 0;

    for (size_t i = 0; i < 2; i++) {
        struct manifest_errors errors = manifest_errors_begin();
        struct reader reader = {.path = "m", .errors = &errors};
        errs[i] = toml_read(&reader, (struct span){bytes, len}, &arenas[i], &roots[i]);
        if ((errs[i] == ERR_OK) != (errors.count == 0)) abort();
        manifest_errors_end(&errors);
    }
    if (errs[0] != errs[1]) abort();
    if (errs[0] == ERR_OK && !is_same(roots[0], roots[1], 0, &count)) abort();
    arena_end(&arenas[0]);
    arena_end(&arenas[1]);
    return 0;
}
