/* manifest_test.c — bottles and agents: what compiles, into which policy, and what each mistake is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "backends/manifest/file.h"
#include "backends/manifest/frontmatter.h"
#include "backends/manifest/keys.h"
#include "backends/manifest/load.h"
#include "backends/manifest/route.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "tests/corpus.h"

static struct manifest_errors errors;
static struct bottle bottle;
static struct arena names;
static struct rule_set *shipped;

static int read_shipped(void **state)
{
    struct manifest_errors none = manifest_errors_begin();
    (void)state;
    return rules_read_shipped(&none, &shipped) == ERR_OK && shipped != NULL ? 0 : -1;
}

static int free_shipped(void **state)
{
    (void)state;
    rule_set_free(&shipped);
    return 0;
}

static struct reader reader_into(struct arena *arena)
{
    return (struct reader){.path = "m", .folder = "tests/data", .errors = &errors, .arena = arena};
}

/* The bottle whose front matter is this; its errors are in the list. */
static void compile(const char *yaml)
{
    struct arena tree = arena_begin(YAML_TREE_BYTES_MAX);
    struct reader reader = reader_into(&names);
    struct yaml_node *root;

    errors = manifest_errors_begin();
    names = arena_begin(KIB(64));
    bottle = (struct bottle){0};
    if (yaml_read(&reader, span_of(yaml), 1, &tree, &root) == ERR_OK)
        assert_int_equal(bottle_read(&reader, root, SPAN_LIT("dev"), shipped, &bottle), ERR_OK);
    assert_true((bottle.policy == NULL) == (errors.count > 0));
    arena_end(&tree);
}

static void let_go(void)
{
    bottle_end(&bottle);
    manifest_errors_end(&errors);
    arena_end(&names);
}

static void complain_line(struct buf *out)
{
    for (const struct manifest_error *e = errors.first; e != NULL; e = e->next)
        assert_int_equal(manifest_error_print(out, e), ERR_OK);
}

#define ROUTES "egress:\n  routes:\n"

static void a_bottle_becomes_a_policy(void **state)
{
    (void)state;
    compile(ROUTES "    - host: api.example.com\n"
                   "      methods: [GET, POST]\n"
                   "      path: /v1/**\n"
                   "      auth: {scheme: bearer, token_ref: env:TOKEN}\n"
                   "    - host: \"*.example.org\"\n"
                   "      port: 8443\n"
                   "      path: [/a, \"/b/*\"]\n"
                   "      auth: {scheme: header, header: X-Api-Key, token_ref: file:/etc/token}\n"
                   "      allow_private: [10.1.0.0/16, \"fd00::/8\"]\n"
                   "    - host: pinned.example.net\n"
                   "      tls_passthrough: true\n"
                   "    - host: api2.example.com\n"
                   "      auth: {scheme: basic, token_ref: env:TOKEN}\n"
                   "      dlp: {body: off, because: weights, body_max: 5G}\n"
                   "env: {PLAIN: \"1\"}\n"
                   "resources: {memory: 512M, pids: 64}\n");
    assert_int_equal(errors.count, 0);
    const struct policy *policy = bottle.policy;
    const struct route *r = policy->routes;

    assert_true(span_is(policy->bottle, SPAN_LIT("dev")));
    assert_int_equal(policy->route_count, 4);
    assert_true(span_is(r[0].host, SPAN_LIT("api.example.com")));
    assert_false(r[0].suffix);
    assert_int_equal(r[0].port, 443);
    assert_int_equal(r[0].method_count, 2);
    assert_true(span_is(r[0].methods[1], SPAN_LIT("POST")));
    assert_true(span_is(r[0].paths[0], SPAN_LIT("/v1/**")));
    assert_int_equal(r[0].auth, AUTH_BEARER);
    assert_int_equal(r[0].line, 3);
    assert_true(r[1].suffix);
    assert_true(span_is(r[1].host, SPAN_LIT("example.org")));
    assert_int_equal(r[1].port, 8443);
    assert_int_equal(r[1].path_count, 2);
    assert_true(span_is(r[1].auth_header, SPAN_LIT("X-Api-Key")));
    assert_int_equal(r[1].addrs.allow_count, 2);
    assert_int_equal(r[1].addrs.allow[0].bits, 16);
    assert_true(r[2].tls_passthrough);
    assert_int_equal(policy->token_ref_count, 2); /* a slot a distinct reference */
    assert_int_equal(r[0].slot, r[3].slot);
    assert_int_not_equal(r[0].slot, r[1].slot);
    assert_true(!r[0].body_unscanned && r[0].body_max == 0);
    assert_true(r[3].body_unscanned && span_is(r[3].because, SPAN_LIT("weights")));
    assert_int_equal(r[3].body_max, 5ull << 30);
    assert_true(span_is(policy->token_refs[r[1].slot], SPAN_LIT("file:/etc/token")));
    assert_int_equal(bottle.memory_bytes, MIB(512));
    assert_int_equal(bottle.pids_max, 64);
    assert_true(span_is(bottle.env.list[0].value, SPAN_LIT("1")));
    let_go();
}

static struct supervise supervise_of(const char *value)
{
    char yaml[200];
    struct supervise supervise;

    snprintf(yaml, sizeof yaml, "egress: {routes: []}\n%s%s\n", value != NULL ? "supervise: " : "",
             value != NULL ? value : "");
    compile(yaml);
    assert_non_null(bottle.policy);
    supervise = bottle.policy->supervise;
    let_go();
    return supervise;
}

