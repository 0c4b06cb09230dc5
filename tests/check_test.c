/* check_test.c — bottled check, as a person and as a program meet it: what it prints, and its exit codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/manifest/cmd_check.h"
#include "dlp/policy/binding.h"
#include "reactor/base/own.h"
#include "reactor/base/span.h"
#include "reactor/base/verb.h"

static char root[64];
static char out[65536], err[16384];

static void path_of(const char *name, char path[256]) { snprintf(path, 256, "%s/%s", root, name); }

static void write_file(const char *name, const char *text)
{
    char path[256];
    path_of(name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int make_root(void **state)
{
    char path[256];
    (void)state;
    strcpy(root, "/tmp/check_test.XXXXXX");
    assert_non_null(mkdtemp(root));
    path_of("bottles", path);
    assert_int_equal(mkdir(path, 0700), 0);
    path_of("agents", path);
    assert_int_equal(mkdir(path, 0700), 0);
    return 0;
}

static int remove_root(void **state)
{
    static const char *const names[] = {"bottles/dev.md",
                                        "bottles/bad.md",
                                        "bottles/Odd.md",
                                        "bottles/notes.txt",
                                        "agents/coder.md",
                                        "agents/lost.md",
                                        "bottles/ca.pem",
                                        "bottles/own.yaml",
                                        "bottles",
                                        "agents",
                                        "."};
    char path[256];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        path_of(names[i], path);
        (void)(unlink(path) == 0 || rmdir(path) == 0);
    }
    return rmdir(root) == 0 || access(root, F_OK) != 0 ? 0 : -1;
}

static void read_back(FILE *file, char *text, size_t size)
{
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

/* Runs the verb as main() would; what it prints is in out and err. */
static int run(const char *a, const char *b, const char *c, const char *d)
{
    char *argv[] = {"check", (char *)a, (char *)b, (char *)c, (char *)d, NULL};
    int argc = 1, kept_out = dup(1), kept_err = dup(2), code;
    FILE *file_out = tmpfile(), *file_err = tmpfile();

    while (argv[argc] != NULL) argc++;
    fflush(stdout), fflush(stderr);
    assert_true(dup2(fileno(file_out), 1) == 1 && dup2(fileno(file_err), 2) == 2);
    code = cmd_check(argc, argv);
    fflush(stdout), fflush(stderr);
    assert_true(dup2(kept_out, 1) == 1 && dup2(kept_err, 2) == 2);
    close(kept_out), close(kept_err);
    read_back(file_out, out, sizeof out);
    read_back(file_err, err, sizeof err);
    return code;
}

static const char dev[] = "---\n"
                          "egress:\n"
                          "  routes:\n"
                          "    - host: api.example.com\n"
                          "      methods: [GET, POST]\n"
                          "      path: [/v1/**, /v2/*]\n"
                          "      auth: {scheme: header, header: X-Api-Key, token_ref: env:TOKEN}\n"
                          "      ca: ca.pem\n"
                          "    - host: \"*.example.org\"\n"
                          "      port: 8443\n"
                          "      allow_private: [10.1.0.0/16, \"fd00::/8\"]\n"
                          "      tls_passthrough: true\n"
                          "supervise: {routes: ask, timeout: 60}\n"
                          "env: {MODE: \"quiet\"}\n"
                          "resources: {memory: 2G, pids: 100}\n"
                          "---\n# For people\n";

static void write_good(void)
{
    write_file("bottles/dev.md", dev);
    write_file("bottles/ca.pem", "-----BEGIN CERTIFICATE-----\n");
    write_file("bottles/notes.txt", "not a manifest\n");
    write_file("agents/coder.md", "---\nbottle: dev\ncommand: [claude, --print]\n---\nBe brief.\n");
}

