#include "backends/manifest/cmd_check.h"

#include <stdio.h>
#include <string.h>

#include "backends/manifest/check_print.h"
#include "reactor/base/home.h"
#include "reactor/base/own.h"
#include "reactor/base/verb.h"

static const char help[] =
    "bottled check [--root DIR] [--json] [BOTTLE]\n"
    "\n"
    "Reads every manifest and prints what each bottle may reach, or everything that is wrong with the files.\n"
    "\n"
    "  --root DIR   the tree to read instead of ~/.bottled: DIR/bottles/NAME.md and DIR/agents/NAME.md\n"
    "  --json       for programs: {error_count, errors, bottles, agents}\n"
    "  BOTTLE       speak only of this bottle and the agents in it\n"
    "\n"
    "A bottle, as bottles/dev.md:\n"
    "\n"
    "  ---\n"
    "  egress:\n"
    "    routes:\n"
    "      - host: api.example.com            # or \"*.example.com\": the names below it\n"
    "        methods: [GET, POST]             # left out: every method\n"
    "        path: /v1/**                     # left out: every path\n"
    "        auth: {scheme: bearer, token_ref: env:EXAMPLE_TOKEN}\n"
    "  ---\n"
    "  Text for people.\n"
    "\n"
    "An agent, as agents/coder.md, whose text is its system prompt:\n"
    "\n"
    "  ---\n"
    "  bottle: dev\n"
    "  command: [claude]\n"
    "  ---\n"
    "  You write small, tested changes.\n"
    "\n"
    "A token_ref says where a credential is, never what it is: env:NAME, file:PATH (mode 600) or \"cmd:pass show x\".\n"
    "Exit codes: 0 all is well, 1 something is wrong with a manifest, 2 it was called wrongly, 3 it could not run.\n";

struct options {
    const char *root;
    struct span bottle;
    bool json, help;
};

static bool parse(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            options->json = true;
        else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            options->help = true;
        else if (strcmp(argv[i], "--root") == 0 && i + 1 < argc)
            options->root = argv[++i];
        else if (argv[i][0] != '-' && options->bottle.len == 0)
            options->bottle = span_of(argv[i]);
        else
            return false;
    }
    return true;
}

static void put(FILE *file, const struct buf *text)
{
    if (buf_len(text) > 0) fwrite(buf_span(text).at, 1, buf_len(text), file);
}

static enum err print(const struct manifests *m, const struct options *options)
{
    struct buf out = {0}, complaints = {0};
    enum err err =
        options->json ? check_print_json(&out, m, options->bottle) : check_print_text(&out, m, options->bottle);

    if (err == ERR_OK && !options->json) err = check_print_errors(&complaints, m, options->bottle);
    if (err == ERR_OK) {
        put(stderr, &complaints);
        put(stdout, &out);
    }
    buf_clear(&out);
    buf_clear(&complaints);
    return err == ERR_OK && fflush(stdout) != 0 ? ERR_SYS : err;
}

static int check(const struct options *options)
{
    AUTO(manifests) m = NULL;
    enum err err = manifests_load(options->root, &m);

    if (err == ERR_NOT_FOUND) {
        fprintf(stderr,
                "bottled check: %s: no such folder; make %s/bottles/NAME.md (`bottled check --help` shows one), "
                "or name another with --root\n",
                options->root, options->root);
        return EXIT_FOUND;
    }
    if (err == ERR_OK && options->bottle.len > 0 && manifests_bottle(m, options->bottle) == NULL) {
        fprintf(stderr, "bottled check: there is no bottle `%s` in %s/bottles\n", quoted(options->bottle),
                options->root);
        return EXIT_FOUND;
    }
    if (err == ERR_OK) err = print(m, options);
    if (err == ERR_OK) return check_error_count(m, options->bottle) == 0 ? EXIT_OK : EXIT_FOUND;
    fprintf(stderr, "bottled check: %s\n", err_meaning(err));
    return EXIT_BROKEN;
}

int cmd_check(int argc, char **argv)
{
    struct arena arena = arena_begin(KIB(8));
    struct options options = {0};
    int code = EXIT_USAGE;

    if (!parse(argc, argv, &options)) {
        fputs(help, stderr);
    } else if (options.help) {
        fputs(help, stdout);
        code = EXIT_OK;
    } else {
        if (options.root == NULL) options.root = home_root(&arena);
        if (options.root == NULL) fputs("bottled check: HOME is not set; name a folder with --root\n", stderr);
        if (options.root != NULL) code = check(&options);
    }
    arena_end(&arena);
    return code;
}
