/* scan.h — does what is about to leave carry a secret?  Rules compiled once, bytes looked at as they arrive.
 *
 * scanner  the compiled rules of one bottle; shared by all its scans, immutable.
 * scan     one unit (a whole body, one message) in pieces; how the bytes are cut changes nothing.
 * Finds    every known value as it is and in the encodings of encoding.c's table, one finding for each slot and place
 *          (a field is a place of its own).
 * Coded    units are searched as they come and with their content codings undone (reactor/wire/inflate.h).
 * Fails    closed: any error means the unit may not leave.  Not safe to use from more than one thread: scans of a
 *          scanner share one scratch space.
 */
#pragma once
#include "dlp/secrets/vault.h"
#include "reactor/base/err.h"
#include "reactor/base/limits.h"
#include "reactor/base/span.h"

enum scan_place { SCAN_TARGET, SCAN_FIELD, SCAN_BODY, SCAN_TRAILER };

struct finding {
    const char *rule; /* its id, static or the scanner's: "known-secret" */
    enum scan_place place;
    char where[64]; /* "field user-agent", "body byte 1042" (the hit's last, codings undone): no byte of the value */
    uint16_t slot;  /* of the vault, for known-secret */
};

struct findings {
    struct finding list[SCAN_FINDINGS_MAX];
    size_t count;
    bool more; /* there were more than fit */
};

struct scanner;
struct scan;

/* Copies what it needs, so the vault may change or go; after vault_set() a new scanner is made.  An empty vault makes a
 * scanner that finds nothing.  errors: ERR_NOMEM; ERR_LIMIT the engine can't hold the rules */
MUST_CHECK enum err scanner_new(const struct vault *vault, struct scanner **scanner_out);
void scanner_free(struct scanner **scanner); /* every scan of it must be freed */

/* What is about to be scanned, as its head describes it: what must be undone before it can be read. */
struct scan_unit {
    enum scan_place place;
    struct span content_encoding, content_type; /* may be empty */
};

/* One piece of a head: a target, a field, a trailer.  A field's name is scanned too, and is shown in the finding unless
 * something was found in the name itself. */
MUST_CHECK enum err scan_block(struct scanner *scanner, enum scan_place place, struct span name, struct span bytes,
                               struct findings *findings);

/* A scanner that finds nothing undoes no coding.
 * errors: ERR_DENIED a content coding that is not undone here; ERR_NOMEM */
MUST_CHECK enum err scan_new(struct scanner *scanner, const struct scan_unit *unit, struct scan **scan_out);

/* errors: ERR_SYNTAX the unit is not coded as it says; ERR_LIMIT it is too large with its codings undone; ERR_NOMEM.
 * Then the scan is only freed. */
MUST_CHECK enum err scan_feed(struct scan *scan, struct span bytes, struct findings *findings);

/* The unit is whole: the last hits come here.  Nothing may be fed after it.  errors: those of scan_feed() */
MUST_CHECK enum err scan_end(struct scan *scan, struct findings *findings);
void scan_free(struct scan **scan);
