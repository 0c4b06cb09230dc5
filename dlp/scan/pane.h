/* pane.h — a text that passes, DECODE_WINDOW bytes of it at a time: each time DECODE_STEP bytes that are new, behind
 * the last DECODE_OVERLAP of those before.  The steps are at fixed offsets, however the text comes.
 *
 * Owns     its bytes, made when the first comes; wiped by pane_close(). */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/limits.h"
#include "reactor/base/span.h"

#define DECODE_STEP (DECODE_WINDOW - DECODE_OVERLAP)

struct pane {
    uint8_t *bytes;
    size_t len, fresh; /* held; and of those, new */
    uint64_t at;       /* where they start in the text */
};

/* Takes from the front of bytes what there is room for: *taken is the copy.  errors: ERR_NOMEM */
MUST_CHECK enum err pane_take(struct pane *pane, struct span *bytes, struct span *taken);

static inline struct span pane_bytes(const struct pane *pane) { return (struct span){pane->bytes, pane->len}; }
static inline struct span pane_fresh(const struct pane *pane)
{
    return span_from(pane_bytes(pane), pane->len - pane->fresh);
}
static inline bool pane_is_full(const struct pane *pane) { return pane->fresh == DECODE_STEP; }

/* Forgets all but the overlap; nothing is new. */
void pane_move(struct pane *pane);
void pane_close(struct pane *pane);
