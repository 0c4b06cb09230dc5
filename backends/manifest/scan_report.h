/* scan_report.h — what `bottled scan` says: findings, rules and a sum on standard output, how far it is on a terminal.
 *
 * Hostile  names of files and what rules say of themselves are from outside: a terminal gets no control character, no
 *          mark that reorders text, no byte that is not UTF-8.
 * Errors   ERR_SYS standard output can't be written (errno); ERR_NOMEM.
 */
#pragma once
#include "backends/manifest/lines.h"
#include "dlp/scan/rule_set.h"

struct scan_report {
    bool json, shows; /* shows: standard error is a terminal, and sees how far it is */
    uint64_t files, bytes, findings, stopping;
    uint64_t shown_ms; /* when; 0: not yet */
    bool has_line;     /* that now stands on the terminal, to be erased before others */
    char now[64];      /* the file that is read, for people: its end, where it is long */
};

struct scan_report scan_report_begin(bool json);
void scan_report_file(struct scan_report *report, const char *path);
void scan_report_read(struct scan_report *report, size_t len);
MUST_CHECK enum err scan_report_finding(struct scan_report *report, const struct line_finding *found);

/* "bottled scan: PATH: WHY" on standard error; path may be NULL. */
void scan_report_trouble(struct scan_report *report, const char *path, const char *why);

/* The last line of --json; complete: all was looked at. */
MUST_CHECK enum err scan_report_sum(struct scan_report *report, bool complete);
MUST_CHECK enum err scan_report_rules(const struct scan_report *report, const struct rule_set *rules);