static void what_is_well_is_a_table(void **state)
{
    char wanted[2048];
    (void)state;
    write_good();
    assert_int_equal(run("--root", root, NULL, NULL), EXIT_OK);
    assert_string_equal(err, "");
    snprintf(
        wanted, sizeof wanted,
        "bottle dev (bottles/dev.md)\n"
        "  HOST             PORT  METHODS   PATH          CREDENTIAL                  OPENINGS\n"
        "  api.example.com  443   GET POST  /v1/** /v2/*  header X-Api-Key env:TOKEN  ca %s/bottles/ca.pem\n"
        "  *.example.org    8443  every     every         none                        tls_passthrough: unread, private "
        "10.1.0.0/16, private fd00::/8\n"
        "  bindings: %zu, `bottled check dev` lists them\n"
        "  a person is asked about: what the scan stops, and hosts without a route; for 60 s\n"
        "  env: MODE\n"
        "  memory: 2048 MiB\n"
        "  pids: 100\n"
        "agent coder (agents/coder.md) in bottle dev, runs: claude --print\n",
        root, bindings_shipped_count);
    assert_string_equal(out, wanted);
    assert_null(strstr(out, "quiet")); /* names of variables, never their values */
}

static void json_says_the_same(void **state)
{
    (void)state;
    write_good();
    assert_int_equal(run("--root", root, "--json", NULL), EXIT_OK);
    assert_non_null(strstr(out,
                           "{\"error_count\":0,\"errors\":[],\"bottles\":[{\"name\":\"dev\",\"path\":\"bottles/dev.md\""
                           ",\"ok\":true,\"routes\":[{\"host\":\"api.example.com\",\"subdomains\":false,\"port\":443,"
                           "\"methods\":[\"GET\",\"POST\"],\"path\":[\"/v1/**\",\"/v2/*\"],\"auth\":{\"scheme\":"
                           "\"header\",\"token_ref\":\"env:TOKEN\",\"header\":\"X-Api-Key\"},\"tls_passthrough\":false,"
                           "\"allow_private\":[],\"ca\":"));
    assert_non_null(
        strstr(out, "\"allow_private\":[\"10.1.0.0/16\",\"fd00::/8\"],\"line\":9}],\"dlp\":{\"rule_count\":"));
    assert_non_null(
        strstr(out, ",\"rules\":[],\"off\":[],\"secrets\":[],\"bindings_off\":[],\"bindings\":[{\"service\":"));
    assert_non_null(strstr(out, "{\"service\":\"github\",\"hosts\":[\"github.com\"],\"in\":[\"body\"],\"path\":"
                                "\"/login/oauth/access_token\"},"));
    assert_non_null(strstr(out,
                           "]},\"env\":[\"MODE\"],"
                           "\"supervise\":{\"tokens\":true,\"routes\":true,\"timeout\":60},"
                           "\"memory_bytes\":2147483648,\"pids\":100}],\"agents\":[{\"name\":\"coder\",\"path\":"
                           "\"agents/coder.md\",\"ok\":true,\"bottle\":\"dev\",\"command\":[\"claude\",\"--print\"],"
                           "\"env\":[]}]}\n"));
    assert_null(strstr(out, "quiet"));
}

static const char odd[] = "---\negress: {routes: [{host: a.b}]}\n"
                          "dlp: {rules: [own.yaml], off: [github-pat], because: \"the tests use dead ones\"}\n---\n";

static void rules_that_are_off_are_an_opening(void **state)
{
    (void)state;
    write_file("bottles/dev.md", odd);
    write_file("bottles/own.yaml", "rules: [{id: own, title: Own, pattern: own_, rung: prefix}]\n");
    assert_int_equal(run("--root", root, NULL, NULL), EXIT_OK);
    assert_non_null(strstr(out, "  rules of its own: bottles/own.yaml\n"
                                "  OPENING: rules off: github-pat; because: the tests use dead ones\n"));
    assert_int_equal(run("--root", root, "--json", NULL), EXIT_OK);
    assert_non_null(strstr(out, ",\"rules\":[\"bottles/own.yaml\"],\"off\":[\"github-pat\"],\"secrets\":[],\"because\":"
                                "\"the tests use dead ones\",\"bindings_off\""));
}

