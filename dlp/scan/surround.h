/* surround.h — what stands around a finding in a body, for the person who judges it: where in a JSON body it is, and
 * the words beside it.
 *
 * Fed with the body once more, from its first byte, when somebody is to be asked.
 * Secret   of the bytes around a finding just words of a short list of our own are shown, and a little punctuation;
 *          all else is one mark, however long: a neighbour may be a secret too.  A key of a JSON body is shown where
 *          it is such a word, or several of them.  A value may be such words too: what a scan finds a secret in is
 *          not shown.
 * Limits   of each finding SURROUND_BYTES on either side; JSON nested POINTER_DEPTH_MAX deep.
 */
#pragma once
#include "dlp/scan/pointer.h"
#include "dlp/scan/scan.h"
#include "reactor/base/arena.h"
#include "reactor/base/limits.h"

struct surround_place {
    uint64_t from, byte; /* of the secret: its first byte, its last */
    bool sought;
    uint8_t before[SURROUND_BYTES], after[SURROUND_BYTES];
    size_t before_len, after_len;
    char pointer[POINTER_TEXT_MAX];
};

struct surround {
    struct surround_place places[SCAN_FINDINGS_MAX]; /* as the findings are */
    uint64_t at;                                     /* bytes fed */
    struct pointer json;
};

/* is_plain: the body has no content coding, so that what findings say of bytes is of those that are fed. */
void surround_begin(struct surround *surround, const struct findings *findings, bool is_plain);
void surround_feed(struct surround *surround, struct span piece);

/* Of one finding; either is empty where it is not known. */
struct beside {
    struct span pointer; /* "/messages/41/content" */
    struct span context; /* "… the token is [ghp_… 40 characters] …" */
};

/* Of each of the findings that it was begun with, in the arena; the scanner is the bottle's.  NULL: no memory. */
struct beside *surround_end(const struct surround *surround, const struct findings *findings, struct scanner *scanner,
                            struct arena *arena);
