#include "reactor/base/home.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

const char *home_root(struct arena *arena)
{
    const char *home = getenv("HOME");
    const struct passwd *user = home == NULL || home[0] != '/' ? getpwuid(getuid()) : NULL;

    if (user != NULL) home = user->pw_dir;
    if (home == NULL || home[0] != '/') return NULL;
    return (const char *)arena_printf(arena, "%s/.bottled", home).at;
}
