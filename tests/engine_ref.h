/* engine_ref.h — the slow reference of dlp/scan: what rules find in a text, by PCRE2 alone and on all of it at once. */
#pragma once
#include "dlp/scan/finding.h"

/* Aborts where it can't say. */
void ref_scan(const struct rule_set *rules, enum scan_place place, struct span text, struct findings *findings);
