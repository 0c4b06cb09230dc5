/* verb.h — one row of the table of verbs: bottled VERB [OPTIONS]. */
#pragma once

struct verb {
    const char *name;
    const char *summary;               /* one line of `bottled help`; NULL: not for people */
    int (*run)(int argc, char **argv); /* argv[0] is the verb; returns the exit code */
};

/* Exit codes every verb keeps. */
enum { EXIT_OK = 0, EXIT_FOUND = 1 /* it ran, and the answer is no */, EXIT_USAGE = 2, EXIT_BROKEN = 3 };
