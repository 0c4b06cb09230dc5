#include "queue/proposal.h"

#include "reactor/base/limits.h"
#include "reactor/base/own.h"

#define NAME_(id, name, ...)      [id] = name,
#define REPORT_(id, name, report) [id] = report,
static const char *const tool_names[TOOL_COUNT] = {TOOL_LIST(NAME_)};
static const bool tool_reports[TOOL_COUNT] = {TOOL_LIST(REPORT_)};
static const char *const scope_names[SCOPE_COUNT] = {SCOPE_LIST(NAME_)};
static const char *const why_names[WHY_COUNT] = {WHY_LIST(NAME_)};

const char *tool_name(enum tool tool) { return tool_names[tool]; }
bool tool_is_report(enum tool tool) { return tool_reports[tool]; }
const char *scope_name(enum scope scope) { return scope_names[scope]; }
const char *why_name(enum why why) { return why_names[why]; }

static enum err find(const char *const names[], unsigned count, struct span name, unsigned *at)
{
    for (*at = 0; *at < count; (*at)++)
        if (span_is(name, span_of(names[*at]))) return ERR_OK;
    return ERR_NOT_FOUND;
}

enum err tool_of(struct span name, enum tool *tool_out)
{
    unsigned at;

    TRY(find(tool_names, TOOL_COUNT, name, &at));
    *tool_out = (enum tool)at;
    return ERR_OK;
}

enum err scope_of(struct span name, enum scope *scope_out)
{
    unsigned at;

    TRY(find(scope_names, SCOPE_COUNT, name, &at));
    *scope_out = (enum scope)at;
    return ERR_OK;
}

enum err why_of(struct span name, enum why *why_out)
{
    unsigned at;

    TRY(find(why_names, WHY_COUNT, name, &at));
    *why_out = (enum why)at;
    return ERR_OK;
}

/* --- does an answer fit its question? ------------------------------------------------------------------------ */

static bool stands_for_no_value(const struct proposal *proposal)
{
    static const uint8_t none[sizeof proposal->fingerprint];

    return tool_is_report(proposal->tool) && memcmp(proposal->fingerprint, none, sizeof none) == 0;
}

static bool has_route(const struct decision *decision)
{
    return decision->route_methods.len > 0 || decision->route_path.len > 0;
}

/* Upper case words, by single spaces. */
static bool are_methods(struct span text)
{
    uint8_t before = ' ';

    for (size_t i = 0; i < text.len; before = text.at[i++]) {
        bool letter = (text.at[i] >= 'A' && text.at[i] <= 'Z') || text.at[i] == '-';
        if (!letter && (text.at[i] != ' ' || before == ' ')) return false;
    }
    return text.len == 0 || before != ' ';
}

static const char *why_not(const struct decision *decision, const struct proposal *proposal)
{
    bool is_route = proposal->tool == TOOL_ROUTE;

    if (decision->operator.len == 0) return "an answer says who gives it";
    if (decision->why == WHY_OTHER && decision->words.len == 0 &&
        (tool_is_report(proposal->tool) || decision->scope == SCOPE_NO))
        return "an answer says why: used-in-tests, false-positive, legitimate-use, fix-later, or words";
    if (!is_route && has_route(decision)) return "only a route can be modified; this is a report of what was found";
    if (is_route && decision->scope == SCOPE_HOST)
        return "a route is for its host: say value, for the life of the proxy, or once";
    if (is_route && has_route(decision) && decision->scope != SCOPE_VALUE)
        return "methods and path narrow a route that is granted for the life of the proxy";
    if (!are_methods(decision->route_methods) || decision->route_methods.len > PROPOSAL_TEXT_MAX)
        return "methods are capital letters, by single spaces, in at most 512 bytes"; /* more would be cut */
    if (decision->route_path.len > 0 &&
        (decision->route_path.at[0] != '/' || decision->route_path.len > GLOB_BYTES_MAX))
        return "a path begins with / and has at most 512 bytes";
    if (stands_for_no_value(proposal) && decision->scope != SCOPE_NO && decision->scope != SCOPE_ONCE)
        return "it stands for no value that could be remembered: say once";
    return NULL;
}

enum err decision_fits(const struct decision *decision, const struct proposal *proposal, const char **why_out)
{
    *why_out = why_not(decision, proposal);
    return *why_out == NULL ? ERR_OK : ERR_DENIED;
}