static void a_person_is_asked_where_the_bottle_says_so(void **state)
{
    static const struct {
        const char *value;
        bool tokens, routes;
        uint32_t wait_ms;
    } rows[] = {
        {"true", true, false, HOLD_DEFAULT_MS},
        {"{}", true, false, HOLD_DEFAULT_MS},
        {"{routes: ask}", true, true, HOLD_DEFAULT_MS},
        {"{routes: refuse, timeout: 60}", true, false, SECONDS(60)},
        {"{tokens: false, routes: ask, timeout: 3600}", false, true, HOLD_MS},
    };
    (void)state;
    assert_false(supervise_of(NULL).tokens || supervise_of(NULL).routes);
    assert_false(supervise_of("false").tokens);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct supervise is = supervise_of(rows[i].value);
        if (is.tokens != rows[i].tokens || is.routes != rows[i].routes || is.wait_ms != rows[i].wait_ms)
            fail_msg("%s: %d %d %u", rows[i].value, is.tokens, is.routes, is.wait_ms);
    }
    setenv("EGRESS_TOKEN_ALLOW_TIMEOUT_SECONDS", "45", 1);
    assert_int_equal(supervise_of("true").wait_ms, SECONDS(45));
    assert_int_equal(supervise_of("{timeout: 60}").wait_ms, SECONDS(60));
    static const char *const bad[] = {"", "0", "3601", "5s", "-1", "99999999999999999999"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        setenv("EGRESS_TOKEN_ALLOW_TIMEOUT_SECONDS", bad[i], 1);
        compile("egress: {routes: []}\nsupervise: true\n");
        assert_null(bottle.policy);
        let_go();
    }
    unsetenv("EGRESS_TOKEN_ALLOW_TIMEOUT_SECONDS");
}

#define DLP(keys) "egress: {routes: []}\ndlp: {" keys "}\n"

