#include "queue/show.h"

#include <inttypes.h>
#include <stdio.h>

#include "reactor/base/own.h"
#include "reactor/base/utf8.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* --- hostile text ---------------------------------------------------------------------------------------------- */

/* The next character as it is shown; returns the bytes it took, and its columns. */
static size_t show_one(struct span text, char shown[16], size_t *columns)
{
    size_t len = utf8_len(text);
    uint8_t c = text.at[0];

    if (span_starts(text, SPAN_LIT(ELLIPSIS))) {
        snprintf(shown, 16, ELLIPSIS);
        *columns = 1;
        return len;
    }
    if (c >= ' ' && c <= '~' && c != '\\')
        snprintf(shown, 16, "%c", c);
    else if (c == '\\')
        snprintf(shown, 16, "\\\\");
    else if (len > 1)
        snprintf(shown, 16, "\\u{%" PRIx32 "}", utf8_code(text, len));
    else
        snprintf(shown, 16, "\\x%02x", c);
    *columns = strlen(shown);
    return len > 1 ? len : 1;
}

/* A place is kept for the mark of a cut until the text is known to end. */
enum err show_clean(struct buf *out, struct span text, size_t columns)
{
    size_t used = 0, mark_at = buf_len(out);

    while (text.len > 0) {
        char shown[16];
        size_t wide, took = show_one(text, shown, &wide);
        if (columns > 0 && used + wide > columns) {
            buf_cut(out, mark_at);
            return buf_add(out, SPAN_LIT(ELLIPSIS));
        }
        TRY(buf_add(out, span_of(shown)));
        used += wide;
        if (columns == 0 || used < columns) mark_at = buf_len(out);
        text = span_from(text, took);
    }
    return ERR_OK;
}

/* The same, cut in front. */
static enum err show_clean_end(struct buf *out, struct span text, size_t columns)
{
    char shown[16];
    size_t wide, left = 0;

    for (struct span rest = text; rest.len > 0; left += wide) rest = span_from(rest, show_one(rest, shown, &wide));
    if (columns == 0 || left <= columns) return show_clean(out, text, 0);
    for (; left >= columns; left -= wide) text = span_from(text, show_one(text, shown, &wide));
    TRY(buf_add(out, SPAN_LIT(ELLIPSIS)));
    return show_clean(out, text, 0);
}

void show_age(char text[16], uint64_t ms)
{
    uint64_t s = ms / 1000;

    if (s < 120)
        snprintf(text, 16, "%u s", (unsigned)s);
    else if (s < 7200)
        snprintf(text, 16, "%u min", (unsigned)(s / 60));
    else if (s < 172800)
        snprintf(text, 16, "%u h", (unsigned)(s / 3600));
    else
        snprintf(text, 16, "%" PRIu64 " d", s / 86400);
}

/* --- for people -------------------------------------------------------------------------------------------------- */

static uint64_t since(uint64_t now_ms, uint64_t then_ms) { return now_ms > then_ms ? now_ms - then_ms : 0; }

static const char *state_words(const struct store_item *item)
{
    if (item->state == AUDIT_DECIDED && item->decision != NULL)
        return item->decision->scope == SCOPE_NO ? "rejected" : "approved";
    return item->state == AUDIT_PROPOSED ? "waiting" : audit_event_name(item->state);
}

static bool is_usual_port(const struct proposal *p)
{
    return (p->port == 443 && span_is(p->scheme, SPAN_LIT("https"))) ||
           (p->port == 80 && span_is(p->scheme, SPAN_LIT("http")));
}

/* Of a host the end says whose it is. */
static enum err put_url(struct buf *out, const struct proposal *p, size_t columns)
{
    TRY(show_clean(out, p->method.len > 0 ? p->method : SPAN_LIT("(withheld)"), 12));
    TRY(buf_add(out, SPAN_LIT(" ")));
    TRY(show_clean(out, p->scheme, 8));
    TRY(buf_add(out, SPAN_LIT("://")));
    TRY(show_clean_end(out, p->host, columns));
    if (!is_usual_port(p)) TRY(buf_printf(out, ":%u", p->port));
    return show_clean(out, p->path.len > 0 ? p->path : SPAN_LIT("/(withheld)"), columns);
}

