/* fuzz_dns.c — claim: an accepted question's name is clean, and its answer fits and is a response to it.
 * Reaches dns_read, dns_answer, dns_refuse.  Seeds fuzz/corpus/dns. */
#include <ctype.h>
#include <stdlib.h>

#include "reactor/wire/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    uint8_t out[DNS_ANSWER_MAX];
    struct span in = {bytes, len};
    struct dns_question question;

    if (dns_read(in, &question) != ERR_OK) {
        if (dns_refuse(in, out) > sizeof out) abort();
        return 0;
    }
    for (const char *c = question.name; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_' && *c != '.') abort();
    size_t answer = dns_answer(in, &question, out);
    if (answer < 12 || answer > sizeof out || (out[2] & 0x80) == 0) abort();
    if (out[0] != bytes[0] || out[1] != bytes[1]) abort();
    return 0;
}
