#include "backends/provision/provision.h"

#include "reactor/base/own.h"

/* Words in braces are filled in: {proxy} http://HOST:PORT, {host}, {port}, {ca}, {bundle}, {home}, {direct} what is
 * asked without the proxy. */

struct row {
    const char *name, *value;
};

struct file_row {
    const char *path;
    uint16_t mode;
    const char *content;
};

/* clang-format off */
static const struct row variables[] = {
    /* the proxy: curl reads only the small http_proxy, the AWS CLI lets the small ones win: both are set */
    {"http_proxy",                         "{proxy}"},
    {"https_proxy",                        "{proxy}"},
    {"HTTP_PROXY",                         "{proxy}"},
    {"HTTPS_PROXY",                        "{proxy}"},
    {"all_proxy",                          "{proxy}"},       /* never socks5h: httpx and others break on it */
    {"ALL_PROXY",                          "{proxy}"},
    {"no_proxy",                           "{direct}"},      /* a bare ::1, and no private ranges: we front those too */
    {"NO_PROXY",                           "{direct}"},
    {"ftp_proxy",                          "{proxy}"},
    {"NODE_USE_ENV_PROXY",                 "1"},             /* node >= 22.21; older ones ignore it */
    {"GLOBAL_AGENT_HTTP_PROXY",            "{proxy}"},       /* older node programs with global-agent */
    {"npm_config_proxy",                   "{proxy}"},       /* npm, pnpm */
    {"npm_config_https_proxy",             "{proxy}"},
    {"npm_config_noproxy",                 "{direct}"},
    {"YARN_HTTP_PROXY",                    "{proxy}"},       /* Yarn 2 and later ignore HTTP_PROXY */
    {"YARN_HTTPS_PROXY",                   "{proxy}"},
    {"CARGO_HTTP_PROXY",                   "{proxy}"},
    {"CLOUDSDK_PROXY_TYPE",                "http"},          /* gcloud */
    {"CLOUDSDK_PROXY_ADDRESS",             "{host}"},
    {"CLOUDSDK_PROXY_PORT",                "{port}"},
    {"grpc_proxy",                         "{proxy}"},       /* gRPC's C core */
    {"ELECTRON_GET_USE_PROXY",             "1"},
    {"JAVA_TOOL_OPTIONS",                  "-Dhttp.proxyHost={host} -Dhttp.proxyPort={port} -Dhttps.proxyHost={host} "
                                           "-Dhttps.proxyPort={port} -Dhttp.nonProxyHosts=localhost|127.*|[::1] "
                                           "-Duser.home={home}"},
    /* git: the environment's configuration, which a project's own can't lack */
    {"GIT_CONFIG_COUNT",                   "2"},
    {"GIT_CONFIG_KEY_0",                   "http.proxy"},
    {"GIT_CONFIG_VALUE_0",                 "{proxy}"},
    {"GIT_CONFIG_KEY_1",                   "http.sslCAInfo"},
    {"GIT_CONFIG_VALUE_1",                 "{bundle}"},
    {"GIT_SSL_CAINFO",                     "{bundle}"},      /* git-lfs too */
    {"GIT_TERMINAL_PROMPT",                "0"},             /* nobody is there to type a password */
    /* roots that replace the tool's own: the bundle */
    {"SSL_CERT_FILE",                      "{bundle}"},      /* OpenSSL, Go, Ruby, Python, rustls, uv */
    {"CURL_CA_BUNDLE",                     "{bundle}"},      /* curl, R */
    {"REQUESTS_CA_BUNDLE",                 "{bundle}"},      /* requests, poetry, the Azure CLI */
    {"PIP_CERT",                           "{bundle}"},
    {"CODEX_CA_CERTIFICATE",               "{bundle}"},
    {"AWS_CA_BUNDLE",                      "{bundle}"},
    {"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", "{bundle}"},
    {"HTTPLIB2_CA_CERTS",                  "{bundle}"},      /* Google's Python clients */
    {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",   "{bundle}"},
    {"CARGO_HTTP_CAINFO",                  "{bundle}"},
    {"npm_config_cafile",                  "{bundle}"},      /* npm, pnpm, Yarn 1; later Yarns: the CA below */
    {"NPM_CONFIG_CAFILE",                  "{bundle}"},
    {"BUNDLE_SSL_CA_CERT",                 "{bundle}"},      /* Ruby's bundler */
    {"HEX_CACERTS_PATH",                   "{bundle}"},      /* Elixir */
    {"PERL_LWP_SSL_CA_FILE",               "{bundle}"},
    {"NIX_SSL_CERT_FILE",                  "{bundle}"},
    /* roots beside the tool's own: the CA */
    {"NODE_EXTRA_CA_CERTS",                "{ca}"},          /* node, bun, Claude Code, deno >= 2.8 */
    {"DENO_CERT",                          "{ca}"},          /* deno before 2.8 */
    {"DENO_TLS_CA_STORE",                  "system,mozilla"},
    {"CLAUDE_CODE_CERT_STORE",             "bundled,system"},
    {"NODE_USE_SYSTEM_CA",                 "1"},
    {"UV_SYSTEM_CERTS",                    "true"},
    {"UV_NATIVE_TLS",                      "true"},          /* its older name */
    /* tools that read a file: where it is */
    {"WGETRC",                             "{home}/.wgetrc"},
    {"APT_CONFIG",                         "{home}/.config/bottled/apt.conf"},
};

/* For children that are started with an empty environment, and tools that read no variable. */
static const struct file_row files[] = {
    {"{home}/.npmrc", 0600,
     "proxy={proxy}\n"
     "https-proxy={proxy}\n"
     "noproxy={direct}\n"
     "cafile={bundle}\n"},
    {"{home}/.cargo/config.toml", 0644,
     "[http]\n"
     "proxy = \"{proxy}\"\n"
     "cainfo = \"{bundle}\"\n"},
    {"{home}/.wgetrc", 0644,
     "use_proxy = on\n"
     "http_proxy = {proxy}\n"
     "https_proxy = {proxy}\n"
     "no_proxy = {direct}\n"
     "ca_certificate = {bundle}\n"},
    {"{home}/.config/pip/pip.conf", 0644,
     "[global]\n"
     "proxy = {proxy}\n"
     "cert = {bundle}\n"},
    {"{home}/.config/bottled/apt.conf", 0644,
     "Acquire::http::Proxy \"{proxy}\";\n"
     "Acquire::https::Proxy \"{proxy}\";\n"
     "Acquire::https::CAInfo \"{bundle}\";\n"},
    {"{home}/.docker/config.json", 0600, /* what BuildKit's RUN gets */
     "{\"proxies\":{\"default\":{\"httpProxy\":\"{proxy}\",\"httpsProxy\":\"{proxy}\",\"noProxy\":\"{direct}\"}}}\n"},
};
/* clang-format on */

/* --- filling in -------------------------------------------------------------------------------------------- */

struct word {
    const char *name;
    struct span value;
};

#define WORD_COUNT 7u

static enum err make_words(const struct provision_input *input, struct arena *arena, struct word words[WORD_COUNT])
{
    bool is_loopback = strcmp(input->proxy_host, "127.0.0.1") == 0 || strcmp(input->proxy_host, "::1") == 0;
    bool is_v6 = strchr(input->proxy_host, ':') != NULL;
    const char *open = is_v6 ? "[" : "", *close = is_v6 ? "]" : "";
    const struct word filled[WORD_COUNT] = {
        {"{proxy}", arena_printf(arena, "http://%s%s%s:%u", open, input->proxy_host, close, input->proxy_port)},
        {"{direct}", arena_printf(arena, "localhost,127.0.0.1,::1%s%s", is_loopback ? "" : ",",
                                  is_loopback ? "" : input->proxy_host)},
        {"{host}", span_of(input->proxy_host)},
        {"{port}", arena_printf(arena, "%u", input->proxy_port)},
        {"{ca}", span_of(input->ca_path)},
        {"{bundle}", span_of(input->bundle_path)},
        {"{home}", span_of(input->home)},
    };

    memcpy(words, filled, sizeof filled);
    return words[0].value.at == NULL || words[1].value.at == NULL || words[3].value.at == NULL ? ERR_NOMEM : ERR_OK;
}

static const struct word *word_at(struct span text, const struct word words[WORD_COUNT])
{
    for (size_t i = 0; i < WORD_COUNT; i++)
        if (span_starts(text, span_of(words[i].name))) return &words[i];
    return NULL;
}

static enum err fill(const char *pattern, const struct word words[WORD_COUNT], struct arena *arena, struct span *out)
{
    struct span rest = span_of(pattern);
    struct buf text = {0};
    enum err err = ERR_OK;

    while (rest.len > 0 && err == ERR_OK) {
        const struct word *word = word_at(rest, words);
        err = buf_add(&text, word != NULL ? word->value : span_first(rest, 1));
        rest = span_from(rest, word != NULL ? strlen(word->name) : 1);
    }
    *out = arena_copy(arena, buf_span(&text));
    buf_clear(&text);
    return err == ERR_OK && out->at == NULL ? ERR_NOMEM : err;
}

static enum err make_env(const struct word words[WORD_COUNT], struct arena *arena, struct env_list *out)
{
    struct env_var *list = arena_new(arena, sizeof *list * COUNT_OF(variables));

    if (list == NULL) return ERR_NOMEM;
    for (size_t i = 0; i < COUNT_OF(variables); i++) {
        list[i].name = span_of(variables[i].name);
        TRY(fill(variables[i].value, words, arena, &list[i].value));
    }
    *out = (struct env_list){list, COUNT_OF(variables)};
    return ERR_OK;
}

static enum err make_files(const struct word words[WORD_COUNT], struct arena *arena, struct provision *out)
{
    struct provision_file *list = arena_new(arena, sizeof *list * COUNT_OF(files));

    if (list == NULL) return ERR_NOMEM;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        list[i].mode = files[i].mode;
        TRY(fill(files[i].path, words, arena, &list[i].path));
        TRY(fill(files[i].content, words, arena, &list[i].content));
    }
    out->files = list;
    out->file_count = COUNT_OF(files);
    return ERR_OK;
}

enum err provision_make(const struct provision_input *input, struct arena *arena, struct provision *out)
{
    struct word words[WORD_COUNT];

    TRY(make_words(input, arena, words));
    TRY(make_env(words, arena, &out->env));
    return make_files(words, arena, out);
}

bool provision_sets(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(variables); i++)
        if (span_is(name, span_of(variables[i].name))) return true;
    return false;
}

static struct span without_line_end(struct span pem)
{
    while (pem.len > 0 && (pem.at[pem.len - 1] == '\n' || pem.at[pem.len - 1] == '\r')) pem.len--;
    return pem;
}

/* Some readers trip over a CRLF at the end, and all over two certificates on one line. */
enum err provision_bundle(struct span roots, struct span ca, struct buf *out)
{
    roots = without_line_end(roots);
    TRY(buf_add(out, roots));
    if (roots.len > 0) TRY(buf_add(out, SPAN_LIT("\n")));
    TRY(buf_add(out, without_line_end(ca)));
    return buf_add(out, SPAN_LIT("\n"));
}
