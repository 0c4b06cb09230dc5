/* datagram.h — a UDP socket on the loop that answers from the very address it was asked at (IP_PKTINFO). */
#pragma once
#include "reactor/loop/loop.h"
#include "reactor/net/addr.h"

struct datagram;

/* data is borrowed for the call.  Whatever is written to answer (at most answer_size bytes) goes back; 0: nothing
 * does. */
typedef size_t datagram_fn(void *owner, struct span data, uint8_t *answer, size_t answer_size);

/* Takes a bound IPv4 UDP socket with IP_PKTINFO set (closed on failure too). */
MUST_CHECK enum err datagram_adopt(struct loop *loop, int fd, datagram_fn *fn, void *owner,
                                   struct datagram **datagram_out);
void datagram_free(struct datagram **datagram);
