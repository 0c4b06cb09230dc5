/* provision_test.c — the whole of what a bottle's tools are told, as a golden text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "backends/provision/provision.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"

static const struct provision_input input = {.proxy_host = "127.0.0.1",
                                             .proxy_port = 3128,
                                             .ca_path = "/etc/bottled/ca.pem",
                                             .bundle_path = "/etc/bottled/bundle.pem",
                                             .home = "/home/agent"};

static void print(struct buf *out, const struct provision *p)
{
    for (size_t i = 0; i < p->env.count; i++)
        assert_int_equal(buf_printf(out, "%.*s=%.*s\n", SPAN_FMT(p->env.list[i].name), SPAN_FMT(p->env.list[i].value)),
                         ERR_OK);
    for (size_t i = 0; i < p->file_count; i++)
        assert_int_equal(buf_printf(out, "--- %.*s %o\n%.*s", SPAN_FMT(p->files[i].path), p->files[i].mode,
                                    SPAN_FMT(p->files[i].content)),
                         ERR_OK);
}

/* clang-format off */
static const char golden[] =
    "http_proxy=http://127.0.0.1:3128\n"
    "https_proxy=http://127.0.0.1:3128\n"
    "HTTP_PROXY=http://127.0.0.1:3128\n"
    "HTTPS_PROXY=http://127.0.0.1:3128\n"
    "all_proxy=http://127.0.0.1:3128\n"
    "ALL_PROXY=http://127.0.0.1:3128\n"
    "no_proxy=localhost,127.0.0.1,::1\n"
    "NO_PROXY=localhost,127.0.0.1,::1\n"
    "ftp_proxy=http://127.0.0.1:3128\n"
    "NODE_USE_ENV_PROXY=1\n"
    "GLOBAL_AGENT_HTTP_PROXY=http://127.0.0.1:3128\n"
    "npm_config_proxy=http://127.0.0.1:3128\n"
    "npm_config_https_proxy=http://127.0.0.1:3128\n"
    "npm_config_noproxy=localhost,127.0.0.1,::1\n"
    "YARN_HTTP_PROXY=http://127.0.0.1:3128\n"
    "YARN_HTTPS_PROXY=http://127.0.0.1:3128\n"
    "CARGO_HTTP_PROXY=http://127.0.0.1:3128\n"
    "CLOUDSDK_PROXY_TYPE=http\n"
    "CLOUDSDK_PROXY_ADDRESS=127.0.0.1\n"
    "CLOUDSDK_PROXY_PORT=3128\n"
    "grpc_proxy=http://127.0.0.1:3128\n"
    "ELECTRON_GET_USE_PROXY=1\n"
    "JAVA_TOOL_OPTIONS=-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=3128 -Dhttps.proxyHost=127.0.0.1 "
    "-Dhttps.proxyPort=3128 -Dhttp.nonProxyHosts=localhost|127.*|[::1] -Duser.home=/home/agent\n"
    "GIT_CONFIG_COUNT=2\n"
    "GIT_CONFIG_KEY_0=http.proxy\n"
    "GIT_CONFIG_VALUE_0=http://127.0.0.1:3128\n"
    "GIT_CONFIG_KEY_1=http.sslCAInfo\n"
    "GIT_CONFIG_VALUE_1=/etc/bottled/bundle.pem\n"
    "GIT_SSL_CAINFO=/etc/bottled/bundle.pem\n"
    "GIT_TERMINAL_PROMPT=0\n"
    "SSL_CERT_FILE=/etc/bottled/bundle.pem\n"
    "CURL_CA_BUNDLE=/etc/bottled/bundle.pem\n"
    "REQUESTS_CA_BUNDLE=/etc/bottled/bundle.pem\n"
    "PIP_CERT=/etc/bottled/bundle.pem\n"
    "CODEX_CA_CERTIFICATE=/etc/bottled/bundle.pem\n"
    "AWS_CA_BUNDLE=/etc/bottled/bundle.pem\n"
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE=/etc/bottled/bundle.pem\n"
    "HTTPLIB2_CA_CERTS=/etc/bottled/bundle.pem\n"
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=/etc/bottled/bundle.pem\n"
    "CARGO_HTTP_CAINFO=/etc/bottled/bundle.pem\n"
    "npm_config_cafile=/etc/bottled/bundle.pem\n"
    "NPM_CONFIG_CAFILE=/etc/bottled/bundle.pem\n"
    "BUNDLE_SSL_CA_CERT=/etc/bottled/bundle.pem\n"
    "HEX_CACERTS_PATH=/etc/bottled/bundle.pem\n"
    "PERL_LWP_SSL_CA_FILE=/etc/bottled/bundle.pem\n"
    "NIX_SSL_CERT_FILE=/etc/bottled/bundle.pem\n"
    "NODE_EXTRA_CA_CERTS=/etc/bottled/ca.pem\n"
    "DENO_CERT=/etc/bottled/ca.pem\n"
    "DENO_TLS_CA_STORE=system,mozilla\n"
    "CLAUDE_CODE_CERT_STORE=bundled,system\n"
    "NODE_USE_SYSTEM_CA=1\n"
    "UV_SYSTEM_CERTS=true\n"
    "UV_NATIVE_TLS=true\n"
    "WGETRC=/home/agent/.wgetrc\n"
    "APT_CONFIG=/home/agent/.config/bottled/apt.conf\n"
    "--- /home/agent/.npmrc 600\n"
    "proxy=http://127.0.0.1:3128\n"
    "https-proxy=http://127.0.0.1:3128\n"
    "noproxy=localhost,127.0.0.1,::1\n"
    "cafile=/etc/bottled/bundle.pem\n"
    "--- /home/agent/.cargo/config.toml 644\n"
    "[http]\n"
    "proxy = \"http://127.0.0.1:3128\"\n"
    "cainfo = \"/etc/bottled/bundle.pem\"\n"
    "--- /home/agent/.wgetrc 644\n"
    "use_proxy = on\n"
    "http_proxy = http://127.0.0.1:3128\n"
    "https_proxy = http://127.0.0.1:3128\n"
    "no_proxy = localhost,127.0.0.1,::1\n"
    "ca_certificate = /etc/bottled/bundle.pem\n"
    "--- /home/agent/.config/pip/pip.conf 644\n"
    "[global]\n"
    "proxy = http://127.0.0.1:3128\n"
    "cert = /etc/bottled/bundle.pem\n"
    "--- /home/agent/.config/bottled/apt.conf 644\n"
    "Acquire::http::Proxy \"http://127.0.0.1:3128\";\n"
    "Acquire::https::Proxy \"http://127.0.0.1:3128\";\n"
    "Acquire::https::CAInfo \"/etc/bottled/bundle.pem\";\n"
    "--- /home/agent/.docker/config.json 600\n"
    ""
    "{\"proxies\":{\"default\":{\"httpProxy\":\"http://127.0.0.1:3128\","
    "\"httpsProxy\":\"http://127.0.0.1:3128\",\"noProxy\":\"localhost,127.0.0.1,::1\"}}}\n";