/* "4 min left" while it waits. */
static void left_or_state(const struct store_item *item, uint64_t now_ms, char text[24])
{
    char left[16];

    show_age(left, since(item->proposal.deadline_ms, now_ms));
    if (item->state != AUDIT_PROPOSED)
        snprintf(text, 24, "%s", state_words(item));
    else if (item->proposal.deadline_ms <= now_ms)
        snprintf(text, 24, "overdue");
    else
        snprintf(text, 24, "%s left", left);
}

/* What varies in length comes last: a screen may be small. */
enum err show_line(struct buf *out, const struct store_item *item, uint64_t now_ms)
{
    const struct proposal *p = &item->proposal;
    char age[16], state[24];

    show_age(age, since(now_ms, p->created_ms));
    left_or_state(item, now_ms, state);
    TRY(buf_printf(out, "%-4" PRIu64 "  %-7s  %-12s  ", p->id, age, state));
    TRY(show_clean(out, p->bottle, 24));
    TRY(buf_add(out, SPAN_LIT("  ")));
    TRY(show_clean(out, p->tool == TOOL_ROUTE ? SPAN_LIT("new host") : p->rule, 32));
    if (item->state == AUDIT_PROPOSED && item->waiting > 1) TRY(buf_printf(out, "  %" PRIu32 " wait", item->waiting));
    TRY(buf_add(out, SPAN_LIT("  ")));
    return put_url(out, p, 60);
}

enum err show_decision(struct buf *out, const struct decision *d, uint64_t now_ms)
{
    char age[16];

    show_age(age, since(now_ms, d->at_ms));
    if (d->scope == SCOPE_NO)
        TRY(buf_add(out, SPAN_LIT("rejected by ")));
    else
        TRY(buf_printf(out, "approved (%s) by ", scope_name(d->scope)));
    TRY(show_clean(out, d->operator, 40));
    TRY(buf_printf(out, " %s ago: %s", age, d->why == WHY_OTHER ? "" : why_name(d->why)));
    if (d->words.len > 0) TRY(show_clean(out, d->words, 200));
    if (d->route_methods.len > 0 || d->route_path.len > 0) {
        TRY(buf_add(out, SPAN_LIT("; narrowed to ")));
        TRY(show_clean(out, d->route_methods.len > 0 ? d->route_methods : SPAN_LIT("every method"), 60));
        TRY(buf_add(out, SPAN_LIT(" ")));
        TRY(show_clean(out, d->route_path.len > 0 ? d->route_path : SPAN_LIT("/**"), 80));
    }
    return ERR_OK;
}

/* A name and a text; nothing where there is no text. */
static enum err put_row(struct buf *out, const char *name, struct span text)
{
    if (text.len == 0) return ERR_OK;
    TRY(buf_printf(out, "%-12s", name));
    TRY(show_clean(out, text, 0));
    return buf_add(out, SPAN_LIT("\n"));
}

static enum err put_rule(struct buf *out, const struct proposal *p)
{
    if (p->rule.len == 0) return ERR_OK;
    TRY(buf_printf(out, "%-12s", "rule"));
    TRY(show_clean(out, p->rule, 0));
    if (p->title.len > 0) {
        TRY(buf_add(out, SPAN_LIT(", ")));
        TRY(show_clean(out, p->title, 0));
    }
    TRY(buf_add(out, SPAN_LIT(" (")));
    TRY(show_clean(out, p->rung, 0));
    return buf_add(out, SPAN_LIT(")\n"));
}

static enum err put_times(struct buf *out, const struct store_item *item, uint64_t now_ms)
{
    const struct proposal *p = &item->proposal;
    char age[16], left[16];

