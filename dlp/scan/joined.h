/* joined.h — values that stand beside each other, as one: what is split over two of them is whole there.
 *
 * Joined   each with the next: values of a query or a form, strings of JSON (not its keys), bodies of multipart's
 *          parts.  Only such as may be halves of a token: JOIN_PART_MAX bytes at most, no blank in them, a digit, and
 *          together JOIN_PAIR_MIN.
 * A row is a decoder like those of dlp/decode/decode.h; but nothing says that it is worth its call. */
#pragma once
#include "dlp/decode/decode.h"
#include "dlp/scan/finding.h"

/* What joins the values of a text, by where it is and what its head says of it; NULL: nothing does. */
const struct decoder *joined_find(enum scan_place place, struct span content_type);

/* May they be the halves of one token? */
bool joined_may_be(struct span left, struct span right);
