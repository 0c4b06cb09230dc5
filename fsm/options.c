#include "fsm/options.h"

#include <stdio.h>

#include "backends/manifest/load.h"
#include "reactor/base/home.h"

struct options options_begin(void) { return (struct options){.arena = arena_begin(KIB(64))}; }
void options_end(struct options *options) { arena_end(&options->arena); }

static bool take_pin(struct options *options, struct span value)
{
    size_t at = span_find(value, '=', 0);
    struct resolver_pin *pin = &options->pins[options->app.resolver.pin_count];

    if (options->app.resolver.pin_count == APP_PINS_MAX) {
        fprintf(stderr, "--resolve: at most %u\n", APP_PINS_MAX);
        return false;
    }
    if (at == 0 || at == value.len || addr_parse(span_from(value, at + 1), &pin->addr) != ERR_OK) {
        fprintf(stderr, "--resolve takes NAME=ADDR, such as api.example.com=127.0.0.1\n");
        return false;
    }
    pin->name = span_first(value, at);
    options->app.resolver.pins = options->pins;
    options->app.resolver.pin_count++;
    return true;
}

bool options_take(struct options *options, int option, const char *value)
{
    switch (option) {
    case OPTION_ROOT: options->app.root = value; return true;
    case OPTION_ACCESS_LOG: options->app.access_log = value; return true;
    case OPTION_LOG: options->app.log = value; return true;
    case OPTION_RESOLVE: return take_pin(options, span_of(value));
    case OPTION_DNS: options->app.resolver.servers = span_of(value); return true;
    default: return false;
    }
}

bool options_complete(struct options *options)
{
    if (options->app.root == NULL) options->app.root = home_root(&options->arena);
    if (options->app.root != NULL) return true;
    fprintf(stderr, "there is no home folder to look for .bottled in; name one with --root DIR\n");
    return false;
}
