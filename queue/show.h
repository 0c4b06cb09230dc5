/* show.h — a proposal in words for a person, and in JSON for a script: the same for the TUI and the verbs.
 *
 * All text in a proposal is hostile.  What comes out here is printable ASCII, and an ellipsis where something was cut
 * or masked, each of one column: whatever else there is (controls, escapes, other letters, bytes that are no text)
 * comes out as \xNN or \u{NNNN}.
 */
#pragma once
#include "queue/store.h"
#include "reactor/base/buf.h"
#include "reactor/base/json.h"

/* Cleaned, and cut with "…" at so many columns (0: not cut).  errors: ERR_NOMEM */
MUST_CHECK enum err show_clean(struct buf *out, struct span text, size_t columns);

/* "3 s", "4 min", "2 h", "5 d" */
void show_age(char text[16], uint64_t ms);

/* One line of a list, without an end: id, age, time left or how it ended, bottle, rule, how many wait if it is not one,
 * where to.  SHOW_LINE_COLUMNS at most.  errors: ERR_NOMEM */
#define SHOW_LINE_COLUMNS 290
MUST_CHECK enum err show_line(struct buf *out, const struct store_item *item, uint64_t now_ms);

/* All that is known of it, a line each: "rule        github-pat, GitHub personal access token (prefix)".
 * errors: ERR_NOMEM */
MUST_CHECK enum err show_detail(struct buf *out, const struct store_item *item, uint64_t now_ms);

/* How it was decided, in a line without an end: "approved (value) by alice 4 min ago: used-in-tests". */
MUST_CHECK enum err show_decision(struct buf *out, const struct decision *decision, uint64_t now_ms);

/* One object: what `--json` prints, and what scripts may rely on. */
void show_json(struct json *json, const struct store_item *item, uint64_t now_ms);