static void bodies_that_are_not_scanned_are_an_opening(void **state)
{
    (void)state;
    write_file("bottles/dev.md",
               "---\negress:\n  routes:\n    - host: a.b\n      dlp: {body: off, because: \"weights\", "
               "body_max: 1536M}\n    - {host: c.d, dlp: {body_max: 2048K}}\n---\n");
    assert_int_equal(run("--root", root, NULL, NULL), EXIT_OK);
    assert_non_null(strstr(out, "bodies unscanned (weights), bodies up to 1536M\n"));
    assert_non_null(strstr(out, "bodies up to 2M\n"));
    assert_int_equal(run("--root", root, "--json", NULL), EXIT_OK);
    assert_non_null(strstr(out, "\"body_unscanned_because\":\"weights\",\"body_max_bytes\":1610612736,\"line\":4}"));
}

static const char bound[] =
    "---\negress: {routes: [{host: a.b}]}\n"
    "dlp:\n  secrets: [{name: db, token_ref: env:DB}, {name: kube, token_ref: file:~/.kube/t}]\n"
    "  because: \"our own forge\"\n  bindings:\n    off: [stripe, npm]\n    add:\n"
    "      - {service: github, host: ghe.corp.test, in: [authorization, query], path: /api/**}\n"
    "---\n";

static void the_bindings_in_force_are_listed_for_a_bottle_that_is_named(void **state)
{
    (void)state;
    write_file("bottles/dev.md", bound);
    assert_int_equal(run("--root", root, "dev", NULL), EXIT_OK);
    assert_non_null(
        strstr(out, "  OPENING: binding added: github to ghe.corp.test in authorization query at /api/**; "
                    "because: our own forge\n"
                    "  secrets known to the scan: db (env:DB), kube (file:~/.kube/t)\n  bindings off: stripe, npm\n"
                    "  bindings, where a credential is normal:\n"));
    assert_non_null(strstr(out, "\n    pypi to upload.pypi.org test.pypi.org in authorization\n"));
    assert_null(strstr(out, "    npm to"));
    assert_non_null(strstr(out, "\n    github to ghe.corp.test in authorization query at /api/**\n"));
    assert_int_equal(run("--root", root, NULL, NULL), EXIT_OK);
    assert_non_null(strstr(out, "OPENING: binding added: github to ghe.corp.test"));
    assert_null(strstr(out, "    pypi to"));
    assert_int_equal(run("--root", root, "--json", NULL), EXIT_OK);
    assert_non_null(strstr(out, "\"secrets\":[{\"name\":\"db\",\"token_ref\":\"env:DB\"},{"));
    assert_non_null(strstr(out, "\"bindings_off\":[\"stripe\",\"npm\"]"));
    assert_non_null(strstr(out, "{\"service\":\"github\",\"hosts\":[\"ghe.corp.test\"],\"in\":[\"authorization\","
                                "\"query\"],\"path\":\"/api/**\",\"added\":true}]"));
}

static void a_rule_file_is_spoken_of_with_its_bottle(void **state)
{
    (void)state;
    write_good();
    write_file("bottles/bad.md", odd);
    write_file("bottles/own.yaml", "rules: [{id: own, titel: Own, pattern: own_, rung: prefix}]\n");
    assert_int_equal(run("--root", root, "dev", NULL), EXIT_OK);
    assert_string_equal(err, "");
    assert_int_equal(run("--root", root, "bad", NULL), EXIT_FOUND);
    assert_non_null(strstr(err, "bottles/own.yaml:1:19: unknown key `titel`; did you mean `title`?\n"));
    assert_string_equal(out, "");
}

