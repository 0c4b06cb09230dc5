/* decoders.h — the rows of decode.c: one function each, to the contract of decode_undo(). */
#pragma once
#include "dlp/decode/decode.h"
#include "dlp/decode/escapes.h"

typedef enum err decoder_undo(const struct decoder *self, struct span text, struct buf *room, decoded_fn *fn,
                              void *context);

decoder_undo base64_undo, base32_undo, hex_undo, base85_undo, ascii85_undo, uuencode_undo, decimal_undo, groups_undo;
decoder_undo percent_undo, escape_undo, entity_undo, quoted_undo, utf7_undo, utf16_undo, fold_undo;

extern const struct escapes percent_escapes, backslash_escapes, entity_escapes, quoted_escapes, utf7_escapes,
    fold_escapes;

/* Whether what stands at at is readable when undone: a look at some bytes, for decode_signs(). */
bool base64_is_text(struct span text, size_t at); /* of 16 digits there */
bool base32_is_text(struct span text, size_t at); /* of 17 letters and figures */
bool base85_is_text(struct span text, size_t at);
bool hex_is_text(struct span text, size_t at);
bool decimal_is_text(struct span text, size_t at);
bool uuencode_is_text(struct span text, size_t at);
bool groups_are_digits(struct span text, size_t at); /* at a blank */
