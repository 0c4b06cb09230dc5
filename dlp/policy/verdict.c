#include "dlp/policy/verdict.h"

struct reason_row {
    const char *slug, *detail;
    uint16_t status;
    bool retryable;
};

#define REASON_ROW_(id, slug, status, retryable, detail) [id] = {slug, detail, status, retryable},
static const struct reason_row reasons[REASON_COUNT] = {REASON_LIST(REASON_ROW_)};

const char *reason_slug(enum reason reason) { return reasons[reason].slug; }
const char *reason_detail(enum reason reason) { return reasons[reason].detail; }
uint16_t reason_status(enum reason reason) { return reasons[reason].status; }
bool reason_retryable(enum reason reason) { return reasons[reason].retryable; }
