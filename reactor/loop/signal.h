/* signal.h — a Unix signal as a call on the loop. */
#pragma once
#include "reactor/loop/loop.h"

struct signal_watch;
typedef void signal_fn(void *context, int number);

MUST_CHECK enum err signal_watch_new(struct loop *loop, int number, signal_fn *fn, void *context,
                                     struct signal_watch **watch_out);
void signal_watch_free(struct signal_watch **watch);
