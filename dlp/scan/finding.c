#include "dlp/scan/finding.h"

#include <inttypes.h>
#include <stdio.h>

#include "reactor/base/digest.h"

static const char *const places[] = {
    [SCAN_TARGET] = "target", [SCAN_FIELD] = "field", [SCAN_BODY] = "body", [SCAN_TRAILER] = "trailer"};

enum err fingerprint_of(struct span secret, struct fingerprint *fingerprint_out)
{
    static uint8_t key[DIGEST_BYTES];
    static bool has_key;
    uint8_t full[DIGEST_BYTES];

    if (!has_key) digest_random(key, sizeof key);
    has_key = true;
    TRY(digest_hmac((struct span){key, sizeof key}, &secret, 1, full));
    memcpy(fingerprint_out->bytes, full, sizeof fingerprint_out->bytes);
    return ERR_OK;
}

enum ruling rung_ruling(enum rung rung) { return rung_stops(rung) ? RULING_STOPS : RULING_TOLD; }

const char *ruling_name(enum ruling ruling)
{
#define RULING_NAME_(id, name) [id] = name,
    static const char *const names[RULING_COUNT] = {RULING_LIST(RULING_NAME_)};

    return names[ruling];
}

static bool is_one_place(enum scan_place place) { return place == SCAN_TARGET || place == SCAN_BODY; }

static bool is_same_place(const struct finding *a, const struct finding *b)
{
    return a->place == b->place && strcmp(a->rule, b->rule) == 0 &&
           (is_one_place(a->place) || strcmp(a->where, b->where) == 0);
}

static bool is_same_secret(const struct finding *a, const struct finding *b)
{
    return memcmp(&a->fingerprint, &b->fingerprint, sizeof a->fingerprint) == 0 && a->rung == b->rung &&
           a->ruling == b->ruling && a->slot == b->slot && is_same_place(a, b);
}

static bool starts_alike(const struct finding *a, const struct finding *b)
{
    return a->from == b->from && a->slot == b->slot && is_same_place(a, b);
}

static struct finding *find(struct findings *findings, const struct finding *finding,
                            bool (*is_it)(const struct finding *, const struct finding *))
{
    for (size_t i = 0; i < findings->count; i++)
        if (is_it(&findings->list[i], finding)) return &findings->list[i];
    return NULL;
}

static void drop(struct findings *findings, struct finding *finding)
{
    struct finding *last = &findings->list[--findings->count];

    memmove(finding, finding + 1, (size_t)(last - finding) * sizeof *finding);
    memset(last, 0, sizeof *last);
}

/* Room for one more, or the last that does not stop, or NULL. */
static struct finding *find_room(struct findings *findings, bool stops)
{
    if (findings->count < SCAN_FINDINGS_MAX) return &findings->list[findings->count++];
    findings->more = true;
    for (size_t i = findings->count; stops && i > 0; i--)
        if (findings->list[i - 1].ruling != RULING_STOPS) return &findings->list[i - 1];
    findings->unkept |= stops;
    return NULL;
}

static void add(struct findings *findings, const struct finding *finding)
{
    bool stops = finding->ruling == RULING_STOPS;
    struct finding *shorter = find(findings, finding, starts_alike), *told = find(findings, finding, is_same_secret),
                   *room;

    if (shorter != NULL && shorter->rung < finding->rung && shorter->ruling <= finding->ruling) return;
    if (shorter != NULL && shorter->ruling == RULING_STOPS && !stops) shorter = NULL;
    findings->stops |= stops;
    if (told != NULL) {
        if (shorter != NULL && shorter != told) drop(findings, shorter);
        return;
    }
    room = shorter != NULL ? shorter : find_room(findings, stops);
    if (room != NULL) *room = *finding;
}

void findings_add(struct findings *findings, const struct finding *finding)
{
    struct finding judged = *finding;

    judged.ruling =
        findings->judge != NULL ? findings->judge->say(findings->judge, finding) : rung_ruling(finding->rung);
    add(findings, &judged);
}

bool findings_tell(const struct findings *findings, const struct finding *finding)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *told = &findings->list[i];
        if (told->place != finding->place || strcmp(told->rule, finding->rule) != 0) continue;
        if (told->from == finding->from) return true;
        if (memcmp(&told->fingerprint, &finding->fingerprint, sizeof told->fingerprint) == 0) return true;
    }
    return false;
}

static void make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text >= 'A' && *text <= 'Z') *text = (char)(*text | 0x20);
        if (*text < ' ' || *text > '~') *text = '?';
    }
}

void finding_put_name(struct finding *finding, struct span name)
{
    int len = (int)(name.len < sizeof finding->where ? name.len : sizeof finding->where);

    snprintf(finding->where, sizeof finding->where, "%s %.*s", places[finding->place], len, (const char *)name.at);
    make_printable(finding->where);
}

void finding_put_byte(struct finding *finding, uint64_t byte)
{
    finding->byte = byte;
    snprintf(finding->where, sizeof finding->where, "%s byte %" PRIu64, places[finding->place], byte);
}

void finding_put_encoding(struct finding *finding, const char *const names[], size_t count)
{
    size_t len = 0;

    for (size_t i = count; i > 0 && len < sizeof finding->encoding; i--)
        len += (size_t)snprintf(finding->encoding + len, sizeof finding->encoding - len, "%s%s",
                                i < count ? " in " : "", names[i - 1]);
}

void finding_put_shown(struct finding *finding, const struct rule *rule, struct span secret)
{
    char first[8] = "";
    size_t len = rule->shown < 4 ? rule->shown : 4;

    finding->service = rule->service;
    if (len > 0 && secret.len > 3 * len) {
        memcpy(first, secret.at, len);
        for (char *c = first; *c != '\0'; c++)
            if (*c < ' ' || *c > '~') *c = '?';
    }
    snprintf(finding->shown, sizeof finding->shown, "%s%s%zu characters", first, first[0] != '\0' ? "… " : "",
             secret.len);
}
