#include "tests/world/egress.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reactor/base/log.h"
#include "reactor/base/mem.h"
#include "reactor/net/stream_mem.h"
#include "tests/scan_rules.h"

struct egress egress;
struct proxy proxy;
static struct pool *pool;
static char folder[] = "/tmp/bottled-world-XXXXXX", ca_path[sizeof folder + 8];
static struct tls_server *server; /* made once: an authority costs a few fsyncs */
static struct tls_client *trust;

static void must(enum err err)
{
    if (err == ERR_OK) return;
    fprintf(stderr, "the world could not be made: %s\n", err_name(err));
    abort();
}

static struct addr address(const char *text, uint16_t port)
{
    struct addr addr;

    must(addr_parse(span_of(text), &addr));
    addr.port = port;
    return addr;
}

static void remove_folder(void)
{
    char path[sizeof folder + 8];

    unlink(ca_path);
    snprintf(path, sizeof path, "%s/ca.key", folder);
    unlink(path);
    rmdir(folder);
}

static void make_authority(void)
{
    static struct ca *ca;

    if (server != NULL) return;
    if (mkdtemp(folder) == NULL || atexit(remove_folder) != 0) abort();
    snprintf(ca_path, sizeof ca_path, "%s/ca.pem", folder);
    must(ca_open(folder, loop_wall_s(world.loop), &ca));
    must(tls_server_new(world.loop, ca, &server));
    must(tls_client_new(world.loop, ca_path, &trust));
}

static struct policy *make_policy(void)
{
    static const struct span get[] = {{(const uint8_t *)"GET", 3}}, ok[] = {{(const uint8_t *)"/ok/**", 6}};
    static const struct span refs[] = {{(const uint8_t *)"env:TOKEN", 9}};
    static const struct binding bindings[] = {
        {"github-pat", "secure.example.com api.example.com", "private-token query", NULL}};
    static struct prefix private;
    static struct route routes[6];
    struct policy *policy;

    must(prefix_parse(SPAN_LIT("10.0.0.0/8"), &private));
    const struct addr_rules inside = {&private, 1};
    routes[0] = (struct route){.host = SPAN_LIT("api.example.com"), .port = 80, .addrs = inside, .line = 1};
    routes[1] = (struct route){.host = SPAN_LIT("example.org"),
                               .suffix = true,
                               .port = 80,
                               .methods = get,
                               .method_count = 1,
                               .paths = ok,
                               .path_count = 1,
                               .addrs = inside,
                               .line = 2};
    routes[2] = (struct route){.host = SPAN_LIT("deep.example.com"), .port = 80, .line = 3};
    routes[3] = (struct route){
        .host = SPAN_LIT("pass.example.com"), .port = 443, .tls_passthrough = true, .addrs = inside, .line = 4};
    routes[4] = (struct route){.host = SPAN_LIT("secure.example.com"),
                               .port = 443,
                               .auth = AUTH_BEARER,
                               .slot = 0,
                               .ca_path = ca_path,
                               .addrs = inside,
                               .line = 5};
    routes[5] = (struct route){.host = SPAN_LIT("raw.example.com"),
                               .port = 80,
                               .body_unscanned = true,
                               .because = SPAN_LIT("a story"),
                               .body_max = 100,
                               .addrs = inside,
                               .line = 6};
    must(policy_new(&policy));
    policy->bottle = SPAN_LIT("world");
    policy->routes = routes;
    policy->route_count = COUNT_OF(routes);
    policy->token_refs = refs;
    policy->token_ref_count = 1;
    policy->bindings = bindings;
    policy->binding_count = COUNT_OF(bindings);
    policy->supervise = (struct supervise){.tokens = true, .wait_ms = HOLD_DEFAULT_MS}; /* where there is an asker */
    return policy;
}

static void make_names(void)
{
    static const char *const names[] = {"api.example.com", "a.example.org", "pass.example.com", "secure.example.com",
                                        "raw.example.com"};
    struct addr inside = address(EGRESS_ORIGIN, 0), metadata = address("169.254.169.254", 0);
    struct addr listening[] = {address(EGRESS_ORIGIN, 80), address(EGRESS_ORIGIN, 443)};

    for (size_t i = 0; i < COUNT_OF(names); i++) world_name(names[i], &inside, 1);
    world_name("deep.example.com", &metadata, 1);
    for (size_t i = 0; i < COUNT_OF(listening); i++) world_listen(&listening[i]);
}

static struct engine *shared_engine(void)
{
    static struct engine *engine;
    struct rule_fault fault;

    if (engine == NULL) must(engine_new(&scan_rules, (struct span){0}, &fault, &engine));
    return engine;
}

