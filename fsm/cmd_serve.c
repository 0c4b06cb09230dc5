#include "fsm/cmd_serve.h"

#include <getopt.h>
#include <stdio.h>

#include "fsm/options.h"
#include "reactor/base/log.h"
#include "reactor/base/mem.h"
#include "reactor/base/verb.h"
#include "reactor/wire/url.h"

static const char help[] =
    "bottled serve --listen BOTTLE=ADDR:PORT [--listen ...] [OPTIONS]\n"
    "\n"
    "Serves the egress of bottles to clients that use it as their HTTP proxy.  Whoever can connect to an address\n"
    "gets that bottle's routes and credentials, so addresses are on loopback unless --allow-remote is given.\n"
    "\n"
    "  --listen BOTTLE=ADDR:PORT\n"
    "                        an address for the bottle of ROOT/bottles/BOTTLE.md (may be repeated)\n"
    "  --allow-remote        take addresses that are not on loopback\n" OPTIONS_HELP "\n"
    "SIGTERM and SIGINT finish what is under way and end with 0; a second one ends now.  SIGHUP reads the manifests\n"
    "again and keeps the old rules when the new ones have errors.  SIGUSR1 prints the last transitions of every\n"
    "machine.\n"
    "Exit codes: 0 ended as asked, 2 usage, 3 it could not start.\n";

struct door {
    char *bottle;
    struct addr addr;
    struct egress *egress;
    struct listener *listener;
};

struct serve {
    struct options options;
    struct door doors[APP_BOTTLES_MAX];
    size_t door_count;
    bool allow_remote;
};

static bool is_loopback(const struct addr *addr)
{
    static const uint8_t v6[16] = {[15] = 1};

    return addr->family == 4 ? addr->ip[0] == 127 : memcmp(addr->ip, v6, sizeof v6) == 0;
}

static enum err parse_door(struct span text, struct door *door)
{
    size_t at = span_find(text, '=', 0);
    struct arena scratch = arena_begin(KIB(4));
    struct authority authority;
    enum err err =
        at == 0 || at >= text.len ? ERR_SYNTAX : url_authority(span_from(text, at + 1), 0, &scratch, &authority);

    if (err == ERR_OK) err = addr_parse(authority.host, &door->addr);
    if (err == ERR_OK) {
        door->addr.port = authority.port;
        door->bottle = mem_text(span_first(text, at));
    }
    arena_end(&scratch);
    return err == ERR_OK && door->bottle == NULL ? ERR_NOMEM : err;
}

static bool take_door(struct serve *serve, const char *value)
{
    struct door *door = &serve->doors[serve->door_count];

    if (serve->door_count == APP_BOTTLES_MAX || parse_door(span_of(value), door) != ERR_OK) {
        fprintf(stderr, "--listen takes BOTTLE=ADDR:PORT, such as dev=127.0.0.1:3128, at most %u times\n",
                APP_BOTTLES_MAX);
        return false;
    }
    serve->door_count++;
    return true;
}

static void on_accept(void *owner, struct stream *stream)
{
    struct door *door = owner;

    conn_new(door->egress, CONN_PROXY, stream);
}

static void on_ready(void *owner, struct app *app)
{
    struct serve *serve = owner;
    char text[ADDR_TEXT_MAX];

    for (size_t i = 0; i < serve->door_count; i++) {
        struct door *door = &serve->doors[i];
        if (listener_new(app_loop(app), &door->addr, on_accept, door, &door->listener) != ERR_OK) {
            fprintf(stderr, "%s can't be listened on: is it in use?\n", addr_text(&door->addr, text));
            app_end(app, EXIT_BROKEN);
            return;
        }
        struct addr addr = listener_addr(door->listener);
        LOG(INFO, "serve.listening", F_TEXT("bottle", door->bottle), F_TEXT("addr", addr_text(&addr, text)));
    }
    LOG(INFO, "serve.ready", F_NUM("listeners", serve->door_count));
}

static void on_drain(void *owner)
{
    struct serve *serve = owner;

    for (size_t i = 0; i < serve->door_count; i++) listener_free(&serve->doors[i].listener);
}

static int run(struct serve *serve)
{
    static const struct app_hooks hooks = {on_ready, on_drain};
    AUTO(app) app = NULL;
    int code = EXIT_BROKEN;

    serve->options.app.handles_int = true;
    if (app_new(&serve->options.app, &hooks, serve, &app) != ERR_OK) return EXIT_BROKEN;
    for (size_t i = 0; i < serve->door_count; i++)
        if (app_add(app, serve->doors[i].bottle, &serve->doors[i].egress) != ERR_OK) return EXIT_BROKEN;
    code = app_run(app);
    on_drain(serve);
    return code;
}

static bool check_doors(const struct serve *serve)
{
    char text[ADDR_TEXT_MAX];

    if (serve->door_count == 0)
        fprintf(stderr, "nothing to serve: give --listen BOTTLE=ADDR:PORT (--help tells more)\n");
    for (size_t i = 0; i < serve->door_count; i++) {
        if (is_loopback(&serve->doors[i].addr) || serve->allow_remote) continue;
        fprintf(
            stderr,
            "%s is not on loopback: whoever reaches it gets the credentials of `%s`; --allow-remote if you mean it\n",
            addr_text(&serve->doors[i].addr, text), serve->doors[i].bottle);
        return false;
    }
    return serve->door_count > 0;
}

int cmd_serve(int argc, char **argv)
{
    static const struct option long_options[] = {
        OPTIONS_LONG, {"listen", 1, 0, 'l'}, {"allow-remote", 0, 0, 'r'}, {0, 0, 0, 0}};
    struct serve serve = {.options = options_begin()};
    int option, code = EXIT_USAGE;
    bool good = true;

    while (good && (option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option == OPTION_HELP) {
            fputs(help, stdout);
            return EXIT_OK;
        }
        if (option == 'l')
            good = take_door(&serve, optarg);
        else if (option == 'r')
            serve.allow_remote = true;
        else
            good = options_take(&serve.options, option, optarg);
    }
    if (good && optind < argc) {
        fprintf(stderr, "%s: serve takes no such argument (--help tells more)\n", argv[optind]);
        good = false;
    }
    if (good && options_complete(&serve.options) && check_doors(&serve)) code = run(&serve);
    for (size_t i = 0; i < serve.door_count; i++) mem_free(serve.doors[i].bottle);
    options_end(&serve.options);
    return code;
}
