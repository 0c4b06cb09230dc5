/* token.h — every credential of a policy into the vault, from where its reference (token_ref.h) says it is.
 *
 * env and file are read at once, commands on the loop (token_fsm.h), each within TOKEN_MS.
 * Values go to the vault and nowhere else: never in a log, an error, an argument, an environment.
 */
#pragma once
#include "dlp/policy/policy.h"
#include "dlp/secrets/vault.h"
#include "reactor/loop/loop.h"

struct token_failure {
    size_t slot;
    struct span ref; /* the policy's */
    const char *why; /* static: "the file is readable by others; chmod 600 it" */
};

struct tokens;

/* Once, never from inside tokens_fetch(); the list is borrowed during the call. */
typedef void tokens_fn(void *owner, const struct token_failure *failures, size_t count);

/* Fills every slot of the vault that the policy has.  A slot that failed stays empty: its routes refuse.  One of
 * dlp.secrets fails too when its value is shorter than SECRET_BYTES_MIN: it could not be searched for.
 *   policy, vault  outlive the fetch
 *   errors         ERR_NOMEM */
MUST_CHECK enum err tokens_fetch(struct loop *loop, const struct policy *policy, struct vault *vault, tokens_fn *fn,
                                 void *owner, struct tokens **tokens_out);
void tokens_free(struct tokens **tokens); /* kills what still runs; from inside its own call is fine too */

/* For token.c and its command's machine. */

/* One line without its end into the vault; NULL, or what is wrong. */
const char *token_store(struct vault *vault, size_t slot, struct span line);
