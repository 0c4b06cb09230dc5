/* audit.h — the chain of rows that says what happened, and how a hole in it is found.
 *
 * Row n's MAC is HMAC-SHA256 of row n-1's MAC and all of row n, under a key that lies beside the queue and not in it.
 * The anchor holds the last row's number and MAC, with a MAC of its own: without it the end could be cut unseen.
 * Finds    any row changed, moved, added, missing or cut by one who has not the key.
 * Does not find the whole queue put back as it once was: who would know compares the last row's number and MAC with a
 *          log kept elsewhere (audit_fault's last).
 */
#pragma once
#include "queue/proposal.h"
#include "reactor/base/json.h"

/* clang-format off */
/* What happens to a proposal.  A row in the upper part is its state until the next of these.
 *    id               name         comes after */
#define AUDIT_EVENT_LIST(E)                                                                                  \
    E(AUDIT_PROPOSED,  "proposed",  0)                                                                       \
    E(AUDIT_DECIDED,   "decided",   AUDIT_BIT(PROPOSED) | AUDIT_BIT(RETRACTED) | AUDIT_BIT(EXPIRED))         \
    E(AUDIT_RETRACTED, "retracted", AUDIT_BIT(PROPOSED))                                                     \
    E(AUDIT_EXPIRED,   "expired",   AUDIT_BIT(PROPOSED))                                                     \
    E(AUDIT_ABANDONED, "abandoned", AUDIT_BIT(PROPOSED))                                                     \
    E(AUDIT_FORGOTTEN, "forgotten", AUDIT_BIT(DECIDED))                                                      \
    E(AUDIT_RELEASED,  "released",  AUDIT_BIT(DECIDED))                                                      \
    E(AUDIT_USED,      "used",      AUDIT_BIT(DECIDED))

/* What is wrong.     id               in words */
#define AUDIT_FAULT_LIST(F)                                                                                  \
    F(AUDIT_SOUND,   "sound")                                                                                \
    F(AUDIT_GAP,     "a row is missing in front of this one")                                                \
    F(AUDIT_CHANGED, "this row was changed, or is not ours")                                                 \
    F(AUDIT_CUT,     "the rows behind this one are missing")                                                 \
    F(AUDIT_UNSEALED,"the anchor was changed, or the key is another")                                        \
    F(AUDIT_STATE,   "the state of this proposal is not what the rows say")
/* clang-format on */

#define AUDIT_BIT(event) (1u << AUDIT_##event)
enum audit_event { AUDIT_EVENT_LIST(PROPOSAL_ENUM_) AUDIT_EVENT_COUNT };
enum audit_fault_kind { AUDIT_FAULT_LIST(PROPOSAL_ENUM_) AUDIT_FAULT_COUNT };

const char *audit_event_name(enum audit_event event);
const char *audit_fault_meaning(enum audit_fault_kind kind);
MUST_CHECK enum err audit_event_of(struct span name, enum audit_event *event_out); /* errors: ERR_NOT_FOUND */

/* Where a proposal in that state stands after the event.  errors: ERR_DENIED: it can't come then */
MUST_CHECK enum err audit_step(enum audit_event state, enum audit_event event, enum audit_event *state_out);

struct audit_row {
    uint64_t number; /* 1, 2, 3, ... */
    uint64_t at_ms, proposal, run;
    enum audit_event event;
    struct span body; /* a payload, or empty */
    uint8_t before[DIGEST_BYTES], mac[DIGEST_BYTES];
};

void audit_json(struct json *json, const struct audit_row *row); /* an object */

struct audit_anchor {
    uint64_t number; /* 0: there is no row yet, and mac is zeros */
    uint8_t mac[DIGEST_BYTES], seal[DIGEST_BYTES];
};

/* Makes the row the next one: sets its number, before and mac, and moves the anchor.
 * errors: ERR_TRUST the anchor is not sealed by this key (nothing is changed), ERR_NOMEM */
MUST_CHECK enum err audit_chain(struct span key, struct audit_row *row, struct audit_anchor *anchor);
/* errors: ERR_TRUST, ERR_NOMEM */
MUST_CHECK enum err audit_check_row(struct span key, const struct audit_row *row);
MUST_CHECK enum err audit_check_anchor(struct span key, const struct audit_anchor *anchor);
MUST_CHECK enum err audit_seal(struct span key, struct audit_anchor *anchor); /* of the first; errors: ERR_NOMEM */

struct audit_fault {
    enum audit_fault_kind kind;
    uint64_t number;          /* of the row, or the proposal */
    struct audit_anchor last; /* the last row that is sound */
};