static struct rules *make_rules(void)
{
    struct policy *policy = make_policy();
    struct vault *vault;
    struct rules *rules;

    must(vault_new(1, &vault));
    must(vault_set(vault, 0, SPAN_LIT(EGRESS_SECRET)));
    must(rules_new(world.loop, &policy, &vault, shared_engine(), &rules));
    return rules;
}

/* Made once: compiling the scanner and reading the system's roots takes milliseconds, and a fuzzer begins often. */
static struct rules *shared_rules(void)
{
    static struct rules *rules;

    if (rules == NULL) rules = make_rules();
    return rules;
}

void egress_reload(void)
{
    rules_free(&egress.rules);
    egress.rules = make_rules();
}

void egress_begin(void)
{
    struct resolver_options none = {0};

    world_begin();
    world_pass(1); /* no loop's clock reads 0 */
    make_authority();
    make_names();
    proxy = (struct proxy){.loop = world.loop, .tls = server};
    must(resolver_new(world.loop, &none, &proxy.resolver));
    must(pool_new(world.loop, proxy.resolver, &pool));
    proxy.pool = pool;
    proxy.access = (struct access_log){.loop = world.loop, .fd = memfd_create("access", MFD_CLOEXEC)};
    log_to(proxy.access.fd);
    egress = (struct egress){.proxy = &proxy, .name = "world"};
    list_init(&egress.conns);
    egress.rules = rules_hold(shared_rules());
}

void egress_end(void)
{
    world_turn();
    conn_drain_all(&egress, true);
    world_turn();
    pool_free(&pool);
    world_turn();
    rules_free(&egress.rules);
    resolver_free(&proxy.resolver);
    log_to(STDERR_FILENO);
    close(proxy.access.fd);
    world_end();
}

static void on_stream(void *owner, enum stream_event event)
{
    struct talker *talker = owner;
    struct span in = stream_input(talker->stream);

    bool heard = buf_add(&talker->heard, in) == ERR_OK;
    stream_consume(talker->stream, in.len);
    talker->open = talker->open || event == STREAM_OPEN;
    talker->eof = talker->eof || event == STREAM_EOF;
    talker->gone = talker->gone || event == STREAM_GONE || !heard; /* a story may let allocations fail */
}

void talker_connect(struct talker *client, enum conn_kind kind)
{
    struct stream *ours;

    *client = (struct talker){0};
    must(stream_mem_pair(world.loop, &client->stream, &ours));
    stream_own(client->stream, on_stream, client);
    ours->peer = address("127.0.0.1", 40000);
    ours->local = address("198.18.0.7", 80);
    conn_new(&egress, kind, ours);
    world_turn();
}

bool talker_accept(struct talker *origin)
{
    *origin = (struct talker){.stream = world_accept()};
    if (origin->stream == NULL) return false;
    stream_own(origin->stream, on_stream, origin);
    on_stream(origin, STREAM_DATA);
    world_turn();
    return true;
}

void talker_shake(struct talker *client, const char *name)
{
    struct tls_target target = {.host = span_of(name), .session_key = span_of(name)};

    must(stream_tls_connect(trust, &client->stream, &target, on_stream, client, &client->stream));
    world_turn();
}

void talker_shake_back(struct talker *origin, const char *name)
{
    must(stream_tls_accept(server, &origin->stream, span_of(name), on_stream, origin, &origin->stream));
    world_turn();
}

void talker_say_bytes(struct talker *talker, struct span bytes)
{
    while (bytes.len > 0 && !talker->gone) {
        struct span piece = span_first(bytes, KIB(64));
        if (stream_write(talker->stream, piece) != ERR_OK) return;
        bytes = span_from(bytes, piece.len);
        world_turn();
    }
}

void talker_say(struct talker *talker, const char *text) { talker_say_bytes(talker, span_of(text)); }

void talker_finish(struct talker *talker)
{
    stream_finish(talker->stream);
    world_turn();
}

void talker_leave(struct talker *talker)
{
    stream_free(&talker->stream);
    buf_clear(&talker->heard);
    world_turn();
}

const char *talker_heard(struct talker *talker)
{
    uint8_t *end;

    must(buf_room(&talker->heard, 1, &end));
    *end = '\0';
    return (const char *)talker->heard.at + talker->heard.from;
}

void talker_forget(struct talker *talker) { buf_clear(&talker->heard); }

const char *egress_log(void)
{
    static char text[16384];
    ssize_t len = pread(proxy.access.fd, text, sizeof text - 1, 0);

    text[len > 0 ? len : 0] = '\0';
    return text;
}
