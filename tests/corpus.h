/* corpus.h — reads the cases with known answers that stand beside the checkout, one JSON object a line,
 * packed by gzip or not.
 *
 * Where    BOTTLED_CORPORA, or ../shared/corpora; without it a test says so in one line and skips.
 * Owns     the row it handed out last: corpus_next() frees the one before.
 */
#pragma once
#include <cjson/cJSON.h>
#include <stdio.h>

#include "reactor/base/buf.h"

struct corpus {
    FILE *file;
    char *line;
    size_t line_size;
    cJSON *row;
};

/* False, and a line that says so, when the file is not there: the test skips. */
bool corpus_open(struct corpus *corpus, const char *name);
void corpus_close(struct corpus *corpus);

/* The next row, or NULL at the end.  A line that is not JSON fails the test. */
const cJSON *corpus_next(struct corpus *corpus);

/* The text of a member; "" when it is absent.  cJSON's strings end at a NUL, so one in a row becomes U+E000. */
const char *corpus_text(const cJSON *row, const char *key);

/* A number; fallback when it is absent. */
int corpus_number(const cJSON *row, const char *key, int fallback);

/* Is the number in the list, or the list empty? */
bool corpus_allows(const cJSON *row, const char *key, int number);

/* Appends the text of a member, its NULs as NULs; false when it is absent. */
bool corpus_octets(const cJSON *row, const char *key, struct buf *out);

/* Appends the bytes of a base64 member; false when it is absent. */
bool corpus_bytes(const cJSON *row, const char *key, struct buf *out);

/* The same for a list of [base64, how often]. */
bool corpus_parts(const cJSON *row, const char *key, struct buf *out);
