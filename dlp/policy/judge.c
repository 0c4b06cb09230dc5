#include "dlp/policy/judge.h"

#include "reactor/base/own.h"

/* The name in "field authorization", and in what may follow it. */
static struct span field_of(const struct finding *finding)
{
    static const char front[] = "field ";
    struct span where = span_of(finding->where);

    if (!span_starts(where, SPAN_LIT(front))) return (struct span){0};
    where = span_from(where, sizeof front - 1);
    return span_first(where, span_find(where, ' ', 0));
}

static bool is_bound(const struct request_judge *judge, const struct finding *finding)
{
    struct passage passage = {.service = finding->service,
                              .rule = span_of(finding->rule),
                              .host = judge->host,
                              .path = judge->path,
                              .part = ""};

    switch (finding->place) {
    case SCAN_TARGET: passage.part = finding->byte >= judge->query_at ? "query" : "path"; break;
    case SCAN_FIELD: passage.field = field_of(finding); break;
    case SCAN_BODY: passage.part = "body"; break;
    case SCAN_TRAILER: return false;
    }
    return binding_holds(judge->policy->bindings, judge->policy->binding_count, &passage);
}

enum ruling request_judge_say(const struct judge *self, const struct finding *finding)
{
    const struct request_judge *judge = CONTAINER_OF(self, struct request_judge, judge);

    if (rung_ruling(finding->rung) == RULING_TOLD) return RULING_TOLD;
    if (judge->safelist != NULL && safelist_find(judge->safelist, &finding->fingerprint, judge->host) != 0)
        return RULING_SAFE;
    if (finding->rung == RUNG_KNOWN || !judge->tls || !is_bound(judge, finding)) return RULING_STOPS;
    return RULING_BOUND;
}
