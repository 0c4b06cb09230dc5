#include "dlp/scan/rule.h"

#define RUNG_NAME_(id, name, ...) [id] = name,
static const char *const rung_names[RUNG_COUNT] = {RUNG_LIST(RUNG_NAME_)};

const char *rung_name(enum rung rung) { return rung_names[rung]; }

bool rung_stops(enum rung rung)
{
#define RUNG_STOPS_(id, name, stops, ...) [id] = stops,
    static const bool stop[RUNG_COUNT] = {RUNG_LIST(RUNG_STOPS_)};

    return stop[rung];
}
