/* env.h — variables of a bottle's environment. */
#pragma once
#include "reactor/base/span.h"

struct env_var {
    struct span name, value; /* both NUL-terminated behind their end */
};

struct env_list {
    const struct env_var *list;
    size_t count;
};
