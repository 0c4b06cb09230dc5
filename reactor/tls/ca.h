/* ca.h — our certificate authority, and the leaves it signs.
 *
 * Key      P-256, made at first use, mode 0600 in a folder of mode 0700, written by rename and fsync.  CA       SKI,
 *          critical basicConstraints (CA, pathlen 0), critical keyUsage keyCertSign+cRLSign: what strict verifiers
 *          want.
 * Leaf     P-256, one key a process; SAN (DNS or IP), EKU serverAuth, keyUsage digitalSignature, AKI; valid from two
 *          days ago for under 200 days, remade when half of that is over.  Minted inline (about 50 us), kept in an
 *          LRU of LEAF_COUNT_MAX.
 */
#pragma once
#include <stdint.h>
#include "reactor/base/err.h"
#include "reactor/base/span.h"

struct ca;

/* Opens folder/ca.key and folder/ca.pem, or makes both (the folder too).
 * errors: ERR_DENIED key readable by others or not ours; ERR_SYNTAX not a key or certificate, or not a pair; ERR_SYS */
MUST_CHECK enum err ca_open(const char *folder, int64_t now_s, struct ca **ca_out);
void ca_free(struct ca **ca);

struct span ca_pem(const struct ca *ca); /* the certificate, for the bottle's trust store */