/* clang-format off */
static const struct {
    const char *yaml, *error; /* how the first one begins */
} mistakes[] = {
    {"a: b\n",
        "m:1:1: unknown key `a`; the keys of a bottle are: egress, dlp, supervise, env, resources"},
    {"egres: {routes: []}\n",                    "m:1:1: unknown key `egres`; did you mean `egress`?"},
    {"env: {A: b}\n",                            "m:1:1: a bottle needs the key `egress`; add it"},
    {"egress: {}\n",                             "m:1:9: `egress` needs the key `routes`; add it"},
    {"egress:\n",                                "m:1:8: `egress` is a map, here is nothing"},
    {"- a\n",                                    "m:1:1: a bottle is a map, here is a list"},
    {"",                                         "m:1:1: a bottle is a map, here is nothing"},
    {"~\n",                                      "m:1:1: a bottle is a map, here is text"},
    {ROUTES "    - hots: a.b\n",                 "m:3:7: unknown key `hots`; did you mean `host`?"},
    {ROUTES "    - port: 443\n",                 "m:3:7: a route needs the key `host`; add it"},
    {ROUTES "    - {host: a.b, method: [GET]}\n", "m:3:19: unknown key `method`; did you mean `methods`?"},
    {ROUTES "    - {host: a.b, role: x}\n",      "m:3:19: the key `role` is not taken; it is reserved"},
    {ROUTES "    - {host: a.b, role: }\n",       "m:3:19: the key `role` is not taken"},
    {ROUTES "    host: a.b\n",                   "m:3:5: `routes` is a list, here is a map; write [one, two]"},
    {ROUTES "    - a.b\n",                       "m:3:7: a route is a map, here is text"},
    /* hosts */
    {ROUTES "    - host: A.b\n",                 "m:3:13: `A.b` is not the name of a host; write `a.b`"},
    {ROUTES "    - host: a.b.\n",                "m:3:13: `a.b.` is not the name of a host; write `a.b`"},
    {ROUTES "    - host: a.b:8443\n",
        "m:3:13: `a.b:8443` is not the name of a host; write `a.b`, and a port"},
    {ROUTES "    - host: \"\"\n",                "m:3:13: `` is not the name of a host"},
    {ROUTES "    - host: \"a.b \"\n",            "m:3:13: `a.b ` is not the name of a host"},
    {ROUTES "    - host: https://a.b\n",         "m:3:13: `https://a.b` is not the name of a host"},
    {ROUTES "    - host: \xd0\xb0pi.b.c\n",
        "m:3:13: `\\xd0\\xb0pi.b.c` is not the name of a host; write a name like"},
    {ROUTES "    - host: \"a.b\\0.c\"\n",        "m:3:13: a host may not hold a NUL byte"},
    {ROUTES "    - host: no\n",
        "m:3:13: a host is text, and other readers take this for a boolean; quote it: \"no\""},
    {ROUTES "    - host: \"*\"\n",
        "m:3:13: `*` is not the name of a host; a `*` stands for whole labels"},
    {ROUTES "    - host: \"*.com\"\n",           "m:3:13: `com` is not the name of a host; name at least two labels"},
    {ROUTES "    - host: \"a*.b.c\"\n",          "m:3:13: `a*.b.c` is not the name of a host"},
    {ROUTES "    - host: \"b.*\"\n",             "m:3:13: `b.*` is not the name of a host"},
    {ROUTES "    - host: \"*.1.2.3.4\"\n",       "m:3:13: `1.2.3.4` is not the name of a host"},
    {ROUTES "    - host: 127.1\n",               "m:3:13: a host is text, and other readers take this for a number"},
    {ROUTES "    - host: 0x7f.0.0.1\n",          "m:3:13: `0x7f.0.0.1` is not the name of a host"},
    {ROUTES "    - host: 169.254.169.254\n",     "m:3:7: `169.254.169.254` is no public address ("},
    {ROUTES "    - host: \"::1\"\n",             "m:3:7: `::1` is no public address ("},
    /* ports */
    {ROUTES "    - {host: a.b, port: 0}\n",
        "m:3:25: a port is a number from 1 to 65535, here is text that is not"},
    {ROUTES "    - {host: a.b, port: 65536}\n",  "m:3:25: a port is a number from 1 to 65535"},
    {ROUTES "    - {host: a.b, port: 65979}\n",  "m:3:25: a port is a number from 1 to 65535"},
    {ROUTES "    - {host: a.b, port: \"443\"}\n",
        "m:3:25: a port is a number from 1 to 65535, here is text; write it in"},
    {ROUTES "    - {host: a.b, port: 0443}\n",   "m:3:25: a port is a number"},
    {ROUTES "    - {host: a.b, port: +443}\n",   "m:3:25: a port is a number"},
    {ROUTES "    - {host: a.b, port: 4_43}\n",   "m:3:25: a port is a number"},
    {ROUTES "    - {host: a.b, port: 1-9}\n",    "m:3:25: a port is a number"},
    {ROUTES "    - {host: a.b, port: [443]}\n",  "m:3:25: a port is a number from 1 to 65535, here is a list"},
    {ROUTES "    - {host: a.b, port: 99999999999999999999999}\n", "m:3:25: a port is a number"},
    /* methods and paths */
    {ROUTES "    - {host: a.b, methods: [get]}\n", "m:3:29: `get` is no method; methods are case-sensitive"},
    {ROUTES "    - {host: a.b, methods: GET}\n", "m:3:28: `methods` is a list, here is text"},
    {ROUTES "    - {host: a.b, methods: []}\n",  "m:3:28: `methods` is empty"},
    {ROUTES "    - {host: a.b, methods: [GET, GET]}\n", "m:3:28: `GET` is listed twice"},
    {ROUTES "    - {host: a.b, methods: [\"A B\"]}\n", "m:3:29: `A B` is no method"},
    {ROUTES "    - {host: a.b, path: v1}\n",     "m:3:25: `v1` is no path; begin with `/`"},
    {ROUTES "    - {host: a.b, path: /a/../b}\n", "m:3:25: `/a/../b` would never match"},
    {ROUTES "    - {host: a.b, path: \"/a?b=c\"}\n", "m:3:25: `/a?b=c` would never match"},
    {ROUTES "    - {host: a.b, path: /a%2fb}\n", "m:3:25: `/a%2fb` is no path"},
    {ROUTES "    - {host: a.b, path: []}\n",     "m:3:25: `path` is empty"},
    {ROUTES "    - {host: a.b, path: {a: b}}\n", "m:3:25: `path` is a list, here is a map; write one, or [one, two]"},
    /* credentials */
    {ROUTES "    - {host: a.b, auth: {scheme: bearer}}\n", "m:3:25: `auth` needs the key `token_ref`"},
    {ROUTES "    - {host: a.b, auth: {token_ref: env:A}}\n", "m:3:25: `auth` needs the key `scheme`"},
    {ROUTES "    - {host: a.b, auth: {scheme: baerer, token_ref: env:A}}\n",
        "m:3:34: `baerer` is no such word for a scheme; did you mean `bearer`?"},
    {ROUTES "    - {host: a.b, auth: {scheme: none, token_ref: env:A}}\n",
        "m:3:34: `none` is no such word for a scheme"},
    {ROUTES "    - {host: a.b, auth: {scheme: bearer, token_ref: sk-live-0123456789}}\n",
        "m:3:53: this is no reference to a token; a token itself never stands"},
    {ROUTES "    - {host: a.b, auth: {scheme: bearer, token_ref: \"env:A B\"}}\n",
        "m:3:53: what follows env: is no name"},
    {ROUTES "    - {host: a.b, auth: {scheme: bearer, token_ref: file:token}}\n",
        "m:3:53: the path behind file: is neither"},
    {ROUTES "    - {host: a.b, auth: {scheme: bearer, token_ref: \"cmd: \"}}\n",
        "m:3:53: no command is named behind cmd:"},
    {ROUTES "    - {host: a.b, auth: {scheme: header, token_ref: env:A}}\n", "m:3:25: the scheme `header` needs"},
    {ROUTES "    - {host: a.b, auth: {scheme: bearer, header: X-A, token_ref: env:A}}\n",
        "m:3:25: this scheme sets Auth"},
    {ROUTES "    - {host: a.b, auth: {scheme: header, header: Host, token_ref: env:A}}\n",
        "m:3:50: `Host` can't be that"},
    {ROUTES "    - {host: a.b, auth: {scheme: header, header: \"X: y\", token_ref: env:A}}\n",
        "m:3:50: `X: y` can't be"},
    {ROUTES "    - {host: a.b, port: 80, auth: {scheme: bearer, token_ref: env:A}}\n",
        "m:3:29: a credential never goes out in the clear; use port 443"},
    /* openings */
    {ROUTES "    - {host: a.b, tls_passthrough: yes}\n",
        "m:3:36: `tls_passthrough` is true or false; write true or false"},
    {ROUTES "    - {host: a.b, tls_passthrough: \"true\"}\n", "m:3:36: `tls_passthrough` is true or false"},
    {ROUTES "    - {host: a.b, tls_passthrough: true, path: /a}\n", "m:3:42: `path` can't be kept on a route with"},
    {ROUTES "    - {host: a.b, tls_passthrough: true, methods: [GET]}\n", "m:3:42: `methods` can't be kept"},
    {ROUTES "    - {host: a.b, tls_passthrough: true, auth: {scheme: bearer, token_ref: env:A}}\n",
        "m:3:42: `auth` can't"},
    {ROUTES "    - {host: a.b, allow_private: 10.0.0.0/8}\n", "m:3:34: `allow_private` is a list, here is text"},
    {ROUTES "    - {host: a.b, allow_private: [10.0.0.1/8]}\n", "m:3:35: `10.0.0.1/8` is no range of addresses"},
    {ROUTES "    - {host: a.b, allow_private: [10.0.0.0/7]}\n", "m:3:35: `10.0.0.0/7` is not within one private block"},
    {ROUTES "    - {host: a.b, allow_private: [0.0.0.0/0]}\n", "m:3:35: `0.0.0.0/0` is not within one private block"},
    {ROUTES "    - {host: a.b, allow_private: [\"::/0\"]}\n", "m:3:35: `::/0` is not within one private block"},
    {ROUTES "    - {host: a.b, allow_private: [8.8.8.0/24]}\n", "m:3:35: `8.8.8.0/24` is not within one private block"},
    {ROUTES "    - {host: a.b, ca: absent.pem}\n", "m:3:23: `tests/data/absent.pem` can't be read; name a PEM file"},
    {ROUTES "    - {host: a.b, ca: /dev/null}\n", "m:3:23: `/dev/null` can't be read"},
    {ROUTES "    - {host: a.b, ca: empty.pem}\n", "m:3:23: `tests/data/empty.pem` holds no certificate"},
    {ROUTES "    - {host: a.b, ca: ../../CMakeLists.txt}\n",
     "m:3:23: `tests/data/../../CMakeLists.txt` holds no certificate"},
    /* pairs */
    {ROUTES "    - host: a.b\n    - host: a.b\n", "m:4:7: this route is there already, on line 3; keep one of them"},
    {ROUTES "    - {host: a.b, path: /x}\n    - {host: a.b, path: [/x]}\n", "m:4:7: this route is there already"},
    {ROUTES "    - {host: a.b, path: /x}\n    - {host: a.b, tls_passthrough: true}\n",
        "m:4:7: the route on line 3 is for"},
    /* supervise */
    {"egress: {routes: []}\nsupervise: yes\n", "m:2:12: `supervise` is true or false"},
    {"egress: {routes: []}\nsupervise: {route: ask}\n", "m:2:13: unknown key `route`; did you mean `routes`?"},
    {"egress: {routes: []}\nsupervise: {routes: maybe}\n", "m:2:21: "},
    {"egress: {routes: []}\nsupervise: {tokens: ask}\n", "m:2:21: `tokens` is true or false"},
    {"egress: {routes: []}\nsupervise: {timeout: 0}\n", "m:2:22: `timeout` is a number from 1 to 3600"},
    {"egress: {routes: []}\nsupervise: {timeout: 3601}\n", "m:2:22: `timeout` is a number from 1 to 3600"},
    {"egress: {routes: []}\nsupervise: {timeout: \"60\"}\n", "m:2:22: `timeout` is a number from 1 to 3600"},
    /* env and resources */
    {"egress: {routes: []}\nenv: {a: b}\n",      "m:2:7: `a` is no name for a variable; write capital letters"},
    {"egress: {routes: []}\nenv: {1A: b}\n",     "m:2:7: `1A` is no name for a variable"},
    {"egress: {routes: []}\nenv: {HTTPS_PROXY: b}\n", "m:2:7: `HTTPS_PROXY` is set by bottled itself"},
    {"egress: {routes: []}\nenv: {A: 1}\n",
        "m:2:10: the value of a variable is text, and other readers take this for a "
                                                 "number; quote it: \"1\""},
    {"egress: {routes: []}\nenv: {A: }\n",       "m:2:10: the value of a variable is text, here is nothing"},
    {"egress: {routes: []}\nenv: {A: \"\\e[31m\"}\n",
        "m:2:10: the value of a variable may not hold a control character"},
    {"egress: {routes: []}\nenv: {A: \"\\r\"}\n", "m:2:10: the value of a variable may not hold a carriage return"},
    {"egress: {routes: []}\nenv: [a]\n",         "m:2:6: `env` is a map of at most"},
    {"egress: {routes: []}\nresources: {memory: 2}\n",
        "m:2:21: `memory` is text, and other readers take this for a number"},
    {"egress: {routes: []}\nresources: {memory: 2T}\n",
        "m:2:21: `2T` is no size for `memory`; write it like 512M or 4G"},
    {"egress: {routes: []}\nresources: {memory: 99999999G}\n", "m:2:21: `99999999G` is no size for `memory`"},
    {"egress: {routes: []}\nresources: {pids: 1}\n", "m:2:19: `pids` is a number from 16 to"},
    {ROUTES "    - {host: a.b, dlp: off}\n",       "m:3:24: `dlp` of a route is a map, here is text"},
    {ROUTES "    - {host: a.b, dlp: {body: on, because: c}}\n", "m:3:31: `body` is scanned, or it is `off`"},
    {ROUTES "    - {host: a.b, dlp: {body: off}}\n",
        "m:3:25: the scan of bodies is switched off, and nobody says why; add `because: \"...\"`"},
    {ROUTES "    - {host: a.b, dlp: {body: off, because: ''}}\n", "m:3:45: `because` is empty"},
    {ROUTES "    - {host: a.b, dlp: {because: c}}\n",  "m:3:25: `because` is for a `body` that is `off`; leave it out"},
    {ROUTES "    - {host: a.b, dlp: {body_max: 5}}\n",
        "m:3:35: `body_max` is text, and other readers take this for a number"},
    {ROUTES "    - {host: a.b, dlp: {body_max: 5T}}\n", "m:3:35: `5T` is no size for `body_max`; write it like"},
    {ROUTES "    - {host: a.b, dlp: {body_max: 9G}}\n",
        "m:3:35: all bodies together have 8192 MiB of the disk; write 8G or less"},
    {ROUTES "    - {host: a.b, dlp: {off: [a]}}\n",    "m:3:25: unknown key `off`"},
    {ROUTES "    - {host: a.b, tls_passthrough: true, dlp: {body_max: 5G}}\n",
        "m:3:42: `dlp` can't be kept on a route with `tls_passthrough`"},
    /* the scan */
    {"egress: {routes: []}\ndlp: off\n",          "m:2:6: `dlp` is a map, here is text"},
    {"egress: {routes: []}\ndlp: {of: [a]}\n",    "m:2:7: unknown key `of`; did you mean `off`?"},
    {DLP("rules: own.yaml"),       "m:2:14: `rules` is a list, here is text"},
    {DLP("rules: [absent.yaml]"),
        "m:2:15: `tests/data/absent.yaml` can't be read: there is no such thing; name a rule file, absolute or"},
    {DLP("rules: [/dev/null]"),    "m:2:15: `/dev/null` can't be read: an address, a mode or an owner is not allowed"},
    {DLP("rules: [1]"),            "m:2:15: an item of this list is text, and other readers take this for a number"},
    {DLP("rules: [bad-rules.yaml]"), "bad-rules.yaml:3:5: unknown key `tilte`; did you mean `title`?"},
    {DLP("rules: [own-rules.yaml, own-rules.yaml]"),
        "own-rules.yaml:2:9: the id `acme-key` is taken; give it another: line 2 of own-rules.yaml has this one"},
    {DLP("off: github-pat, because: b"), "m:2:12: `off` is a list, here is text"},
    {DLP("off: [github-pta], because: b"), "m:2:13: there is no rule `github-pta`; did you mean `github-pat`?"},
    {DLP("off: [no-such-rule], because: b"),
        "m:2:13: there is no rule `no-such-rule`; `bottled scan --list-rules` lists them"},
    {DLP("off: [github-pat, github-pat], because: b"), "m:2:25: `github-pat` is listed twice; keep one of them"},
    {DLP("off: [github-pat]"),     "m:2:7: rules are switched off, and nobody says why; add `because: \"...\"`"},
    {DLP("off: [github-pat], because: ''"), "m:2:35: `because` is empty"},
    {DLP("because: it is so"),     "m:2:7: `because` is for rules that are `off`, or bindings added; leave it out"},
    {DLP("off: [], because: b"),   "m:2:16: `because` is for rules that are `off`, or bindings added; leave it out"},
    {DLP("secrets: {a: env:B}"),   "m:2:16: `secrets` is a list, here is a map"},
    {DLP("secrets: [{name: a, value: B}]"), "m:2:27: unknown key `value`; the keys of a secret are: name, token_ref"},
    {DLP("secrets: [{name: a}]"),  "m:2:17: a secret needs the key `token_ref`; add it"},
    {DLP("secrets: [{name: A, token_ref: env:B}]"), "m:2:24: `A` is no name"},
    {DLP("secrets: [{name: a, token_ref: hunter2}]"), "m:2:38: this is no reference to a token; a token itself"},
    {DLP("secrets: [{name: a, token_ref: env:B}, {name: a, token_ref: env:C}]"),
        "m:2:46: this secret is there already, as `a`; keep one of them"},
    {DLP("secrets: [{name: a, token_ref: env:B}, {name: b, token_ref: env:B}]"),
        "m:2:46: this secret is there already, as `a`; keep one of them"},
    /* bindings */
    {DLP("bindings: [github]"),    "m:2:17: `bindings` is a map, here is a list"},
    {DLP("bindings: {of: [a]}"),   "m:2:18: unknown key `of`; did you mean `off`?"},
    {DLP("bindings: {off: [githbu]}"), "m:2:24: no binding is of `githbu`; did you mean `github`?"},
    {DLP("bindings: {off: [openai]}"), "m:2:24: no binding is of `openai`; `bottled check BOTTLE` lists them"},
    {DLP("bindings: {add: [{service: gihtub, host: a.b, in: authorization}]}, because: c"),
        "m:2:34: no rule is of the service `gihtub`, or called so; did you mean `github`?"},
    {DLP("bindings: {add: [{service: github-pta, host: a.b, in: authorization}]}, because: c"),
        "m:2:34: no rule is of the service `github-pta`, or called so; did you mean `github-pat`?"},
    {DLP("bindings: {add: [{service: no-such, host: a.b, in: authorization}]}, because: c"),
        "m:2:34: no rule is of the service `no-such`, or called so; `bottled scan --list-rules` lists them"},
    {DLP("bindings: {add: [{service: github, host: A.b, in: authorization}]}, because: c"),
        "m:2:48: `A.b` is not the name of a host; write `a.b`"},
    {DLP("bindings: {add: [{service: github, host: a.b, in: Authorization}]}, because: c"),
        "m:2:57: `Authorization` is no place; write a field's name in lower case, or query, path, body"},
    {DLP("bindings: {add: [{service: github, host: a.b, in: []}]}, because: c"), "m:2:57: `in` is empty"},
    {DLP("bindings: {add: [{service: github, host: a.b, in: 'a b'}]}, because: c"), "m:2:57: `a b` is no place"},
    {DLP("bindings: {add: [{service: github, host: a.b}]}, because: c"), "m:2:24: a binding needs the key `in`"},
    {DLP("bindings: {add: [{service: github, host: a.b, in: body, path: x}]}, because: c"), "m:2:69: `x` is no path"},
    {DLP("bindings: {add: [{service: github, host: a.b, in: body}]}"),
        "m:2:7: bindings are added, and nobody says why; add `because: \"...\"`"},
};
/* clang-format on */

