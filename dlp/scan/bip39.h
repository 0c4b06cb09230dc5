/* bip39.h — validator of the phrases wallets are restored from: English words, and the checksum in the last of them. */
#pragma once
#include "dlp/scan/validate.h"

/* 12, 15, 18, 21 or 24 words with anything but letters between them.  BIP-39: 11 bits a word; the last of 33 bits is
 * one of the SHA-256 of the other 32. */
enum check_result bip39_check(struct span secret);
