#include "backends/manifest/cmd_scan.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backends/manifest/gitleaks.h"
#include "backends/manifest/load.h"
#include "backends/manifest/rule_cache.h"
#include "backends/manifest/scan_report.h"
#include "backends/manifest/scan_rules.h"
#include "backends/manifest/walk.h"
#include "reactor/base/home.h"
#include "reactor/base/own.h"

static const char help[] =
    "bottled scan [OPTIONS] [FILE|DIR|-]...\n"
    "bottled scan [OPTIONS] --list-rules\n"
    "bottled scan --import-gitleaks FILE.toml\n"
    "\n"
    "Looks for secrets by the rules that the proxy has.  Examples:\n"
    "\n"
    "  bottled scan .                              all files below this folder, .git left out\n"
    "  git diff --cached | bottled scan -          what a commit would add, by file and line\n"
    "  git log -p | bottled scan -                 what all commits added\n"
    "  bottled scan --json src | jq .rule          for programs\n"
    "  bottled scan --rules acme.yaml config.yml   with rules of your own beside ours\n"
    "\n"
    "and each finding is a line:\n"
    "\n"
    "  src/config.py:12: github-pat: GitHub personal access token (prefix, ghp_… 40 characters)\n"
    "\n"
    "  FILE, DIR, -       what to read; - or none: standard input.  Standard input that begins like a diff is read as "
    "one:\n"
    "                     what it adds is looked at.  In folders, links are not followed\n"
    "  --json             an object for each finding, a line each, and a last one that sums up\n"
    "  --strict           exit with 3 also where findings would only be told by the proxy, and stop nothing\n"
    "  --honour-markers   let pass what stands on a line with gitleaks:allow, bottled:allow, `pragma: allowlist "
    "secret`,\n"
    "                     secretlint-disable-line, trufflehog:ignore or pipelock:ignore (the proxy never does)\n"
    "  --rules FILE       a rule file beside ours; may be repeated\n"
    "  --bottle NAME      the rules of this bottle in place of ours\n"
    "  --import-gitleaks FILE\n"
    "                     print the rules of a gitleaks configuration as a rule file of ours, and what could not "
    "be\n"
    "                     carried over on standard error\n"
    "  --list-rules       print the rules: id, rung, service, title\n"
    "  --root DIR         where bottles are, and compiled rules in DIR/cache (default: ~/.bottled, when it is there)\n"
    "\n"
    "Exit codes: 0 nothing that stops a request, 3 something that does, 2 an error: not all was looked at.\n";

enum { SCAN_CLEAN = 0, SCAN_ERROR = 2, SCAN_FOUND = 3 };

struct options {
    struct scan_rules_from from;
    const char *files[RULE_FILES_OWN_MAX];
    const char *gitleaks; /* a configuration to import */
    bool json, honours, lists, strict, help;
};

struct run {
    const struct options *options;
    struct scanner *scanner;
    struct scan_report report;
    bool failed;
};

/* --- files ------------------------------------------------------------------------------------------------- */

static enum err on_finding(void *owner, const struct line_finding *found)
{
    struct run *run = owner;

    return scan_report_finding(&run->report, found);
}

static void on_read(void *owner, size_t len)
{
    struct run *run = owner;

    scan_report_read(&run->report, len);
}

static void on_error(void *owner, const char *path, const char *why)
{
    struct run *run = owner;

    scan_report_trouble(&run->report, path, why);
    run->failed = true;
}

/* That standard output is gone ends all; what is wrong with one file does not keep the others from being looked at. */
static enum err scan_fd(struct run *run, int fd, const char *path, bool may_be_diff)
{
    const struct lines_options options = {.path = path,
                                          .may_be_diff = may_be_diff,
                                          .honours = run->options->honours,
                                          .scanner = run->scanner,
                                          .fn = on_finding,
                                          .on_read = on_read,
                                          .owner = run};
    enum err err;

    scan_report_file(&run->report, path);
    err = lines_scan(fd, &options);
    if (ferror(stdout)) return ERR_SYS;
    if (err != ERR_OK) on_error(run, path, err == ERR_SYS ? strerror(errno) : err_meaning(err));
    return ERR_OK;
}

static enum err on_file(void *owner, int fd, const char *path) { return scan_fd(owner, fd, path, false); }

