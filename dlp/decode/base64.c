#include "dlp/decode/decoders.h"
#include "dlp/decode/digits.h"

/* RFC 4648 sections 4 and 5; RFC 2045 section 6.8 folds it.  Padding ends a run. */

static size_t gap64(struct span text, size_t at, size_t group, size_t before)
{
    return digits_fold(digits_base64, text, at, group, before);
}

static size_t gap32(struct span text, size_t at, size_t group, size_t before)
{
    return digits_fold(digits_base32, text, at, group, before);
}

static const struct digits base64 = {6, 16, digits_base64, gap64};
static const struct digits base32 = {5, 20, digits_base32, gap32};

enum err base64_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    return digits_undo(self, &base64, text, room, fn, context);
}

enum err base32_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    return digits_undo(self, &base32, text, room, fn, context);
}
