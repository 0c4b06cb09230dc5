/* log.h — one line per fact: when, how loud, what happened, to whom, at what cost.
 *
 *   LOG(INFO, "hold.expired", F_ID("hold", 7), F_STR("host", host), F_MS("waited", 900000));
 *   t=2026-11-25T00:29:09.123Z INFO hold.expired hold=7 host=api.example.com waited_ms=900000
 *
 * The event name is a constant, so it can be grepped for and counted.
 * Values from outside are escaped; secrets go in through F_SECRET, which keeps only the length.
 * A line is one write(2) of at most LOG_LINE_MAX bytes: longer ones end in "...".  What can't be written is lost.
 */
#pragma once
#include <stdint.h>
#include "reactor/base/span.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_kind { LOG_END, LOG_ID, LOG_NUM, LOG_MS, LOG_BYTES, LOG_STR, LOG_TEXT, LOG_SECRET };

struct log_field {
    enum log_kind kind;
    const char *key;
    uint64_t number;
    struct span text;
    const char *word;
};

/* clang-format off */
#define F_ID(k, v)     {.kind = LOG_ID,     .key = (k), .number = (v)}
#define F_NUM(k, v)    {.kind = LOG_NUM,    .key = (k), .number = (v)}
#define F_MS(k, v)     {.kind = LOG_MS,     .key = (k), .number = (v)} /* key_ms */
#define F_BYTES(k, v)  {.kind = LOG_BYTES,  .key = (k), .number = (v)} /* key_bytes */
#define F_STR(k, v)    {.kind = LOG_STR,    .key = (k), .text = (v)}
#define F_TEXT(k, v)   {.kind = LOG_TEXT,   .key = (k), .word = (v)}   /* NULL prints as "-" */
#define F_SECRET(k, v) {.kind = LOG_SECRET, .key = (k), .text = (v)}
/* clang-format on */

#define LOG(level, event, ...)                                                                                         \
    log_write(LOG_LEVEL_##level, (event), (const struct log_field[]){__VA_ARGS__, {.kind = LOG_END}})

void log_write(enum log_level level, const char *event, const struct log_field *fields);

/* Lines below the level are dropped; INFO unless said. */
void log_level(enum log_level level);

/* Where lines go; borrowed.  Standard error unless said. */
void log_to(int fd);