static void every_mistake_is_told_where_it_is_and_what_to_write(void **state)
{
    bool bad = false;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        struct buf line = {0};
        compile(mistakes[i].yaml);
        complain_line(&line);
        if (!span_starts(buf_span(&line), span_of(mistakes[i].error))) {
            print_error("%s  wanted: %s\n  said:   %.*s\n", mistakes[i].yaml, mistakes[i].error,
                        SPAN_FMT(buf_span(&line)));
            bad = true;
        }
        buf_clear(&line);
        let_go();
    }
    assert_false(bad);
}

static void a_bottle_has_the_rules_we_ship_with_its_own_and_without_some(void **state)
{
    (void)state;
    compile("egress: {routes: []}\n");
    assert_true(bottle.dlp.rules == shipped);
    let_go();
    compile(DLP("bindings: {off: [npm]}, secrets: [{name: a, token_ref: env:B}]"));
    assert_true(bottle.dlp.rules == shipped);
    let_go();
    compile(DLP("rules: [own-rules.yaml], off: [github-pat], because: dead ones"));
    assert_int_equal(errors.count, 0);
    assert_int_equal(bottle.dlp.rules->count, shipped->count + 1);
    assert_false(rule_find(bottle.dlp.rules, SPAN_LIT("acme-key"))->off);
    assert_true(rule_find(bottle.dlp.rules, SPAN_LIT("github-pat"))->off);
    assert_false(rule_find(shipped, SPAN_LIT("github-pat"))->off);
    assert_memory_not_equal(bottle.dlp.rules->digest, shipped->digest, sizeof shipped->digest);
    assert_true(span_is(bottle.dlp.files[0], SPAN_LIT("own-rules.yaml")));
    assert_true(span_is(bottle.dlp.off[0], SPAN_LIT("github-pat")));
    assert_true(span_is(bottle.dlp.because, SPAN_LIT("dead ones")));
    let_go();
}

