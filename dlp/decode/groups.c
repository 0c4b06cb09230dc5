#include "dlp/decode/decoders.h"
#include "dlp/decode/digits.h"
#include "dlp/decode/worth.h"
#include "reactor/base/limits.h"

/* Digits in groups of one length, "Z2hw X01G SU5v": told without the blanks, so that what the digits say is found by
 * those who read them.  Words of a sentence are no such groups: they are of one length by chance, and of one case. */

enum { GROUP_MIN = 3, GROUP_MAX = 16, GROUPS_MIN = 5 };

/* The groups of one length that start at at: how many, and *end behind the last, which may be shorter. */
static size_t count_groups(struct span text, size_t at, size_t group, size_t *end)
{
    size_t count = 0, digits;

    for (;; at += group + 1) {
        digits = digits_count(digits_base64, text, at, group + 1);
        *end = at + (digits > group ? 0 : digits);
        if (digits != group) break;
        count++;
        if (*end >= text.len || text.at[*end] != ' ') return count;
    }
    if (*end == at) *end = at - 1; /* no shorter one: the blank is not ours */
    return count;
}

/* Capitals or figures within groups: these are no words. */
static bool is_mixed(struct span text, size_t from, size_t to, size_t group)
{
    for (size_t at = from; at < to; at++)
        if ((at - from) % (group + 1) != 0 && text.at[at] < 'a' && text.at[at] != ' ') return true;
    return false;
}

/* The group that stands at at when groups begin there; 0: none. */
static size_t find_groups(struct span text, size_t at, size_t *end)
{
    size_t group = digits_count(digits_base64, text, at, GROUP_MAX + 1);

    if (group < GROUP_MIN || group > GROUP_MAX) return 0;
    if (at + group >= text.len || text.at[at + group] != ' ') return 0;
    return count_groups(text, at, group, end) >= GROUPS_MIN && is_mixed(text, at, *end, group) ? group : 0;
}

bool groups_are_digits(struct span text, size_t at)
{
    size_t group = digits_count(digits_base64, text, at + 1, GROUP_MAX), end;

    for (unsigned i = 0; i < GROUPS_MIN && at >= group + 1 && text.at[at - group - 1] == ' '; i++) at -= group + 1;
    return find_groups(text, at + 1, &end) != 0;
}

enum err groups_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn, void *context)
{
    struct decoded decoded = {.name = self->name};
    uint8_t *to;

    buf_cut(room, 0);
    TRY(buf_room(room, text.len, &to));
    buf_added(room, text.len);
    for (size_t at = 0; at < text.len; at++) {
        size_t group = find_groups(text, at, &decoded.to), len = 0;
        if (group == 0) {
            at += digits_count(digits_base64, text, at, text.len);
            continue;
        }
        for (size_t i = decoded.from = at; i < decoded.to; i++)
            if (text.at[i] != ' ') to[len++] = text.at[i];
        decoded.bytes = (struct span){to, len};
        if (len >= DECODE_TEXT_MIN) TRY(fn(context, &decoded));
        at = decoded.to;
    }
    return ERR_OK;
}
