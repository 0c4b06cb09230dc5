/* home.h — where this user's things are. */
#pragma once
#include "reactor/base/arena.h"

/* ~/.bottled, of $HOME or else of the user's entry; NULL where there is neither. */
const char *home_root(struct arena *arena);
