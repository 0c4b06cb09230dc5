#include "reactor/base/encode.h"

static const char alphabets[][65] = {
    [BASE64_STANDARD] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    [BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

enum err encode_base64(struct buf *out, struct span bytes, enum base64_alphabet alphabet)
{
    const char *digits = alphabets[alphabet];
    uint8_t *at;

    TRY(buf_room(out, BASE64_BYTES(bytes.len), &at));
    for (size_t i = 0; i < bytes.len; i += 3, at += 4) {
        size_t left = bytes.len - i;
        uint32_t bits = (uint32_t)bytes.at[i] << 16;
        if (left > 1) bits |= (uint32_t)bytes.at[i + 1] << 8;
        if (left > 2) bits |= bytes.at[i + 2];
        at[0] = (uint8_t)digits[bits >> 18];
        at[1] = (uint8_t)digits[bits >> 12 & 63];
        at[2] = (uint8_t)(left > 1 ? digits[bits >> 6 & 63] : '=');
        at[3] = (uint8_t)(left > 2 ? digits[bits & 63] : '=');
    }
    buf_added(out, BASE64_BYTES(bytes.len));
    return ERR_OK;
}

enum err encode_hex(struct buf *out, struct span bytes)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *at;

    TRY(buf_room(out, bytes.len * 2, &at));
    for (size_t i = 0; i < bytes.len; i++) {
        *at++ = (uint8_t)digits[bytes.at[i] >> 4];
        *at++ = (uint8_t)digits[bytes.at[i] & 15];
    }
    buf_added(out, bytes.len * 2);
    return ERR_OK;
}