static void all_errors_of_all_files_are_shown_and_the_good_ones_too(void **state)
{
    (void)state;
    write_good();
    write_file("bottles/bad.md", "---\negress:\n  routes:\n    - hots: a.b\n---\n");
    write_file("bottles/Odd.md", "---\n---\n");
    write_file("agents/lost.md", "---\nbottle: dve\n---\n");
    assert_int_equal(run("--root", root, NULL, NULL), EXIT_FOUND);
    assert_string_equal(err,
                        "bottles: the file name `Odd.md` is no name for a manifest; use lower-case letters, digits and "
                        "`-`, at most 63, and `.md`\n"
                        "bottles/bad.md:4:7: unknown key `hots`; did you mean `host`?\n"
                        "bottles/bad.md:4:7: a route needs the key `host`; add it\n"
                        "agents/lost.md:2:9: there is no bottle `dve`; did you mean `dev`?\n");
    assert_non_null(strstr(out, "bottle dev"));
    assert_null(strstr(out, "bottle bad"));
    assert_int_equal(run("--root", root, "--json", NULL), EXIT_FOUND);
    assert_non_null(strstr(out, "{\"path\":\"bottles/bad.md\",\"line\":4,\"column\":7,\"what\":\"unknown key `hots`\","
                                "\"hint\":\"did you mean `host`?\"}"));
    assert_non_null(strstr(out, "{\"name\":\"bad\",\"path\":\"bottles/bad.md\",\"ok\":false}"));
}

static void one_bottle_can_be_asked_for(void **state)
{
    (void)state;
    write_good();
    write_file("bottles/bad.md", "---\nx: y\n---\n");
    write_file("agents/lost.md", "---\nbottle: bad\n---\n");
    assert_int_equal(run("--root", root, "dev", NULL), EXIT_OK);
    assert_string_equal(err, "");
    assert_int_equal(run("--root", root, "bad", NULL), EXIT_FOUND);
    assert_non_null(strstr(err, "bottles/bad.md:2:1: unknown key `x`"));
    assert_non_null(strstr(err, "agents/lost.md:2:9: the bottle `bad` has errors; mend that file first"));
    assert_string_equal(out, "");
    assert_int_equal(run("--root", root, "absent", NULL), EXIT_FOUND);
    assert_non_null(strstr(err, "there is no bottle `absent`"));
}

static void a_file_that_anyone_may_write_is_refused(void **state)
{
    char path[256];
    (void)state;
    write_good();
    path_of("bottles/dev.md", path);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(run("--root", root, "dev", NULL), EXIT_FOUND);
    assert_non_null(strstr(err, "bottles/dev.md: anyone may write this file"));
}

static void a_pipe_in_the_place_of_a_manifest_does_not_hold_it_up(void **state)
{
    char path[256];
    (void)state;
    path_of("bottles/dev.md", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(run("--root", root, NULL, NULL), EXIT_FOUND);
    assert_non_null(strstr(err, "or it is no regular file"));
}

static void called_wrongly_it_teaches(void **state)
{
    (void)state;
    assert_int_equal(run("--nonsense", NULL, NULL, NULL), EXIT_USAGE);
    assert_non_null(strstr(err, "bottled check [--root DIR]"));
    assert_int_equal(run("--root", NULL, NULL, NULL), EXIT_USAGE);
    assert_int_equal(run("a", "b", NULL, NULL), EXIT_USAGE);
    assert_int_equal(run("--help", NULL, NULL, NULL), EXIT_OK);
    assert_non_null(strstr(out, "token_ref"));
    assert_int_equal(run("--root", "/nonexistent/root", NULL, NULL), EXIT_FOUND);
    assert_non_null(strstr(err, "no such folder; make /nonexistent/root/bottles/NAME.md"));
}

static void home_is_where_manifests_are(void **state)
{
    char path[256];
    (void)state;
    write_good();
    path_of("", path);
    setenv("HOME", path, 1);
    assert_int_equal(run(NULL, NULL, NULL, NULL), EXIT_FOUND);
    assert_non_null(strstr(err, "/.bottled: no such folder"));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(what_is_well_is_a_table),
        STORY(json_says_the_same),
        STORY(rules_that_are_off_are_an_opening),
        STORY(bodies_that_are_not_scanned_are_an_opening),
        STORY(the_bindings_in_force_are_listed_for_a_bottle_that_is_named),
        STORY(a_rule_file_is_spoken_of_with_its_bottle),
        STORY(all_errors_of_all_files_are_shown_and_the_good_ones_too),
        STORY(one_bottle_can_be_asked_for),
        STORY(a_file_that_anyone_may_write_is_refused),
        STORY(a_pipe_in_the_place_of_a_manifest_does_not_hold_it_up),
        STORY(called_wrongly_it_teaches),
        STORY(home_is_where_manifests_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
