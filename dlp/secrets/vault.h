/* vault.h — the credentials' values: in this process's memory, and nowhere else.
 *
 * Values are copied into memory that is locked (mlock, where the kernel lets us), kept out of core dumps and forked
 * children, and wiped when replaced or freed (locked.h).
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/limits.h"
#include "reactor/base/span.h"

struct vault;

/* errors: ERR_LIMIT more than SECRET_COUNT_MAX; ERR_NOMEM */
MUST_CHECK enum err vault_new(size_t slot_count, struct vault **vault_out);
void vault_free(struct vault **vault);

/* The old value stays on failure.
 * errors: ERR_LIMIT longer than SECRET_BYTES_MAX; ERR_SYNTAX empty, or not a field value (RFC 9110 section 5.5): CR,
 * LF, NUL or another control, white space at either end; ERR_NOMEM */
MUST_CHECK enum err vault_set(struct vault *vault, size_t slot, struct span value);

/* Empty when the slot has no value: its routes refuse.  Borrowed until the next vault_set(). */
struct span vault_get(const struct vault *vault, size_t slot);
size_t vault_slots(const struct vault *vault);