static void the_scan_knows_secrets_that_no_route_is_given(void **state)
{
    (void)state;
    compile(ROUTES "    - {host: a.b, auth: {scheme: bearer, token_ref: env:A}}\n"
                   "    - {host: c.d, auth: {scheme: bearer, token_ref: env:C}}\n"
                   "dlp: {secrets: [{name: prod-db, token_ref: env:DB}, {name: c-token, token_ref: env:C}]}\n");
    assert_int_equal(errors.count, 0);
    const struct policy *policy = bottle.policy;
    assert_int_equal(policy->token_ref_count, 3);
    assert_false(policy_is_secret(policy, policy->routes[0].slot));
    assert_true(policy_is_secret(policy, policy->routes[1].slot)); /* known by name, and injected */
    assert_true(policy_is_secret(policy, 2));
    assert_true(span_is(policy_secret_name(policy, 0), SPAN_LIT("env:A")));
    assert_true(span_is(policy_secret_name(policy, 1), SPAN_LIT("c-token")));
    assert_true(span_is(policy_secret_name(policy, 2), SPAN_LIT("prod-db")));
    assert_true(span_is(policy->token_refs[2], SPAN_LIT("env:DB")));
    let_go();
}

static void a_bottle_extends_the_bindings_and_switches_some_off(void **state)
{
    struct passage passage = {SPAN_LIT("github"),         SPAN_LIT("x"),
                              SPAN_LIT("api.github.com"), SPAN_LIT("/v1/a"),
                              SPAN_LIT("authorization"),  ""};
    (void)state;
    compile("egress: {routes: []}\n");
    assert_ptr_equal(bottle.policy->bindings, bindings_shipped);
    let_go();
    compile(DLP("rules: [own-rules.yaml], because: ours, bindings: {off: [github, aws-access-key-id], add: ["
                "{service: acme-key, host: '*.acme.com', in: [authorization, query], path: /v1/**},"
                "{service: github-pat, host: ghe.corp.test, in: private-token}]}"));
    assert_int_equal(errors.count, 0);
    const struct policy *policy = bottle.policy;
    assert_false(binding_holds(policy->bindings, policy->binding_count, &passage));
    passage.rule = SPAN_LIT("acme-key");
    passage.host = SPAN_LIT("a.acme.com");
    assert_true(binding_holds(policy->bindings, policy->binding_count, &passage));
    passage.path = SPAN_LIT("/v2/a");
    assert_false(binding_holds(policy->bindings, policy->binding_count, &passage));
    passage = (struct passage){SPAN_LIT("github"), SPAN_LIT("github-pat"),    SPAN_LIT("ghe.corp.test"),
                               SPAN_LIT("/"),      SPAN_LIT("private-token"), ""};
    assert_true(binding_holds(policy->bindings, policy->binding_count, &passage));
    passage = (struct passage){SPAN_LIT("gitlab"), SPAN_LIT("gitlab-token"),  SPAN_LIT("gitlab.com"),
                               SPAN_LIT("/"),      SPAN_LIT("private-token"), ""};
    assert_true(binding_holds(policy->bindings, policy->binding_count, &passage));
    let_go();
}

