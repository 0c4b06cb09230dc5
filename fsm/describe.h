/* describe.h — every machine definition, for diagrams, audits and the trace decoder. */
#pragma once
#include "reactor/machine/machine.h"

extern const struct fsm_type *const fsm_all[]; /* NULL at the end */
