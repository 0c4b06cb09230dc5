#include "backends/manifest/cmd_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/manifest/lines.h"
#include "backends/manifest/load.h"
#include "backends/manifest/rule_cache.h"
#include "reactor/base/json.h"
#include "reactor/base/own.h"

static const char help[] =
    "bottled scan [--json] [--honour-markers] [--root DIR] [FILE...|-]\n"
    "bottled scan [--json] --list-rules\n"
    "\n"
    "Looks for secrets in files by the rules that the proxy has, and prints a line for each:\n"
    "\n"
    "  src/config.py:12: github-pat: GitHub personal access token (prefix, ghp_… 40 characters)\n"
    "\n"
    "  FILE, -            files to read; - or none: standard input.  A diff there (git diff | bottled scan -) is read "
    "as\n"
    "                     one: what it adds is looked at, and told by the new file's name and line\n"
    "  --json             for programs: an object for each finding, a line each, and a last one that sums up\n"
    "  --honour-markers   a line that holds gitleaks:allow or bottled:allow is let pass (the proxy never does)\n"
    "  --list-rules       print the rules: id, service, rung, title\n"
    "  --root DIR         where compiled rules are kept, in DIR/cache (default: ~/.bottled, when it is there)\n"
    "\n"
    "Exit codes: 0 nothing found, 3 something found, 2 an error: not all was looked at.\n";

enum { SCAN_CLEAN = 0, SCAN_ERROR = 2, SCAN_FOUND = 3 };

struct options {
    const char *root;
    bool json, honours, lists, help;
};

struct run {
    const struct options *options;
    struct scanner *scanner;
    uint64_t files, findings;
    bool failed;
};

/* --- printing ---------------------------------------------------------------------------------------------- */

static enum err put_out(struct buf *line)
{
    bool ok = buf_len(line) == 0 || fwrite(buf_span(line).at, buf_len(line), 1, stdout) == 1;

    buf_clear(line);
    return ok ? ERR_OK : ERR_SYS;
}

/* Names of files may hold what a terminal obeys. */
static enum err put_name(struct buf *out, const char *name)
{
    for (const char *c = name; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            TRY(buf_printf(out, "\\x%02x", (unsigned char)*c));
        else
            TRY(buf_printf(out, "%c", *c));
    return ERR_OK;
}

static enum err print_text(struct buf *out, const struct line_finding *found)
{
    const struct finding *f = found->finding;

    TRY(put_name(out, found->path));
    if (f == NULL) return buf_printf(out, ":%llu: more than is told apart\n", (unsigned long long)found->line);
    return buf_printf(out, ":%llu: %s: %s (%s, %s)\n", (unsigned long long)found->line, f->rule, f->title,
                      rung_name(f->rung), f->shown[0] != '\0' ? f->shown : "not shown");
}

static enum err print_json(struct buf *out, const struct line_finding *found)
{
    const struct finding *f = found->finding;
    struct json json = json_begin(out);

    json_open(&json, NULL, '{');
    json_text(&json, "path", span_of(found->path));
    json_number(&json, "line", found->line);
    if (f != NULL) {
        json_text(&json, "rule", span_of(f->rule));
        json_text(&json, "title", span_of(f->title));
        json_text(&json, "rung", span_of(rung_name(f->rung)));
        json_text(&json, "shown", span_of(f->shown));
    }
    json_bool(&json, "more", f == NULL);
    json_close(&json, '}');
    return json.err == ERR_OK ? buf_add(out, SPAN_LIT("\n")) : json.err;
}

static enum err on_finding(void *owner, const struct line_finding *found)
{
    struct run *run = owner;
    struct buf line = {0};
    enum err err = run->options->json ? print_json(&line, found) : print_text(&line, found);

    run->findings++;
    if (err == ERR_OK) return put_out(&line);
    buf_clear(&line);
    return err;
}

static enum err print_summary(const struct run *run)
{
    struct buf line = {0};
    struct json json = json_begin(&line);

    if (!run->options->json) return ERR_OK;
    json_open(&json, NULL, '{');
    json_open(&json, "summary", '{');
    json_number(&json, "files", run->files);
    json_number(&json, "findings", run->findings);
    json_bool(&json, "complete", !run->failed);
    json_close(&json, '}');
    json_close(&json, '}');
    enum err err = json.err == ERR_OK ? buf_add(&line, SPAN_LIT("\n")) : json.err;
    if (err == ERR_OK) return put_out(&line);
    buf_clear(&line);
    return err;
}

/* --- files ------------------------------------------------------------------------------------------------- */

static void complain_file(struct run *run, const char *path, const char *why)
{
    fprintf(stderr, "bottled scan: %s: %s\n", path, why);
    run->failed = true;
}

static void scan_fd(struct run *run, int fd, const char *path, bool may_be_diff)
{
    struct lines_options options = {path, may_be_diff, run->options->honours, run->scanner, on_finding, run};
    struct stat stat;
    enum err err;

    if (fstat(fd, &stat) == 0 && S_ISDIR(stat.st_mode)) {
        complain_file(run, path, "is a folder; name files: git ls-files -z | xargs -0 bottled scan");
        return;
    }
    run->files++;
    err = lines_scan(fd, &options);
    if (err != ERR_OK) complain_file(run, path, err == ERR_SYS ? strerror(errno) : err_meaning(err));
}

static void scan_file(struct run *run, const char *path)
{
    int fd;

    if (strcmp(path, "-") == 0) {
        scan_fd(run, STDIN_FILENO, "-", true);
        return;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        complain_file(run, path, strerror(errno));
        return;
    }
    scan_fd(run, fd, path, false);
    close(fd);
}

/* --- rules ------------------------------------------------------------------------------------------------- */

static enum err read_rules(struct rule_set **rules_out)
{
    struct manifest_errors errors = manifest_errors_begin();
    struct buf out = {0};
    enum err err = rules_read_shipped(&errors, rules_out);

