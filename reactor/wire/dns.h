/* dns.h — one DNS question read, one made-up answer written (RFC 1035 section 4, RFC 6891 for EDNS in a question).
 *
 * In a bottle nobody is asked: every name has an address out of 198.18.0.0/15 (RFC 2544), which leads to the bottle's
 * own
 * listeners.  The address is a hash of the name and remembered by nobody: what a connection is for is told by its
 * hello or
 * Host field.  AAAA and all other types get an empty answer, so that clients use IPv4.
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/limits.h"
#include "reactor/base/span.h"
#include "reactor/net/addr.h"

#define DNS_ANSWER_MAX 512u /* a question of at most 271 bytes and one address */

struct dns_question {
    char name[NAME_BYTES_MAX + 1]; /* lower case, dotted; bytes other than letters, digits, '-' and '_' are refused */
    uint16_t type;                 /* 1 A, 28 AAAA */
};

/* errors: ERR_SYNTAX not a standard query with exactly one question of class IN and a name we read */
MUST_CHECK enum err dns_read(struct span in, struct dns_question *question_out);

/* Answers in (which dns_read() has accepted): with the address for type A, without one for others. */
size_t dns_answer(struct span in, const struct dns_question *question, uint8_t out[DNS_ANSWER_MAX]);

/* FORMERR for what could not be read but has an id; 0 when it is not even a question. */
size_t dns_refuse(struct span in, uint8_t out[DNS_ANSWER_MAX]);

struct addr dns_made_up(struct span name);
