#include "dlp/decode/decode.h"

#include "dlp/decode/decoders.h"
#include "dlp/decode/signs.h"
#include "reactor/base/own.h"

const struct decoder decoders[] = {
    {"base64", SIGN_BASE64, base64_undo},
    {"base32", SIGN_BASE32, base32_undo},
    {"hex", SIGN_HEX, hex_undo},
    {"base85", SIGN_BASE85, base85_undo},
    {"ascii85", SIGN_ASCII85, ascii85_undo},
    {"uuencode", SIGN_UUENCODE, uuencode_undo},
    {"character codes", SIGN_DECIMAL, decimal_undo},
    {"groups", SIGN_GROUPS, groups_undo},
    {"percent", SIGN_PERCENT, percent_undo},
    {"escapes", SIGN_ESCAPE, escape_undo},
    {"entities", SIGN_ENTITY, entity_undo},
    {"quoted-printable", SIGN_QUOTED, quoted_undo},
    {"UTF-7", SIGN_UTF7, utf7_undo},
    {"UTF-16", SIGN_ZERO, utf16_undo},
    {"look-alikes", SIGN_HIGH, fold_undo},
};
const size_t decoder_count = COUNT_OF(decoders);
