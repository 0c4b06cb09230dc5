/* trace.h — the last TRACE_COUNT transitions of all machines, in a ring in memory.
 *
 * Printed on a crash and by SIGUSR1; may be locked to one id, so that a busy program keeps the story of one request.
 */
#pragma once
#include "reactor/machine/machine.h"

enum fsm_note { FSM_MOVED, FSM_LATE, FSM_UNLISTED };

void trace_note(const struct fsm *machine, enum fsm_note note, uint8_t from, uint8_t event);

/* Keeps only transitions of machines with this id; 0: of all. */
void trace_lock(uint64_t id);

/* Oldest first, a line each, with write(2): safe in a signal handler. */
void trace_print(int fd);

/* From now on a crash (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT) prints the ring on standard error before the program
 * dies
 * of it all the same. */
void trace_on_crash(void);

/* For tests: called at every note, or NULL. */
typedef void trace_fn(const struct fsm *machine, enum fsm_note note, uint8_t from, uint8_t event);
void trace_watch(trace_fn *fn);
