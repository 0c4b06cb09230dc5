/* rule_file.h — what a secret looks like, as people write it: YAML files into one set of rules.
 *
 *   rules:
 *     - id: github-pat                  [a-z0-9-], one of its kind in all files of the set
 *       title: GitHub personal access token
 *       service: github                 whose credential it is; optional, like all below but rung
 *       pattern: '\bghp_[A-Za-z0-9]{36}\b'    or names and value, below
 *       keywords: [ghp_]                lower case; one of them must stand near
 *       group: 0                        the capture that is the secret; 0: the whole match
 *       entropy: 3.5                    bits per character; a secret must exceed it
 *       check: github-crc               of dlp/scan/validate.h
 *       rung: prefix                    prefix, context or generic: dlp/scan/rule.h
 *       shown: 4                        characters at the secret's start that are public
 *       nocase: true
 *       allow: ['x{8}']                 patterns of whole secrets that are none
 *       stop: [example]                 lower-case words; a secret that holds one is none
 *
 * A token without a mark of its own is told by the name it stands beside:
 *
 *     - id: circleci-token
 *       names: 'circle_?(?:ci|token)'   in any case; no captures
 *       value: '[0-9a-f]{40}'           the secret; `nocase` is about it
 *
 * stands for the pattern RULE_BESIDE makes of the two, group 1.
 *
 * Limits   RULE_COUNT_MAX rules in all files, RULE_PATTERN_MAX and its like in limits.h.
 */
#pragma once
#include "backends/manifest/errors.h"
#include "dlp/scan/rule_set.h"
#include "dlp/scan/shipped.h"

/* From a name to its value: the rest of the name, and a sign, a line's end or a word that says that a value comes;
 * perhaps a call or a second name, as in `circleci: {token: "..."}`.  Behind the value nothing that goes on with it. */
#define RULE_BESIDE                                                                                                    \
    "(?i:%.*s)"                                                                                                        \
    "[\\w \\t\"'`\\\\\\])?+~.-]{0,40}"                                                                                 \
    "(?:[=:>,|(\\r\\n][\\s\"'`\\\\=:>(\\[{]{0,16}(?:\\\\[nrt]\\s{0,8})?"                                               \
    "(?:[\\w.-]{0,24}(?:(?i:key|token|secret|value|auth|password|credentials?)[\"'`\\\\ "                              \
    "\\t]{0,4}[=:,]|\\()[\\s\"'`\\\\>(\\[{]{0,8})?"                                                                    \
    "|(?i:secret|token|key|access|private)[ \\t\"'-]{1,4})"                                                            \
    "(%.*s)(?:[^\\w+=-]|$)"

/* Reads all files into one set; its digest covers all their bytes.  What is wrong goes to errors, and *set_out is NULL
 * then.  errors: ERR_NOMEM */
MUST_CHECK enum err rules_read(struct manifest_errors *errors, const struct rule_text *files, size_t count,
                               struct rule_set **set_out);

/* All the files we ship. */
MUST_CHECK enum err rules_read_shipped(struct manifest_errors *errors, struct rule_set **set_out);