static void a_misplaced_token_is_not_repeated(void **state)
{
    struct buf line = {0};
    (void)state;
    compile(ROUTES "    - {host: a.b, auth: {scheme: bearer, token_ref: sk-live-0123456789}}\n");
    complain_line(&line);
    assert_null(memmem(line.at, buf_len(&line), "0123456789", 10));
    buf_clear(&line);
    let_go();
}

static void all_of_a_bottles_mistakes_are_told_at_once(void **state)
{
    (void)state;
    compile(ROUTES "    - {host: A.b, port: 0, hots: 1}\n    - {path: x}\nfoo: 1\n");
    assert_int_equal(errors.count, 6);
    let_go();
}

static void what_is_allowed_is_allowed(void **state)
{
    static const char *const rows[] = {
        "egress: {routes: []}\n",
        "egress:\n  routes: [{host: a.b, methods: [GET, M-SEARCH]}]\n",
        ROUTES "    - host: 10.1.2.3\n      allow_private: [10.1.2.3/32]\n",
        ROUTES "    - host: \"fd00::1\"\n      allow_private: [\"fd00::/8\"]\n",
        ROUTES "    - host: 93.184.216.34\n",
        ROUTES "    - host: localhost\n      allow_private: [127.0.0.0/8, \"::1/128\"]\n",
        ROUTES "    - {host: a.b, port: 80}\n",
        ROUTES "    - {host: a.b, path: /x}\n    - {host: a.b, path: /y}\n    - {host: a.b, port: 8443}\n",
        ROUTES "    - {host: b.c}\n    - {host: \"*.b.c\"}\n",
        "egress: {routes: []}\nenv:\n  A: |\n    two\n    lines\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf line = {0};
        compile(rows[i]);
        complain_line(&line);
        if (errors.count > 0) fail_msg("%s: %.*s", rows[i], SPAN_FMT(buf_span(&line)));
        let_go();
    }
}

