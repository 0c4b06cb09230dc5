/* poke.h — a proxy's bell: a Unix datagram socket in the queue's folder that an operator rings when there is an answer.
 *
 * It says nothing: whoever hears it looks into the queue.  That it can be rung is how others know that a proxy lives.
 * Errors   a bell that can't be made or rung costs no more than time.
 */
#pragma once
#include "reactor/loop/loop.h"

struct poke;
typedef void poke_fn(void *owner);

/* Binds FOLDER/RUN.bell (16 hexadecimal digits; 0600), and removes it when freed.  Rung often in one turn, it calls
 * once.  Long folder names are no matter.  errors: ERR_SYS, ERR_NOMEM */
MUST_CHECK enum err poke_new(struct loop *loop, const char *folder, uint64_t run, poke_fn *fn, void *owner,
                             struct poke **poke_out);
void poke_free(struct poke **poke);

/* Never waits.  errors: ERR_NOT_FOUND nobody is there; ERR_SYS it could not be told (not: that nobody is there) */
MUST_CHECK enum err poke_ring(const char *folder, uint64_t run);

/* Is somebody there? */
bool poke_lives(const char *folder, uint64_t run);
