#include "backends/manifest/scan_report.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "backends/manifest/text.h"
#include "reactor/base/json.h"
#include "reactor/base/limits.h"
#include "reactor/base/utf8.h"

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct scan_report scan_report_begin(bool json)
{
    return (struct scan_report){.json = json, .shows = isatty(STDERR_FILENO) == 1, .shown_ms = now_ms()};
}

/* --- text from outside ------------------------------------------------------------------------------------- */

static bool may_be_shown(struct span character)
{
    size_t at;

    return character.at[0] >= ' ' && text_fault(character, &at) == NULL;
}

static enum err put_text(struct buf *out, struct span text)
{
    while (text.len > 0) {
        size_t len = utf8_len(text);
        struct span character = span_first(text, len > 0 ? len : 1);

        if (len > 0 && may_be_shown(character))
            TRY(buf_add(out, character));
        else
            for (size_t i = 0; i < character.len; i++) TRY(buf_printf(out, "\\x%02x", character.at[i]));
        text = span_from(text, character.len);
    }
    return ERR_OK;
}

/* --- how far ----------------------------------------------------------------------------------------------- */

static void erase(struct scan_report *report)
{
    if (report->has_line) fputs("\r\033[K", stderr);
    report->has_line = false;
}

void scan_report_file(struct scan_report *report, const char *path)
{
    struct buf name = {0};
    size_t len = strlen(path), cut = len > 40 ? len - 40 : 0;

    report->files++;
    if (!report->shows) return;
    while ((path[cut] & 0xc0) == 0x80) cut++; /* not within a character */
    if (put_text(&name, span_of(path + cut)) == ERR_OK)
        snprintf(report->now, sizeof report->now, "%s%.*s", cut > 0 ? "…" : "", SPAN_FMT(buf_span(&name)));
    buf_clear(&name);
}

void scan_report_read(struct scan_report *report, size_t len)
{
    uint64_t now;

    report->bytes += len;
    if (!report->shows) return;
    now = now_ms();
    if (now - report->shown_ms < (report->has_line ? SCAN_SHOW_AGAIN_MS : SCAN_SHOW_FIRST_MS)) return;
    erase(report);
    fprintf(stderr, "%llu files, %llu MB: %s", (unsigned long long)report->files,
            (unsigned long long)report->bytes / 1000000, report->now);
    report->has_line = true;
    report->shown_ms = now;
}

void scan_report_trouble(struct scan_report *report, const char *path, const char *why)
{
    struct buf line = {0};

    erase(report);
    if (path != NULL && put_text(&line, span_of(path)) == ERR_OK)
        fprintf(stderr, "bottled scan: %.*s: %s\n", SPAN_FMT(buf_span(&line)), why);
    else
        fprintf(stderr, "bottled scan: %s\n", why);
    buf_clear(&line);
}

/* --- findings ---------------------------------------------------------------------------------------------- */

/* Takes what was made of a line, and the error of making it. */
static enum err put_out(struct buf *line, enum err err)
{
    if (err == ERR_OK && buf_len(line) > 0 && fwrite(buf_span(line).at, buf_len(line), 1, stdout) != 1) err = ERR_SYS;
    buf_clear(line);
    return err;
}

static enum err put_finding(struct buf *out, const struct line_finding *found)
{
    const struct finding *f = found->finding;

    TRY(put_text(out, span_of(found->path)));
    TRY(buf_printf(out, ":%llu: ", (unsigned long long)found->line));
    if (f == NULL) return buf_add(out, SPAN_LIT("more than is told apart\n"));
    TRY(buf_printf(out, "%s: ", f->rule));
    TRY(put_text(out, span_of(f->title)));
    TRY(buf_printf(out, " (%s, ", rung_name(f->rung)));
    TRY(put_text(out, f->shown[0] != '\0' ? span_of(f->shown) : SPAN_LIT("not shown")));
    return buf_printf(out, "%s)\n", found->stops ? "" : ", only told");
}

static enum err end_object(struct json *json)
{
    json_close(json, '}');
    return json->err == ERR_OK ? buf_add(json->out, SPAN_LIT("\n")) : json->err;
}

static enum err put_finding_json(struct buf *out, const struct line_finding *found)
{
    const struct finding *f = found->finding;
    struct json json = json_begin(out);

    json_open(&json, NULL, '{');
    json_text(&json, "path", span_of(found->path));
    json_number(&json, "line", found->line);
    if (f != NULL) {
        json_text(&json, "rule", span_of(f->rule));
        json_text(&json, "title", span_of(f->title));
        json_text(&json, "rung", span_of(rung_name(f->rung)));
        json_text(&json, "shown", span_of(f->shown));
    }
    json_bool(&json, "stops", found->stops);
    json_bool(&json, "more", f == NULL);
    return end_object(&json);
}

enum err scan_report_finding(struct scan_report *report, const struct line_finding *found)
{
    struct buf line = {0};

    report->findings++;
    report->stopping += found->stops;
    erase(report);
    return put_out(&line, report->json ? put_finding_json(&line, found) : put_finding(&line, found));
}

static enum err put_sum(struct buf *out, const struct scan_report *report, bool complete)
{
    struct json json = json_begin(out);

    json_open(&json, NULL, '{');
    json_open(&json, "summary", '{');
    json_number(&json, "files", report->files);
    json_number(&json, "bytes", report->bytes);
    json_number(&json, "findings", report->findings);
    json_number(&json, "stopping", report->stopping);
    json_bool(&json, "complete", complete);
    json_close(&json, '}');
    return end_object(&json);
}

enum err scan_report_sum(struct scan_report *report, bool complete)
{
    struct buf line = {0};

    erase(report);
    return report->json ? put_out(&line, put_sum(&line, report, complete)) : ERR_OK;
}

/* --- rules ------------------------------------------------------------------------------------------------- */

static enum err put_rule(struct buf *out, const struct rule *rule)
{
    TRY(buf_printf(out, "%-40.*s %-8s %-20.*s ", SPAN_FMT(rule->id), rung_name(rule->rung), SPAN_FMT(rule->service)));
    TRY(put_text(out, rule->title));
    return buf_add(out, SPAN_LIT("\n"));
}

static enum err put_rule_json(struct buf *out, const struct rule *rule)
{
    struct json json = json_begin(out);

    json_open(&json, NULL, '{');
    json_text(&json, "id", rule->id);
    json_text(&json, "rung", span_of(rung_name(rule->rung)));
    json_bool(&json, "stops", rung_stops(rule->rung));
    json_text(&json, "service", rule->service);
    json_text(&json, "title", rule->title);
    return end_object(&json);
}

enum err scan_report_rules(const struct scan_report *report, const struct rule_set *rules)
{
    struct buf out = {0};
    enum err err = ERR_OK;

    for (size_t i = 0; i < rules->count && err == ERR_OK; i++)
        err = report->json ? put_rule_json(&out, &rules->list[i]) : put_rule(&out, &rules->list[i]);
    return put_out(&out, err);
}
