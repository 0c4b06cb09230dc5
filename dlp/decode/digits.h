/* digits.h — text that is a number written in digits of 4, 5 or 6 bits: hex, base32, base64 (RFC 4648), with what is
 * put between the digits to fold or to group them.
 *
 * A run may have been cut anywhere, and letters that belong to something else may stand before it: its digits are
 * packed once, then read at every bit offset at which a byte may start. */
#pragma once
#include "dlp/decode/decode.h"

enum { NOT_DIGIT = 0xff };

/* The digit that each byte is, or NOT_DIGIT.  Both cases of hex and base32, both alphabets of base64; base85 is that of
 * RFC 1924 and of git. */
extern const uint8_t digits_hex[256], digits_base32[256], digits_base64[256], digits_base85[256];

struct digits {
    unsigned bits;        /* of one digit */
    unsigned run_min;     /* digits of a run that is looked at */
    const uint8_t *value; /* of each of the 256 bytes: the digit's, or NOT_DIGIT */
    /* The bytes at at that stand between two digits of one run, group of them behind the last such and before digits
     * before that; 0: the run ends. */
    size_t (*gap)(struct span text, size_t at, size_t group, size_t before);
};

MUST_CHECK enum err digits_undo(const struct decoder *self, const struct digits *digits, struct span text,
                                struct buf *room, decoded_fn *fn, void *context);

/* Whether 12 readable bytes are in the 64 digits at at, or twice as many in UTF-16, whatever stands between. */
bool digits_are_text(const struct digits *digits, struct span text, size_t at);

/* Digits of the value at at, up to most. */
size_t digits_count(const uint8_t *value, struct span text, size_t at, size_t most);

/* The bytes at at that end a line, also as JSON writes them, and of the next one's indent; 0: none. */
size_t digits_line(struct span text, size_t at);

/* A gap that folds: the end of a line, of long lines or of lines that are all of one length: a list of words is no
 * run. */
size_t digits_fold(const uint8_t *value, struct span text, size_t at, size_t line, size_t before);
