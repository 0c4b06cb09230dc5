/* token_cmd.h — a command that prints a credential: the machine of token_fsm.h around one child.
 *
 * The child has our environment, /dev/null as its input and errors, and a socket as its output; it dies with us.  It
 * keeps our session, so that a keyring may ask for its password on the terminal.
 */
#pragma once
#include "dlp/secrets/vault.h"
#include "reactor/loop/loop.h"

struct token_cmd;

/* Once; why is NULL when the value is in the vault.  The command is freed later, by its owner. */
typedef void token_cmd_fn(void *owner, size_t slot, const char *why);

/* NULL, or why it could not be started (fn is not called then).
 *   command  words cut at spaces; looked at during the call */
const char *token_cmd_start(struct loop *loop, struct span command, struct vault *vault, size_t slot, token_cmd_fn *fn,
                            void *owner, struct token_cmd **cmd_out);
bool token_cmd_ended(const struct token_cmd *cmd);
void token_cmd_free(struct token_cmd **cmd); /* kills it; never from inside its own call */