/* clang-format on */

static void everything_is_as_it_was(void **state)
{
    struct arena arena = arena_begin(MIB(1));
    struct provision p;
    struct buf out = {0};
    (void)state;

    assert_int_equal(provision_make(&input, &arena, &p), ERR_OK);
    print(&out, &p);
    assert_int_equal(buf_add(&out, (struct span){(const uint8_t *)"", 1}), ERR_OK);
    assert_string_equal((const char *)buf_span(&out).at, golden);
    buf_clear(&out);
    arena_end(&arena);
}

static void no_value_carries_userinfo_or_a_word_left_in_braces(void **state)
{
    struct arena arena = arena_begin(MIB(1));
    struct provision p;
    (void)state;

    assert_int_equal(provision_make(&input, &arena, &p), ERR_OK);
    for (size_t i = 0; i < p.env.count; i++) {
        struct span value = p.env.list[i].value;
        assert_int_equal(span_find(value, '@', 0), value.len);
        assert_int_equal(span_find(value, '{', 0), value.len);
        assert_int_equal(span_find(value, '\n', 0), value.len);
        assert_int_equal(value.at[value.len], '\0');
        for (size_t j = 0; j < i; j++) assert_false(span_is(p.env.list[i].name, p.env.list[j].name));
    }
    for (size_t i = 0; i < p.file_count; i++)
        assert_int_equal(span_find(p.files[i].content, '@', 0), p.files[i].content.len);
    arena_end(&arena);
}

static void an_ipv6_proxy_stands_in_brackets(void **state)
{
    struct provision_input six = input;
    struct arena arena = arena_begin(MIB(1));
    struct provision p;
    (void)state;

    six.proxy_host = "fd00::1";
    assert_int_equal(provision_make(&six, &arena, &p), ERR_OK);
    assert_true(span_is(p.env.list[0].value, SPAN_LIT("http://[fd00::1]:3128")));
    assert_true(span_is(p.env.list[6].value, SPAN_LIT("localhost,127.0.0.1,::1,fd00::1")));
    arena_end(&arena);
}

static void what_is_set_is_known_by_name(void **state)
{
    (void)state;
    assert_true(provision_sets(SPAN_LIT("HTTPS_PROXY")));
    assert_true(provision_sets(SPAN_LIT("GIT_CONFIG_VALUE_1")));
    assert_false(provision_sets(SPAN_LIT("HTTPS_PROX")));
    assert_false(provision_sets(SPAN_LIT("")));
}

static void a_bundle_is_the_roots_and_then_ours(void **state)
{
    static const struct {
        const char *roots, *ca, *bundle;
    } rows[] = {
        {"R\n", "C\n", "R\nC\n"},
        {"R", "C", "R\nC\n"},
        {"R\r\n\r\n", "C\r\n", "R\nC\n"},
        {"", "C\n", "C\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out = {0};
        assert_int_equal(provision_bundle(span_of(rows[i].roots), span_of(rows[i].ca), &out), ERR_OK);
        assert_true(span_is(buf_span(&out), span_of(rows[i].bundle)));
        buf_clear(&out);
    }
}

static void memory_that_runs_out_is_an_error_and_no_leak(void **state)
{
    (void)state;
    for (size_t i = 1;; i++) {
        struct arena arena = arena_begin(MIB(1));
        struct provision p;
        mem_fail_at(i);
        enum err err = provision_make(&input, &arena, &p);
        size_t made = mem_fail_at(0);
        arena_end(&arena);
        if (made < i) break; /* the whole of it needs fewer */
        assert_int_equal(err, ERR_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_as_it_was),
        cmocka_unit_test(no_value_carries_userinfo_or_a_word_left_in_braces),
        cmocka_unit_test(an_ipv6_proxy_stands_in_brackets),
        cmocka_unit_test(what_is_set_is_known_by_name),
        cmocka_unit_test(a_bundle_is_the_roots_and_then_ours),
        cmocka_unit_test(memory_that_runs_out_is_an_error_and_no_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
