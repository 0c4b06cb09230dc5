/* badcerts_test.c — upstream certificates with a known verdict, made by the corpora's gen_badcerts.py, served by a
 * plain BoringSSL server in memory.  Skipped, with one line, where the corpora or Debian's python3-cryptography are
 * missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "reactor/base/limits.h"
#include "reactor/net/stream_mem.h"
#include "reactor/tls/bssl.h"
#include "reactor/tls/tls.h"
#include "tests/world/world.h"

/* Ours, where the corpus leaves the verdict open ("either") or wants a revocation list, which we have not. */
static const struct {
    const char *name;
    bool accept;
} choices[] = {
    {"reversed-chain", true}, /* the path is built, not read off */
    {"wildcard-tld", false},  {"san-trailing-dot", false}, {"leaf-is-ca", true},
    {"must-staple", true},    {"revoked", true},           {"chain-12", true},
};

static char folder[512]; /* build/PRESET/badcerts */

/* --- the origin ------------------------------------------------------------------------------------------ */

struct origin {
    struct stream *stream;
    SSL *ssl; /* over two memory BIOs */
};

static void origin_pump(struct origin *origin)
{
    struct span in = stream_input(origin->stream);
    const uint8_t *out;
    size_t len;

    if (in.len > 0) assert_int_equal(BIO_write(SSL_get_rbio(origin->ssl), in.at, (int)in.len), (int)in.len);
    stream_consume(origin->stream, in.len);
    (void)SSL_do_handshake(origin->ssl);
    assert_true(BIO_mem_contents(SSL_get_wbio(origin->ssl), &out, &len));
    if (len > 0) assert_int_equal(stream_write(origin->stream, (struct span){out, len}), ERR_OK);
    BIO_reset(SSL_get_wbio(origin->ssl));
}

static void origin_hear(void *owner, enum stream_event event)
{
    if (event == STREAM_DATA) origin_pump(owner);
}

/* false: no server can use this pair of files. */
static bool origin_new(SSL_CTX *context, const char *name, struct stream *stream, struct origin *origin)
{
    char chain[600], key[600];
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

    snprintf(chain, sizeof chain, "%s/%s.pem", folder, name);
    snprintf(key, sizeof key, "%s/%s.key", folder, name);
    *origin = (struct origin){stream, NULL};
    stream_own(stream, origin_hear, origin);
    BIO_set_mem_eof_return(in, -1);
    if (SSL_CTX_use_certificate_chain_file(context, chain) == 1 &&
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1)
        origin->ssl = SSL_new(context);
    if (origin->ssl == NULL) {
        BIO_free(in);
        BIO_free(out);
        return false;
    }
    SSL_set_bio(origin->ssl, in, out);
    SSL_set_accept_state(origin->ssl);
    return true;
}

/* --- the verdict ----------------------------------------------------------------------------------------- */

static bool is_open;
static struct stream *near;

static void hear(void *owner, enum stream_event event)
{
    (void)owner;
    is_open |= event == STREAM_OPEN;
}

static bool accepts(struct tls_client *client, const char *name, const char *host)
{
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    struct tls_target target = {.host = span_of(host), .session_key = span_of(name)};
    struct stream *below, *above;
    struct origin origin;
    bool served;

    is_open = false;
    assert_int_equal(stream_mem_pair(world.loop, &below, &above), ERR_OK);
    served = origin_new(context, name, above, &origin);
    assert_int_equal(stream_tls_connect(client, &below, &target, hear, NULL, &near), ERR_OK);
    if (served) world_turn();
    print_message("  %-22s %s%s\n", name, is_open ? "taken" : "refused: ",
                  is_open   ? ""
                  : !served ? "no server can serve it"
                            : near->detail);
    assert_true(is_open || !served || near->err != ERR_OK);
    stream_free(&near);
    stream_free(&origin.stream);
    SSL_free(origin.ssl);
    SSL_CTX_free(context);
    world_turn();
    return is_open;
}

static bool expected(const char *name, bool accept)
{
    for (size_t i = 0; i < COUNT_OF(choices); i++)
        if (strcmp(choices[i].name, name) == 0) return choices[i].accept;
    return accept;
}

static const char make[] =
    "test -e $D/index && exit 0\n"
    "G=${BOTTLED_CORPORA:-../shared/corpora}/tools/gen_badcerts.py\n"
    "test -e $G && /usr/bin/python3 -c 'import cryptography' 2>/dev/null || exit 1\n"
    "mkdir -p $D/tools && cp $G $D/tools/ && cd $D && /usr/bin/python3 -W ignore tools/gen_badcerts.py >/dev/null &&\n"
    "mv badcerts/* . && /usr/bin/python3 -c '\n"
    "import json\n"
    "for line in open(\"badcerts.jsonl\"):\n"
    "    row = json.loads(line)\n"
    "    print(row[\"name\"], row[\"host\"], int(row[\"accept\"]))' >index.new && mv index.new index\n";

static void every_bad_certificate_is_judged_as_it_deserves(void **state)
{
    char path[600], name[64], host[64];
    int accept, count = 0, right = 0;
    struct tls_client *client = NULL;
    FILE *rows;

    (void)state;
    setenv("D", folder, 1);
    if (system(make) != 0) {
        print_message("  skipped: no corpora, or no python3-cryptography\n");
        return;
    }
    world_begin();
    snprintf(path, sizeof path, "%s/root.pem", folder);
    assert_int_equal(tls_client_new(world.loop, path, &client), ERR_OK);
    snprintf(path, sizeof path, "%s/index", folder);
    rows = fopen(path, "r");
    assert_non_null(rows);
    while (fscanf(rows, "%63s %63s %d", name, host, &accept) == 3) {
        bool judged = accepts(client, name, host);
        count++;
        right += judged == expected(name, accept);
        if (judged != expected(name, accept)) print_message("  ^ wrong\n");
    }
    fclose(rows);
    print_message("  %d of %d\n", right, count);
    assert_int_equal(right, count);
    assert_int_equal(count, 48);
    world_pass((uint64_t)86400000 * 4000);
    assert_false(accepts(client, "good", "api.example.com")); /* by the loop's clock it has expired */
    tls_client_free(&client);
    world_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_bad_certificate_is_judged_as_it_deserves)};
    char exe[400] = {0};

    if (readlink("/proc/self/exe", exe, sizeof exe - 1) < 0) return 1;
    snprintf(folder, sizeof folder, "%s/badcerts", dirname(dirname(exe)));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
