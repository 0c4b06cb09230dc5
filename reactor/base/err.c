#include "reactor/base/err.h"

#define ERR_NAME_(id, meaning)    [id] = #id,
#define ERR_MEANING_(id, meaning) [id] = meaning,
static const char *const names[ERR_COUNT] = {ERR_LIST(ERR_NAME_)};
static const char *const meanings[ERR_COUNT] = {ERR_LIST(ERR_MEANING_)};

const char *err_name(enum err err) { return names[err]; }
const char *err_meaning(enum err err) { return meanings[err]; }
