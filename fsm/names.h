/* names.h — a bottle's name server, over UDP and TCP: every name leads to the bottle's own doors, and nobody is asked.
 *
 * What is asked is logged ("names.asked"), unless the scanner finds a secret in it.
 */
#pragma once
#include "fsm/proxy.h"

/* For datagram_adopt(); owner is the struct egress. */
size_t names_datagram(void *owner, struct span question, uint8_t *answer, size_t answer_size);

/* For a listener's accept; owner is the struct egress.  Takes the stream; a machine (names_fsm.h) that frees itself. */
void names_accept(void *owner, struct stream *stream);