static void names_of_files_are_narrow(void **state)
{
    (void)state;
    assert_true(is_manifest_name(SPAN_LIT("a")));
    assert_true(is_manifest_name(SPAN_LIT("0-dev-2")));
    assert_true(is_manifest_name(SPAN_LIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
    assert_false(is_manifest_name(SPAN_LIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
    assert_false(is_manifest_name(SPAN_LIT("")));
    assert_false(is_manifest_name(SPAN_LIT("-a")));
    assert_false(is_manifest_name(SPAN_LIT("A")));
    assert_false(is_manifest_name(SPAN_LIT("a.b")));
    assert_false(is_manifest_name(SPAN_LIT("a/b")));
    assert_false(is_manifest_name(SPAN_LIT("a\0b")));
}

/* --- the corpus of manifests ------------------------------------------------------------------------------- */

/* Its keys are placeholders, {name, version, description, allow: [{host, methods, ports}]}: a table of our own readers
 * stands for them, so that the verdicts on types and values are ours. */
struct placeholder {
    struct span name, text;
    uint64_t version;
};

static void read_version(struct reader *reader, const struct yaml_node *node, void *into)
{
    (void)want_number(reader, node, "a version", 1, 9, into);
}

static void read_any_text(struct reader *reader, const struct yaml_node *node, void *into)
{
    (void)want_text(reader, node, "text", into);
}

/* Three names of the corpus stand for "any text in this notation". */
static void read_placeholder_name(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const char *const texts[] = {"it's", "---", "de mo"};

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (span_is(node->text, span_of(texts[i]))) return;
    read_name(reader, node, into);
}

/* A rule with `ports` becomes a route with `port`, one for each. */
static void read_rule(struct reader *reader, const struct yaml_node *node, void *into)
{
    const struct yaml_node *ports = node->kind == YAML_MAP ? yaml_find(node, "ports") : NULL;
    struct yaml_node route = {.kind = node->kind, .place = node->place, .text = node->text}, *last = NULL, *copy;
    (void)into;

    for (const struct yaml_node *child = node->first; child != NULL; child = child->next) {
        if (child == ports) continue;
        copy = arena_new(reader->arena, sizeof *copy);
        *copy = *child;
        copy->next = NULL;
        *(last == NULL ? &route.first : &last->next) = copy;
        last = copy;
    }
    for (const struct yaml_node *port = ports != NULL ? ports->first : NULL; port != NULL; port = port->next) {
        struct yaml_node one = *port;
        struct route_draft draft = {0};
        one.key = SPAN_LIT("port");
        one.next = route.first;
        route.first = &one;
        read_route(reader, &route, &draft);
        route.first = one.next;
    }
    struct route_draft draft = {0};
    read_route(reader, &route, &draft);
}

static void read_allow(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct items rules = {"allow", 1, ROUTE_COUNT_MAX, read_rule, false};
    size_t count;
    (void)into;

    (void)items_read(reader, node, &rules, &count);
}

static bool accepts(struct span file)
{
    static const struct key list[] = {
        {"name", read_placeholder_name, offsetof(struct placeholder, name), true, NULL},
        {"version", read_version, offsetof(struct placeholder, version), true, NULL},
        {"allow", read_allow, 0, true, NULL},
        {"description", read_any_text, offsetof(struct placeholder, text), false, NULL},
    };
    static const struct keys keys = {"a placeholder", list, COUNT_OF(list)};
    struct arena arena = arena_begin(MIB(8));
    struct reader reader = reader_into(&arena);
    struct placeholder into = {0};
    struct frontmatter front;
    struct yaml_node *root;

    errors = manifest_errors_begin();
    enum err err = frontmatter_find(&reader, file, &front);
    if (err == ERR_OK) err = yaml_read(&reader, front.yaml, FRONT_FIRST_LINE, &arena, &root);
    if (err == ERR_OK) keys_read(&reader, root, &keys, &into);
    assert_true(err == ERR_OK || errors.count > 0); /* whatever is refused is told */
    bool yes = errors.count == 0;
    manifest_errors_end(&errors);
    arena_end(&arena);
    return yes;
}

static void read_corpus_file(const char *name, struct buf *out)
{
    const char *folder = getenv("BOTTLED_CORPORA");
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : "../shared/corpora", name);
    assert_int_equal(file_read(path, MIB(1), out), ERR_OK);
}

static void the_corpus_of_manifests_agrees(void **state)
{
    struct corpus corpus;
    const cJSON *row;
    unsigned accepted = 0, refused = 0, free_to_choose = 0;
    (void)state;

    if (!corpus_open(&corpus, "manifests.jsonl")) return;
    while ((row = corpus_next(&corpus)) != NULL) {
        const char *expect = corpus_text(row, "expect");
        struct buf file = {0};

        read_corpus_file(corpus_text(row, "file"), &file);
        bool yes = accepts(buf_span(&file));
        free_to_choose += strcmp(expect, "either") == 0;
        if (strcmp(expect, yes ? "reject" : "accept") == 0) {
            print_error("%s (%s): we say %s\n", corpus_text(row, "file"), corpus_text(row, "why"), yes ? "yes" : "no");
            *state = "bad";
        }
        accepted += yes;
        refused += !yes;
        buf_clear(&file);
    }
    corpus_close(&corpus);
    print_message("manifests: %u accepted, %u refused, all as expected (%u may be either)\n", accepted, refused,
                  free_to_choose);
    assert_null(*state);
}

/* --- examples ---------------------------------------------------------------------------------------------- */

static void the_examples_load(void **state)
{
    struct manifests *m;
    struct buf line = {0};
    (void)state;

    assert_int_equal(manifests_load("examples", &m), ERR_OK);
    for (const struct manifest_error *e = m->errors.first; e != NULL; e = e->next)
        assert_int_equal(manifest_error_print(&line, e), ERR_OK);
    if (m->errors.count > 0) fail_msg("%.*s", SPAN_FMT(buf_span(&line)));
    const struct agent *agent = manifests_agent(m, SPAN_LIT("demo"));
    assert_non_null(agent);
    assert_ptr_equal(agent->bottle, manifests_bottle(m, SPAN_LIT("demo")));
    assert_true(agent->bottle->policy->route_count > 0);
    assert_true(span_starts(agent->prompt, SPAN_LIT("You are the demo agent.")));
    assert_null(manifests_agent(m, SPAN_LIT("dem")));
    manifests_free(&m);
}

static void memory_that_runs_out_is_an_error_and_no_leak(void **state)
{
    struct manifests *m;
    (void)state;

    mem_fail_at(0);
    assert_int_equal(manifests_load("examples", &m), ERR_OK);
    manifests_free(&m);
    size_t allocations = mem_fail_at(0);
    assert_true(allocations > 10);
    for (size_t i = 1; i <= allocations; i++) {
        mem_fail_at(i);
        enum err err = manifests_load("examples", &m);
        mem_fail_at(0);
        if (err != ERR_OK) continue;
        assert_true(m->errors.count > 0); /* a file that could not be read is never taken for a good one */
        manifests_free(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bottle_becomes_a_policy),
        cmocka_unit_test(every_mistake_is_told_where_it_is_and_what_to_write),
        cmocka_unit_test(a_bottle_has_the_rules_we_ship_with_its_own_and_without_some),
        cmocka_unit_test(a_person_is_asked_where_the_bottle_says_so),
        cmocka_unit_test(the_scan_knows_secrets_that_no_route_is_given),
        cmocka_unit_test(a_bottle_extends_the_bindings_and_switches_some_off),
        cmocka_unit_test(a_misplaced_token_is_not_repeated),
        cmocka_unit_test(all_of_a_bottles_mistakes_are_told_at_once),
        cmocka_unit_test(what_is_allowed_is_allowed),
        cmocka_unit_test(names_of_files_are_narrow),
        cmocka_unit_test(the_corpus_of_manifests_agrees),
        cmocka_unit_test(the_examples_load),
        cmocka_unit_test(memory_that_runs_out_is_an_error_and_no_leak),
    };
    return cmocka_run_group_tests(tests, read_shipped, free_shipped);
}
