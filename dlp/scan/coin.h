/* coin.h — validators of what is written in base 58: wallets' keys, and JFrog's. */
#pragma once
#include "dlp/scan/validate.h"

/* The last four of the decoded bytes are the first four of the others' SHA-256 taken twice: WIF, xprv and the like. */
enum check_result coin_base58check(struct span secret);

enum check_result coin_jfrog_akcp(struct span secret); /* 54 bytes */
