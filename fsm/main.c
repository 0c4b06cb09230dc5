/* main.c — the table of verbs. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "backends/manifest/cmd_check.h"
#include "backends/manifest/cmd_scan.h"
#include "backends/sandbox/launch.h"
#include "fsm/cmd_run.h"
#include "fsm/cmd_serve.h"
#include "fsm/compile.h"
#include "queue/cmd_queue.h"
#include "queue/cmd_supervise.h"
#include "reactor/base/own.h"
#include "reactor/base/verb.h"
#include "reactor/machine/trace.h"

static int version(int argc, char **argv)
{
    (void)argc, (void)argv;
    puts("bottled 0.1.0");
    return EXIT_OK;
}

static const struct verb verbs[] = {
    {"run", "run an agent in its bottle", cmd_run},
    {"serve", "serve the egress of bottles that something else runs", cmd_serve},
    {"supervise", "see what bottles ask for, and answer, in a terminal", cmd_supervise},
    {"queue", "what bottles ask for: list, show, approve, reject, ...", cmd_queue},
    {"check", "check the manifests and print the policy they make", cmd_check},
    {"scan", "look for secrets in files, by the proxy's rules", cmd_scan},
    {"version", "print the version", version},
    {"__init", NULL, launch_main},     /* between a sandbox driver and bubblewrap, not for people */
    {"__compile", NULL, compile_main}, /* nor this: compile.h */
};

static void usage(FILE *out)
{
    fputs("bottled VERB [OPTIONS]    runs agents in bottles: sandboxes whose only way out is a proxy with a policy\n\n",
          out);
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (verbs[i].summary != NULL) fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
    fputs("\n`bottled VERB --help` tells more.\n", out);
}

/* Credentials are in our memory: no core is dumped, and no other process of this user may look into it.  Sanitizers
 * look. */
static void keep_memory_private(void)
{
    static const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) != 0) perror("bottled: RLIMIT_CORE");
#ifndef BOTTLED_SANITIZE
    if (prctl(PR_SET_DUMPABLE, 0) != 0) perror("bottled: PR_SET_DUMPABLE");
    trace_on_crash();
#endif
}

/* The soft limit is for programs that use select(). */
static void use_all_descriptors(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0) perror("bottled: RLIMIT_NOFILE");
}

/* The launcher is left as it was born: what it inherits, the agent does. */
static int start(const struct verb *verb, int argc, char **argv)
{
    if (verb->summary != NULL) {
        keep_memory_private();
        use_all_descriptors();
        signal(SIGPIPE, SIG_IGN);
    }
    return verb->run(argc, argv);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0) return start(&verbs[i], argc - 1, argv + 1);
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        usage(stdout);
        return EXIT_OK;
    }
    usage(stderr);
    return EXIT_USAGE;
}