    for (const struct manifest_error *e = errors.first; e != NULL && err == ERR_OK; e = e->next)
        err = manifest_error_print(&out, e);
    if (buf_len(&out) > 0) fwrite(buf_span(&out).at, buf_len(&out), 1, stderr);
    buf_clear(&out);
    manifest_errors_end(&errors);
    return err == ERR_OK && *rules_out == NULL ? ERR_SYNTAX : err;
}

static enum err print_rule(struct buf *out, const struct rule *rule, bool as_json)
{
    struct json json = json_begin(out);

    if (!as_json)
        return buf_printf(out, "%-40.*s %-20.*s %-8s %.*s\n", SPAN_FMT(rule->id), SPAN_FMT(rule->service),
                          rung_name(rule->rung), SPAN_FMT(rule->title));
    json_open(&json, NULL, '{');
    json_text(&json, "id", rule->id);
    json_text(&json, "service", rule->service);
    json_text(&json, "rung", span_of(rung_name(rule->rung)));
    json_text(&json, "title", rule->title);
    json_close(&json, '}');
    return json.err == ERR_OK ? buf_add(out, SPAN_LIT("\n")) : json.err;
}

static enum err list_rules(const struct rule_set *rules, bool as_json)
{
    struct buf out = {0};
    enum err err = ERR_OK;

    for (size_t i = 0; i < rules->count && err == ERR_OK; i++) err = print_rule(&out, &rules->list[i], as_json);
    if (err == ERR_OK) return put_out(&out);
    buf_clear(&out);
    return err;
}

static enum err make_scanner(const char *root, struct rule_set *rules, struct scanner **scanner_out)
{
    struct rule_fault fault;
    enum rule_cache_use use;
    AUTO(engine) engine = NULL;
    AUTO(vault) vault = NULL;

    TRY(rule_cache_open(root, rules, &fault, &use, &engine));
    TRY(vault_new(0, &vault));
    return scanner_new(vault, engine, scanner_out);
}

/* --- the verb ---------------------------------------------------------------------------------------------- */

static enum err scan(const struct options *options, char **files, struct run *run)
{
    AUTO(rule_set) rules = NULL;
    AUTO(scanner) scanner = NULL;

    TRY(read_rules(&rules));
    if (options->lists) return list_rules(rules, options->json);
    TRY(make_scanner(options->root, rules, &scanner));
    run->scanner = scanner;
    if (*files == NULL) scan_file(run, "-");
    for (; *files != NULL; files++) scan_file(run, *files);
    return print_summary(run);
}

static int scan_and_tell(const struct options *options, char **files)
{
    struct run run = {.options = options};
    enum err err = scan(options, files, &run);

    if (err == ERR_OK && fflush(stdout) != 0) err = ERR_SYS;
    if (err != ERR_OK) fprintf(stderr, "bottled scan: %s\n", err == ERR_SYS ? strerror(errno) : err_meaning(err));
    if (err != ERR_OK || run.failed) return SCAN_ERROR;
    return run.findings > 0 ? SCAN_FOUND : SCAN_CLEAN;
}

static bool parse(int argc, char **argv, struct options *options)
{
    static const struct option list[] = {{"json", 0, 0, 'j'}, {"honour-markers", 0, 0, 'm'}, {"list-rules", 0, 0, 'l'},
                                         {"root", 1, 0, 'r'}, {"help", 0, 0, 'h'},           {0, 0, 0, 0}};

    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "h", list, NULL)) != -1;) {
        switch (c) {
        case 'j': options->json = true; break;
        case 'm': options->honours = true; break;
        case 'l': options->lists = true; break;
        case 'r': options->root = optarg; break;
        case 'h': options->help = true; break;
        default: return false;
        }
    }
    return true;
}

int cmd_scan(int argc, char **argv)
{
    struct arena arena = arena_begin(KIB(8));
    struct options options = {0};
    int code = SCAN_CLEAN;

    if (!parse(argc, argv, &options)) {
        fputs(help, stderr);
        code = SCAN_ERROR;
    } else if (options.help) {
        fputs(help, stdout);
    } else {
        if (options.root == NULL) options.root = manifests_home(&arena);
        code = scan_and_tell(&options, argv + optind);
    }
    arena_end(&arena);
    return code;
}
