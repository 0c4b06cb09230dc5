/* fuzz_frontmatter.c — claim: no file crashes the reader; what is refused is told; what is accepted reads the same way
 * twice, and names only hosts and paths that url.h leaves as they are.
 * Reaches frontmatter_find, yaml_lint, yaml_read, bottle_read, read_route.  Seeds fuzz/corpus/frontmatter. */
#include <stdlib.h>

#include "backends/manifest/bottle.h"
#include "backends/manifest/frontmatter.h"
#include "reactor/base/limits.h"
#include "reactor/wire/url.h"

static struct rule_set *shipped(void)
{
    static struct rule_set *set;
    struct manifest_errors none = manifest_errors_begin();

    if (set == NULL && (rules_read_shipped(&none, &set) != ERR_OK || set == NULL)) abort();
    return set;
}

static void read_file(struct span file, struct manifest_errors *errors, struct bottle *bottle)
{
    struct arena tree = arena_begin(YAML_TREE_BYTES_MAX);
    struct arena names = arena_begin(KIB(64));
    struct reader reader = {.path = "m", .folder = "/nonexistent", .errors = errors, .arena = &names};
    struct frontmatter front;
    struct yaml_node *root;
    enum err err = frontmatter_find(&reader, file, &front);

    *bottle = (struct bottle){0};
    if (err == ERR_OK) err = yaml_read(&reader, front.yaml, FRONT_FIRST_LINE, &tree, &root);
    if (err == ERR_OK) err = bottle_read(&reader, root, SPAN_LIT("fuzz"), shipped(), bottle);
    arena_end(&tree);
    arena_end(&names);
    if ((err == ERR_OK && bottle->policy != NULL) != (errors->count == 0)) abort();
}

static void check_route(const struct route *route)
{
    struct arena arena = arena_begin(KIB(64));
    struct authority name;
    struct span path, host = route->host;

    if (memchr(host.at, ':', host.len) != NULL) host = arena_printf(&arena, "[%.*s]", SPAN_FMT(host));
    if (url_authority(host, 443, &arena, &name) != ERR_OK || !span_is(name.host, route->host)) abort();
    if (route->suffix && memchr(host.at, '.', host.len) == NULL) abort();
    for (size_t i = 0; i < route->path_count; i++) {
        struct arena each = arena_begin(KIB(64));
        if (url_path(route->paths[i], &each, &path) != ERR_OK || !span_is(path, route->paths[i])) abort();
        arena_end(&each);
    }
    if (route->port == 0 || (route->auth != AUTH_NONE && (route->port == 80 || route->tls_passthrough))) abort();
    arena_end(&arena);
}

static void print_errors(struct buf *out, const struct manifest_errors *errors)
{
    for (const struct manifest_error *e = errors->first; e != NULL; e = e->next)
        if (manifest_error_print(out, e) != ERR_OK) abort();
    for (size_t i = 0; i < buf_len(out); i++) /* no byte of a hostile file reaches a terminal as it is */
        if (out->at[i] != '\n' && (out->at[i] < 0x20 || out->at[i] > 0x7e)) abort();
}

static void compare(const struct policy *a, const struct policy *b)
{
    if (a->route_count != b->route_count || a->token_ref_count != b->token_ref_count) abort();
    for (size_t i = 0; i < a->route_count; i++) {
        const struct route *x = &a->routes[i], *y = &b->routes[i];
        if (!span_is(x->host, y->host) || x->port != y->port || x->suffix != y->suffix || x->auth != y->auth) abort();
        if (x->method_count != y->method_count || x->path_count != y->path_count || x->slot != y->slot) abort();
        check_route(x);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct manifest_errors errors = manifest_errors_begin(), again = manifest_errors_begin();
    struct bottle one, other;
    struct buf text = {0}, text_again = {0};

    read_file((struct span){bytes, len}, &errors, &one);
    read_file((struct span){bytes, len}, &again, &other);
    print_errors(&text, &errors);
    print_errors(&text_again, &again);
    if (buf_len(&text) != buf_len(&text_again)) abort();
    if ((one.policy == NULL) != (other.policy == NULL)) abort();
    if (one.policy != NULL) compare(one.policy, other.policy);
    buf_clear(&text);
    buf_clear(&text_again);
    bottle_end(&one);
    bottle_end(&other);
    manifest_errors_end(&errors);
    manifest_errors_end(&again);
    return 0;
}
