/* ws_extension.h — Sec-WebSocket-Extensions, read strictly (RFC 6455 section 9.1).
 *
 * What two parsers could read differently is refused: an empty element, a quoted value that is not a token or has
 * escapes, white space around '='.  Spaces and tabs may stand around ';' and ','.
 */
#pragma once
#include "reactor/base/limits.h"
#include "reactor/base/span.h"
#include "reactor/base/err.h"

struct ws_param {
    struct span name, value; /* slices of the field; value without its quotes */
    bool has_value;
};

struct ws_extension {
    struct span name;
    size_t count;
    struct ws_param params[WS_PARAMS_MAX];
};

/* Takes the next extension off a field's value; *list is to be not empty.
 * errors: ERR_SYNTAX (an empty list too); ERR_LIMIT more than WS_PARAMS_MAX */
MUST_CHECK enum err ws_extension_next(struct span *list, struct ws_extension *extension);
