/* own.h — who frees what, visible in the signature.
 *
 *   const struct x *  or  struct span   the callee looks, during the call only
 *   struct x *                          the callee may change it, the caller keeps it
 *   struct x **                         the callee takes it; the caller's pointer is NULL after
 *   struct x **x_out                    the caller receives it, on ERR_OK only
 */
#pragma once
#include <stddef.h>

/* AUTO(hold) hold = NULL;   hold_free(&hold) runs on every way out of the block. */
#define AUTO(type) __attribute__((cleanup(type##_free))) struct type *

/* *hold_out = MOVE(hold);   the local lets go, so AUTO finds NULL. */
#define MOVE(pointer)                                                                                                  \
    __extension__({                                                                                                    \
        __typeof__(pointer) moved_ = (pointer);                                                                        \
        (pointer) = NULL;                                                                                              \
        moved_;                                                                                                        \
    })

#define CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#define COUNT_OF(array)                     (sizeof(array) / sizeof *(array))
