/* text.h — one text while it is looked at: what Hyperscan reports of it is confirmed and told.
 *
 * A text is a unit or a piece of a head itself, a window of it, or what comes of undoing an encoding in it.
 */
#pragma once
#include "dlp/scan/finding.h"
#include "dlp/scan/scanner.h"
#include "reactor/wire/head.h"

/* A candidate is confirmed when so many bytes are behind it: until then its run may go on, and what `$` and `\b` say of
 * its end may hang on what comes. */
enum { SCAN_AHEAD = 2 };

struct text {
    struct span bytes; /* of it, with RULE_WINDOW bytes before any end that is reported, or all there are */
    uint64_t at;       /* where they start in it */
    bool begins, ends; /* or it was cut there: what touches a cut is seen whole in the text before or after */
};

/* How a text was reached: the encodings that were undone, outermost first; none: it is the place's own. */
struct path {
    const char *names[DECODE_DEPTH_MAX];
    unsigned depth;
    uint64_t from, to; /* of the place: the stretch that all of it was; to is 0 where places in the text are told */
    uint64_t base;     /* of the text's start, where that is a place in the place's own text */
    uint32_t text;     /* a number of its own, so that `from` of two texts' findings differ */
};

/* Where the findings of a text go. */
struct sink {
    enum scan_place place;
    struct findings *findings;
    const struct field
        *fields; /* whose lines are the place's text (text_of_fields()), or none: then offsets are told */
    size_t field_count;
    bool *hidden; /* by field: its name holds a part of a secret */
    const struct path *path;
    bool is_pair; /* the text is two fields' values, and what was told of one alone is not told again */
    bool to_the_end;
};

/* What comes behind changes nothing, and nobody wants it told. */
static inline bool sink_is_final(const struct sink *sink)
{
    return !sink->to_the_end && findings_final(sink->findings);
}

/* Candidates at the end of the bytes, for the call with the next. */
struct held {
    struct candidate list[SCAN_HELD_MAX];
    size_t count;
};

/* Confirms and tells the scanner's candidates, in order.  Those near an end that is a cut are held, and dropped where
 * held is NULL.  More than can be held or collected are a finding.  errors: ERR_NOMEM; ERR_LIMIT it can't be told */
MUST_CHECK enum err text_settle(struct scanner *scanner, const struct text *text, const struct sink *sink,
                                struct held *held);

/* Sweeps all of it at once, and settles.  errors: those, and ERR_LIMIT it has more than SCAN_PIECE_MAX bytes */
MUST_CHECK enum err text_scan(struct scanner *scanner, const struct text *text, const struct sink *sink);

/* Tells that a bound was reached, so what was not looked at is a finding. */
void text_tell_bound(const struct sink *sink, const char *rule, const char *title);
