/* number.h — validators of numbers that banks write: cards, accounts, routing numbers. */
#pragma once
#include "dlp/scan/validate.h"

enum check_result number_luhn(struct span secret); /* ISO/IEC 7812-1 annex B; spaces and dashes between are skipped */
enum check_result number_iban(struct span secret); /* ISO 13616: the country's length, and mod 97 */
enum check_result number_aba(struct span secret); /* a US routing number: weights 3-7-1, and a Federal Reserve prefix */
