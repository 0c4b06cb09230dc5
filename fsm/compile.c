#include "fsm/compile.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "backends/manifest/load.h"
#include "backends/manifest/rule_cache.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/base/verb.h"
#include "reactor/proc/child.h"

struct compile {
    compile_fn *fn;
    void *owner;
    struct child *child;
};

static void on_end(void *owner, int code)
{
    struct compile *compile = owner;

    (void)code;
    compile->fn(compile->owner);
}

static enum err spawn(struct loop *loop, const char *const *argv, struct compile *compile)
{
    static const char *const nothing[] = {NULL};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const struct child_fd fds[] = {{null, 0}, {null, 1}, {null, 2}};
    const struct child_plan plan = {
        .argv = argv, .envp = nothing, .fds = fds, .fd_count = COUNT_OF(fds), .dies_with_parent = true, .tty_fd = -1};
    enum err err;

    if (null < 0) return ERR_SYS;
    err = child_spawn(loop, &plan, on_end, compile, &compile->child);
    close(null);
    return err;
}

enum err compile_start(struct loop *loop, const char *root, const char *const *bottles, size_t count, compile_fn *fn,
                       void *owner, struct compile **compile_out)
{
    const char *argv[APP_BOTTLES_MAX + 4] = {"/proc/self/exe", "__compile", root};
    AUTO(compile) compile = mem_new(sizeof *compile);

    if (compile == NULL) return ERR_NOMEM;
    if (count > APP_BOTTLES_MAX) return ERR_LIMIT;
    compile->fn = fn;
    compile->owner = owner;
    memcpy(argv + 3, bottles, count * sizeof *argv);
    TRY(spawn(loop, argv, compile));
    *compile_out = MOVE(compile);
    return ERR_OK;
}

void compile_free(struct compile **compile)
{
    struct compile *ended = MOVE(*compile);

    if (ended == NULL) return;
    child_free(&ended->child);
    mem_free(ended);
}

/* --- the child --------------------------------------------------------------------------------------------- */

static enum err compile_one(const char *root, const struct rule_set *rules)
{
    struct rule_fault fault;
    enum rule_cache_use use;
    AUTO(engine) engine = NULL;

    return rule_cache_open(root, rules, &fault, &use, &engine);
}

int compile_main(int argc, char **argv)
{
    AUTO(manifests) m = NULL;
    int code = EXIT_OK;

    if (argc < 3) return EXIT_USAGE;
    if (manifests_load(argv[1], &m) != ERR_OK) return EXIT_BROKEN;
    for (int i = 2; i < argc; i++) {
        const struct bottle *bottle = manifests_bottle(m, span_of(argv[i]));
        if (bottle == NULL || bottle->dlp.rules == NULL || compile_one(argv[1], bottle->dlp.rules) != ERR_OK)
            code = EXIT_FOUND;
    }
    return code;
}
