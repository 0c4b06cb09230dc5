#include "dlp/scan/pane.h"

#include "reactor/base/mem.h"

enum err pane_take(struct pane *pane, struct span *bytes, struct span *taken)
{
    *taken = span_first(*bytes, DECODE_STEP - pane->fresh);
    if (pane->bytes == NULL) pane->bytes = mem_room(DECODE_WINDOW);
    if (pane->bytes == NULL) return ERR_NOMEM;
    *bytes = span_from(*bytes, taken->len);
    if (taken->len > 0) memcpy(pane->bytes + pane->len, taken->at, taken->len);
    taken->at = pane->bytes + pane->len;
    pane->len += taken->len;
    pane->fresh += taken->len;
    return ERR_OK;
}

void pane_move(struct pane *pane)
{
    size_t kept = pane->len < DECODE_OVERLAP ? pane->len : DECODE_OVERLAP;

    memmove(pane->bytes, pane->bytes + pane->len - kept, kept);
    pane->at += pane->len - kept;
    pane->len = kept;
    pane->fresh = 0;
}

void pane_close(struct pane *pane)
{
    if (pane->bytes != NULL) mem_wipe(pane->bytes, DECODE_WINDOW);
    mem_free(pane->bytes);
    *pane = (struct pane){0};
}
