#include "fsm/describe.h"

#include <stddef.h>

const struct fsm_type *const fsm_all[] = {NULL};
