/* validate.h — is the checksum or the inner structure of a matched secret what its issuer would have written?
 *
 * CHECK_GOOD makes a hit surer (rung_raised()); nothing here ever makes it less than it was, as one flipped character
 * would be a way out.  Bytes in, an answer out: no state, no allocation, nothing kept of the secret.
 * Names    github-crc npm-crc vercel-crc grafana-crc atlassian-crc gitlab-crc (routable tokens); luhn iban aba;
 *          base58check bip39; jwt pem aws-key-id discord-id grafana-json atlassian-dc jfrog-reftkn jfrog-akcp
 *          azure-key.
 * Limits   a secret longer than RULE_WINDOW is CHECK_UNKNOWN.
 */
#pragma once
#include "reactor/base/span.h"

enum check_result {
    CHECK_UNKNOWN, /* no such validator, or the secret is not of the form that carries a checksum */
    CHECK_GOOD,    /* by chance one in 2^32 for the CRCs; one in 10 for luhn and aba, in 97 for iban */
    CHECK_BAD,     /* the form is right and the checksum is not */
};

/* name as a rule's check says it; secret as the rule's group took it. */
enum check_result rule_check(struct span name, struct span secret);
bool rule_check_known(struct span name);
