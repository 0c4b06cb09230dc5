/* ca.h — our certificate authority, and what may be asked of it.
 *
 * Key      P-256, made at first use; ca.key of mode 0600 in a folder of mode 0700, written by fsync and rename.
 * CA       ten years; SKI, critical basicConstraints (CA, pathlen 0), critical keyUsage keyCertSign+cRLSign: what
 *          strict verifiers want.
 * Leaf     P-256, one key a process; SAN (DNS or IP), EKU serverAuth, keyUsage digitalSignature, AKI; valid from two
 *          days ago for under 200 days, remade when half of that is over.  Minted inline (about 50 us), kept in an
 *          LRU of LEAF_COUNT_MAX (leaf.h).
 * Races    two processes that open an empty folder at once end up with the same pair.
 */
#pragma once
#include <stdint.h>
#include "reactor/base/err.h"
#include "reactor/base/span.h"

struct ca;

/* Opens folder/ca.key and folder/ca.pem, or makes both (the folder too).  A key whose certificate is missing gets a new
 * one; a certificate whose key is missing is an error.
 * errors: ERR_DENIED the folder or the key is open to others or not ours; ERR_SYNTAX not a key or certificate, not a
 * CA, or not a pair; ERR_TRUST not valid now (expired, or the clock is wrong); ERR_LIMIT
 * a file over CA_FILE_BYTES_MAX; ERR_SYS */
MUST_CHECK enum err ca_open(const char *folder, int64_t now_s, struct ca **ca_out);
void ca_free(struct ca **ca);

struct span ca_pem(const struct ca *ca); /* the certificate, for the bottle's trust store */
