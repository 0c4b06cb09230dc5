/* payload.h — a proposal, a decision and a passage as the bytes that a row of the audit holds.
 *
 * A line of what it is and its version, then every member by name, in the order of the tables in payload.c:
 * "host:15:api.example.com\n".  There is one way to write each record, and nothing else is read.
 */
#pragma once
#include "queue/proposal.h"
#include "queue/store.h"
#include "reactor/base/buf.h"

/* Texts that are longer than PROPOSAL_TEXT_MAX are cut at a character.  errors: ERR_NOMEM */
MUST_CHECK enum err payload_put_proposal(struct buf *out, const struct proposal *proposal);
MUST_CHECK enum err payload_put_decision(struct buf *out, const struct decision *decision);
MUST_CHECK enum err payload_put_pass(struct buf *out, const struct store_pass *pass);

/* Texts point into bytes; members that a row has of its own (id, how) are zeros.  errors: ERR_SYNTAX */
MUST_CHECK enum err payload_read_proposal(struct span bytes, struct proposal *proposal_out);
MUST_CHECK enum err payload_read_decision(struct span bytes, struct decision *decision_out);
MUST_CHECK enum err payload_read_pass(struct span bytes, struct store_pass *pass_out);
