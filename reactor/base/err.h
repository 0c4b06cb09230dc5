/* err.h — every way a call in this program can fail.
 *
 * A failure is one of these words.  A refusal is not a failure: policy saying
 * "no" is a result and travels as data (see dlp/policy/verdict.h).
 */
#pragma once

/* clang-format off */
#define ERR_LIST(E)                                                     \
    E(ERR_OK,        "done")                                            \
    E(ERR_AGAIN,     "not yet; the loop will call back")                \
    E(ERR_SYNTAX,    "the bytes are not what the format allows")        \
    E(ERR_LIMIT,     "a bound from limits.h was reached")               \
    E(ERR_NOMEM,     "the allocator said no")                           \
    E(ERR_PEER,      "the other side closed or broke the rules")        \
    E(ERR_TRUST,     "a certificate, name or signature did not verify") \
    E(ERR_DENIED,    "an address, a mode or an owner is not allowed")   \
    E(ERR_NOT_FOUND, "there is no such thing")                          \
    E(ERR_TIMEOUT,   "a deadline passed")                               \
    E(ERR_SYS,       "the kernel said no; errno has the reason")

/* clang-format on */

#define ERR_ENUM_(id, meaning) id,
enum err { ERR_LIST(ERR_ENUM_) ERR_COUNT };

const char *err_name(enum err err);
const char *err_meaning(enum err err);

/* The compiler refuses a caller who drops the answer. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Passes a failure up unchanged; owned locals are released by AUTO (own.h). */
#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        enum err try_err_ = (call);                                                                                    \
        if (try_err_ != ERR_OK) return try_err_;                                                                       \
    } while (0)
