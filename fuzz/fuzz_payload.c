/* fuzz_payload.c — claim: what is read as a record of the queue is written again byte for byte, and nothing else is
 * read.  The first byte says which record.  Reaches payload.c.  Seeds fuzz/corpus/payload. */
#include <stdlib.h>
#include <string.h>

#include "queue/payload.h"
#include "reactor/base/own.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct buf again = {0};
    struct span text = {bytes + 1, len - 1};
    struct proposal proposal;
    struct decision decision;
    struct store_pass pass;
    enum err err = ERR_SYNTAX;

    if (len == 0) return 0;
    switch (bytes[0] % 3) {
    case 0:
        err = payload_read_proposal(text, &proposal);
        if (err == ERR_OK && payload_put_proposal(&again, &proposal) != ERR_OK) abort();
        break;
    case 1:
        err = payload_read_decision(text, &decision);
        if (err == ERR_OK && payload_put_decision(&again, &decision) != ERR_OK) abort();
        break;
    case 2:
        err = payload_read_pass(text, &pass);
        if (err == ERR_OK && payload_put_pass(&again, &pass) != ERR_OK) abort();
        break;
    }
    if (err == ERR_OK && !span_is(buf_span(&again), text)) abort();
    buf_clear(&again);
    return 0;
}
