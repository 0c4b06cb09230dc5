#include "dlp/scan/pointer.h"

#include <stdio.h>

#include "dlp/scan/plain.h"

static bool is_blank(uint8_t c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/* Of a number, or of a name: what they are is not looked at. */
static bool is_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' || c == 'E';
}

static struct pointer_level *top(struct pointer *p) { return p->depth > 0 ? &p->levels[p->depth - 1] : NULL; }

/* --- what may come, and what does ------------------------------------------------------------------------------- */

static enum pointer_want open_level(struct pointer *p, bool is_array)
{
    bool may = p->want == POINTER_VALUE || p->want == POINTER_VALUE_OR_END;

    if (!may || p->depth == POINTER_DEPTH_MAX) return POINTER_NO_JSON;
    p->levels[p->depth++] = (struct pointer_level){.is_array = is_array};
    return is_array ? POINTER_VALUE_OR_END : POINTER_KEY_OR_END;
}

static enum pointer_want close_level(struct pointer *p, bool is_array)
{
    enum pointer_want empty = is_array ? POINTER_VALUE_OR_END : POINTER_KEY_OR_END;

    if (p->depth == 0 || top(p)->is_array != is_array) return POINTER_NO_JSON;
    if (p->want != POINTER_NEXT && p->want != empty) return POINTER_NO_JSON;
    p->depth--;
    return POINTER_NEXT;
}

static enum pointer_want next_member(struct pointer *p)
{
    if (p->want != POINTER_NEXT || p->depth == 0) return POINTER_NO_JSON;
    top(p)->index++;
    return top(p)->is_array ? POINTER_VALUE : POINTER_KEY;
}

static enum pointer_want open_text(struct pointer *p)
{
    switch (p->want) {
    case POINTER_VALUE:
    case POINTER_VALUE_OR_END: return POINTER_IN_TEXT;
    case POINTER_KEY:
    case POINTER_KEY_OR_END: top(p)->key_len = 0; return POINTER_IN_KEY;
    case POINTER_COLON:
    case POINTER_NEXT:
    case POINTER_IN_KEY:
    case POINTER_IN_TEXT:
    case POINTER_IN_WORD:
    case POINTER_NO_JSON: break;
    }
    return POINTER_NO_JSON;
}

static enum pointer_want open_word(const struct pointer *p, uint8_t c)
{
    bool may = p->want == POINTER_VALUE || p->want == POINTER_VALUE_OR_END;

    return may && is_word(c) ? POINTER_IN_WORD : POINTER_NO_JSON;
}

static enum pointer_want after(struct pointer *p, uint8_t c)
{
    if (is_blank(c)) return p->want;
    switch (c) {
    case '{': return open_level(p, false);
    case '[': return open_level(p, true);
    case '}': return close_level(p, false);
    case ']': return close_level(p, true);
    case ',': return next_member(p);
    case ':': return p->want == POINTER_COLON ? POINTER_VALUE : POINTER_NO_JSON;
    case '"': return open_text(p);
    default: return open_word(p, c);
    }
}

/* --- fed -------------------------------------------------------------------------------------------------------- */

static void keep_key(struct pointer_level *level, uint8_t c)
{
    if (level->key_len >= sizeof level->key) {
        level->key_len = sizeof level->key + 1;
        return;
    }
    level->key[level->key_len++] = (char)c;
}

static void read_text(struct pointer *p, uint8_t c)
{
    bool is_key = p->want == POINTER_IN_KEY;

    if (!p->escaped && c == '"') {
        p->want = is_key ? POINTER_COLON : POINTER_NEXT;
        return;
    }
    p->escaped = !p->escaped && c == '\\';
    if (is_key) keep_key(top(p), c);
}

static void read_byte(struct pointer *p, uint8_t c)
{
    if (p->want == POINTER_IN_KEY || p->want == POINTER_IN_TEXT) {
        read_text(p, c);
        return;
    }
    if (p->want == POINTER_IN_WORD) {
        if (is_word(c)) return;
        p->want = POINTER_NEXT;
    }
    p->want = after(p, c);
}

/* Most of a body is text: how many bytes of it from here on need no look of their own. */
static size_t skip_text(const struct pointer *p, struct span piece, size_t at)
{
    size_t end = at;

    if (p->want != POINTER_IN_TEXT || p->escaped) return 0;
    while (end < piece.len && piece.at[end] != '"' && piece.at[end] != '\\') end++;
    return end - at;
}

void pointer_feed(struct pointer *p, struct span piece)
{
    for (size_t i = 0; i < piece.len && p->want != POINTER_NO_JSON; i++) {
        i += skip_text(p, piece, i);
        if (i < piece.len) read_byte(p, piece.at[i]);
    }
}

void pointer_write(const struct pointer *p, char text[POINTER_TEXT_MAX])
{
    size_t used = 0, depth = p->want == POINTER_NO_JSON ? 0 : p->depth;

    text[0] = '\0';
    for (size_t i = 0; i < depth && used < POINTER_TEXT_MAX; i++) {
        const struct pointer_level *level = &p->levels[i];
        struct span key = {(const uint8_t *)level->key, level->key_len};
        bool is_whole = i + 1 < depth || p->want != POINTER_IN_KEY;
        size_t room = POINTER_TEXT_MAX - used;
        int wrote;
        if (level->is_array)
            wrote = snprintf(text + used, room, "/%u", level->index);
        else if (is_whole && level->key_len <= sizeof level->key && plain_words(key))
            wrote = snprintf(text + used, room, "/%.*s", SPAN_FMT(key));
        else
            wrote = snprintf(text + used, room, "/" PLAIN_MASK);
        used += (size_t)wrote;
    }
    if (used >= POINTER_TEXT_MAX) text[0] = '\0';
}
