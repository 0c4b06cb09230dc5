/* finding.h — what a scan found: which rule, how sure, where, and what becomes of it; of the secret itself only what is
 * public.
 *
 * The bytes that matched are not kept: a person is shown what `shown` says, and a yes is remembered by the fingerprint.
 */
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

/* What becomes of a finding, gravest first.   id, name in the log */
#define RULING_LIST(R)                                                                                                 \
    R(RULING_STOPS, "stops") /* it may not leave */                                                                    \
    R(RULING_TOLD, "told")   /* in the log alone: its rung is not sure enough to stop anything */                      \
    R(RULING_SAFE, "safe")   /* a person has allowed this value to go there (dlp/secrets/safelist.h) */                \
    R(RULING_BOUND, "bound") /* a credential on its way to the service that issued it (dlp/policy/binding.h) */

#define RULING_ENUM_(id, name) id,
enum ruling { RULING_LIST(RULING_ENUM_) RULING_COUNT };

struct finding {
    const char *rule;    /* its id, static or of the rules: "known-secret", "github-pat" */
    const char *title;   /* in words, as long-lived */
    struct span service; /* whose credential it is, as long-lived; may be empty */
    enum rung rung;
    enum ruling ruling; /* set by findings_add() */
    enum scan_place place;
    uint64_t byte;     /* of the secret's last, in a body or a target */
    char where[64];    /* "field user-agent", "body byte 1042" (the secret's last): printable, no byte of the value */
    char encoding[40]; /* what it was written in, "base64 in json"; empty: as it is */
    char shown[40];    /* what may be shown of it, "ghp_… 40 characters"; empty for known-secret */
    struct fingerprint fingerprint; /* zeros where there is no value: "too-many-hits" */
    uint64_t from;                  /* where it starts in what was scanned */
    uint16_t slot;                  /* of the vault, for known-secret */
};

/* Says what becomes of a finding, as it is added.  What it looks at outlives the findings. */
struct judge {
    enum ruling (*say)(const struct judge *self, const struct finding *finding);
};

/* What the rung alone says: RULING_STOPS or RULING_TOLD. */
enum ruling rung_ruling(enum rung rung);

struct findings {
    const struct judge *judge; /* NULL: the rung decides */
    struct finding list[SCAN_FINDINGS_MAX];
    size_t count;
    bool more;   /* there were more than fit */
    bool stops;  /* one of them, kept or not, stops */
    bool unkept; /* one that stops did not fit, or was not looked at: the list does not say all that stops */
};

/* May what was scanned not leave as it is?  The others are only told, and hide nothing: the scan has gone on behind
 * them. */
static inline bool findings_stop(const struct findings *findings) { return findings->stops; }

/* Nothing that is added changes what becomes of it: it is refused, and a yes to what the list says would not do. */
static inline bool findings_final(const struct findings *findings) { return findings->stops && findings->unkept; }

/* There is no room for one that does not stop. */
static inline bool findings_full(const struct findings *findings) { return findings->count == SCAN_FINDINGS_MAX; }

/* Judges it, and adds it unless it is there: the same secret, by the same rule, at the same place, with the same
 * ruling.  A body and a target are one place each, wherever in them it is; a field is one by its name.  One that starts
 * where another of its rule starts, and is no less sure, takes its place: where a pattern ends softly the longest
 * secret is told.  One that stops gives its place to none that does not.  When full, one that stops takes the place of
 * one that does not. */
void findings_add(struct findings *findings, const struct finding *finding);

/* Was the same secret told in a place of that kind, in whichever field, or by the same rule one that starts there? */
bool findings_tell(const struct findings *findings, const struct finding *finding);

/* "field user-agent": lower case, printable, cut to fit. */
void finding_put_name(struct finding *finding, struct span name);
void finding_put_byte(struct finding *finding, uint64_t byte); /* "body byte 1042" */

const char *ruling_name(enum ruling ruling);

/* "base64 in json", cut to fit: encodings, outermost first. */
void finding_put_encoding(struct finding *finding, const char *const names[], size_t count);

/* What the rule has to say of it: whose it is; and shown, its first characters, as many as are public, and how many it
 * has. */
void finding_put_shown(struct finding *finding, const struct rule *rule, struct span secret);
