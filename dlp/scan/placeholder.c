#include "dlp/scan/placeholder.h"

#include "reactor/base/own.h"

/* Rows of five or more, which chance writes into one real token of a million. */
/* clang-format off */
static const char *const words[] = {
    "example", "changeme", "change-me", "change_me", "placeholder", "redacted", "your-", "your_", "insert-", "insert_",
    "replaceme", "replace-me", "replace_me", "xxxxx", "*****", ".....",
};
/* clang-format on */
static const char *const leads[] = {"${", "{{", "$(", "<", "%("};

static uint8_t lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; }

bool span_has_word(struct span text, struct span word)
{
    for (size_t at = 0; at + word.len <= text.len; at++)
        if (lower(text.at[at]) == word.at[0] && span_is_nocase((struct span){text.at + at, word.len}, word))
            return true;
    return false;
}

/* A blank to fill in, half of the secret or more.  What counts up or repeats a letter is none: people use such tokens
 * where they may choose. */
static bool is_blank(struct span secret)
{
    size_t run = 0;

    for (size_t i = 0; i < secret.len; i++) {
        bool filler = strchr("xX*.0-_#?", secret.at[i]) != NULL && secret.at[i] != '\0';
        run = !filler ? 0 : i > 0 && secret.at[i] == secret.at[i - 1] ? run + 1 : 1;
        if (run * 2 >= secret.len) return true;
    }
    return false;
}

bool is_placeholder(struct span secret)
{
    for (size_t i = 0; i < COUNT_OF(leads); i++)
        if (span_starts(secret, span_of(leads[i]))) return true;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (span_has_word(secret, span_of(words[i]))) return true;
    return is_blank(secret);
}
