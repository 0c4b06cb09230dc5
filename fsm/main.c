/* main.c — the table of verbs. */
#include <stdio.h>
#include <string.h>

#include "reactor/base/own.h"
#include "reactor/base/verb.h"

static int version(int argc, char **argv)
{
    (void)argc, (void)argv;
    puts("bottled 0.1.0");
    return EXIT_OK;
}

static const struct verb verbs[] = {
    {"version", "print the version", version},
};

static void usage(FILE *out)
{
    fputs("bottled VERB [OPTIONS]    agents in bottles; `bottled VERB --help` tells more\n\n", out);
    for (size_t i = 0; i < COUNT_OF(verbs); i++) fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0) return verbs[i].run(argc - 1, argv + 1);
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        usage(stdout);
        return EXIT_OK;
    }
    usage(stderr);
    return EXIT_USAGE;
}
