/* options.h — the options that `serve` and `run` share, and how they are said. */
#pragma once
#include "fsm/app.h"
#include "reactor/base/arena.h"

/* clang-format off */
/* Their help, a line each. */
#define OPTIONS_HELP                                                                                                  \
    "  --root DIR            manifests, and our certificate authority (default: ~/.bottled)\n"                        \
    "  --access-log FILE     one JSON line a request; - is standard output\n"                                         \
    "                        (default: run ROOT/log/AGENT.jsonl, serve none)\n"                                       \
    "  --log FILE            what else happens, a line each\n"                                                        \
    "                        (default: run ROOT/log/AGENT.log, serve standard error)\n"                               \
    "  --resolve NAME=ADDR   answer NAME with ADDR and ask no name server (may be repeated)\n"                        \
    "  --dns ADDR:PORT       ask this name server instead of the system's\n"

/* Values of getopt_long for them; a verb's own letters are below. */
enum { OPTION_ROOT = 1000, OPTION_ACCESS_LOG, OPTION_LOG, OPTION_RESOLVE, OPTION_DNS, OPTION_HELP };
#define OPTIONS_LONG                                                                                                  \
    {"root", 1, 0, OPTION_ROOT}, {"access-log", 1, 0, OPTION_ACCESS_LOG}, {"log", 1, 0, OPTION_LOG},                  \
    {"resolve", 1, 0, OPTION_RESOLVE}, {"dns", 1, 0, OPTION_DNS}, {"help", 0, 0, OPTION_HELP}
/* clang-format on */

struct options {
    struct arena arena;
    struct resolver_pin pins[APP_PINS_MAX];
    struct app_options app;
};

/* With their defaults; ends with options_end(). */
struct options options_begin(void);
void options_end(struct options *options);

/* False, with the reason printed on standard error, when value is not what the option takes. */
bool options_take(struct options *options, int option, const char *value);

/* Fills in what was left out.  False when there is no home. */
bool options_complete(struct options *options);
