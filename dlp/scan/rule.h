/* rule.h — what a secret looks like: one row of the rule files (dlp/rules/), as data.
 *
 * A rule's pattern is swept by Hyperscan and confirmed by PCRE2, so it keeps to what both understand: no look-around,
 * no back-references, no lazy lead.  Its rung says how sure a hit is; a check raises it and never drops it, as one
 * flipped character would be a way out.  A placeholder (placeholder.h) is told as generic, whatever its rule's rung.
 *
 * Speed    the sweep looks for literals first, and all literals share one table: a pattern needs one, of six bytes or
 *          more and no common word; one without any (a bare number) costs as much as all others together.  What
 *          all cost grows with their number, and in text that is dense with their words: tests/rules_try.py measures.
 */
#pragma once
#include "reactor/base/arena.h"
#include "reactor/base/err.h"

/* The ladder of confidence, surest first: a rung, what it does by default, and what may change that.  A person who is
 * asked may let any of them go, a value to a host. */
/* clang-format off */
/*    id            name       stops  meaning,  a bottle's dlp may change it by,  a route's by */
#define RUNG_LIST(R)                                                                                     \
    R(RUNG_KNOWN,   "known",   true,  "a value of the vault, or one registered under dlp.secrets",       \
                                      "",              "body: off")                                      \
    R(RUNG_CHECKED, "checked", true,  "a provider's shape, and its checksum is right",                   \
                                      "off, bindings", "body: off")                                      \
    R(RUNG_PREFIX,  "prefix",  true,  "a provider's shape",                                              \
                                      "off, bindings", "body: off")                                      \
    R(RUNG_CONTEXT, "context", true,  "a shape that others have too, beside a name that says what it is",\
                                      "off, bindings", "body: off")                                      \
    R(RUNG_GENERIC, "generic", false, "a name and a value of high entropy",                              \
                                      "off",           "body: off")
/* clang-format on */

#define RUNG_ENUM_(id, ...) id,
enum rung { RUNG_LIST(RUNG_ENUM_) RUNG_COUNT };

struct rule {
    struct span id, title; /* NUL-terminated behind their ends */
    struct span service;   /* whose credential it is, "github": what bindings speak of; may be empty */
    struct span pattern;   /* NUL-terminated behind its end */
    bool nocase;
    bool off;                    /* the bottle does without it: swept with the others, and never told */
    uint8_t group;               /* the capture that is the secret; 0: the whole match */
    uint8_t shown;               /* characters at the secret's start that are public, 4 at most */
    uint16_t entropy_centibits;  /* Shannon, per character; a secret must exceed it; 0: no floor */
    enum rung rung;              /* RUNG_PREFIX, RUNG_CONTEXT or RUNG_GENERIC */
    struct span check;           /* a row of validate.c by name, or empty */
    const struct span *keywords; /* lower case; one of them must stand near (RULE_WINDOW bytes); none: no such demand */
    size_t keyword_count;
    const struct span *allow; /* patterns; a secret that one of them matches whole is no finding */
    size_t allow_count;
    const struct span *stop; /* lower case words; a secret that holds one is no finding */
    size_t stop_count;
};

/* Made whole and not changed once it is shared: rule_set.h. */
struct rule_set {
    struct arena arena;
    const struct rule *list;
    size_t count;
    uint8_t digest[32]; /* SHA-256 of the text it was read from */
    unsigned references;
};

const char *rung_name(enum rung rung);
bool rung_stops(enum rung rung); /* by default: held or refused, and not only told */

/* What a right checksum makes of it: a number beside its name is what the name says, a token is its provider's. */
static inline enum rung rung_raised(enum rung rung) { return rung == RUNG_GENERIC ? RUNG_CONTEXT : RUNG_CHECKED; }
