/* scan.h — does what is about to leave carry a secret?  Rules compiled once, bytes looked at as they arrive.
 *
 * scanner  what one bottle's bytes are searched for: its known values, and the rules of an engine; shared by all its
 *          scans, immutable.
 * scan     one unit (a whole body, one message) in pieces; how the bytes are cut changes nothing.
 * Finds    every known value as it is and in the encodings of encoding.c's table; what the rules that are not off
 *          describe; both also in what is written in encodings, window by window (nest.h).  Each secret once for each
 *          place (a field is a place of its own), in the order in which they end, a window's encoded ones last.
 * Over     when the findings are final (findings_final()): what comes behind in a body or a block is not looked at,
 *          unless the unit asks for it.  When the findings are full, hits of rules that only tell are not confirmed,
 *          and are told as `more`.
 * Coded    units are searched as they come and with their content codings undone (reactor/wire/inflate.h); so are
 *          those that start as gzip, zlib or zstd does and say nothing of it, as far as they are what they seem.
 * Holds    DECODE_WINDOW bytes and Hyperscan's state for an open scan, however long the unit; twice that, and a
 *          decoder, for a coded one.
 * Fails    closed: any error means the unit may not leave, and text with more hits than can be confirmed is a finding
 *          of its own, "too-many-hits".  Not safe to use from more than one thread: scans of a scanner share one
 *          scratch space, scanners share their engine's.
 */
#pragma once
#include "dlp/scan/engine.h"
#include "dlp/scan/finding.h"
#include "dlp/secrets/vault.h"
#include "reactor/wire/head.h"

struct scanner;
struct scan;

/* Copies what it needs of vault, so that may change or go; after vault_set() a new scanner is made.  Holds engine,
 * which may be NULL: then only known values are found.  errors: ERR_NOMEM; ERR_LIMIT Hyperscan can't hold the values */
MUST_CHECK enum err scanner_new(const struct vault *vault, struct engine *engine, struct scanner **scanner_out);
void scanner_free(struct scanner **scanner); /* every scan of it must be freed */

/* What is about to be scanned, as its head describes it: what must be undone before it can be read. */
struct scan_unit {
    enum scan_place place;
    struct span content_encoding, content_type; /* may be empty */
    bool to_the_end;                            /* for whoever takes the findings out on the way */
};

/* One piece of a head: a target, a field.  Its name is scanned too, and is shown in the finding unless a part of a
 * secret is in it.  Without a name the finding says at which byte. */
MUST_CHECK enum err scan_block(struct scanner *scanner, enum scan_place place, struct span name, struct span bytes,
                               struct findings *findings);

/* All fields of a head or trailer at once, as "name: value" lines: what reaches over a line's end is found too, and is
 * told of the field it ends in. */
MUST_CHECK enum err scan_fields(struct scanner *scanner, enum scan_place place, const struct field *fields,
                                size_t count, struct findings *findings);

/* A scanner that finds nothing undoes no coding.
 * errors: ERR_DENIED a content coding that is not undone here; ERR_NOMEM */
MUST_CHECK enum err scan_new(struct scanner *scanner, const struct scan_unit *unit, struct scan **scan_out);

/* What is wrong with a unit's coding is told some KiB later than it comes, or at its end.
 * errors: ERR_SYNTAX the unit is not coded as it says; ERR_LIMIT it is too large with its codings undone; ERR_NOMEM.
 * Then the scan is only freed. */
MUST_CHECK enum err scan_feed(struct scan *scan, struct span bytes, struct findings *findings);

/* The unit is whole: the last hits come here.  Nothing may be fed after it.  errors: those of scan_feed() */
MUST_CHECK enum err scan_end(struct scan *scan, struct findings *findings);
void scan_free(struct scan **scan);
