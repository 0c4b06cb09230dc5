#include "queue/audit.h"

#include "reactor/base/mem.h"
#include "reactor/base/own.h"

#define AUDIT_NAME_(id, name, ...)    [id] = name,
#define AUDIT_AFTER_(id, name, after) [id] = after,
static const char *const names[AUDIT_EVENT_COUNT] = {AUDIT_EVENT_LIST(AUDIT_NAME_)};
static const unsigned comes_after[AUDIT_EVENT_COUNT] = {AUDIT_EVENT_LIST(AUDIT_AFTER_)};
static const char *const meanings[AUDIT_FAULT_COUNT] = {AUDIT_FAULT_LIST(AUDIT_NAME_)};

const char *audit_event_name(enum audit_event event) { return names[event]; }
const char *audit_fault_meaning(enum audit_fault_kind kind) { return meanings[kind]; }

enum err audit_event_of(struct span name, enum audit_event *event_out)
{
    for (enum audit_event event = 0; event < AUDIT_EVENT_COUNT; event++)
        if (span_is(span_of(names[event]), name)) return *event_out = event, ERR_OK;
    return ERR_NOT_FOUND;
}

enum err audit_step(enum audit_event state, enum audit_event event, enum audit_event *state_out)
{
    if ((comes_after[event] & 1u << state) == 0) return ERR_DENIED;
    *state_out = event <= AUDIT_FORGOTTEN ? event : state;
    return ERR_OK;
}

/* --- the chain ------------------------------------------------------------------------------------------- */

#define BYTES(array) ((struct span){(const uint8_t *)(array), sizeof(array)})

/* Numbers go in by eight bytes each, the body last: no two rows are the same bytes. */
static enum err mac_row(struct span key, const struct audit_row *row, uint8_t mac[DIGEST_BYTES])
{
    const uint64_t numbers[] = {row->number, row->at_ms, row->proposal, row->run, row->event};
    const struct span parts[] = {SPAN_LIT("row"), BYTES(row->before), BYTES(numbers), row->body};

    return digest_hmac(key, parts, COUNT_OF(parts), mac);
}

static enum err mac_anchor(struct span key, const struct audit_anchor *anchor, uint8_t seal[DIGEST_BYTES])
{
    const struct span parts[] = {
        SPAN_LIT("anchor"), BYTES(anchor->mac), {(const uint8_t *)&anchor->number, sizeof anchor->number}};

    return digest_hmac(key, parts, COUNT_OF(parts), seal);
}

enum err audit_seal(struct span key, struct audit_anchor *anchor) { return mac_anchor(key, anchor, anchor->seal); }

enum err audit_check_row(struct span key, const struct audit_row *row)
{
    uint8_t mac[DIGEST_BYTES];

    TRY(mac_row(key, row, mac));
    return mem_same(mac, row->mac, sizeof mac) ? ERR_OK : ERR_TRUST;
}

enum err audit_check_anchor(struct span key, const struct audit_anchor *anchor)
{
    uint8_t seal[DIGEST_BYTES];

    TRY(mac_anchor(key, anchor, seal));
    return mem_same(seal, anchor->seal, sizeof seal) ? ERR_OK : ERR_TRUST;
}

enum err audit_chain(struct span key, struct audit_row *row, struct audit_anchor *anchor)
{
    struct audit_anchor next = {.number = anchor->number + 1};

    TRY(audit_check_anchor(key, anchor));
    row->number = next.number;
    if (row->event == AUDIT_PROPOSED) row->proposal = row->number;
    memcpy(row->before, anchor->mac, sizeof row->before);
    TRY(mac_row(key, row, row->mac));
    memcpy(next.mac, row->mac, sizeof next.mac);
    TRY(audit_seal(key, &next));
    *anchor = next;
    return ERR_OK;
}

/* --- told ------------------------------------------------------------------------------------------------ */

void audit_json(struct json *json, const struct audit_row *row)
{
    json_open(json, NULL, '{');
    json_number(json, "number", row->number);
    json_number(json, "at_ms", row->at_ms);
    json_text(json, "event", span_of(audit_event_name(row->event)));
    json_number(json, "proposal", row->proposal);
    json_number(json, "run", row->run);
    json_text(json, "body", row->body);
    json_hex(json, "mac", BYTES(row->mac));
    json_close(json, '}');
}
