/* finding.h — what a scan found: which rule, how sure, where; of the secret itself only what is public. */
#pragma once
#include "dlp/scan/rule.h"
#include "reactor/base/limits.h"

enum scan_place { SCAN_TARGET, SCAN_FIELD, SCAN_BODY, SCAN_TRAILER };

/* Two secrets of one process are the same when theirs are: HMAC-SHA256 under a random key of the process. */
struct fingerprint {
    uint8_t bytes[8];
};

/* errors: ERR_NOMEM */
MUST_CHECK enum err fingerprint_of(struct span secret, struct fingerprint *fingerprint_out);

struct finding {
    const char *rule;  /* its id, static or of the rules: "known-secret", "github-pat" */
    const char *title; /* in words, as long-lived */
    enum rung rung;
    enum scan_place place;
    uint64_t byte;  /* of the secret's last, in a body or a target */
    char where[64]; /* "field user-agent", "body byte 1042" (the secret's last): printable, no byte of the value */
    char shown[40]; /* what may be shown of it, "ghp_… 40 characters"; empty for known-secret */
    struct fingerprint fingerprint;
    uint64_t from; /* where it starts in what was scanned */
    uint16_t slot; /* of the vault, for known-secret */
};

struct findings {
    struct finding list[SCAN_FINDINGS_MAX];
    size_t count;
    bool more;  /* there were more than fit */
    bool stops; /* one of them, kept or not, is of a rung that stops */
};

/* May what was scanned not leave as it is?  Findings of the other rungs are only told. */
static inline bool findings_stop(const struct findings *findings) { return findings->stops; }

/* Adds it, unless it is there: the same secret, by the same rule, at the same place.  A body and a target are one place
 * each, wherever in them it is; a field is one by its name.  One that starts where another of its rule starts, and is
 * no less sure, takes its place: where a pattern ends softly the longest secret is told.  When full, one that stops
 * takes the place of one that does not. */
void findings_add(struct findings *findings, const struct finding *finding);

/* "field user-agent": lower case, printable, cut to fit. */
void finding_put_name(struct finding *finding, struct span name);
void finding_put_byte(struct finding *finding, uint64_t byte); /* "body byte 1042" */

/* shown: its first characters, as many as the rule says are public, and how many it has. */
void finding_put_shown(struct finding *finding, const struct rule *rule, struct span secret);
