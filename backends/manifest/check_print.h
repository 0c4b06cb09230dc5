/* check_print.h — the compiled manifests as tables for people and as JSON for programs.  No value of a credential is
 * here to be printed: a route knows only its reference. */
#pragma once
#include "backends/manifest/load.h"
#include "backends/manifest/route.h"
#include "reactor/base/json.h"

/* only: the name of one bottle to speak of, with its agents; empty: all. */
MUST_CHECK enum err check_print_text(struct buf *out, const struct manifests *m, struct span only);
MUST_CHECK enum err check_print_json(struct buf *out, const struct manifests *m, struct span only);
MUST_CHECK enum err check_print_errors(struct buf *out, const struct manifests *m, struct span only);

/* check_dlp.c: of one bottle's scan.  in_full: with every binding in force. */
MUST_CHECK enum err check_print_dlp(struct buf *out, const struct bottle *bottle, bool in_full);
void check_put_texts(struct json *json, const char *key, const struct span *list, size_t count); /* check_json.c */
void check_put_dlp(struct json *json, const struct bottle_dlp *dlp);

/* How many errors stand in the files spoken of. */
size_t check_error_count(const struct manifests *m, struct span only);

/* Is it spoken of? */
bool check_wants_bottle(const struct bottle *bottle, struct span only);
bool check_wants_agent(const struct agent *agent, struct span only);
bool check_wants_error(const struct manifests *m, const struct manifest_error *error, struct span only);
