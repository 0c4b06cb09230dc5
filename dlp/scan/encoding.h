/* encoding.h — the ways a known value is written where text meets text, as a table.
 *
 * A form is the part of the encoded value that is the same wherever the value stands: in base64 and base32 the
 * characters at its edges mix with its neighbours and are left off.  Swapped case is the raw form, which has none.
 */
#pragma once
#include "reactor/base/buf.h"

struct encoding {
    const char *name;
    enum err (*write)(const struct encoding *self, struct span value, struct buf *out);
    const char *set;  /* percent: bytes that stay beside letters and digits; JSON: bytes written as \u00xx; digits, by
                       * value; hex: what stands between two bytes */
    unsigned options; /* of write */
    bool nocase;      /* letters of the form come in both cases: hex digits, names */
};

extern const struct encoding encodings[];
extern const size_t encoding_count;

/* Appends the form of value.  errors: ERR_NOMEM */
MUST_CHECK static inline enum err encoding_write(const struct encoding *encoding, struct span value, struct buf *out)
{
    return encoding->write(encoding, value, out);
}