static enum err scan_all(struct run *run, char **paths)
{
    const struct walk walk = {on_file, on_error, run};

    if (*paths == NULL) return scan_fd(run, STDIN_FILENO, "-", true);
    for (; *paths != NULL; paths++)
        if (strcmp(*paths, "-") == 0)
            TRY(scan_fd(run, STDIN_FILENO, "-", true));
        else
            TRY(walk_path(&walk, *paths));
    return ERR_OK;
}

/* --- the verb ---------------------------------------------------------------------------------------------- */

static enum err make_scanner(const char *root, struct rule_set *rules, struct scanner **scanner_out)
{
    struct rule_fault fault = {0};
    enum rule_cache_use use;
    AUTO(engine) engine = NULL;
    AUTO(vault) vault = NULL;
    enum err err = rule_cache_open(root, rules, &fault, &use, &engine);

    if (err == ERR_SYNTAX && fault.rule != NULL)
        fprintf(stderr, "bottled scan: the rule %.*s: %s\n", SPAN_FMT(fault.rule->id), fault.why);
    TRY(err);
    TRY(vault_new(0, &vault));
    return scanner_new(vault, engine, scanner_out);
}

static enum err scan(struct run *run, char **paths)
{
    const struct options *options = run->options;
    AUTO(rule_set) rules = NULL;
    AUTO(scanner) scanner = NULL;

    TRY(scan_rules_read(&options->from, &rules));
    if (rules == NULL) {
        run->failed = true; /* and why was told */
        return ERR_OK;
    }
    if (options->lists) return scan_report_rules(&run->report, rules);
    TRY(make_scanner(options->from.root, rules, &scanner));
    run->scanner = scanner;
    TRY(scan_all(run, paths));
    return scan_report_sum(&run->report, !run->failed);
}

static int scan_and_tell(const struct options *options, char **paths)
{
    struct run run = {.options = options, .report = scan_report_begin(options->json)};
    enum err err = scan(&run, paths);

    if (err == ERR_OK && fflush(stdout) != 0) err = ERR_SYS;
    if (err != ERR_OK) scan_report_trouble(&run.report, NULL, err == ERR_SYS ? strerror(errno) : err_meaning(err));
    if (err != ERR_OK || run.failed) return SCAN_ERROR;
    return run.report.stopping > 0 || (options->strict && run.report.findings > 0) ? SCAN_FOUND : SCAN_CLEAN;
}

static bool take_rules(struct options *options, const char *path)
{
    if (options->from.file_count == COUNT_OF(options->files)) {
        fprintf(stderr, "bottled scan: more than %zu rule files\n", COUNT_OF(options->files));
        return false;
    }
    options->files[options->from.file_count++] = path;
    options->from.files = options->files;
    return true;
}

static bool parse(int argc, char **argv, struct options *options)
{
    static const struct option list[] = {{"json", 0, 0, 'j'},
                                         {"strict", 0, 0, 's'},
                                         {"honour-markers", 0, 0, 'm'},
                                         {"list-rules", 0, 0, 'l'},
                                         {"rules", 1, 0, 'u'},
                                         {"bottle", 1, 0, 'b'},
                                         {"root", 1, 0, 'r'},
                                         {"help", 0, 0, 'h'},
                                         {"import-gitleaks", 1, 0, 'g'},
                                         {0, 0, 0, 0}};

    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "h", list, NULL)) != -1;) {
        switch (c) {
        case 'j': options->json = true; break;
        case 's': options->strict = true; break;
        case 'm': options->honours = true; break;
        case 'l': options->lists = true; break;
        case 'u':
            if (!take_rules(options, optarg)) return false;
            break;
        case 'b': options->from.bottle = span_of(optarg); break;
        case 'g': options->gitleaks = optarg; break;
        case 'r': options->from.root = optarg; break;
        case 'h': options->help = true; break;
        default: return false;
        }
    }
    if (options->from.bottle.len > 0 && options->from.file_count > 0) {
        fputs("bottled scan: a bottle has its own rule files: --rules or --bottle, not both\n", stderr);
        return false;
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
    } else if (options.gitleaks != NULL) {
        code = gitleaks_import_file(options.gitleaks);
    } else {
        if (options.from.root == NULL) options.from.root = home_root(&arena);
        code = scan_and_tell(&options, argv + optind);
    }
    arena_end(&arena);
    return code;
}
