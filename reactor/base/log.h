/* log.h — one line per fact: when, how loud, what happened, to whom, at what cost.
 *
 *   LOG(INFO, "hold.expired", F_ID("hold", 7), F_STR("host", host), F_MS("waited", 900000));
 *   t=12.345 INFO hold.expired hold=7 host=api.example.com waited_ms=900000
 *
 * The event name is a constant, so it can be grepped for and counted.
 * Values from outside are quoted and escaped; secrets go in through F_SECRET, which keeps only the length.
 */
#pragma once
#include <stdint.h>
#include "reactor/base/span.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_kind { LOG_END, LOG_ID, LOG_STR, LOG_MS, LOG_BYTES, LOG_SECRET };

struct log_field {
    enum log_kind kind;
    const char *key;
    uint64_t number;
    struct span text;
};

#define F_ID(k, v)                                                                                                     \
    {                                                                                                                  \
        .kind = LOG_ID, .key = (k), .number = (v)                                                                      \
    }
#define F_MS(k, v)                                                                                                     \
    {                                                                                                                  \
        .kind = LOG_MS, .key = (k), .number = (v)                                                                      \
    }
#define F_BYTES(k, v)                                                                                                  \
    {                                                                                                                  \
        .kind = LOG_BYTES, .key = (k), .number = (v)                                                                   \
    }
#define F_STR(k, v)                                                                                                    \
    {                                                                                                                  \
        .kind = LOG_STR, .key = (k), .text = (v)                                                                       \
    }
#define F_SECRET(k, v)                                                                                                 \
    {                                                                                                                  \
        .kind = LOG_SECRET, .key = (k), .text = (v)                                                                    \
    }

#define LOG(level, event, ...)                                                                                         \
    log_write(LOG_LEVEL_##level, (event), (const struct log_field[]){__VA_ARGS__, {.kind = LOG_END}})

void log_write(enum log_level level, const char *event, const struct log_field *fields);
