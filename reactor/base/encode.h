/* encode.h — bytes as base64 and hex. */
#pragma once
#include "reactor/base/buf.h"

enum base64_alphabet { BASE64_STANDARD, BASE64_URL }; /* RFC 4648 sections 4 and 5 */

/* Characters of len bytes in base64, with padding. */
#define BASE64_BYTES(len) (((len) + 2) / 3 * 4)

/* Appends; padded in both alphabets.  errors: ERR_NOMEM (nothing was appended) */
MUST_CHECK enum err encode_base64(struct buf *out, struct span bytes, enum base64_alphabet alphabet);
/* Two lower-case digits a byte. */
MUST_CHECK enum err encode_hex(struct buf *out, struct span bytes);
