/* worth.h — which decoded bytes are told: those in which a secret may stand. */
#pragma once
#include <stdbool.h>

#include "reactor/base/span.h"

/* Whether bytes hold DECODE_TEXT_MIN printable ASCII characters in a row, as they are or in UTF-16, or start as a
 * compressed file does.  Then *bytes is cut to where such rows are, with a little on either side, so that a word that
 * is in an image by chance does not have all of the image scanned. */
bool decode_worth(struct span *bytes);

/* Whether bytes start as gzip (RFC 1952), zlib (RFC 1950) or zstd (RFC 8878) does. */
bool decode_is_packed(struct span bytes);

/* A character of tokens and names. */
static inline bool decode_in_word(uint32_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '-';
}

/* A character of tokens, and of what they are written in: base64, base64url, URLs, user:password. */
static inline bool decode_in_token(uint32_t c)
{
    return decode_in_word(c) || c == '.' || c == '/' || c == '+' || c == '=' || c == ':' || c == '@' || c == '~' ||
           c == '$' || c == '!';
}

/* Whether a token may begin at at: DECODE_TEXT_MIN letters, digits, '_' or '-', and of those that follow too one a
 * digit, or some in capitals and some not.  A row of words is none. */
bool decode_token_at(struct span text, size_t at);
