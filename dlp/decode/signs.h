/* signs.h — what in a text tells that some decoder has work to do. */
#pragma once
#include <stdint.h>

enum sign {
    SIGN_BASE64 = 1 << 0,   /* digits that may be text, or a compressed file's start */
    SIGN_BASE32 = 1 << 1,   /* a long row of its digits that may be text */
    SIGN_BASE85 = 1 << 2,   /* digits that are text */
    SIGN_HEX = 1 << 3,      /* the same, and what stands between */
    SIGN_DECIMAL = 1 << 4,  /* codes of characters */
    SIGN_UUENCODE = 1 << 5, /* one of its lines */
    SIGN_GROUPS = 1 << 6,   /* groups of digits, each behind a blank */
    SIGN_PERCENT = 1 << 7,  /* %67 */
    SIGN_ESCAPE = 1 << 8,   /* \u, \x, \/, \147, or \n where a token begins */
    SIGN_ENTITY = 1 << 9,   /* &# or a name */
    SIGN_QUOTED = 1 << 10,  /* =67, or = and the line's end */
    SIGN_UTF7 = 1 << 11,    /* +A */
    SIGN_ASCII85 = 1 << 12, /* <~ */
    SIGN_ZERO = 1 << 13,    /* zeros between other bytes: UTF-16 */
    SIGN_HIGH = 1 << 14,    /* a character that looks like one of ASCII, or is not seen */
    SIGN_COUNT = 15
};