    show_age(age, since(now_ms, p->created_ms));
    show_age(left, since(p->deadline_ms, now_ms));
    TRY(buf_printf(out, "%-12s%s ago\n", "seen first", age));
    if (item->state != AUDIT_PROPOSED) return ERR_OK;
    TRY(buf_printf(out, "%-12s%s until the first who waits gives up\n", "left", left));
    return buf_printf(out, "%-12s%" PRIu32 "\n", "waiting", item->waiting);
}

enum err show_detail(struct buf *out, const struct store_item *item, uint64_t now_ms)
{
    const struct proposal *p = &item->proposal;

    TRY(buf_printf(out, "%-12s%" PRIu64 ", %s, %s\n", "proposal", p->id, tool_name(p->tool), state_words(item)));
    TRY(put_row(out, "bottle", p->bottle));
    TRY(buf_printf(out, "%-12s", "to"));
    TRY(put_url(out, p, 0));
    TRY(buf_printf(out, "\n%-12s%" PRIu64 " bytes\n", "body", p->body_bytes));
    TRY(put_rule(out, p));
    TRY(put_row(out, "service", p->service));
    TRY(put_row(out, "is known as", p->secret));
    TRY(put_row(out, "where", p->where));
    TRY(put_row(out, "pointer", p->pointer));
    TRY(put_row(out, "written in", p->encoding));
    TRY(put_row(out, "value", p->shown));
    TRY(put_row(out, "around it", p->context));
    if (p->others > 0)
        TRY(buf_printf(out, "%-12s%" PRIu32 " more in the same request, each with a proposal of its own\n", "beside it",
                       p->others));
    TRY(put_times(out, item, now_ms));
    if (item->decision == NULL) return ERR_OK;
    TRY(buf_printf(out, "%-12s", "answer"));
    TRY(show_decision(out, item->decision, now_ms));
    return buf_add(out, SPAN_LIT("\n"));
}

/* --- for scripts -------------------------------------------------------------------------------------- */

static void put_decision(struct json *json, const struct decision *d)
{
    json_open(json, "decision", '{');
    json_text(json, "scope", span_of(scope_name(d->scope)));
    json_text(json, "operator", d->operator);
    json_text(json, "reason", d->why == WHY_OTHER ? d->words : span_of(why_name(d->why)));
    json_number(json, "at_ms", d->at_ms);
    json_text(json, "methods", d->route_methods);
    json_text(json, "path", d->route_path);
    json_close(json, '}');
}

void show_json(struct json *json, const struct store_item *item, uint64_t now_ms)
{
    const struct proposal *p = &item->proposal;

    json_open(json, NULL, '{');
    json_number(json, "id", p->id);
    json_text(json, "tool", span_of(tool_name(p->tool)));
    json_text(json, "state", span_of(state_words(item)));
    json_text(json, "bottle", p->bottle);
    json_text(json, "method", p->method);
    json_text(json, "scheme", p->scheme);
    json_text(json, "host", p->host);
    json_number(json, "port", p->port);
    json_text(json, "path", p->path);
    json_number(json, "body_bytes", p->body_bytes);
    json_hex(json, "digest", (struct span){p->digest, sizeof p->digest});
    json_text(json, "rule", p->rule);
    json_text(json, "title", p->title);
    json_text(json, "service", p->service);
    json_text(json, "rung", p->rung);
    json_text(json, "where", p->where);
    json_text(json, "pointer", p->pointer);
    json_text(json, "encoding", p->encoding);
    json_text(json, "shown", p->shown);
    json_text(json, "context", p->context);
    json_text(json, "secret", p->secret);
    json_hex(json, "fingerprint", (struct span){p->fingerprint, sizeof p->fingerprint});
    json_number(json, "others", p->others);
    json_number(json, "waiting", item->waiting);
    json_number(json, "created_ms", p->created_ms);
    json_number(json, "age_ms", since(now_ms, p->created_ms));
    json_number(json, "left_ms", since(p->deadline_ms, now_ms));
    if (item->decision != NULL) put_decision(json, item->decision);
    json_close(json, '}');
}
