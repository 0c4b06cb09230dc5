/* json_shape.h — is it JSON?  A yes or a no, nothing is built. */
#pragma once
#include "reactor/base/span.h"

/* One object of RFC 8259, and nothing but white space around it; with a member of this name at its top, when member is
 * not NULL (as it is written: escapes are not undone).  Nested more than 16 deep is a no. */
bool json_is_object(struct span text, const char *member);
